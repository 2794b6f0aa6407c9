"""Enables and disables plugins as tests do it: with all that they ask for."""

from kelompok_core.plugin_host.configuration import write_disabled, write_enabled
from kelompok_core.plugin_host.grants import make_grant
from kelompok_core.plugin_host.registry import get_plugin
from kelompok_core.settings import Settings


def set_enabled(settings: Settings, name: str, *, enabled: bool) -> None:
    """Enable a plugin and grant what it asks for, or disable it."""
    if not enabled:
        write_disabled(settings, name)
        return
    plugin = get_plugin(settings, name)
    grant = make_grant(plugin.manifest, plugin.package).to_json() if plugin.manifest else {}
    write_enabled(settings, name, grant)
