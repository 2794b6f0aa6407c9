"""Checks the batches and issues that plugins return against the contract, and makes them storable."""

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from kelompok_core.contract_rules.batches import MALFORMED, batch_problem
from kelompok_core.contract_rules.issues import issues_problem, storable_issues
from kelompok_core.contract_rules.storable import (
    NUL_PICTURE,
    describe_exception,
    is_storable,
    storable,
    storable_json,
)
from kelompok_core.contracts import (
    FreeNames,
    Issue,
    Severity,
    SourceBatch,
    issue_table,
    to_arrow,
    with_issues,
)
from kelompok_core.errors import ImportFailed

MAX_CELL_CHARS = 1_000_000
"""Rows with a longer cell are rejected."""

_SHOWN_CHARACTERS = 100
_LONGEST_PROBLEM = 500


def accept_batch(batch: object, *, after: int, plugin: str) -> SourceBatch:
    """Return the batch in storable form if it satisfies the contract and its rows follow row number ``after``.

    PostgreSQL's text cannot contain NUL characters, so they are replaced by a symbol; the stored file keeps them. A NUL
    or a cell longer than :data:`MAX_CELL_CHARS` is an issue of its row. A NUL in a column name is a fatal issue.

    Raises:
        ImportFailed: Naming the plugin and the problem.
    """
    try:
        problem = batch_problem(batch, after)
    except MALFORMED as error:
        raise _contract_error(plugin, f"its batch cannot be inspected ({describe_exception(error)})") from error
    if problem is not None or not isinstance(batch, SourceBatch):
        raise _contract_error(plugin, storable(str(problem)[:_LONGEST_PROBLEM]))
    return _with_storable_cells(_with_storable_names(_in_order(batch)))


def checked_issue(issue: Issue, plugin: str) -> Issue:
    """Return a single issue of a plugin in storable form.

    Raises:
        ImportFailed: Naming the plugin and the problem.
    """
    try:
        table = issue_table([issue])
        problem = issues_problem(table, table["row_number"])
    except MALFORMED as error:
        raise _contract_error(plugin, f"its finding cannot be inspected ({describe_exception(error)})") from error
    if problem is not None:
        raise _contract_error(plugin, storable(problem[:_LONGEST_PROBLEM]))
    kept = storable_issues(table).iloc[0]
    return replace(issue, column=kept["column"], value=kept["value"], params=kept["params"])


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
