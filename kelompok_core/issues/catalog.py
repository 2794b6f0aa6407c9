"""Every known issue code with its entry: the core's, and those that installed plugins bring in ``issues.json``."""

from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from kelompok_core.installed_plugins import list_installed
from kelompok_core.issues.entries import Catalog, Entry, parse_catalog

ISSUES_FILE = "issues.json"
_MOST_BYTES = 1_000_000
_MOST_CODES = 4_096
"""Limit of remembered codes: plugins may raise any."""


@lru_cache
def core_entries() -> Mapping[str, Entry]:
    """Return the codes that the core itself raises."""
    return parse_catalog((Path(__file__).parent / "catalog.json").read_text("utf-8")).entries


@lru_cache
def plugin_entries() -> Mapping[str, Entry]:
    """Return the codes of all installed plugins, enabled or not, without those that the core has.

    A disabled plugin's findings are still stored and have to be readable. Where two plugins disagree about a code,
    neither entry is used: a wrong sentence is worse than none. Read once in a process.
    """
    found: dict[str, list[Entry]] = defaultdict(list)
    for plugin in list_installed():
        for code, entry in read_catalog(plugin.folder).entries.items():
            if entry not in found[code]:
                found[code].append(entry)
    return MappingProxyType({code: entries[0] for code, entries in found.items() if len(entries) == 1})


def all_entries() -> Mapping[str, Entry]:
    """Return every known code with its entry."""
    return MappingProxyType({**plugin_entries(), **core_entries()})


@lru_cache(maxsize=_MOST_CODES)
def find_entry(code: str) -> Entry | None:
    """Return what is known about a code, or None. Looks into plugins only if the core does not have it."""
    return core_entries().get(code) or plugin_entries().get(code)


def read_catalog(folder: Path | None) -> Catalog:
    """Return a plugin's own codes, from the file beside its manifest; empty if it has none.

    A problem says the file, the code and the key. Codes that the core has are left out, and a problem.
    """
    if folder is None or not (folder / ISSUES_FILE).exists():
        return Catalog()
    catalog = _read(folder / ISSUES_FILE)
    own = {code: entry for code, entry in catalog.entries.items() if code not in core_entries()}
    taken = next((f"{code}: the core has this code" for code in catalog.entries if code not in own), None)
    problem = catalog.problem or taken
    return Catalog(entries=MappingProxyType(own), problem=None if problem is None else f"{ISSUES_FILE}: {problem}")


def _read(path: Path) -> Catalog:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        text = content.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return Catalog(problem=f"it cannot be read: {error}")
    if len(content) > _MOST_BYTES:
        return Catalog(problem=f"it is larger than {_MOST_BYTES} bytes")
    return parse_catalog(text)
