"""Data that plugins and the host exchange. Tables are pandas data frames, other values are JSON."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from kelompok_core.contracts.findings import Issue, Severity, no_issues

if TYPE_CHECKING:  # slow to import, so functions that create tables import it themselves
    import pandas as pd

JsonValue: TypeAlias = "str | int | float | bool | list[JsonValue] | dict[str, JsonValue] | None"

LOCATION_COLUMNS = ("row_number", "line", "selector")
"""row_number ``int64`` from 1 and ascending; line ``Int64`` from 1; selector text: RFC 7111 for CSV
(``#row=5``), RFC 6901 pointer for JSON, or null."""

FOLDER_TYPE = "application/x-tar"
"""Media type of a folder as a source: its files, packed by the host in the order of their names, or by the sender.
``iter_folder`` reads it."""


def location_table(
    row_numbers: Sequence[int], *, lines: Sequence[int | None], selectors: Sequence[str]
) -> "pd.DataFrame":
    """Return a table of locations with :data:`LOCATION_COLUMNS`, one for each row of the source."""
    import pandas as pd

    return pd.DataFrame(
        {
            "row_number": pd.array(row_numbers, dtype="int64"),
            "line": pd.array(lines, dtype="Int64"),
            "selector": pd.array(selectors, dtype="str"),
        }
    )


def text_table(columns: Mapping[str, Sequence[str | None]]) -> "pd.DataFrame":
    """Return the columns as a data frame of text, as for :attr:`SourceBatch.cells`; None is an absent cell."""
    import pandas as pd
    import pyarrow as pa

    arrays = {name: pa.array(cells, pa.large_string()) for name, cells in columns.items()}
    return pd.DataFrame({name: pd.array(array, dtype="str") for name, array in arrays.items()})


SUGGESTION_COLUMNS = ("candidate", "existing", "likeness", "features", "matcher")
"""Suggestions of a matcher: two keys, likeness ``float`` 0-1, features as JSON text, matcher ``name@version``."""

SIGNAL_COLUMNS = ("record", "property", "value", "confidence", "field", "start", "end", "quote", "method")
"""Signals of an enricher: confidence ``float`` 0-1; start and end are offsets of the quote in the field."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A received file, complete and on this machine.

    Attributes:
        path: Its local path. Do not change the file: it is evidence.
        file_name: Its original name.
        media_type: Its media type, such as ``text/csv``.
        sha256: Hexadecimal digest of its bytes.
        size: Its size in bytes.
    """

    path: Path
    file_name: str
    media_type: str
    sha256: str
    size: int


@dataclass(frozen=True, kw_only=True)
class SourceBatch:
    """Some consecutive rows of a source, unchanged.

    Attributes:
        cells: One row per record, with text columns named and ordered as in the source, and every value exactly as in
            the source. A null is an absent cell (in a short row), an empty text is an empty cell. Column names are
            unique and not empty: a reader renames repeated or blank headers and adds an issue. A later batch may have
            more columns.
        locations: Where the rows are, with :data:`LOCATION_COLUMNS`; same length and index as ``cells``.
        issues: Issues about these rows or the file, with :data:`ISSUE_COLUMNS`.
        read_as: How the source was read (encoding, delimiter, header line …), for the report.
        blank_lines: The number of blank lines skipped since the previous batch.
        mapping: What the reader knows of columns: the name of a field, ``extra`` to keep a column as extra data without
            an issue, or ``-`` to keep it only in the evidence. The operator's mapping wins. Other columns are mapped by
            their names.
    """

    cells: "pd.DataFrame"
    locations: "pd.DataFrame"
    issues: "pd.DataFrame" = field(default_factory=no_issues)
    read_as: Mapping[str, JsonValue] = field(default_factory=dict)
    blank_lines: int = 0
    mapping: Mapping[str, str] = field(default_factory=dict)

    def issue_at(
        self, row: int, code: str, severity: Severity, *, column: str, value: str | None, **params: JsonValue
    ) -> Issue:
        """Return an issue about a cell; ``row`` is the position of its row in this batch, from 0."""
        import pandas as pd

        line = self.locations["line"].iloc[row]
        return Issue(
            code=code,
            severity=severity,
            row_number=int(self.locations["row_number"].iloc[row]),
            line=None if pd.isna(line) else int(line),
            column=column,
            value=value,
            params=params,
        )


def iter_texts(records: "pd.DataFrame") -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the records that an enricher gets: id, and text by field, which is empty if there is none."""
    fields = [str(column) for column in records.columns if column != "record"]
    texts = [records[field].fillna("").tolist() for field in fields]
    for record, *cells in zip(records["record"].tolist(), *texts, strict=True):
        yield record, dict(zip(fields, cells, strict=True))


@dataclass(frozen=True, kw_only=True)
class JobReport:
    """What a job did, or in a dry run would do: effects as lines of text, and counts by name."""

    effects: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class CommandResult:
    """The output of a plugin's command.

    Attributes:
        text: Lines of text, shown before the tables.
        tables: Tables by title.
        exit_code: The exit code of the command.
        read_as: In a preview, how the source is read, as in a batch. The host shows it in the reader's language.
    """

    text: str = ""
    tables: "Mapping[str, pd.DataFrame]" = field(default_factory=dict)
    exit_code: int = 0
    read_as: Mapping[str, JsonValue] = field(default_factory=dict)
