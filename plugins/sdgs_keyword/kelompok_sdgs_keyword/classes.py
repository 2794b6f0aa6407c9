"""Classes of terms and stems, which the explanation of a tag shows."""

from functools import lru_cache

from kelompok_sdgs_keyword.lexicon import FOLDER, read_rows


def class_of(term: str) -> str:
    """Return ``deed``, ``topic``, ``person``, ``place`` or ``institution``; empty for any other word."""
    return _classes().get(term, "")


@lru_cache(maxsize=1)
def _classes() -> dict[str, str]:
    return {row["term"]: row["class"] for row in read_rows(FOLDER / "classes.csv")}
