"""What somebody may have meant who wrote a name that there is not."""

from collections.abc import Iterable
from difflib import SequenceMatcher

_MOST = 3
_FEW = 12
_LIKENESS = 0.6
"""As :mod:`difflib` counts: twice the characters in common, of all characters of both."""

_MOST_EDITS = 3
"""One of so many characters may be written otherwise, and two in any case: a common ending makes no likeness."""

_MARGIN = 0.1
"""Who is so much less like it than the nearest was not meant."""


def find_near(name: str, known: Iterable[str]) -> list[str]:
    """Return the known names that are written nearly so, or begin so, nearest first; three at most."""
    wanted = name.strip().casefold()
    likeness = {one: _likeness(wanted, one.casefold()) for one in known}
    best = max(likeness.values(), default=0.0)
    near = [one for one, how in likeness.items() if how >= max(_LIKENESS, best - _MARGIN)]
    return sorted(near, key=lambda one: (-likeness[one], one))[:_MOST]


def _likeness(wanted: str, name: str) -> float:
    if wanted and name.startswith(wanted):
        return 1.0
    compared = SequenceMatcher(None, wanted, name)
    # The cheap bounds first: most names are nothing like it.
    if compared.real_quick_ratio() < _LIKENESS or compared.quick_ratio() < _LIKENESS:
        return 0.0
    edits = sum(max(i2 - i1, j2 - j1) for what, i1, i2, j1, j2 in compared.get_opcodes() if what != "equal")
    return compared.ratio() if edits <= max(2, len(wanted) // _MOST_EDITS) else 0.0


def suggest(name: str, known: Iterable[str], *, few: int = _FEW) -> str | None:
    """Return a hint for somebody who wrote ``name``: what is written nearly so, and all there is if that is little."""
    names = sorted({one for one in known if one})
    hints = []
    if near := find_near(name, names):
        hints.append(f"Did you mean {' or '.join(near)}?")
    if 0 < len(names) <= few:
        hints.append(f"There are: {', '.join(names)}.")
    return " ".join(hints) or None
