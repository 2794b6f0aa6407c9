"""Checks the signals that an enricher returns. Each must quote the text at the place that it refers to."""

import dataclasses
from collections.abc import Iterable, Mapping

import pandas as pd

from kelompok_core.contract_rules.signals import signals_problem
from kelompok_core.contracts import SIGNAL_COLUMNS
from kelompok_core.enrichment.choose import Page
from kelompok_core.errors import EnrichmentFailed
from kelompok_core.sdgs.signals import GOALS

GOAL_PROPERTY = "sdg"
"""The property of goals, which are stored in their own table."""
_GOALS = frozenset(str(goal) for goal in range(1, GOALS + 1))


@dataclasses.dataclass(kw_only=True)
class Signal:
    """A derived fact about a record.

    Attributes:
        evidence: The evidence spans, in the enricher's order: field, start, end (in characters of the stored text),
            quote.
    """

    record: str
    property: str
    value: str
    confidence: float
    field: str
    evidence: list[dict[str, object]] = dataclasses.field(default_factory=list)

    def to_json(self) -> dict[str, object]:
        return {
            "id": self.record,
            "property": self.property,
            "value": self.value,
            "confidence": self.confidence,
            "field": self.field,
            "evidence": self.evidence,
        }


def checked_signals(table: pd.DataFrame, page: Page, plugin: str) -> list[Signal]:
    """Return a page's signals in the enricher's order. Rows with further evidence of the same signal are joined.

    Raises:
        EnrichmentFailed: When the table or a signal in it is invalid, or evidence does not quote the text.
    """
    if (problem := signals_problem(table)) is not None:
        raise EnrichmentFailed(f"{plugin} {problem}")
    found: dict[tuple[str, str, str], Signal] = {}
    texts = {name: dict(zip(page.texts["record"], page.texts[name], strict=True)) for name in page.stored.columns}
    stored = {name: page.stored[name].to_dict() for name in page.stored.columns}
    for row in table[list(SIGNAL_COLUMNS)].itertuples(index=False, name=None):
        record, name, value, confidence, where, start, end, quote, _ = row
        _require_quoted(texts, (record, where, start, end, quote), plugin)
        _require_sensible(name, value, confidence, plugin)
        signal = found.setdefault(
            (record, name, value),
            Signal(record=record, property=name, value=value, confidence=round(float(confidence), 3), field=where),
        )
        signal.confidence = max(signal.confidence, round(float(confidence), 3))
        # Quotes the stored text, which may include markup.
        place = {"field": where, "start": int(start), "end": int(end), "quote": stored[where][record][start:end]}
        if place not in signal.evidence:
            signal.evidence.append(place)
    return list(found.values())


def _require_quoted(
    texts: Mapping[str, Mapping[object, str]], place: tuple[str, str, int, int, str], plugin: str
) -> None:
    record, where, start, end, quote = place
    text = texts.get(where, {}).get(record)
    if text is None:
        raise EnrichmentFailed(f"{plugin} returned a signal for {where!r} of record {record!r}, which it was not given")
    if not 0 <= start < end <= len(text) or text[start:end] != quote:
        raise EnrichmentFailed(f"{plugin} quotes {quote!r}, which is not at {start}-{end} of {where} of {record}")


def _require_sensible(name: str, value: str, confidence: float, plugin: str) -> None:
    if not 0 <= confidence <= 1:
        raise EnrichmentFailed(f"{plugin} returned a confidence of {confidence}, which is not from 0 to 1")
    if not name or not value or (name == GOAL_PROPERTY and value not in _GOALS):
        raise EnrichmentFailed(f"{plugin} returned the invalid value {value!r} for {name!r}")


def count_by_value(signals: Iterable[Signal]) -> dict[str, int]:
    """Return how many signals there are for each goal («sdg 4») and for each other property."""
    counts: dict[str, int] = {}
    for signal in signals:
        key = f"{signal.property} {signal.value}" if signal.property == GOAL_PROPERTY else signal.property
        counts[key] = counts.get(key, 0) + 1
    return counts
