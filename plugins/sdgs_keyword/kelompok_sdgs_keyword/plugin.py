"""The plugin: finds goals in public texts, returns them as signals with evidence, and explains them on request."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

import pandas as pd

from kelompok_core.contracts import SIGNAL_COLUMNS, CommandResult, JsonValue, PluginContext, iter_texts
from kelompok_sdgs_keyword.explaining import explanation
from kelompok_sdgs_keyword.scoring import Tag, shipped_scorer

METHOD = "sdgs-keyword@0.3.0"
PROPERTY = "sdg"
NAME = "name"
AT_ONCE = 24
"""Number of records processed at once: enough to be fast, few enough to limit memory and garbage collection."""


class SdgsKeywordEnricher:
    """Tags records with goals, and explains each tag by its terms."""

    def enrich(self, records: pd.DataFrame, context: PluginContext) -> pd.DataFrame:
        """Return a row for each piece of evidence, ordered by record and goal.

        Args:
            records: The column ``record``, and one text column for each public field.
            context: Contains the setting ``minimum_confidence``.
        """
        scorer = shipped_scorer()
        least = float(str(context.config.get("minimum_confidence", 0.0)))
        texts = iter(iter_texts(records))
        rows: list[tuple[object, ...]] = []
        while chunk := list(islice(texts, AT_ONCE)):
            tags = scorer.tags_of([fields for _, fields in chunk], NAME)
            rows += [row for (record, fields), found in zip(chunk, tags, strict=True)
                     for row in _signals(record, fields, found, least)]  # fmt: skip
        return pd.DataFrame(rows, columns=list(SIGNAL_COLUMNS))

    def explain(self, records: pd.DataFrame, context: PluginContext) -> CommandResult:
        """Return the terms, weights, sums and thresholds of each record, and its text with marked evidence."""
        del context
        scorer = shipped_scorer()
        return explanation(scorer, [fields for _, fields in iter_texts(records)], name_field=NAME)


class SdgsKeywordCommands:
    """The plugin's commands."""

    def run_command(self, command: str, arguments: Mapping[str, JsonValue], context: PluginContext) -> CommandResult:
        """Run ``explain``: show how a text given on the command line would be tagged."""
        del command, context
        scorer = shipped_scorer()
        return explanation(scorer, [{"text": str(arguments["text"])}], name_field=NAME)


def _signals(record: str, fields: Mapping[str, str], tags: Sequence[Tag], least: float) -> Iterator[tuple[object, ...]]:
    for tag in tags:
        if tag.confidence < least:
            continue
        for one in tag.evidence:
            quote = fields[one.field][one.start : one.end]
            yield record, PROPERTY, str(tag.goal), tag.confidence, one.field, one.start, one.end, quote, METHOD
