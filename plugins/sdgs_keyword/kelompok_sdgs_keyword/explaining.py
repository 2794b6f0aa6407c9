"""A tag as a sum that a person can add up again: its terms, their weights, the threshold, the text with them marked."""

from collections.abc import Mapping, Sequence

import pandas as pd

from kelompok_core.contracts import CommandResult
from kelompok_sdgs_keyword.lexicon import shipped_lexicon
from kelompok_sdgs_keyword.scoring import Scorer, Tag

MARKS = ("[", "]")


def explanation(scorer: Scorer, records: Sequence[Mapping[str, str]], *, name_field: str) -> CommandResult:
    """Return the explanation of records of one organization, or of one text."""
    terms: list[tuple[object, ...]] = []
    sums: list[tuple[object, ...]] = []
    texts: list[str] = []
    for fields in records:
        tags = scorer.tags(fields, name_field=name_field)
        terms += [
            (tag.goal, one.term, one.weight, one.field, fields[one.field][one.start : one.end])
            for tag in tags
            for one in tag.evidence
        ]
        sums += [_sum_of(tag) for tag in tags]
        texts += [f"{field}: {_marked(text, field, tags)}" for field, text in fields.items() if text]
    tables = {
        "Goals": pd.DataFrame(sums, columns=["goal", "title", "score", "threshold", "confidence"]),
        "Terms": pd.DataFrame(terms, columns=["goal", "term", "weight", "field", "as written"]),
    }
    said = "\n".join(texts) if sums else "\n".join([*texts, "No goal: no term or too little of them."])
    return CommandResult(text=said, tables={title: table for title, table in tables.items() if len(table)})


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
