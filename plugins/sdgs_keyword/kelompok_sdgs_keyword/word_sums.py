"""Finds the goals of many texts at once by adding up the weights of their words."""

from collections import defaultdict
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from itertools import accumulate, chain, repeat
from typing import Literal, NamedTuple

import numpy as np

from kelompok_sdgs_keyword.records import Evidence, Field
from kelompok_sdgs_keyword.words import UNKNOWN, Thousandths, WordTable

Language = Literal["id", "mixed", "en"]

MOSTLY = 0.9
"""A text is in one language if at least this share of its different function words is."""
PASSAGE, STEP = 1_800, 900
"""Length of a passage in characters, and the distance between the starts of passages in a longer text."""
QUARTERS = 4
"""The worth of fields is a multiple of a quarter, so that sums stay whole numbers."""
ALL = 10**6
"""More than any sum is below its threshold, in thousandths."""


Group = tuple[AbstractSet[int], float]
"""Rows of stems, including the row of unknown words, and the worth of their field."""


class Passage(NamedTuple):
    """A part of a text whose weights are added up.

    Attributes:
        first: Index of its first word.
        last: Index after its last word.
        groups: Its different stems by worth; a stem in several fields is in the group with the highest worth.
    """

    first: int
    last: int
    groups: Sequence[Group]


class Sum(NamedTuple):
    """The sum of a text for one goal, in its passage with the largest margin.

    Attributes:
        score: Sum of the weights of the passage's different stems, including negative ones; in thousandths.
        asked: The threshold of a passage with this number of different stems; in thousandths.
    """

    goal: int
    score: int
    asked: int
    passage: Passage


class Text:
    """The words of a record, field by field.

    Attributes:
        words: The number of words, known or unknown.
        language: The language, detected by function words.
        table: The weights of words.
    """

    __slots__ = ("_places", "_rows", "_stems", "language", "table", "words")

    def __init__(self, fields: Sequence[Field], table: WordTable) -> None:
        self.table = table
        self._rows: list[int] = []
        self._places: list[tuple[Field, int, int]] = []
        """Each field, the index of its first word, and the index after its last word."""
        for field in fields:
            begin = len(self._rows)
            self._rows += map(table.rows.get, field.text.words, repeat(UNKNOWN))
            self._places.append((field, begin, len(self._rows)))
            for start, end, _ in field.hidden:
                first, last = (begin + field.text.text.count(" ", 0, at) - 1 for at in (start + 1, end))
                self._rows[first:last] = [UNKNOWN] * (last - first)
        self._stems = {UNKNOWN, *self._rows}
        self.words = len(self._rows)
        self.language: Language = self._language()

    def _language(self) -> Language:
        """Detect the language by function words, or else by the other words; the default is Indonesian."""
        small = self.table.small
        english, indonesian = len(self._stems & small["en"]), len(self._stems & small["id"])
        if not english and not indonesian:
            languages = [self.table.languages[row] for row in self._stems]
            return "en" if languages.count("en") > languages.count("id") else "id"
        share = english / (english + indonesian)
        if share > MOSTLY:
            return "en"
        return "mixed" if share > 1 - MOSTLY else "id"

    def is_paper(self) -> bool:
        """Return whether the text reads like a paper or report rather than the text of an organization."""
        return sum(map(self.table.paper.__getitem__, self._stems)) >= self.table.paper_asked

    def passages(self) -> list[Passage]:
        """Return the passages of the text: one for a short text, overlapping ones for a long text."""
        if sum([len(field.text.text) for field, _, _ in self._places]) <= PASSAGE:
            return [Passage(0, self.words, self._groups(0, self.words))]
        lengths = [len(word) + 1 for field, _, _ in self._places for word in field.text.words]
        *starts, end = accumulate(lengths, initial=0)
        bounds = np.searchsorted(starts, [*range(0, end, STEP), end]).tolist()
        width = PASSAGE // STEP
        ends = [(bounds[at], bounds[min(at + width, len(bounds) - 1)]) for at in range(max(len(bounds) - width, 1))]
        return [Passage(first, last, self._groups(first, last)) for first, last in ends]

    def _groups(self, first: int, last: int) -> list[Group]:
        if len(self._places) == 1:
            rows = self._stems if last - first == self.words else {UNKNOWN, *self._rows[first:last]}
            return [(rows, self._places[0][0].worth)]
        by_worth: dict[float, set[int]] = defaultdict(set)
        for field, begin, end in self._places:
            by_worth[field.worth].update(self._rows[max(first, begin) : min(last, end)])
        counted: set[int] = set()
        for worth in sorted(by_worth, reverse=True):
            by_worth[worth] -= counted
            counted |= by_worth[worth]
            by_worth[worth].add(UNKNOWN)
        return [(rows, worth) for worth, rows in by_worth.items()]

    def weighed(self, one: Sum, *, most: int | None = None) -> list[Evidence]:
        """Return the stems of a sum in descending weight; negative weights are last.

        With ``most``, return at most this many, and only positive weights.
        """
        weights = self.table.by_goal[one.goal - 1]
        found = []
        for rows, worth in one.passage.groups:
            chosen = rows & self.table.heavy[one.goal - 1] if most is not None else rows
            if most is not None and len(chosen) < most:
                chosen = rows & self.table.adding[one.goal - 1]
            found += [(weights[row] * worth / -1000, row, worth) for row in chosen if weights[row]]
        return [self._weighed(row, -weight, worth, one.passage) for weight, row, worth in sorted(found)[:most]]

    def _weighed(self, row: int, weight: float, worth: float, passage: Passage) -> Evidence:
        """Return the first occurrence of a stem in the passage, in a field with this worth."""
        places = [place for place in self._places if place[0].worth == worth]
        for field, begin, end in places:
            first, last = max(passage.first, begin), min(passage.last, end)
            if len(places) == 1 or row in self._rows[first:last]:
                at = self._rows.index(row, first) - begin
                start, length = field.text.word_at(at), len(field.text.words[at])
                return Evidence(field.name, start, start + length, self.table.stems[row], weight)
        raise LookupError(f"No such stem in the text: {self.table.stems[row]}")


def add_up(texts: Sequence[Text], lacking: Sequence[int]) -> list[list[Sum]]:
    """Return for each text the sums by goal that are at most ``lacking`` thousandths below the threshold.

    All texts must have the same table.
    """
    if not texts:
        return []
    passages = [(number, passage) for number, text in enumerate(texts) for passage in text.passages()]
    score, asked = _scores([passage.groups for _, passage in passages], texts[0].table)
    least = -np.array([lacking[number] for number, _ in passages])
    best: list[dict[int, Sum]] = [{} for _ in texts]
    for at, goal in np.argwhere(score - asked >= least[:, None]).tolist():
        number, passage = passages[at]
        found = Sum(goal + 1, int(score[at, goal]), int(asked[at, goal]), passage)
        known = best[number].get(goal + 1)
        if known is None or found.score - found.asked > known.score - known.asked:
            best[number][goal + 1] = found
    return [[sums[goal] for goal in sorted(sums)] for sums in best]


def _scores(passages: Sequence[Sequence[Group]], table: WordTable) -> tuple[Thousandths, Thousandths]:
    """Return scores and thresholds, with a row per passage and a column per goal."""
    groups = [group for passage in passages for group in passage]
    first = np.cumsum([0, *map(len, passages[:-1])])
    stems = np.array([len(rows) for rows, _ in groups])
    flat = np.fromiter(chain.from_iterable([rows for rows, _ in groups]), np.int64, stems.sum())
    score = np.add.reduceat(table.weights.take(flat, axis=0), np.cumsum([0, *stems[:-1]]))
    score = score * np.array([round(worth * QUARTERS) for _, worth in groups])[:, None] // QUARTERS
    stems = np.add.reduceat(stems - 1, first)
    return np.add.reduceat(score, first), table.asked + table.by_word * stems[:, None]
