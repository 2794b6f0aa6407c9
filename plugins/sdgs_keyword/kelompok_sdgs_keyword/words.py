"""The weights of words, and the function words that identify a language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kelompok_sdgs_keyword.lexicon import CLITICS, FOLDER, read_rows

GOALS = range(1, 18)
PAPER = "paper"
"""The column, and the last row of ``sums.csv``, that distinguish papers from texts of organizations in English."""
UNKNOWN = -1
"""The row of unknown words: the last one, with weight 0."""
HEAVY = 500
"""Stems from this weight on, in thousandths, are considered first when the heaviest are chosen."""
Thousandths = npt.NDArray[np.int32]
"""Weights and sums as whole numbers, so that results do not depend on the order of addition."""


@dataclass(frozen=True, kw_only=True)
class WordTable:
    """The weights of stems, and the stem of each word form.

    Attributes:
        stems: The rows, followed by one for unknown words.
        languages: For each row, ``en`` or ``id`` if it is a word of only one language, otherwise empty.
        rows: The row of each form in folded text.
        weights: Weights with a row per stem and a column per goal, 1 to 17.
        by_goal: The same with a row per goal.
        adding: For each goal, the rows with positive weights.
        heavy: For each goal, the rows with high weights.
        asked: For each goal, the threshold of a text without words.
        by_word: For each goal, the addition to the threshold per different stem: longer texts need more weight.
        paper: For each row, its weight for papers and reports.
        paper_asked: The sum from which an English text is a paper or report.
        small: For each language, the rows of its function words.
    """

    stems: Sequence[str]
    languages: Sequence[str]
    rows: Mapping[str, int]
    weights: Thousandths
    by_goal: Sequence[Sequence[int]]
    adding: Sequence[frozenset[int]]
    heavy: Sequence[frozenset[int]]
    asked: Thousandths
    by_word: Thousandths
    paper: Sequence[int]
    paper_asked: int
    small: Mapping[str, frozenset[int]]


@lru_cache(maxsize=1)
def shipped_words() -> WordTable:
    """Return the table of this plugin."""
    return read_words(FOLDER)


def read_words(folder: Path) -> WordTable:
    """Read the table from ``words.csv``, ``sums.csv`` and ``small_words.csv``."""
    stems, languages, written = [], [], []
    rows: dict[str, int] = {}
    for number, row in enumerate(read_rows(folder / "words.csv")):
        stems.append(row["stem"])
        languages.append(row["language"])
        written.append([row[column] or "0" for column in (*map(str, GOALS), PAPER)])
        for form in _forms(row):
            rows.setdefault(form, number)
    small: dict[str, set[int]] = {"en": set(), "id": set()}
    for row in read_rows(folder / "small_words.csv"):
        small[row["language"]].add(rows.setdefault(row["word"], len(stems)))
        if len(stems) in small[row["language"]]:
            stems.append(row["word"])
            languages.append(row["language"])
    table = np.zeros((len(stems) + 1, len(GOALS) + 1), dtype=np.int32)
    table[: len(written)] = _thousandths(written)
    weights = np.ascontiguousarray(table[:, :-1])
    asked = _thousandths([(row["asked"], row["asked_by_word"]) for row in read_rows(folder / "sums.csv")])
    return WordTable(
        stems=[*stems, ""],
        languages=[*languages, ""],
        rows=rows,
        weights=weights,
        by_goal=weights.T.tolist(),
        adding=_rows_of(weights, 1),
        heavy=_rows_of(weights, HEAVY),
        asked=asked[:-1, 0],
        by_word=asked[:-1, 1],
        paper=table[:, -1].tolist(),
        paper_asked=int(asked[-1, 0]),
        small={language: frozenset(found) for language, found in small.items()},
    )


def _rows_of(weights: Thousandths, least: int) -> list[frozenset[int]]:
    """Return for each goal the rows with at least this weight."""
    return [frozenset(np.flatnonzero(column >= least).tolist()) for column in weights.T]


def _forms(row: Mapping[str, str]) -> list[str]:
    forms = [row["stem"], *row["forms"].split()]
    with_clitics = [row["stem"] + clitic for clitic in CLITICS]
    if row["language"] != "en":
        with_clitics += [f"{form}nya" for form in forms]
    return forms + with_clitics


def _thousandths(written: Sequence[Sequence[str]]) -> Thousandths:
    return np.rint(np.array(written, dtype=np.float64) * 1000).astype(np.int32)
