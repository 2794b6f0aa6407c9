"""A tag as a sum that a person can add up again: what adds to it and takes away, the threshold, the text marked."""

from collections.abc import Mapping, Sequence
from itertools import chain

import pandas as pd

from kelompok_core.contracts import CommandResult
from kelompok_sdgs_keyword.lexicon import shipped_lexicon
from kelompok_sdgs_keyword.scoring import Scorer, Tag

MARKS = ("[", "]")
CLOSEST, MOST_NAMED = 3, 4


def explanation(scorer: Scorer, records: Sequence[Mapping[str, str]], *, name_field: str) -> CommandResult:
    """Return the explanation of records of one organization, or of one text."""
    found = [(fields, scorer.tags(fields, name_field=name_field, shown=None)) for fields in records]
    text = "\n".join(_texts(fields, tags) for fields, tags in found)
    sums = list(map(_sum_of, chain.from_iterable(tags for _, tags in found)))
    if not sums:
        closest = pd.concat([_closest(scorer, fields, name_field) for fields in records], ignore_index=True)
        tables = {"Closest goals": closest} if len(closest) else {}
        return CommandResult(text=f"{text}\nNo goal: too little shows one.", tables=tables)
    terms = list(chain.from_iterable(_terms_of(fields, tags) for fields, tags in found))
    tables = {
        "Goals": pd.DataFrame(sums, columns=["goal", "title", "score", "threshold", "confidence"]),
        "Terms": pd.DataFrame(terms, columns=["goal", "term", "weight", "field", "as written"]),
    }
    return CommandResult(text=text, tables=tables)


def _closest(scorer: Scorer, fields: Mapping[str, str], name_field: str) -> pd.DataFrame:
    """Return the goals a text without one came closest to, with what adds most to them and what takes most away."""
    columns = ["goal", "title", "score", "threshold", "adds", "takes away"]
    text = scorer.read_by_words(fields, name_field)
    if text is None:
        return pd.DataFrame(columns=columns)
    rows = []
    for one in sorted(text.sums(), key=lambda one: one.asked - one.score)[:CLOSEST]:
        weighed = text.weighed(one)
        adds = [f"{found.stem} {found.weight:g}" for found in weighed if found.weight > 0][:MOST_NAMED]
        takes = [f"{found.stem} {found.weight:g}" for found in reversed(weighed) if found.weight < 0][:MOST_NAMED]
        title = shipped_lexicon().goals[one.goal].title
        rows.append((one.goal, title, one.score, one.asked, ", ".join(adds), ", ".join(takes)))
    return pd.DataFrame(rows, columns=columns)


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
            if one.field == field and one.weight >= 0:
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
