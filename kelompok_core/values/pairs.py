"""``KEY=VALUE`` as people and programs write it."""

from collections.abc import Sequence

from kelompok_core.errors import UsageError


def read_pairs(given: Sequence[str], *, first: bool = False) -> dict[str, str]:
    """Return the texts as a mapping.

    The last «=» parts them, since headers may contain one; with ``first`` the first, since addresses may.

    Raises:
        UsageError: Naming the one that is none.
    """
    pairs: dict[str, str] = {}
    for one in given:
        key, equals, value = one.partition("=") if first else one.rpartition("=")
        if not equals or not key:
            raise UsageError(f"{one!r} is not KEY=VALUE")
        pairs[key] = value
    return pairs
