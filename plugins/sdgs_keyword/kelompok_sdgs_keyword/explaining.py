"""Explains a tag as a sum that people can check: its positive and negative weights, threshold and marked text."""

import re
from collections.abc import Iterator, Mapping, Sequence
from textwrap import shorten

import pandas as pd

from kelompok_core.contracts import CommandResult
from kelompok_sdgs_keyword.classes import class_of
from kelompok_sdgs_keyword.lexicon import shipped_lexicon
from kelompok_sdgs_keyword.scoring import Scorer, Tag
from kelompok_sdgs_keyword.word_sums import ALL, add_up

MARKS = ("[", "]")
MARKED = 0.5
"""Minimum weight of a word to be marked in the text."""
CLOSEST, MOST_NAMED = 3, 4
LONGEST_SHOWN = 60
LANGUAGES = {"id": "Indonesian", "en": "English", "mixed": "mixed"}
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")


def explanation(scorer: Scorer, records: Sequence[Mapping[str, str]], *, name_field: str) -> CommandResult:
    """Return the explanation of an organization's records, or of a text."""
    found = [(fields, scorer.tags(fields, name_field=name_field, shown=None)) for fields in records]
    text = "\n".join(_texts(fields, tags) for fields, tags in found)
    goals = [_sum_of(tag) for _, tags in found for tag in tags]
    if not goals:
        text += "\nNo goal: the evidence is too weak."
    closest = [row for fields in records for row in _closest(scorer, fields, name_field)] if not goals else []
    tables = {
        "Goals": pd.DataFrame(goals, columns=["goal", "title", "score", "threshold", "confidence"]),
        "Terms": pd.DataFrame(
            [row for fields, tags in found for row in _terms_of(fields, tags)],
            columns=["goal", "term", "class", "weight", "field", "as written"],
        ),
        "Closest goals": pd.DataFrame(
            closest, columns=["goal", "title", "score", "threshold", "adds", "takes away"]
        ),
        "Shows nothing": pd.DataFrame(
            [row for fields in records for row in _hidden(scorer, fields, name_field)],
            columns=["field", "as written", "why"],
        ),
        "Languages": pd.DataFrame(
            [row for fields in records for row in _languages(scorer, fields, name_field)],
            columns=["language", "read by", "text"],
        ),
    }  # fmt: skip
    return CommandResult(text=text, tables={title: table for title, table in tables.items() if len(table)})


def _closest(scorer: Scorer, fields: Mapping[str, str], name_field: str) -> Iterator[tuple[object, ...]]:
    """Yield the goals that a text came closest to, with the highest positive and negative weights of each."""
    _, text = scorer.read(fields, name_field)
    if text is None:
        return
    for one in sorted(add_up([text], [ALL])[0], key=lambda one: one.asked - one.score)[:CLOSEST]:
        weighed = text.weighed(one)
        adds = [f"{found.term} {found.weight:g}" for found in weighed if found.weight > 0][:MOST_NAMED]
        takes = [f"{found.term} {found.weight:g}" for found in reversed(weighed) if found.weight < 0][:MOST_NAMED]
        title = shipped_lexicon().goals[one.goal].title
        yield one.goal, title, one.score / 1000, one.asked / 1000, ", ".join(adds), ", ".join(takes)


def _hidden(scorer: Scorer, fields: Mapping[str, str], name_field: str) -> Iterator[tuple[object, ...]]:
    """Yield the phrases and names whose words are ignored."""
    record, _ = scorer.read(fields, name_field)
    for field in record.fields:
        for hidden in field.hidden:
            start, end = field.text.written_at(hidden.start + 1), field.text.written_at(hidden.end - 2) + 1
            yield field.name, fields[field.name][start:end], hidden.why


def _languages(scorer: Scorer, fields: Mapping[str, str], name_field: str) -> Iterator[tuple[object, ...]]:
    """Yield the language of a record and how it is read; if it is mixed, also the language of each sentence."""
    _, words = scorer.read(fields, name_field)
    text = " ".join(text for text in fields.values() if text)
    language = words.language if words else scorer.language(text)
    yield LANGUAGES[language], "words" if words else "terms", _shortened(text)
    sentences = [sentence for sentence in _SENTENCE_END.split(text) if sentence.strip()] if language == "mixed" else []
    for sentence in sentences if len(sentences) > 1 else ():
        yield LANGUAGES[scorer.language(sentence)], "", _shortened(sentence)


def _shortened(text: str) -> str:
    return shorten(text, LONGEST_SHOWN, placeholder=" …")


def _texts(fields: Mapping[str, str], tags: Sequence[Tag]) -> str:
    return "\n".join(f"{field}: {_marked(text, field, tags)}" for field, text in fields.items() if text)


def _terms_of(fields: Mapping[str, str], tags: Sequence[Tag]) -> list[tuple[object, ...]]:
    return [
        (tag.goal, one.term, class_of(one.term), one.weight, one.field, fields[one.field][one.start : one.end])
        for tag in tags
        for one in tag.evidence
    ]


def _sum_of(tag: Tag) -> tuple[object, ...]:
    title = shipped_lexicon().goals[tag.goal].title
    return tag.goal, title, tag.score, tag.threshold, tag.confidence


def _marked(text: str, field: str, tags: Sequence[Tag]) -> str:
    """Return the text with each piece of evidence in brackets, followed by its goals: «[air bersih]⁶»."""
    goals: dict[tuple[int, int], set[int]] = {}
    for tag in tags:
        for one in tag.evidence:
            if one.field == field and (one.weight >= MARKED or one.term == "mention"):
                goals.setdefault((one.start, one.end), set()).add(tag.goal)
    written, at = "", 0
    for (start, end), numbers in sorted(goals.items(), key=lambda item: (item[0][0], -item[0][1])):
        if start < at:
            continue  # overlaps one that is already marked; the table lists both
        written += text[at:start] + MARKS[0] + text[start:end] + MARKS[1] + _raised(numbers)
        at = end
    return written + text[at:]


def _raised(numbers: set[int]) -> str:
    digits = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
    return "·".join(str(number).translate(digits) for number in sorted(numbers))
