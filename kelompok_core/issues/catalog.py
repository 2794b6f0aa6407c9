"""All known issue codes with their entries: the core's, and those in the ``issues.json`` of installed plugins."""

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
"""Limit of cached codes, because plugins may use any code."""


@lru_cache
def core_entries() -> Mapping[str, Entry]:
    """Return the core's codes with their entries."""
    return parse_catalog((Path(__file__).parent / "catalog.json").read_text("utf-8")).entries


@lru_cache
def plugin_entries() -> Mapping[str, Entry]:
    """Return the codes of all installed plugins with their entries, without those that the core has.

    Includes disabled plugins, because their issues may be stored. If two plugins define a code differently, neither
    entry is used: a wrong sentence is worse than none. Read once per process.
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
    """Return the entry of a code, or None. Reads the plugins' files only if the core does not have the code."""
    return core_entries().get(code) or plugin_entries().get(code)


def read_catalog(folder: Path | None) -> Catalog:
    """Return a plugin's own codes, from the file next to its manifest; empty if it has none.

    The text of a problem names the file, the code and the key. Codes that the core has are left out and reported as a
    problem.
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
    return _parsed(text)


# Cached, because plugins are listed several times for every import.
_parsed = lru_cache(maxsize=64)(parse_catalog)
