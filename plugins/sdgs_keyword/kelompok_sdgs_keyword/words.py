"""What words weigh: the table that Indonesian and mixed texts are added up by, and the small words of a language."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from ahocorasick_rs import AhoCorasick

from kelompok_sdgs_keyword.lexicon import CLITICS, FOLDER, read_rows

GOALS = range(1, 18)
UNKNOWN = -1
"""The row of a word that weighs nothing: the last one, which is empty."""
Values = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class WordTable:
    """The weights of stems, and the automaton that finds every form in one pass.

    Attributes:
        stems: The rows; behind them stands one that weighs nothing.
        languages: Of each row, ``en`` or ``id`` where it is a word of one language; else empty.
        weights: A row a stem, a column a goal, 1 to 17.
        by_goal: The same, a row a goal.
        asked: By goal, the sum that gives the tag in a text of no words.
        by_word: By goal, how much more each different stem asks for: a long text has to show more.
        automaton: Finds words, a blank before and behind them.
        rows: For each pattern of the automaton, its row.
        small: For each pattern, the language whose small word it is; else empty.
    """

    stems: Sequence[str]
    languages: Sequence[str]
    weights: Values
    by_goal: Values
    asked: Values
    by_word: Values
    automaton: AhoCorasick
    rows: Sequence[int]
    small: Sequence[str]


@lru_cache(maxsize=1)
def shipped_words() -> WordTable:
    """Return the table this version of the plugin comes with."""
    return read_words(FOLDER)


def read_words(folder: Path) -> WordTable:
    """Return the table of ``words.csv``, ``sums.csv`` and ``small_words.csv``."""
    stems, languages, weights = [], [], []
    rows: dict[str, int] = {}
    for number, row in enumerate(read_rows(folder / "words.csv")):
        stem = row["stem"]
        stems.append(stem)
        languages.append(row["language"])
        weights.append([float(row[str(goal)] or 0) for goal in GOALS])
        written = [stem, *row["forms"].split()]
        with_clitics = [stem + clitic for clitic in CLITICS]
        if row["language"] != "en":
            with_clitics += [f"{form}nya" for form in written]
        for form in (*written, *with_clitics):
            rows.setdefault(form, number)
    small = {row["word"]: row["language"] for row in read_rows(folder / "small_words.csv")}
    asked = [(float(row["asked"]), float(row["asked_by_word"])) for row in read_rows(folder / "sums.csv")]
    words = list(dict.fromkeys([*rows, *small]))
    table = np.array([*weights, [0.0] * len(GOALS)])
    return WordTable(
        stems=[*stems, ""],
        languages=[*languages, ""],
        weights=table,
        by_goal=np.ascontiguousarray(table.T),
        asked=np.array([base for base, _ in asked]),
        by_word=np.array([more for _, more in asked]),
        automaton=AhoCorasick([f" {word} " for word in words]),
        rows=[rows.get(word, UNKNOWN) for word in words],
        small=[small.get(word, "") for word in words],
    )
