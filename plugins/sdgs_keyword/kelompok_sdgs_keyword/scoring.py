"""Assigns goals to texts by words or by terms. People can check each tag by adding up its evidence."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from kelompok_sdgs_keyword.confidence import confidence_of_terms, confidence_of_words
from kelompok_sdgs_keyword.lexicon import Lexicon, shipped_lexicon
from kelompok_sdgs_keyword.records import Evidence, Mention, Record, read_record
from kelompok_sdgs_keyword.terms import Hit, Spot, TermReader
from kelompok_sdgs_keyword.word_sums import Language, Sum, Text, add_up
from kelompok_sdgs_keyword.words import WordTable, shipped_words

MENTION_CONFIDENCE = 0.95
FEWEST_WORDS = 5
"""Shorter texts are labels such as «Bank sampah»: they are read by terms, as no other words could contradict them."""
SHORT = 10
RELIEF_OF_SHORT = 2_500
RELIEF = {"id": 300, "mixed": 500, "en": 500}
"""Reduction of the threshold of words if terms also show the goal, in thousandths: in short texts, and by language."""
ASKED_LESS = {"id": 0, "mixed": 300, "en": 300}
"""General reduction of the threshold by language, because fewer words of such texts are known."""
SHOWN = 5


class Tag(NamedTuple):
    """A goal of a record.

    Attributes:
        score: Sum of the weights of the different terms in the best spot, or of all words; 0 for a mention alone.
        threshold: The score that was required.
        confidence: Share of such tags that are right, up to 0.99, with two decimals.
        evidence: Mentions, then terms or stems in descending weight; at most five unless all were requested.
    """

    goal: int
    score: float
    threshold: float
    confidence: float
    evidence: tuple[Evidence, ...]


class Scorer:
    """Finds the goals of records.

    Args:
        lexicon: The terms, the goals, and the phrases to ignore.
        words: The weights of words; without them, all texts are read by terms.
    """

    def __init__(self, lexicon: Lexicon, words: WordTable | None = None) -> None:
        self._lexicon = lexicon
        self._words = words
        self._terms = TermReader(lexicon)

    def tags(self, fields: Mapping[str, str], name_field: str | None = None, *, shown: int | None = SHOWN) -> list[Tag]:
        """Return the tags of one record; see :meth:`tags_of`."""
        return self.tags_of([fields], name_field, shown=shown)[0]

    def tags_of(
        self, records: Sequence[Mapping[str, str]], name_field: str | None = None, *, shown: int | None = SHOWN
    ) -> list[list[Tag]]:
        """Return the tags of each record, ordered by goal.

        Args:
            records: Public texts by field. Hundreds of records at once take half the time of single ones.
            name_field: The field with the organization's name, which is worth less than a text.
            shown: Maximum number of pieces of evidence per tag; None for all parts of its score.
        """
        read = [read_record(fields, name_field, self._lexicon) for fields in records]
        texts = {number: text for number, record in enumerate(read) if (text := self._by_words(record))}
        reached = dict(zip(texts, self._reached(read, texts), strict=True))
        found = []
        for number, record in enumerate(read):
            if number in texts:
                shows = {one.goal: _support_by_words(texts[number], one, shown) for one in reached[number]}
            else:
                spots = self._terms.spots(record.fields)
                shows = {goal: _support_by_terms(record, spot, shown) for goal, spot in spots.items()}
            goals = sorted(shows.keys() | record.mentioned.keys())
            found.append([self._tag(goal, shows.get(goal), record, shown) for goal in goals])
        return found

    def read(self, fields: Mapping[str, str], name_field: str | None = None) -> tuple[Record, Text | None]:
        """Return a record, and its words; None instead of words if it is read by terms."""
        record = read_record(fields, name_field, self._lexicon)
        return record, self._by_words(record)

    def language(self, text: str) -> Language:
        """Return the language of a text or sentence."""
        return Text(read_record({"text": text}, None, self._lexicon).fields, self._words or shipped_words()).language

    def _by_words(self, record: Record) -> Text | None:
        """Return the words of a record; None if it is read by terms."""
        if self._words is None or sum([len(field.text.words) for field in record.fields]) < FEWEST_WORDS:
            return None
        text = Text(record.fields, self._words)
        return None if text.language == "en" and text.is_paper() else text

    def _reached(self, read: Sequence[Record], texts: Mapping[int, Text]) -> Iterator[list[Sum]]:
        """Yield for each text the sums that reach their threshold, which is lower if terms also show the goal."""
        reliefs = [RELIEF_OF_SHORT if text.words < SHORT else RELIEF[text.language] for text in texts.values()]
        less = [ASKED_LESS[text.language] for text in texts.values()]
        found = add_up(list(texts.values()), [relief + lowered for relief, lowered in zip(reliefs, less, strict=True)])
        for number, sums, relief, lowered in zip(texts, found, reliefs, less, strict=True):
            lacking = {one.goal for one in sums if one.score < one.asked - lowered}
            confirmed = self._terms.spots(read[number].fields, lacking) if lacking else {}
            asked = [one.asked - lowered - (relief if one.goal in confirmed else 0) for one in sums]
            yield [one._replace(asked=least) for one, least in zip(sums, asked, strict=True) if one.score >= least]

    def _tag(self, goal: int, found: "_Support | None", record: Record, shown: int | None) -> Tag:
        mentioned = record.mentioned.get(goal, ())
        if found is None:
            found = _Support(0.0, 0.0, self._lexicon.goals[goal].threshold, ())
        confidence = max(found.confidence, MENTION_CONFIDENCE) if mentioned else found.confidence
        evidence = [Evidence(one.field, *_written(record, one), "mention", 0.0) for one in mentioned]
        return Tag(goal, found.score, found.threshold, confidence, (*evidence, *found.evidence)[:shown])


@lru_cache(maxsize=1)
def shipped_scorer() -> Scorer:
    """Return the scorer with the lexicon and words of this plugin."""
    return Scorer(shipped_lexicon(), shipped_words())


class _Support(NamedTuple):
    """The evidence for a goal in descending weight, with its sum."""

    confidence: float
    score: float
    threshold: float
    evidence: Sequence[Evidence]


def _support_by_terms(record: Record, spot: Spot, shown: int | None) -> _Support:
    heaviest = sorted(spot.hits, key=lambda hit: (-hit.weight, hit.place, hit.start))[:shown]
    evidence = [Evidence(hit.field, *_written(record, hit), hit.entry.term, hit.weight) for hit in heaviest]
    return _Support(confidence_of_terms(spot.margin), round(spot.score, 2), spot.threshold, evidence)


def _support_by_words(text: Text, one: Sum, shown: int | None) -> _Support:
    """Return the evidence for a goal; negative weights are included only if all evidence is requested."""
    confidence = confidence_of_words((one.score - one.asked) / 1000, text.words, text.language)
    return _Support(confidence, one.score / 1000, one.asked / 1000, text.weighed(one, most=shown))


def _written(record: Record, found: Hit | Mention) -> tuple[int, int]:
    """Return start and end in the field's text as written, in characters."""
    text = next(field.text for field in record.fields if field.name == found.field)
    return text.written_at(found.start), text.written_at(found.end - 1) + 1
