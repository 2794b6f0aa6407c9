"""Indonesian word forms from a root: prefixes with their sound changes, suffixes, circumfixes."""

from collections.abc import Sequence

_VOWELS = "aiueo"
_DROPPED = {"p": "m", "t": "n", "s": "ny", "k": "ng"}
_BEFORE = {"b": "m", "f": "m", "v": "m", "c": "n", "d": "n", "j": "n", "z": "n", "g": "ng", "h": "ng"}


def derive(root: str, patterns: Sequence[str]) -> list[str]:
    """Return a root's forms for patterns such as ``meN-kan``, where N is the nasal that the root's first sound takes.

    Source of the rules: Tata Bahasa Baku Bahasa Indonesia, ch. 5 (me-, pe-, ber-, per-, ter-).

    Raises:
        ValueError: When a pattern is invalid.
    """
    return [_form(root, pattern) for pattern in patterns]


def _form(root: str, pattern: str) -> str:
    prefix, dash, suffix = pattern.partition("-")
    if not dash:
        raise ValueError(f"{pattern!r} is no pattern: write «ke-an», «meN-kan»")
    if prefix.endswith("N"):
        return _nasal(prefix[:-1], root) + suffix
    if prefix in ("ber", "per", "ter") and root.startswith("r"):
        return prefix[:-1] + root + suffix
    if prefix == "ber" and root == "ajar":
        return "bel" + root + suffix
    return prefix + root + suffix


def _nasal(prefix: str, root: str) -> str:
    first = root[0]
    if first in _VOWELS:
        return f"{prefix}ng{root}"
    if first in _DROPPED and root[1] in _VOWELS:
        return f"{prefix}{_DROPPED[first]}{root[1:]}"
    before = _BEFORE.get(first) or {"p": "m", "t": "n", "s": "n", "k": "ng"}.get(first, "")
    return f"{prefix}{before}{root}"
