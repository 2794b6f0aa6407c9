"""Finds a text's goals by its terms: nearby terms are added up, and the densest spot must reach the threshold."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import NamedTuple

from kelompok_sdgs_keyword.lexicon import Entry, Lexicon
from kelompok_sdgs_keyword.records import Field, Hidden

WINDOWS = ((100, 0.8), (260, 0.4), (780, 0.0))
"""Characters of folded text (some 15, 40 and 120 words) that evidence may be spread over, and what a goal's threshold
is lowered by when it is that dense.

A paragraph collects weight by its mere length, a short post has one keyword. A dense spot counts the same wherever
it stands: text added elsewhere takes no tag away, and a long history gets none by length alone.
"""
STRONG = 2.0
"""A term worth this much suffices alone; lighter ones need company."""
ALL_GOALS = frozenset(range(1, 18))
_ROUNDING = 1e-9


class Hit(NamedTuple):
    """A term found; hits sort by where they stand.

    Attributes:
        place: Where it begins in the folded texts of the record, one after the other.
        start: Where it begins in its field's folded text.
        number: Of the entry, in the lexicon.
        weight: What it is worth there.
        end: Where it ends in its field's folded text.
    """

    place: int
    start: int
    number: int
    weight: float
    end: int
    field: str
    entry: Entry


class Spot(NamedTuple):
    """Terms close together: each entry once, its first place."""

    margin: float
    score: float
    threshold: float
    hits: tuple[Hit, ...]


class _Matched(NamedTuple):
    """A field, the characters of the fields before it, and pattern, start and end of what is found in it."""

    field: Field
    before: int
    matches: Sequence[tuple[int, int, int]]


class TermReader:
    """Finds the terms of a lexicon, and the spots where they show a goal."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._asked = {
            number: [(characters, round(goal.threshold - lowered, 1)) for characters, lowered in WINDOWS]
            for number, goal in lexicon.goals.items()
        }
        entries = lexicon.entries
        self._owners = [
            tuple((entries[number].goal, number, entries[number].weight) for number in owners)
            for owners in lexicon.owners
        ]
        self._goals = [frozenset(goal for goal, _, _ in owners) for owners in self._owners]

    def spots(self, fields: Sequence[Field], goals: Collection[int] = ALL_GOALS) -> dict[int, Spot]:
        """Return those of the goals that terms show, each with the spot that shows it best."""
        matched, before = [], 0
        for field in fields:
            matched.append(_Matched(field, before, self._find(field, goals)))
            before += len(field.text.text)
        found = self._hits(matched, self._promising(matched).intersection(goals))
        spots = {goal: self._densest(goal, hits) for goal, hits in found.items()}
        return {goal: spot for goal, spot in spots.items() if spot is not None}

    def _find(self, field: Field, goals: Collection[int]) -> list[tuple[int, int, int]]:
        """Return pattern, start and end of what is found of the goals and not hidden.

        Inside a phrase of people's, other goals' terms are hidden: «pendidikan politik» is of goal 16 and not, by its
        first word, of goal 4. Stop phrases and names hide all that is in them.
        """
        found = self._lexicon.automaton.find_matches_as_indexes(field.text.text, overlapping=True)
        matches = [match for match in found if not self._goals[match[0]].isdisjoint(goals)]
        hiding = [match for match in found if self._lexicon.hiding[match[0]]] if matches else ()
        if field.hidden:
            matches = [match for match in matches if not _is_inside(match, field.hidden)]
        if hiding:
            matches = [match for match in matches if not self._is_hidden(match, hiding)]
        return matches

    def _is_hidden(self, match: tuple[int, int, int], hiding: Sequence[tuple[int, int, int]]) -> bool:
        pattern, start, end = match
        for other, first, last in hiding:
            inside = first <= start and end <= last and end - start < last - first
            if inside and self._goals[pattern].isdisjoint(self._goals[other]):
                return True
        return False

    def _promising(self, matched: Sequence[_Matched]) -> set[int]:
        """Return the goals whose distinct terms, anywhere in the text, add up to the threshold."""
        sums: dict[int, float] = defaultdict(float)
        highest: dict[int, float] = {}
        for field, _, matches in matched:
            for pattern, _, _ in matches:
                for goal, number, weight in self._owners[pattern]:
                    worth = weight * field.worth
                    if worth > highest.get(number, 0.0):
                        sums[goal] += worth - highest.get(number, 0.0)
                        highest[number] = worth
        return {goal for goal, total in sums.items() if total >= self._asked[goal][0][1] - _ROUNDING}

    def _hits(self, matched: Sequence[_Matched], goals: set[int]) -> dict[int, list[Hit]]:
        found: dict[int, list[Hit]] = defaultdict(list)
        if not goals:
            return found
        for field, before, matches in matched:
            for pattern, start, end in matches:
                for goal, number, weight in self._owners[pattern]:
                    if goal in goals:
                        entry = self._lexicon.entries[number]
                        worth = weight * field.worth
                        found[goal].append(Hit(before + start, start + 1, number, worth, end - 1, field.name, entry))
        return found

    def _densest(self, goal: int, hits: Sequence[Hit]) -> Spot | None:
        """Return the spot whose score is farthest above what its length asks, or None where none reaches it."""
        asked = self._asked[goal]
        needed = asked[0][1] - _ROUNDING
        left = sum([hit.weight for hit in hits])
        best: Spot | None = None
        ordered = sorted(hits)
        for index, opening in enumerate(ordered):
            if left < needed:
                break  # what is left cannot reach farther than what was found
            left -= opening.weight
            spot = _spot_from(ordered, index, asked)
            if spot is not None and (best is None or spot.margin > best.margin):
                best, needed = spot, asked[0][1] - _ROUNDING + spot.margin
        return best


def _is_inside(match: tuple[int, int, int], places: Sequence[Hidden]) -> bool:
    _, start, end = match
    return any(place.start <= start and end <= place.end for place in places)


def _spot_from(ordered: Sequence[Hit], index: int, asked: Sequence[tuple[int, float]]) -> Spot | None:
    """Return the best of the windows that begin at this hit, or None where none has what it asks."""
    opening = ordered[index].place
    held: dict[int, Hit] = {}
    best: Spot | None = None
    score, strong, at = 0.0, False, index
    for characters, threshold in asked:
        while at < len(ordered) and ordered[at].place - opening < characters:
            hit = ordered[at]
            if hit.number not in held:
                held[hit.number] = hit
                score += hit.weight
                strong = strong or hit.entry.weight >= STRONG
            at += 1
        margin = score - threshold
        if margin > -_ROUNDING and (strong or len(held) > 1) and (best is None or margin > best.margin):
            best = Spot(margin, score, threshold, tuple(held.values()))
    return best
