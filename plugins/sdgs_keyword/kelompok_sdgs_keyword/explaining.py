"""A tag as a sum that a person can add up again: its terms, their weights, the threshold, the text with them marked."""

from collections.abc import Mapping, Sequence
from itertools import chain

import pandas as pd

from kelompok_core.contracts import CommandResult
from kelompok_sdgs_keyword.lexicon import shipped_lexicon
from kelompok_sdgs_keyword.scoring import Scorer, Tag

MARKS = ("[", "]")


def explanation(scorer: Scorer, records: Sequence[Mapping[str, str]], *, name_field: str) -> CommandResult:
    """Return the explanation of records of one organization, or of one text."""
    found = [(fields, scorer.tags(fields, name_field=name_field, shown=None)) for fields in records]
    text = "\n".join(_texts(fields, tags) for fields, tags in found)
    sums = list(map(_sum_of, chain.from_iterable(tags for _, tags in found)))
    if not sums:
        return CommandResult(text=f"{text}\nNo goal: no term or too little of them.")
    terms = list(chain.from_iterable(_terms_of(fields, tags) for fields, tags in found))
    tables = {
        "Goals": pd.DataFrame(sums, columns=["goal", "title", "score", "threshold", "confidence"]),
        "Terms": pd.DataFrame(terms, columns=["goal", "term", "weight", "field", "as written"]),
    }
    return CommandResult(text=text, tables=tables)


def _texts(fields: Mapping[str, str], tags: Sequence[Tag]) -> str:
    return "\n".join(f"{field}: {_marked(text, field, tags)}" for field, text in fields.items() if text)


def _terms_of(fields: Mapping[str, str], tags: Sequence[Tag]) -> list[tuple[object, ...]]:
    return [
        (tag.goal, one.term, one.weight, one.field, fields[one.field][one.start : one.end])
        for tag in tags
        for one in tag.evidence
    ]


def _sum_of(tag: Tag) -> tuple[object, ...]:
    title = shipped_lexicon().goals[tag.goal].title
    return tag.goal, title, tag.score, tag.threshold, tag.confidence


def _marked(text: str, field: str, tags: Sequence[Tag]) -> str:
    """Return the text with each piece of evidence in brackets, its goals behind it: «[air bersih]⁶»."""
    goals: dict[tuple[int, int], set[int]] = {}
    for tag in tags:
        for one in tag.evidence:
            if one.field == field:
                goals.setdefault((one.start, one.end), set()).add(tag.goal)
    written, at = "", 0
    for (start, end), numbers in sorted(goals.items(), key=lambda item: (item[0][0], -item[0][1])):
        if start < at:
            continue  # inside one that is marked already; the table has both
        written += text[at:start] + MARKS[0] + text[start:end] + MARKS[1] + _raised(numbers)
        at = end
    return written + text[at:]


def _raised(numbers: set[int]) -> str:
    digits = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
    return "·".join(str(number).translate(digits) for number in sorted(numbers))
