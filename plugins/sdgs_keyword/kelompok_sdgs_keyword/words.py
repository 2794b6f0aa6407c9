"""The weights of words, and the small words that identify a language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kelompok_sdgs_keyword.lexicon import CLITICS, FOLDER, read_rows

GOALS = range(1, 18)
PAPER = "paper"
"""The column, and the last row of ``sums.csv``, that distinguish the English of papers from that of organizations."""
UNKNOWN = -1
"""The row of a word that is not in the table: the last one, which weighs nothing."""
HEAVY = 500
"""From this weight on, in thousandths, a stem is looked at first when the heaviest are chosen."""
Thousandths = npt.NDArray[np.int32]
"""Weights and sums in whole numbers: the order of adding up, and what is added up beside it, change nothing."""


@dataclass(frozen=True, kw_only=True)
class WordTable:
    """The weights of stems, and of which stem a word is a form.

    Attributes:
        stems: The rows; behind them stands one that weighs nothing.
        languages: Of each row, ``en`` or ``id`` where it is a word of one language; else empty.
        rows: The row of each form, as it stands in folded text.
        weights: A row a stem, a column a goal, 1 to 17.
        by_goal: The same, a row a goal.
        adding: By goal, the rows that add to it.
        heavy: By goal, those that add much.
        asked: By goal, the sum that gives the tag in a text of no words.
        by_word: By goal, how much more each different stem asks for: a long text has to show more.
        paper: Of each row, what it adds to a text's being of a paper or report.
        paper_asked: The sum from which an English text is one.
        small: By language, the rows of the small words that every sentence of it has.
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
    """Return the table this version of the plugin comes with."""
    return read_words(FOLDER)


def read_words(folder: Path) -> WordTable:
    """Return the table of ``words.csv``, ``sums.csv`` and ``small_words.csv``."""
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
    """Return by goal the rows that weigh at least so much."""
    return [frozenset(np.flatnonzero(column >= least).tolist()) for column in weights.T]


def _forms(row: Mapping[str, str]) -> list[str]:
    forms = [row["stem"], *row["forms"].split()]
    with_clitics = [row["stem"] + clitic for clitic in CLITICS]
    if row["language"] != "en":
        with_clitics += [f"{form}nya" for form in forms]
    return forms + with_clitics


def _thousandths(written: Sequence[Sequence[str]]) -> Thousandths:
    return np.rint(np.array(written, dtype=np.float64) * 1000).astype(np.int32)
