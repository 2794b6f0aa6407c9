"""Which plugin a code belongs to: a code has one meaning, whichever plugin raises it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from kelompok_core.issues.catalog import ISSUES_FILE
from kelompok_core.issues.entries import Entry
from kelompok_core.plugin_host.discovery import Discovered


def settle_codes(found: Iterable[Discovered], enabled: Sequence[str]) -> list[Discovered]:
    """Return the plugins by name; one that defines a code otherwise than an earlier one gets that as its problem.

    Enabled plugins come first, in the order of ``enabled``, so that installing a package never breaks one that is in
    use; then the others by name. The same entry in two plugins is no problem.
    """
    owners: dict[str, tuple[str, Entry]] = {}
    settled = [_settled(plugin, owners) for plugin in sorted(found, key=lambda one: _place(one.name, enabled))]
    return sorted(settled, key=lambda one: one.name)


def _place(name: str, enabled: Sequence[str]) -> tuple[int, str]:
    return (enabled.index(name) if name in enabled else len(enabled), name)


def _settled(plugin: Discovered, owners: dict[str, tuple[str, Entry]]) -> Discovered:
    """Return the plugin, and note it as the owner of its codes if it may have them."""
    if plugin.problem is not None:
        return plugin
    for code, entry in plugin.issues.items():
        owner, known = owners.get(code, (plugin.name, entry))
        if known != entry:
            problem = f"{ISSUES_FILE}: {code}: the plugin {owner} has this code, with another entry"
            return replace(plugin, manifest=None, problem=problem)
    owners.update({code: (plugin.name, entry) for code, entry in plugin.issues.items() if code not in owners})
    return plugin
