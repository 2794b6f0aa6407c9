"""Goals of Indonesian and mixed texts: all that their words weigh, added up over the text as a whole."""

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import numpy as np

from kelompok_sdgs_keyword.words import UNKNOWN, Values, WordTable

Language = Literal["id", "mixed", "en"]

MOSTLY = 0.9
"""From this share on of the small words that are known, a text is in one language."""
PASSAGE, STEP = 1_800, 900
"""Characters that are added up at once, and how far apart the passages of a longer text begin."""
HEAVY = 0.5
"""Where enough stems weigh this much, lighter ones are not sorted to find the heaviest."""
_ROUNDING = 1e-9


class Field(NamedTuple):
    """A field's folded text.

    Attributes:
        worth: What a word counts there.
        hidden: Start and end of phrases whose words show nothing.
    """

    name: str
    folded: str
    worth: float
    hidden: Sequence[tuple[int, int]]


class Sum(NamedTuple):
    """What a text comes to for one goal, in the passage where it comes closest to the tag, or farthest above.

    Attributes:
        score: Sum of the weights of its different stems; those that take away among them.
        asked: The sum that gives the tag in a passage of this many different stems.
        first: Number of the passage's first known word.
        last: Number of the known word behind its last.
    """

    goal: int
    score: float
    asked: float
    first: int
    last: int


class Weighed(NamedTuple):
    """A stem that a text has: where it first stands in which field, and what it adds or takes away."""

    stem: str
    weight: float
    field: str
    start: int
    end: int


class Text:
    """The words of a record that the table knows, one field after the other.

    Attributes:
        words: How many words there are, known or not.
        language: By the small words that every sentence of a language has.
    """

    def __init__(self, fields: Sequence[Field], table: WordTable) -> None:
        self._fields = fields
        self._table = table
        find = table.automaton.find_matches_as_indexes
        self._by_field = [find(field.folded, overlapping=True) for field in fields]
        self._found = self._by_field[0] if len(fields) == 1 else [one for found in self._by_field for one in found]
        self._rows = [table.rows[pattern] for pattern, _, _ in self._found]
        self._hide()
        self._is_plain = len(fields) == 1 and fields[0].worth == 1
        self.words = sum(field.folded.count(" ") - 1 for field in fields)
        self.language: Language = self._language()

    def _hide(self) -> None:
        """Let words in hidden phrases weigh nothing."""
        before = 0
        for field, found in zip(self._fields, self._by_field, strict=True):
            starts = [start for _, start, _ in found] if field.hidden else []
            for first, last in field.hidden:
                for at in range(bisect_left(starts, first), bisect_left(starts, last - 1)):
                    self._rows[before + at] = UNKNOWN
            before += len(found)

    def _starts(self) -> Iterator[tuple[Field, int]]:
        """Yield for each known word its field, and where it begins there."""
        for field, found in zip(self._fields, self._by_field, strict=True):
            for _, start, _ in found:
                yield field, start + 1

    def _language(self) -> Language:
        """Return the language by its small words; without any, by its other words, else Indonesian."""
        small = self._table.small
        told = [small[pattern] for pattern, _, _ in self._found]
        english, indonesian = told.count("en"), told.count("id")
        if not english and not indonesian:
            languages = [self._table.languages[row] for row in self._rows]
            return "en" if languages.count("en") > languages.count("id") else "id"
        share = english / (english + indonesian)
        if share > MOSTLY:
            return "en"
        return "mixed" if share > 1 - MOSTLY else "id"

    def known(self) -> float:
        """Return the share of the words, but for numbers, that the table has."""
        words = sum(not word.isdigit() for field in self._fields for word in field.folded.split())
        return (len(self._rows) - self._rows.count(UNKNOWN)) / words if words else 0.0

    def sums(self, *, least: float = -math.inf) -> list[Sum]:
        """Return the sums of the goals whose sum minus what is asked is at least ``least``."""
        best: dict[int, Sum] = {}
        for first, last in self._passages():
            score, asked = self._add_up(first, last)
            for at in np.flatnonzero(score - asked >= least - _ROUNDING).tolist():
                found = Sum(at + 1, round(float(score[at]), 2), round(float(asked[at]), 2), first, last)
                if at not in best or found.score - found.asked > best[at].score - best[at].asked:
                    best[at] = found
        return [best[at] for at in sorted(best)]

    def _passages(self) -> list[tuple[int, int]]:
        """Return the passages, each by its first known word and the one behind its last."""
        if sum([len(field.folded) for field in self._fields]) <= PASSAGE:
            return [(0, len(self._rows))]
        before, places = 0, []
        for field, found in zip(self._fields, self._by_field, strict=True):
            places += [before + start for _, start, _ in found]
            before += len(field.folded)
        bounds = np.searchsorted(places, [*range(0, before, STEP), before]).tolist()
        width = PASSAGE // STEP
        return [(bounds[at], bounds[min(at + width, len(bounds) - 1)]) for at in range(max(len(bounds) - width, 1))]

    def _add_up(self, first: int, last: int) -> tuple[Values, Values]:
        rows, worth = self._counted(first, last)
        weights = self._table.weights.take(rows, axis=0)
        score = np.add.reduce(weights) if worth is None else worth @ weights
        return score, self._table.asked + self._table.by_word * len(rows)

    def _counted(self, first: int, last: int) -> tuple[list[int], Values | None]:
        """Return the stems of a passage, and the factor of each; None where all factors are 1.

        A stem in several fields has the factor of the field where it counts most.
        """
        if self._is_plain:
            return list(set(self._rows[first:last])), None
        found: dict[int, float] = {}
        for row, (field, _) in zip(self._rows[first:last], list(self._starts())[first:last], strict=True):
            found[row] = max(field.worth, found.get(row, 0.0))
        return list(found), np.array(list(found.values()))

    def weighed(self, one: Sum, *, most: int | None = None) -> list[Weighed]:
        """Return the stems of a sum, the heaviest first and those that take away last.

        With ``most``, only so many of those that add.
        """
        rows, worth = self._counted(one.first, one.last)
        weights = self._table.by_goal[one.goal - 1].take(rows)
        weights = weights if worth is None else weights * worth
        least = HEAVY if most is not None and np.count_nonzero(weights >= HEAVY) >= most else _ROUNDING
        counting = np.flatnonzero(weights >= least if most is not None else weights).tolist()
        found = sorted((-round(float(weights[at]), 3), rows[at]) for at in counting)[:most]
        return [self._weighed(row, -negated, one) for negated, row in found]

    def _weighed(self, row: int, weight: float, one: Sum) -> Weighed:
        at, field = self._rows.index(row, one.first), self._fields[0]
        if not self._is_plain:
            fields = [field for field, _ in self._starts()]
            same = [place for place in range(at, one.last) if self._rows[place] == row]
            at = max(same, key=lambda place: fields[place].worth)
            field = fields[at]
        _, start, end = self._found[at]
        return Weighed(self._table.stems[row], weight, field.name, start + 1, end - 1)
