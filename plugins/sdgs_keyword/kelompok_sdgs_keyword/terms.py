"""Finds a text's goals by its terms: weights of nearby terms are added up, and a spot must reach the threshold."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import NamedTuple

from kelompok_sdgs_keyword.lexicon import Entry, Lexicon
from kelompok_sdgs_keyword.records import Field, Hidden

WINDOWS = ((100, 0.8), (260, 0.4), (780, 0.0))
"""Length of a spot in characters of folded text (some 15, 40 and 120 words), and the reduction of the threshold for it.

Short spots need less weight, because long paragraphs collect weight by their length alone. The rest of the text does
not matter: adding text elsewhere removes no tag, and a long text gets no tag by its length alone.
"""
STRONG = 2.0
"""A term of this weight suffices alone; lighter ones need at least one other term."""
ALL_GOALS = frozenset(range(1, 18))
_ROUNDING = 1e-9


class Hit(NamedTuple):
    """A term that was found. Hits sort by position.

    Attributes:
        place: Its start in the joined folded texts of the record.
        start: Its start in the field's folded text.
        number: Index of its entry in the lexicon.
        weight: Its weight, times the worth of the field.
        end: Its end in the field's folded text.
    """

    place: int
    start: int
    number: int
    weight: float
    end: int
    field: str
    entry: Entry


class Spot(NamedTuple):
    """Terms close to each other: the first hit of each entry."""

    margin: float
    score: float
    threshold: float
    hits: tuple[Hit, ...]


class _Matched(NamedTuple):
    """A field, the number of characters in the fields before it, and its matches: pattern, start and end."""

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
        """Return the goals that terms show, each with its best spot."""
        matched, before = [], 0
        for field in fields:
            matched.append(_Matched(field, before, self._find(field, goals)))
            before += len(field.text.text)
        found = self._hits(matched, self._promising(matched).intersection(goals))
        spots = {goal: self._densest(goal, hits) for goal, hits in found.items()}
        return {goal: spot for goal, spot in spots.items() if spot is not None}

    def _find(self, field: Field, goals: Collection[int]) -> list[tuple[int, int, int]]:
        """Return pattern, start and end of the goals' matches that are not hidden.

        Phrases added by hand hide terms of other goals inside them: «pendidikan politik» is a term of goal 16, so its
        first word does not count for goal 4. Stop phrases and names hide all terms inside them.
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
        """Return the goals whose distinct terms in the whole text add up to the threshold."""
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
        """Return the spot with the largest margin above the threshold for its length; None if none reaches it."""
        asked = self._asked[goal]
        needed = asked[0][1] - _ROUNDING
        left = sum([hit.weight for hit in hits])
        best: Spot | None = None
        ordered = sorted(hits)
        for index, opening in enumerate(ordered):
            if left < needed:
                break  # the remaining hits cannot exceed the best spot
            left -= opening.weight
            spot = _spot_from(ordered, index, asked)
            if spot is not None and (best is None or spot.margin > best.margin):
                best, needed = spot, asked[0][1] - _ROUNDING + spot.margin
        return best


def _is_inside(match: tuple[int, int, int], places: Sequence[Hidden]) -> bool:
    _, start, end = match
    return any(place.start <= start and end <= place.end for place in places)


def _spot_from(ordered: Sequence[Hit], index: int, asked: Sequence[tuple[int, float]]) -> Spot | None:
    """Return the best spot that begins at this hit; None if none reaches its threshold."""
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
