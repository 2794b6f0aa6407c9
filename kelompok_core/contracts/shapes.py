"""The shapes that cross the boundary. Tables are pandas frames, the rest is JSON: all can be serialized."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from kelompok_core.contracts.findings import Issue, Severity, no_issues

if TYPE_CHECKING:  # loaded where tables are made: who reads no rows should not wait for it
    import pandas as pd

JsonValue: TypeAlias = "str | int | float | bool | list[JsonValue] | dict[str, JsonValue] | None"

LOCATION_COLUMNS = ("row_number", "line", "selector")
"""row_number ``int64`` from 1 and ascending; line ``Int64`` from 1; selector text: RFC 7111 for CSV
(``#row=5``), RFC 6901 pointer for JSON, or null."""

FOLDER_TYPE = "application/x-tar"
"""Media type of a folder as a source: its files, packed in the order of their names by the host or the sender.
``iter_folder`` reads it."""


def location_table(
    row_numbers: Sequence[int], *, lines: Sequence[int | None], selectors: Sequence[str]
) -> "pd.DataFrame":
    """Return locations with :data:`LOCATION_COLUMNS`, one row for each row of the source."""
    import pandas as pd

    return pd.DataFrame(
        {
            "row_number": pd.array(row_numbers, dtype="int64"),
            "line": pd.array(lines, dtype="Int64"),
            "selector": pd.array(selectors, dtype="str"),
        }
    )


def text_table(columns: Mapping[str, Sequence[str | None]]) -> "pd.DataFrame":
    """Return the columns as a frame of text, as :attr:`SourceBatch.cells` is; None is a cell that is absent."""
    import pandas as pd
    import pyarrow as pa

    arrays = {name: pa.array(cells, pa.large_string()) for name, cells in columns.items()}
    return pd.DataFrame({name: pd.array(array, dtype="str") for name, array in arrays.items()})


SUGGESTION_COLUMNS = ("candidate", "existing", "likeness", "features", "matcher")
"""Of a matcher: two keys, likeness ``float`` 0-1, features JSON text, matcher ``name@version``."""

SIGNAL_COLUMNS = ("record", "property", "value", "confidence", "field", "start", "end", "quote", "method")
"""Signals of an enricher: confidence ``float`` 0-1; start and end are offsets of the quote in the field."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """One received file, already in this machine's reach and complete.

    Attributes:
        path: Where to read its bytes. Read only: the file is kept as evidence.
        file_name: The name it came with.
        media_type: Such as ``text/csv``.
        sha256: Hex digest of the bytes.
        size: In bytes.
    """

    path: Path
    file_name: str
    media_type: str
    sha256: str
    size: int


@dataclass(frozen=True, kw_only=True)
class SourceBatch:
    """Some consecutive records of a source, as written.

    Attributes:
        cells: One row a record, text columns named and ordered as in the source, every value exactly as
            written; a null is a cell that is absent (a short row), an empty text is an empty cell. Column
            names are unique and not empty: a reader renames repeated or blank headers and says so. A later
            batch may have more columns.
        locations: Same length and index as ``cells``, with :data:`LOCATION_COLUMNS`.
        issues: Findings about these records or the file, with :data:`ISSUE_COLUMNS`.
        read_as: How the source was read (encoding, delimiter, header line ...), for the report.
        blank_lines: Blank lines passed over since the batch before.
    """

    cells: "pd.DataFrame"
    locations: "pd.DataFrame"
    issues: "pd.DataFrame" = field(default_factory=no_issues)
    read_as: Mapping[str, JsonValue] = field(default_factory=dict)
    blank_lines: int = 0

    def issue_at(
        self, row: int, code: str, severity: Severity, *, column: str, value: str | None, **params: JsonValue
    ) -> Issue:
        """Return a finding about a cell, with the record and line of its row (counted from 0 in this batch)."""
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
    """Yield the records an enricher is handed, in order: id, and text by field, empty where there is none."""
    fields = [str(column) for column in records.columns if column != "record"]
    texts = [records[field].fillna("").tolist() for field in fields]
    for record, *cells in zip(records["record"].tolist(), *texts, strict=True):
        yield record, dict(zip(fields, cells, strict=True))


@dataclass(frozen=True, kw_only=True)
class JobReport:
    """What a job did, or in a dry run would do: effects one line each, counts by name."""

    effects: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class CommandResult:
    """What a plugin's command has to show: tables by title, and lines of text before them.

    Attributes:
        read_as: In a preview, how a source is read, as in a batch; the host says it in the reader's language.
    """

    text: str = ""
    tables: "Mapping[str, pd.DataFrame]" = field(default_factory=dict)
    exit_code: int = 0
    read_as: Mapping[str, JsonValue] = field(default_factory=dict)
