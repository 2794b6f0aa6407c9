"""Parses ``KEY=VALUE`` pairs."""

from collections.abc import Sequence

from kelompok_core.errors import UsageError


def read_pairs(given: Sequence[str], *, first: bool = False) -> dict[str, str]:
    """Return the pairs as a mapping.

    A pair splits at its last «=», because headers may contain one; with ``first``, at its first, because values may.

    Raises:
        UsageError: Naming a text that is not a pair.
    """
    pairs: dict[str, str] = {}
    for one in given:
        key, equals, value = one.partition("=") if first else one.rpartition("=")
        if not equals or not key:
            raise UsageError(f"{one!r} is not KEY=VALUE")
        pairs[key] = value
    return pairs
