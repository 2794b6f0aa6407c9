"""Lists the plugins of this installation, with their states and reasons. Runs no plugin code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from kelompok_core.contracts import JsonValue
from kelompok_core.errors import GivenSettingWrong, NotFound, PluginUnavailable, SettingsError, UsageError
from kelompok_core.plugin_host.configuration import PluginSettings, check_config, plugin_settings
from kelompok_core.plugin_host.discovery import Discovered, discover
from kelompok_core.plugin_host.grants import Grant, list_missing, read_grant
from kelompok_core.plugin_host.manifest import HOST_API, Job, Manifest
from kelompok_core.plugin_host.own_codes import settle_codes
from kelompok_core.plugin_host.per_request import list_per_request
from kelompok_core.settings import Settings, require_installation


class PluginState(StrEnum):
    """The state of a plugin. Only enabled plugins run."""

    BROKEN = "broken"
    INCOMPATIBLE = "incompatible"
    DISABLED = "disabled"
    UNGRANTED = "ungranted"
    MISCONFIGURED = "misconfigured"
    ENABLED = "enabled"


@dataclass(frozen=True, kw_only=True)
class PluginInfo:
    """A plugin and its state. ``manifest`` is None if the plugin is broken.

    Attributes:
        reason: Why it is in this state.
        hint: What to do about it.
        automatic: Whether it runs on every import.
        grant: What the operator granted to it.
    """

    name: str
    version: str
    state: PluginState
    reason: str | None
    hint: str | None = None
    package: str
    manifest: Manifest | None
    config: Mapping[str, JsonValue] = field(default_factory=dict)
    automatic: bool = True
    grant: Grant | None = None

    def jobs(self) -> tuple[Job, ...]:
        return self.manifest.jobs if self.manifest else ()


def list_plugins(settings: Settings) -> list[PluginInfo]:
    """Return all installed plugins and all that the settings name, by name.

    Raises:
        SettingsError: When kelompok.toml cannot be read.
    """
    return _inspect(settings)


def _inspect(settings: Settings, only: str | None = None) -> list[PluginInfo]:
    configured = plugin_settings(settings)
    settled = settle_codes(discover(), [name for name, one in configured.items() if one.enabled])
    found = {one.name: _with_state(one, configured.get(one.name)) for one in settled if only in (None, one.name)}
    missing = {name: _missing(name) for name in configured if name not in found and only in (None, name)}
    return [plugin for _, plugin in sorted({**found, **missing}.items())]


def _missing(name: str) -> PluginInfo:
    return PluginInfo(
        name=name,
        version="",
        state=PluginState.BROKEN,
        reason="kelompok.toml names it, but it is not installed",
        package="",
        manifest=None,
    )


def _with_state(found: Discovered, configured: PluginSettings | None) -> PluginInfo:
    state, problem, config = _state(found, configured)
    return PluginInfo(
        name=found.name,
        version=found.manifest.version if found.manifest else "",
        state=state,
        reason=problem if problem is None or isinstance(problem, str) else problem.message,
        hint=problem.hint if isinstance(problem, SettingsError) else None,
        package=found.package,
        manifest=found.manifest,
        config=config,
        automatic=configured is None or configured.automatic,
        grant=_readable_grant_of(found.name, configured),
    )


def _state(
    found: Discovered, configured: PluginSettings | None
) -> tuple[PluginState, str | SettingsError | None, Mapping[str, JsonValue]]:
    manifest = found.manifest
    if manifest is None:
        return PluginState.BROKEN, found.problem, {}
    if manifest.api != HOST_API:
        return PluginState.INCOMPATIBLE, f"written for API {manifest.api}, but this host has API {HOST_API}", {}
    if configured is None or not configured.enabled:
        return PluginState.DISABLED, None, {}
    try:
        config = check_config(manifest, configured.values)
        grant = _grant_of(found.name, configured)
    except SettingsError as error:
        return PluginState.MISCONFIGURED, error, {}
    missing = list_missing(manifest, grant)
    if grant is None or missing:
        return PluginState.UNGRANTED, _ungranted(found.name, missing), {}
    return PluginState.ENABLED, None, config


def _grant_of(name: str, configured: PluginSettings | None) -> Grant | None:
    return None if configured is None or configured.grant is None else read_grant(name, configured.grant)


def _readable_grant_of(name: str, configured: PluginSettings | None) -> Grant | None:
    try:
        return _grant_of(name, configured)
    except SettingsError:  # the plugin's state says so
        return None


def _ungranted(name: str, missing: Sequence[str]) -> SettingsError:
    return SettingsError(
        f"plugins.{name}",
        f"it asks for what was not granted: {', '.join(missing)}" if missing else "nobody allowed it to run yet",
        hint=f"See what it asks for, and grant it: kelompok plugin enable {name}",
    )


def list_automatic(settings: Settings, contract: str) -> list[PluginInfo]:
    """Return the enabled plugins that implement a contract and run on every import, by name."""
    return [
        plugin
        for plugin in list_plugins(settings)
        if plugin.state is PluginState.ENABLED
        and plugin.automatic
        and plugin.manifest is not None
        and contract in plugin.manifest.implements
    ]


def get_plugin(settings: Settings, name: str) -> PluginInfo:
    """Return the plugin, in any state.

    Raises:
        NotFound: When no plugin has this name.
    """
    plugin = next(iter(_inspect(settings, only=name)), None)
    if plugin is None:
        raise NotFound("plugin", name, known=[one.name for one in _inspect(settings)])
    return plugin


def require_enabled(settings: Settings, name: str) -> PluginInfo:
    """Return the plugin if it is enabled.

    Raises:
        NotFound: When no plugin has this name.
        PluginUnavailable: When it is not enabled, with the reason.
        SettingsError: When there is no installation.
    """
    require_installation(settings)
    plugin = get_plugin(settings, name)
    if plugin.state is PluginState.DISABLED:
        raise PluginUnavailable(name, "it is disabled", hint=f"Enable it: kelompok plugin enable {name}")
    if plugin.state is not PluginState.ENABLED:
        raise PluginUnavailable(name, f"it is {plugin.state}: {plugin.reason}", hint=plugin.hint)
    return plugin


def require_per_request(settings: Settings, name: str, given: Mapping[str, JsonValue]) -> None:
    """Require that a request may set these settings of a plugin, and that they are valid.

    Applies to all requests except the operator's own (the command line and kelompok.toml).

    Raises:
        NotFound: When no plugin has this name.
        PluginUnavailable: When it is not enabled.
        UsageError: Naming the setting that is not allowed, with the allowed ones, or the one that is invalid.
    """
    plugin = require_enabled(settings, name)
    if plugin.manifest is None or not given:
        return
    allowed = list_per_request(plugin.manifest.config_schema)
    if (refused := next((key for key in given if key not in allowed), None)) is not None:
        raise UsageError(
            f"{name}: a request may not set {refused!r}",
            hint=f"A request may set: {', '.join(allowed)}."
            if allowed
            else "A request may not set any of its settings.",
        )
    try:
        check_config(plugin.manifest, {**plugin.config, **given})
    except SettingsError as error:
        raise GivenSettingWrong(error.key, error.reason, hint=error.hint) from error


def require_usable(settings: Settings, name: str) -> PluginInfo:
    """Return the plugin for a command that needs no installation.

    In an installation, the plugin must be enabled. Without one, any working plugin may be used, with its default
    settings.

    Raises:
        NotFound: When no plugin has this name.
        PluginUnavailable: When it cannot run, with the reason.
    """
    if settings.is_there:
        return require_enabled(settings, name)
    plugin = get_plugin(settings, name)
    if plugin.state is not PluginState.DISABLED or plugin.manifest is None:
        raise PluginUnavailable(name, f"it is {plugin.state}: {plugin.reason}", hint=plugin.hint)
    return replace(plugin, state=PluginState.ENABLED, config=check_config(plugin.manifest, {}))


def find_job(plugin: PluginInfo, name: str) -> Job:
    """Return the plugin's job with this name.

    Raises:
        NotFound: When it has no such job.
    """
    job = next((one for one in plugin.jobs() if one.name == name), None)
    if job is None:
        raise NotFound(f"job of {plugin.name}", name, known=[one.name for one in plugin.jobs()])
    return job
