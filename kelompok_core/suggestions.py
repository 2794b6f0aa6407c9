"""Suggests existing names for a name that does not exist."""

from collections.abc import Iterable
from difflib import SequenceMatcher

_MOST = 3
_FEW = 12
_LIKENESS = 0.6
"""Minimum ratio by :mod:`difflib`: twice the number of common characters, divided by the characters of both."""

_MOST_EDITS = 3
"""One in this many characters may differ, and two in any case, so that a common ending alone is not enough."""

_MARGIN = 0.1
"""Names whose ratio is lower than the best one by more than this are not suggested."""


def find_near(name: str, known: Iterable[str]) -> list[str]:
    """Return the known names with a similar spelling or this beginning, most similar first, at most three."""
    wanted = name.strip().casefold()
    likeness = {one: _likeness(wanted, one.casefold()) for one in known}
    best = max(likeness.values(), default=0.0)
    near = [one for one, how in likeness.items() if how >= max(_LIKENESS, best - _MARGIN)]
    return sorted(near, key=lambda one: (-likeness[one], one))[:_MOST]


def _likeness(wanted: str, name: str) -> float:
    if wanted and name.startswith(wanted):
        return 1.0
    compared = SequenceMatcher(None, wanted, name)
    # Fast upper bounds first, because most names are very different.
    if compared.real_quick_ratio() < _LIKENESS or compared.quick_ratio() < _LIKENESS:
        return 0.0
    edits = sum(max(i2 - i1, j2 - j1) for what, i1, i2, j1, j2 in compared.get_opcodes() if what != "equal")
    return compared.ratio() if edits <= max(2, len(wanted) // _MOST_EDITS) else 0.0


def suggest(name: str, known: Iterable[str], *, few: int = _FEW) -> str | None:
    """Return a hint for an unknown ``name``: similar known names, and all known names if there are at most ``few``."""
    names = sorted({one for one in known if one})
    hints = []
    if near := find_near(name, names):
        hints.append(f"Did you mean {' or '.join(near)}?")
    if 0 < len(names) <= few:
        hints.append(f"There are: {', '.join(names)}.")
    return " ".join(hints) or None
