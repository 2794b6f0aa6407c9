"""Checks the batches and issues that plugins return against the contract, and makes them storable."""

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from kelompok_core.contracts import (
    LOCATION_COLUMNS,
    FreeNames,
    Issue,
    Severity,
    SourceBatch,
    issue_table,
    with_issues,
)
from kelompok_core.errors import ImportFailed
from kelompok_core.imports.staging.finding_checks import issues_problem, storable_issues
from kelompok_core.plugin_host.returned import (
    NUL_PICTURE,
    describe_exception,
    is_storable,
    read_as_problem,
    storable,
    storable_json,
)
from kelompok_core.values.arrow import to_arrow

MAX_CELL_CHARS = 1_000_000
"""Rows with a longer cell are rejected."""

HOST_KEYS = frozenset({"date_order", "day_numbers", "recent_years", "decimals", "normalized_by"})
"""Keys of ``read_as`` that the host sets. Readers may not set them."""

_SHOWN_CHARACTERS = 100
_LONGEST_PROBLEM = 500
_HIGHEST = 2**31 - 1
_MALFORMED = (AttributeError, LookupError, TypeError, ValueError, OverflowError, pa.ArrowException)
"""Errors that inspecting a malformed batch may raise."""


def accept_batch(batch: object, *, after: int, plugin: str) -> SourceBatch:
    """Return the batch in storable form if it satisfies the contract and its rows follow row number ``after``.

    PostgreSQL's text cannot contain NUL characters, so they are replaced by a symbol; the stored file keeps them. A NUL
    or a cell longer than :data:`MAX_CELL_CHARS` is an issue of its row. A NUL in a column name is a fatal issue.

    Raises:
        ImportFailed: Naming the plugin and the problem.
    """
    if not isinstance(batch, SourceBatch):
        raise _contract_error(plugin, f"read() yielded a {type(batch).__name__}, not a SourceBatch")
    try:
        problem = _problem(batch, after)
    except _MALFORMED as error:
        raise _contract_error(plugin, f"its batch cannot be inspected ({describe_exception(error)})") from error
    if problem is not None:
        raise _contract_error(plugin, storable(problem[:_LONGEST_PROBLEM]))
    return _with_storable_cells(_with_storable_names(_in_order(batch)))


def checked_issue(issue: Issue, plugin: str) -> Issue:
    """Return a single issue of a plugin in storable form.

    Raises:
        ImportFailed: Naming the plugin and the problem.
    """
    try:
        table = issue_table([issue])
        problem = issues_problem(table, table["row_number"])
    except _MALFORMED as error:
        raise _contract_error(plugin, f"its finding cannot be inspected ({describe_exception(error)})") from error
    if problem is not None:
        raise _contract_error(plugin, storable(problem[:_LONGEST_PROBLEM]))
    kept = storable_issues(table).iloc[0]
    return replace(issue, column=kept["column"], value=kept["value"], params=kept["params"])


def _problem(batch: SourceBatch, after: int) -> str | None:
    for name, table in (("cells", batch.cells), ("locations", batch.locations), ("issues", batch.issues)):
        if not isinstance(table, pd.DataFrame):
            return f"{name} must be a data frame, not {type(table).__name__}"
    return (
        _cells_problem(batch.cells)
        or _locations_problem(batch, after)
        or issues_problem(batch.issues, batch.locations["row_number"])
        or _reading_problem(batch)
    )


def _in_order(batch: SourceBatch) -> SourceBatch:
    """Return the batch with rows numbered from 0 and its metadata in storable form."""
    return replace(
        batch,
        cells=batch.cells.reset_index(drop=True),
        locations=batch.locations.reset_index(drop=True),
        issues=storable_issues(batch.issues),
        read_as=storable_json(batch.read_as),
    )


def _with_storable_names(batch: SourceBatch) -> SourceBatch:
    """Return the batch with a fatal issue for each column name that PostgreSQL cannot store."""
    if all(map(is_storable, batch.cells.columns)):
        return batch
    names: list[str] = []
    found = []
    free = FreeNames(batch.cells.columns)
    for number, name in enumerate(batch.cells.columns, 1):
        names.append(name if is_storable(name) else free.take(storable(name)))
        if not is_storable(name):
            params = {"number": number, "line": _line_of_name(batch, name)}
            found.append(Issue(code="header.unstorable", severity=Severity.FATAL, column=storable(name), params=params))
    return replace(batch, cells=batch.cells.set_axis(names, axis="columns"), issues=with_issues(batch.issues, found))


def _line_of_name(batch: SourceBatch, name: str) -> int | None:
    """Return the line of the header, or else of the first row with a value in the column."""
    written = batch.read_as.get("header_line")
    if isinstance(written, int):
        return written
    lines = batch.locations["line"][batch.cells[name].notna()].dropna()
    return int(lines.iloc[0]) if len(lines) else None


def _with_storable_cells(batch: SourceBatch) -> SourceBatch:
    odd = [name for name in batch.cells.columns if _may_need_change(to_arrow(batch.cells[name]))]
    if not odd:
        return batch
    found = [issue for name in odd for issue in _cell_issues(batch, name)]
    return replace(batch, cells=batch.cells.apply(_without_nul), issues=with_issues(batch.issues, found))


def _may_need_change(column: pa.Array) -> bool:
    """Return whether a cell may be too long or have a NUL. Searching bytes is sixty times faster than single cells."""
    longest = pc.max(pc.binary_length(column)).as_py() or 0
    text = column.buffers()[2]
    return longest > MAX_CELL_CHARS or (text is not None and b"\0" in text.to_pybytes())


def _cell_issues(batch: SourceBatch, name: str) -> Iterator[Issue]:
    """Yield an issue for each cell of a column that has a NUL or is too long."""
    column = to_arrow(batch.cells[name])
    lengths = pc.utf8_length(column)
    with_nul = pc.indices_nonzero(pc.fill_null(pc.match_substring(column, "\0"), False)).to_pylist()
    longer = pc.indices_nonzero(pc.fill_null(pc.greater(lengths, MAX_CELL_CHARS), False)).to_pylist()
    found: list[tuple[int, str, Severity, dict[str, int]]] = [
        (at, "value.control_chars", Severity.WARNING, {}) for at in with_nul
    ]
    found += [
        (at, "value.too_long", Severity.ERROR, {"limit": MAX_CELL_CHARS, "found": lengths[at].as_py()}) for at in longer
    ]
    for at, code, severity, params in found:
        shown = column[at].as_py()[:_SHOWN_CHARACTERS].replace("\0", NUL_PICTURE)
        yield batch.issue_at(at, code, severity, column=name, value=shown, **params)


def _without_nul(texts: pd.Series) -> pd.Series:
    with_nul = pc.match_substring(to_arrow(texts), "\0")
    return texts.str.replace("\0", NUL_PICTURE) if pc.any(with_nul).as_py() else texts


def _contract_error(plugin: str, problem: str) -> ImportFailed:
    return ImportFailed(f"{plugin} broke its contract: {problem}", hint="Tell its maintainer; nothing was imported.")


def _cells_problem(cells: pd.DataFrame) -> str | None:
    names = list(cells.columns)
    if not all(isinstance(name, str) and name.strip() for name in names):
        return "every column of cells needs a name that is text"
    if len(set(names)) != len(names):
        return "two columns of cells have one name"
    for name in names:
        try:
            to_arrow(cells[name])
        except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeError) as error:
            return f"the column {name!r} is not text ({error})"
    return None


def _locations_problem(batch: SourceBatch, after: int) -> str | None:
    locations = batch.locations
    if list(locations.columns) != list(LOCATION_COLUMNS):
        return f"locations need the columns {', '.join(LOCATION_COLUMNS)}"
    if len(locations) != len(batch.cells):
        return f"{len(batch.cells)} rows of cells and {len(locations)} of locations"
    records = list(locations["row_number"])
    if records != list(range(after + 1, after + 1 + len(records))):
        return f"row numbers must go on from {after + 1}, one by one"
    lines = locations["line"].astype("Int64").dropna()
    if len(lines) and not (lines.min() >= 1 and lines.max() <= _HIGHEST):
        return f"line numbers must be from 1 to {_HIGHEST}"
    selectors = to_arrow(locations["selector"])
    text = selectors.buffers()[2]
    return "a selector has a NUL" if text is not None and b"\0" in text.to_pybytes() else None


def _reading_problem(batch: SourceBatch) -> str | None:
    if (problem := read_as_problem(batch.read_as)) is not None:
        return f"read_as {problem}"
    if taken := HOST_KEYS & set(batch.read_as):
        return f"read_as may not contain {min(taken)!r}, which the host sets"
    number = batch.blank_lines
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= _HIGHEST:
        return f"blank_lines must be a number from 0 to {_HIGHEST}"
    return None
