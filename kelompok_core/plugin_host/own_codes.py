"""Detects plugins that define the same issue code differently: a code must have one meaning."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from kelompok_core.issues.catalog import ISSUES_FILE
from kelompok_core.issues.entries import Entry
from kelompok_core.plugin_host.discovery import Discovered


def settle_codes(found: Iterable[Discovered], enabled: Sequence[str]) -> list[Discovered]:
    """Return the plugins by name; one that defines a code differently from an earlier one gets that as its problem.

    Enabled plugins come first, in the order of ``enabled``, so that a newly installed package never breaks a plugin in
    use. The others follow by name. Two plugins may have the same entry for a code.
    """
    owners: dict[str, tuple[str, Entry]] = {}
    settled = [_claim_codes(plugin, owners) for plugin in sorted(found, key=lambda one: _precedence(one.name, enabled))]
    return sorted(settled, key=lambda one: one.name)


def _precedence(name: str, enabled: Sequence[str]) -> tuple[int, str]:
    return (enabled.index(name) if name in enabled else len(enabled), name)


def _claim_codes(plugin: Discovered, owners: dict[str, tuple[str, Entry]]) -> Discovered:
    """Return the plugin and add it to the owners of its codes, or return it with its problem."""
    if plugin.problem is not None:
        return plugin
    for code, entry in plugin.issues.items():
        owner, known = owners.get(code, (plugin.name, entry))
        if known != entry:
            problem = f"{ISSUES_FILE}: {code}: the plugin {owner} has this code, with another entry"
            return replace(plugin, manifest=None, problem=problem)
    owners.update({code: (plugin.name, entry) for code, entry in plugin.issues.items() if code not in owners})
    return plugin
