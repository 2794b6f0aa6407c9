"""The lexicon: the weight of each term for each goal, and the threshold of each goal, read from tables."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ahocorasick_rs import AhoCorasick

from kelompok_sdgs_keyword.folding import fold
from kelompok_sdgs_keyword.mentions import HINTS

FOLDER = Path(__file__).parent / "data"
HINT = -1
CLITICS = ("nya", "lah", "kah", "pun")
"""Indonesian suffixes that do not change the meaning of a word: «hutannya», «hutanlah»."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A row of the lexicon: a term of a goal. All its forms count as the same evidence.

    Attributes:
        goal: 1 to 17.
        weight: Added to the goal's score if the term is present, in steps of 0.1.
        by_hand: Whether it was added by hand; then it hides shorter terms of other goals inside it.
    """

    goal: int
    term: str
    weight: float
    language: str
    by_hand: bool


@dataclass(frozen=True, kw_only=True)
class Goal:
    """One of the 17 goals.

    Attributes:
        threshold: The score that gives the tag.
        titles: Official titles; each counts as a mention of the goal.
    """

    number: int
    title: str
    titles: tuple[str, ...]
    threshold: float


@dataclass(frozen=True, kw_only=True)
class Lexicon:
    """The tables, and automatons that find all their forms in one pass.

    Attributes:
        entries: All rows.
        owners: For each pattern of the automaton, the indexes of its entries.
        hiding: For each pattern, whether it hides patterns inside it.
        automaton: Finds the forms of terms, and stop phrases.
        phrases: Finds stop phrases, the goals' official titles, and words that precede a goal's number.
        titles: For each pattern of ``phrases``: the goal of a title, 0 for a stop phrase, -1 for another word.
    """

    goals: Mapping[int, Goal]
    entries: Sequence[Entry]
    owners: Sequence[tuple[int, ...]]
    hiding: Sequence[bool]
    automaton: AhoCorasick
    phrases: AhoCorasick
    titles: Sequence[int]


@lru_cache(maxsize=1)
def shipped_lexicon() -> Lexicon:
    """Return the lexicon of this plugin."""
    return read_lexicon(FOLDER)


def read_lexicon(folder: Path) -> Lexicon:
    """Read the lexicon from ``lexicon.csv``, ``goals.csv`` and ``stop_phrases.csv``."""
    goals = {goal.number: goal for goal in read_goals(folder / "goals.csv")}
    rows = read_rows(folder / "lexicon.csv")
    stop_phrases = [row["phrase"] for row in read_rows(folder / "stop_phrases.csv")]
    return build_lexicon(goals, rows, stop_phrases)


def build_lexicon(goals: Mapping[int, Goal], rows: Sequence[Mapping[str, str]], stop_phrases: Sequence[str]) -> Lexicon:
    """Build the lexicon from rows of ``lexicon.csv``."""
    entries = [_entry(row) for row in rows]
    stop = list(dict.fromkeys(map(fold, stop_phrases)))
    owners: dict[str, list[int]] = {phrase: [] for phrase in stop}
    hiding = set(stop)
    for number, row in enumerate(rows):
        forms = _forms(row)
        for form in forms:
            owners.setdefault(form, []).append(number)
        hiding.update(forms if entries[number].by_hand else ())
    titles = {fold(title): goal.number for goal in goals.values() for title in goal.titles}
    return Lexicon(
        goals=goals,
        entries=entries,
        owners=[tuple(numbers) for numbers in owners.values()],
        hiding=[pattern in hiding for pattern in owners],
        automaton=AhoCorasick(list(owners)),
        phrases=AhoCorasick([*stop, *titles, *HINTS]),
        titles=[0] * len(stop) + list(titles.values()) + [HINT] * len(HINTS),
    )


def _entry(row: Mapping[str, str]) -> Entry:
    return Entry(
        goal=int(row["goal"]),
        term=row["term"],
        weight=float(row["weight"]),
        language=row["language"],
        by_hand=row["source"] == "hand",
    )


def forms_of(row: Mapping[str, str]) -> list[str]:
    """Return a row's term and its other forms as written, without duplicates."""
    return [form for form in dict.fromkeys((row["term"], *row["forms"].split("|"))) if form]


def _forms(row: Mapping[str, str]) -> list[str]:
    """Return a row's folded forms without duplicates; Indonesian ones also with suffixes."""
    forms = [fold(form) for form in forms_of(row)]
    if row["language"] == "id":
        forms += [f"{form[:-1]}{clitic} " for form in forms for clitic in CLITICS]
    return list(dict.fromkeys(forms))


def read_goals(path: Path) -> Iterator[Goal]:
    """Yield the goals of ``goals.csv``."""
    for row in read_rows(path):
        yield Goal(
            number=int(row["goal"]),
            title=row["title"],
            titles=(row["title"], *row["other_titles"].split("|")),
            threshold=float(row["threshold"]),
        )


def read_rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file as dictionaries."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
