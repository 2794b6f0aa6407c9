"""The plugin: sorts links into columns by platform on import, and adds links in texts as signals to records."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pandas as pd

from kelompok_core.contracts import (
    SIGNAL_COLUMNS,
    Issue,
    PluginContext,
    Severity,
    SourceBatch,
    iter_texts,
    text_table,
    with_issues,
)
from kelompok_social_links.links import WEBSITE, Link, find_links, read_link
from kelompok_social_links.platforms import BY_NAME

METHOD = "social-links@0.1.0"
_FIELDS = ("facebook", "instagram", "twitter", "youtube", "linkedin")
"""Fields of the core for links of one platform."""
_MIXED = ("media sosial", "medsos", "sosmed", "social media", "socials", "social links", "akun", "link", "links",
          "tautan", "kontak", "contact")  # fmt: skip


class SocialLinksNormalizer:
    """Sorts the links of a source into one column per platform, before columns become fields."""

    def normalize(self, batch: SourceBatch, context: PluginContext) -> SourceBatch:
        """Return the batch with canonical addresses in the column of each platform; adds missing columns."""
        columns = [str(column) for column in batch.cells.columns]
        fields = context.map_headers(context.entity or "organizations", columns)
        sorting = _Sorting(batch, {field: column for column, field in fields.items() if field in _FIELDS})
        for column in columns:
            if fields.get(column) in _FIELDS:
                sorting.column_of(column, str(fields[column]))
            elif _is_mixed(column):
                sorting.mixed_column(column)
        return sorting.batch()


def _is_mixed(column: str) -> bool:
    return " ".join(column.lower().replace("_", " ").split()) in _MIXED


class _Sorting:
    """A batch that is being sorted: the values of each column, and the issues."""

    def __init__(self, batch: SourceBatch, owners: Mapping[str, str]) -> None:
        self._batch = batch
        self._owners = dict(owners)
        self._cells: dict[str, list[str | None]] = {
            str(column): [None if pd.isna(cell) else str(cell) for cell in batch.cells[column]]
            for column in batch.cells.columns
        }
        self._issues: list[Issue] = []

    def column_of(self, column: str, field: str) -> None:
        """Make the links of a platform's column canonical, and move those of other platforms to their columns."""
        for row, cell in enumerate(list(self._cells[column])):
            link = read_link(cell, BY_NAME[field]) if cell else None
            if link is not None:  # otherwise the core reports the error
                self._cells[column][row] = self._sorted(link, row, column, field)

    def _sorted(self, link: Link, row: int, column: str, field: str) -> str | None:
        """Return the new value of the cell."""
        cell = self._cells[column][row]
        if link.problem is not None:
            self._report(link.problem, row, column, cell)
            return "" if link.problem == "link.look_alike" else cell
        if link.platform == field:
            return link.url
        if link.platform == WEBSITE:
            return cell
        self._report("link.other_platform", row, column, cell, platform=link.platform)
        self._put(link, row)
        return ""

    def mixed_column(self, column: str) -> None:
        """Copy the links of a column for any platform to the platforms' columns; the column itself stays unchanged."""
        for row, cell in enumerate(list(self._cells[column])):
            for link in find_links(cell or ""):
                if link.problem is not None:
                    self._report(link.problem, row, column, (cell or "")[link.start : link.end])
                elif link.platform != WEBSITE:
                    self._put(link, row)

    def _put(self, link: Link, row: int) -> None:
        # Do not name a new column like a field: «whatsapp» is a header of phone numbers, and others may become fields.
        column = self._owners.setdefault(
            link.platform, link.platform if link.platform in _FIELDS else f"{link.platform}_link"
        )
        cells = self._cells.setdefault(column, [None] * len(self._batch.cells))
        if not cells[row]:
            cells[row] = link.url

    def _report(self, code: str, row: int, column: str, value: str | None, **params: str) -> None:
        self._issues.append(self._batch.issue_at(row, code, Severity.WARNING, column=column, value=value, **params))

    def batch(self) -> SourceBatch:
        cells = text_table(self._cells)
        cells.index = self._batch.cells.index
        return replace(self._batch, cells=cells, issues=with_issues(self._batch.issues, self._issues))


class SocialLinksEnricher:
    """Finds websites and accounts in stored public text."""

    def enrich(self, records: pd.DataFrame, context: PluginContext) -> pd.DataFrame:
        """Return a signal ``link.PLATFORM`` with the address for each account and website."""
        del context
        rows = [row for record, texts in iter_texts(records) for row in _signals(record, texts)]
        return pd.DataFrame(rows, columns=list(SIGNAL_COLUMNS))


def _signals(record: str, texts: Mapping[str, str]) -> Iterator[tuple[object, ...]]:
    found: dict[tuple[str, str], list[tuple[str, Link]]] = defaultdict(list)
    for field, text in texts.items():
        for link in find_links(text):
            if link.problem is None:
                found[link.platform, link.url].append((field, link))
    for (platform, url), places in found.items():
        for field, link in _best(places):
            quote = texts[field][link.start : link.end]
            yield record, f"link.{platform}", url, link.confidence, field, link.start, link.end, quote, METHOD


def _best(places: Sequence[tuple[str, Link]]) -> Sequence[tuple[str, Link]]:
    return sorted(places, key=lambda place: -place[1].confidence)[:3]
