"""From text to goals: what shows them found, weights added up, and the tag that a person can check by adding up too."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from kelompok_sdgs_keyword.confidence import confidence_of_terms, confidence_of_words
from kelompok_sdgs_keyword.folding import Folded
from kelompok_sdgs_keyword.lexicon import Entry, Lexicon, shipped_lexicon
from kelompok_sdgs_keyword.mentions import mentions
from kelompok_sdgs_keyword.word_sums import Field, Sum, Text
from kelompok_sdgs_keyword.words import WordTable, shipped_words

WINDOWS = ((100, 0.8), (260, 0.4), (780, 0.0))
"""Characters of folded text (some 15, 40 and 120 words) that evidence may be spread over, and what a goal's threshold
is lowered by when it is that dense.

A paragraph collects weight by its mere length, a short post has one keyword. A dense spot counts the same wherever
it stands: text added elsewhere takes no tag away, and a long history gets none by length alone.
"""
STRONG = 2.0
"""A term worth this much suffices alone; lighter ones need company."""
NAME_BESIDE_TEXT, NAME_ALONE = 0.5, 0.75
"""What a term is worth in the organization's own name: «Bank Tani» does no farming."""
MENTION_CONFIDENCE = 0.95
FEWEST_WORDS = 5
"""Shorter texts are labels, «Bank sampah»: read by terms, as no word beside them could say otherwise."""
SHORT = 10
RELIEF_OF_SHORT = 2.5
RELIEF = {"id": 0.3, "mixed": 0.5, "en": 2.5}
"""By how much the threshold of a sum of words is lower where terms show the goal too: in short texts, by language."""
ASKED_LESS = {"id": 0.0, "mixed": 0.6, "en": 0.0}
"""By how much it is lower anyway, by language: fewer words of a mixed text are known."""
KNOWN = 0.92
"""English texts are read by their words only where at least this share of them is in the table.

The weights were learned from texts of organizations; papers and reports use other words.
"""
_NAMED = re.compile(r" (?:jl|jln|gg|pt|cv|ud|sd|smp|sma|smk|sdn|smpn|sman|smkn|hotel|ruko)(?: [^ ]+){1,2}(?= )")
"""A street, firm, school or house and its name, whose words show nothing: «Jl. Hutan Kayu», «CV Wajan Baja»."""
SHOWN = 5
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


class Evidence(NamedTuple):
    """A place in a field that shows the goal: offsets in characters, and the term, stem or mention it is."""

    field: str
    start: int
    end: int
    term: str
    weight: float


class Tag(NamedTuple):
    """A goal of a record.

    Attributes:
        score: Sum of the different terms' weights in the spot that shows it best, or of all words' weights; 0 for a
            mention alone.
        threshold: What the sum had to reach.
        confidence: 0.5 to 1, two decimals.
        evidence: Mentions, then terms or stems, the heaviest first; five at most unless all were asked for.
    """

    goal: int
    score: float
    threshold: float
    confidence: float
    evidence: tuple[Evidence, ...]


class Scorer:
    """Finds the goals of records, each a mapping of field to text.

    Args:
        lexicon: The terms that English texts are read by, the goals, and the phrases that show nothing.
        words: What the words of other texts weigh; without it, all texts are read as English ones.
    """

    def __init__(self, lexicon: Lexicon, words: WordTable | None = None) -> None:
        self._lexicon = lexicon
        self._words = words
        self._is_stop = [
            hides and not owners and not title
            for hides, owners, title in zip(lexicon.hiding, lexicon.owners, lexicon.titles, strict=True)
        ]
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

    def tags(self, fields: Mapping[str, str], name_field: str | None = None, *, shown: int | None = SHOWN) -> list[Tag]:
        """Return the record's tags, by goal.

        Args:
            fields: Public text by field; a term counts wherever it stands.
            name_field: The field that is a name and not a text; it is worth less.
            shown: How many pieces of evidence a tag has at most; None for all that its score is the sum of.
        """
        texts = {field: Folded(text) for field, text in fields.items() if text}
        matched = self._matched(texts, name_field)
        mentioned = self._mentioned(matched, name_field)
        text = self._by_words(matched)
        if text is None:
            shown_by = {goal: _shown_by_terms(spot, shown) for goal, spot in self._spots(matched).items()}
        else:
            shown_by = {one.goal: _shown_by_words(text, one, shown) for one in self._reached(matched, text)}
        return [
            self._tag(goal, shown_by.get(goal), mentioned.get(goal, ()), texts, shown)
            for goal in sorted(shown_by.keys() | mentioned.keys())
        ]

    def read_by_words(self, fields: Mapping[str, str], name_field: str | None = None) -> Text | None:
        """Return a record's words, to be added up; None where it is read by terms."""
        texts = {field: Folded(text) for field, text in fields.items() if text}
        return self._by_words(self._matched(texts, name_field))

    def _spots(self, matched: Sequence["_Matched"]) -> dict[int, "_Spot"]:
        """Return the goals that terms show, each with the spot that shows it best."""
        found = self._hits(matched, self._promising(matched))
        spots = {goal: self._densest(goal, hits) for goal, hits in found.items()}
        return {goal: spot for goal, spot in spots.items() if spot is not None}

    def _reached(self, matched: Sequence["_Matched"], text: Text) -> list[Sum]:
        """Return the sums that reach their threshold; it is lower where terms show the goal too."""
        relief = RELIEF_OF_SHORT if text.words < SHORT else RELIEF[text.language]
        less = ASKED_LESS[text.language]
        sums = [one._replace(asked=round(one.asked - less, 2)) for one in text.sums(least=-relief - less)]
        lacking = {one.goal for one in sums if one.score < one.asked}
        confirmed = lacking.intersection(self._spots(matched)) if lacking else ()
        lowered = [one._replace(asked=round(one.asked - relief, 2)) if one.goal in confirmed else one for one in sums]
        return [one for one in lowered if one.score >= one.asked]

    def _by_words(self, matched: Sequence["_Matched"]) -> Text | None:
        """Return the words of a record; None where it is read by terms."""
        if self._words is None:
            return None
        text = Text([Field(one.field, one.folded, one.worth, one.hidden) for one in matched], self._words)
        by_terms = text.words < FEWEST_WORDS or (text.language == "en" and text.known() < KNOWN)
        return None if by_terms else text

    def _matched(self, texts: Mapping[str, Folded], name_field: str | None) -> list["_Matched"]:
        """Return what the automaton finds in each field, and what a term is worth there."""
        found: list[_Matched] = []
        before = 0
        beside = any(field != name_field for field in texts)
        for field, text in texts.items():
            worth = (NAME_BESIDE_TEXT if beside else NAME_ALONE) if field == name_field else 1.0
            found.append(_Matched(field, text.text, before, worth, *self._find(text.text)))
            before += len(text.text)
        return found

    def _mentioned(self, matched: Sequence["_Matched"], name_field: str | None) -> dict[int, list["_Mention"]]:
        found: dict[int, list[_Mention]] = defaultdict(list)
        titles = self._lexicon.titles
        for one in matched:
            if one.field != name_field:
                for pattern, start, end in one.matches:
                    if titles[pattern]:
                        found[titles[pattern]].append(_Mention(one.field, start + 1, end - 1))
            for goal, start, end in mentions(one.folded):
                found[goal].append(_Mention(one.field, start, end))
        return found

    def _promising(self, matched: Sequence["_Matched"]) -> set[int]:
        """Return the goals whose distinct terms, wherever they stand, come to what the densest spot has to reach."""
        sums: dict[int, float] = defaultdict(float)
        seen: dict[int, float] = {}
        for one in matched:
            for pattern, _, _ in one.matches:
                for goal, number, weight in self._owners[pattern]:
                    worth = weight * one.worth
                    if worth > seen.get(number, 0.0):
                        sums[goal] += worth - seen.get(number, 0.0)
                        seen[number] = worth
        return {goal for goal, total in sums.items() if total >= self._asked[goal][0][1] - _ROUNDING}

    def _hits(self, matched: Sequence["_Matched"], goals: set[int]) -> dict[int, list[Hit]]:
        found: dict[int, list[Hit]] = defaultdict(list)
        if not goals:
            return found
        for field, _, before, worth, matches, _ in matched:
            for pattern, start, end in matches:
                for goal, number, weight in self._owners[pattern]:
                    if goal in goals:
                        entry = self._lexicon.entries[number]
                        found[goal].append(
                            Hit(before + start, start + 1, number, weight * worth, end - 1, field, entry)
                        )
        return found

    def _find(self, folded: str) -> tuple[list[tuple[int, int, int]], list[tuple[int, int]]]:
        """Return pattern, start and end of what is found and not hidden, and the places whose words show nothing.

        Inside a phrase of people's, other goals' terms are hidden: «pendidikan politik» is of goal 16 and not, by its
        first word, of goal 4. Stop phrases and names hide all that is in them.
        """
        matches = self._lexicon.automaton.find_matches_as_indexes(folded, overlapping=True)
        names = [name.span() for name in _NAMED.finditer(folded)]
        hides = self._lexicon.hiding
        hiding = [match for match in matches if hides[match[0]]]
        nothing = names + [(start, end) for pattern, start, end in hiding if self._is_stop[pattern]]
        if names:
            matches = [match for match in matches if not _is_inside(match, names)]
        if hiding:
            matches = [match for match in matches if not self._is_hidden(match, hiding)]
        return matches, nothing

    def _is_hidden(self, match: tuple[int, int, int], hiding: Sequence[tuple[int, int, int]]) -> bool:
        pattern, start, end = match
        for other, first, last in hiding:
            inside = first <= start and end <= last and end - start < last - first
            if inside and self._goals[pattern].isdisjoint(self._goals[other]):
                return True
        return False

    def _densest(self, goal: int, hits: Sequence[Hit]) -> "_Spot | None":
        """Return the spot whose score is farthest above what its length asks, or None where none reaches it."""
        asked = self._asked[goal]
        needed = asked[0][1] - _ROUNDING
        left = sum([hit.weight for hit in hits])
        best: _Spot | None = None
        ordered = sorted(hits)
        for index, opening in enumerate(ordered):
            if left < needed:
                break  # what is left cannot reach farther than what was found
            left -= opening.weight
            spot = _spot_from(ordered, index, asked)
            if spot is not None and (best is None or spot.margin > best.margin):
                best, needed = spot, asked[0][1] - _ROUNDING + spot.margin
        return best

    def _tag(
        self,
        goal: int,
        found: "_Shown | None",
        mentioned: Sequence["_Mention"],
        texts: Mapping[str, Folded],
        shown: int | None,
    ) -> Tag:
        if found is None:
            found = _Shown(0.0, 0.0, self._lexicon.goals[goal].threshold, ())
        confidence = max(found.confidence, MENTION_CONFIDENCE) if mentioned else found.confidence
        evidence = [Evidence(one.field, *_span(one, texts), "mention", 0.0) for one in mentioned]
        evidence += [Evidence(one.field, *_span(one, texts), one.term, one.weight) for one in found.pieces]
        return Tag(goal, round(found.score, 2), found.threshold, confidence, tuple(evidence[:shown]))


def _is_inside(match: tuple[int, int, int], places: Sequence[tuple[int, int]]) -> bool:
    """Return whether a match, which ends with a blank that may be another's first, lies in one of the places."""
    _, start, end = match
    return any(first <= start and end - 1 <= last for first, last in places)


def _shown_by_terms(spot: "_Spot", shown: int | None) -> "_Shown":
    heaviest = sorted(spot.hits, key=lambda hit: (-hit.weight, hit.place, hit.start))[:shown]
    pieces = [_Piece(hit.field, hit.start, hit.end, hit.entry.term, hit.weight) for hit in heaviest]
    return _Shown(confidence_of_terms(spot.margin), spot.score, spot.threshold, pieces)


def _shown_by_words(text: Text, one: Sum, shown: int | None) -> "_Shown":
    """Return what shows a goal; with all that takes away from it only where all is asked for."""
    weighed = text.weighed(one, most=shown)
    pieces = [_Piece(found.field, found.start, found.end, found.stem, found.weight) for found in weighed]
    return _Shown(confidence_of_words(one.score - one.asked, text.words), one.score, one.asked, pieces)


@lru_cache(maxsize=1)
def shipped_scorer() -> Scorer:
    """Return the scorer of the lexicon this version of the plugin comes with."""
    return Scorer(shipped_lexicon(), shipped_words())


class _Matched(NamedTuple):
    """One field: its folded text, the characters before it, what a term is worth in it, what was found and hidden."""

    field: str
    folded: str
    before: int
    worth: float
    matches: list[tuple[int, int, int]]
    hidden: list[tuple[int, int]]


class _Piece(NamedTuple):
    """Evidence by its place in the folded text."""

    field: str
    start: int
    end: int
    term: str
    weight: float


class _Shown(NamedTuple):
    """What shows a goal, the heaviest pieces first."""

    confidence: float
    score: float
    threshold: float
    pieces: Sequence[_Piece]


class _Mention(NamedTuple):
    field: str
    start: int
    end: int


class _Spot(NamedTuple):
    """Terms close together: each entry once, its first place."""

    margin: float
    score: float
    threshold: float
    hits: tuple[Hit, ...]


def _spot_from(ordered: Sequence[Hit], index: int, asked: Sequence[tuple[int, float]]) -> _Spot | None:
    """Return the best of the windows that begin at this hit, or None where none has what it asks."""
    opening = ordered[index].place
    held: dict[int, Hit] = {}
    best: _Spot | None = None
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
            best = _Spot(margin, score, threshold, tuple(held.values()))
    return best


def _span(found: _Piece | _Mention, texts: Mapping[str, Folded]) -> tuple[int, int]:
    """Return start and end in the field's text as written, in characters."""
    text = texts[found.field]
    return text.written_at(found.start), text.written_at(found.end - 1) + 1
