"""The lexicon, read from its two tables: the weight of each term for each goal, and each goal's threshold."""

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
"""Written on to an Indonesian word without changing what it means: «hutannya», «hutanlah»."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One row of the lexicon: a term of a goal. All its forms are one and the same evidence.

    Attributes:
        goal: 1 to 17.
        weight: What its presence adds to the goal's score, in steps of 0.1.
        by_hand: Whether people wrote it; then it hides shorter terms of other goals inside it.
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
        titles: Official titles, which are mentions of the goal.
    """

    number: int
    title: str
    titles: tuple[str, ...]
    threshold: float


@dataclass(frozen=True, kw_only=True)
class Lexicon:
    """The tables, and the automaton that finds every form in one pass.

    Attributes:
        entries: All rows.
        owners: For each pattern of the automaton, the numbers of the entries it is a form of.
        hiding: Whether the pattern hides what is inside it, by pattern.
        phrases: The automaton of what every text is searched for: stop phrases, the goals' official titles, and words
            that numbers of goals follow.
        titles: For a pattern of ``phrases`` that is a title, its goal; for a stop phrase 0, for another word -1.
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
    """Return the lexicon this version of the plugin comes with."""
    return read_lexicon(FOLDER)


def read_lexicon(folder: Path) -> Lexicon:
    """Return the lexicon of ``lexicon.csv``, ``goals.csv`` and ``stop_phrases.csv``."""
    goals = {goal.number: goal for goal in read_goals(folder / "goals.csv")}
    rows = read_rows(folder / "lexicon.csv")
    stop_phrases = [row["phrase"] for row in read_rows(folder / "stop_phrases.csv")]
    return build_lexicon(goals, rows, stop_phrases)


def build_lexicon(goals: Mapping[int, Goal], rows: Sequence[Mapping[str, str]], stop_phrases: Sequence[str]) -> Lexicon:
    """Return the lexicon of rows as ``lexicon.csv`` has them."""
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
    """Return a row's term and its other forms as written, each once."""
    return [form for form in dict.fromkeys((row["term"], *row["forms"].split("|"))) if form]


def _forms(row: Mapping[str, str]) -> list[str]:
    """Return a row's folded forms, each once; Indonesian ones with what is written on to them."""
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
    """Return the rows of a table by the names of its columns."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
