"""The importer: yields the posts or the events of a WordPress export in batches."""

from collections.abc import Iterator

from kelompok_core.contracts import (
    PluginContext,
    Source,
    SourceBatch,
    issue_table,
    location_table,
    no_records,
    text_table,
)
from kelompok_wordpress_import.records import (
    EVENT_COLUMNS,
    EVENT_TYPE,
    POST_COLUMNS,
    Left,
    about_left,
    event_cells,
    find_venues,
    findings,
    post_cells,
)
from kelompok_wordpress_import.wxr import Export, Item

_MOST_CHARACTERS = 16_000_000
"""Characters in the cells of a batch; the record that exceeds this ends the batch."""
_FURTHER = "featured image"


class WordpressImporter:
    """Reads posts, or events of The Events Calendar, from WXR."""

    def read(self, source: Source, context: PluginContext) -> Iterator[SourceBatch]:
        """Yield the records in batches; see the contract.

        Raises:
            UnreadableSource: ``wordpress.not_an_export``, or when the file is no valid XML.
        """
        reading = _Reading(source, context)
        gathered: list[tuple[Item, dict[str, str]]] = []
        size = 0
        for item, cells in reading.records():
            gathered.append((item, cells))
            size += sum(map(len, cells.values()))
            if len(gathered) >= context.batch_size or size > _MOST_CHARACTERS:
                yield reading.batch(gathered)
                gathered, size = [], 0
        yield reading.batch(gathered, is_last=True)


class _Reading:
    """One pass over an export."""

    def __init__(self, source: Source, context: PluginContext) -> None:
        self._is_of_events = context.entity == "events"
        self._columns = EVENT_COLUMNS if self._is_of_events else POST_COLUMNS
        types = str(context.config.get("types") or "post")
        self._types = {EVENT_TYPE} if self._is_of_events else {one.strip() for one in types.split(",")}
        self._venues = find_venues(Export(source.path)) if self._is_of_events else {}
        self._export = Export(source.path)
        self._left = Left()
        self._next = 1

    def records(self) -> Iterator[tuple[Item, dict[str, str]]]:
        """Yield the items that are records, with their cells; count the others."""
        for item in self._export.items():
            kind = item.get("post_type") or "unknown"
            if kind not in self._types:
                self._left.types[kind] = self._left.types.get(kind, 0) + 1
                continue
            self._left.comments += item.comments
            self._left.pictures += "_thumbnail_id" in item.meta
            yield item, event_cells(item, self._venues) if self._is_of_events else post_cells(item, self._export)

    def batch(self, gathered: list[tuple[Item, dict[str, str]]], *, is_last: bool = False) -> SourceBatch:
        """Return the records so far as a batch."""
        numbers = range(self._next, self._next + len(gathered))
        self._next = numbers.stop
        cleaned = self._export.control_characters
        issues = [
            issue
            for number, (item, _) in zip(numbers, gathered, strict=True)
            for issue in findings(item, number, cleaned)
        ]
        if is_last:
            issues += list(about_left(self._left))
            issues += [] if self._next > 1 else [no_records()]
        return SourceBatch(
            cells=text_table({name: [cells[name] for _, cells in gathered] for name in self._columns}),
            locations=location_table(
                numbers, lines=[item.line for item, _ in gathered],
                selectors=[f"#item={item.number}" for item, _ in gathered],
            ),
            issues=issue_table(issues),
            read_as={"format": "WXR"},
            mapping={name: "extra" if name == _FURTHER else name for name in self._columns},
        )  # fmt: skip
