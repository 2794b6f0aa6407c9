"""The kinds of things that terms and stems name, shown to readers who ask why a tag was given."""

from functools import lru_cache

from kelompok_sdgs_keyword.lexicon import FOLDER, read_rows


def class_of(term: str) -> str:
    """Return ``deed``, ``topic``, ``person``, ``place`` or ``institution``; empty for a word of no such kind."""
    return _classes().get(term, "")


@lru_cache(maxsize=1)
def _classes() -> dict[str, str]:
    return {row["term"]: row["class"] for row in read_rows(FOLDER / "classes.csv")}
