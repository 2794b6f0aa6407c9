"""What a plugin hands over, held against its contract: a slip of the plugin is named, and never becomes ours."""

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from kelompok_core.contracts import ISSUE_COLUMNS, LOCATION_COLUMNS, Issue, Severity, SourceBatch, with_issues
from kelompok_core.errors import ImportFailed
from kelompok_core.imports.row_json import NUL_PICTURE
from kelompok_core.values.arrow import to_arrow

MAX_CELL_CHARS = 1_000_000
"""A row with a longer cell is rejected."""

_SHOWN_CHARACTERS = 100
_SEVERITIES = frozenset(severity.value for severity in Severity)


def accept_batch(batch: object, *, after: int, plugin: str) -> SourceBatch:
    """Return the batch when it is as the contract says and goes on after that record.

    NULs are shown as a picture: PostgreSQL's text cannot hold them, and the kept file has them as they were. That,
    and cells longer than :data:`MAX_CELL_CHARS`, are issues of their rows.

    Raises:
        ImportFailed: Naming the plugin and what is wrong.
    """
    if not isinstance(batch, SourceBatch):
        raise _broken(plugin, f"read() yielded a {type(batch).__name__}, not a SourceBatch")
    problem = _cells_problem(batch.cells) or _locations_problem(batch, after) or _issues_problem(batch)
    if problem is not None:
        raise _broken(plugin, problem)
    issues = batch.issues.assign(value=_without_nul(batch.issues["value"]))
    odd = [name for name in batch.cells.columns if _is_odd(to_arrow(batch.cells[name]))]
    if not odd:
        return replace(batch, issues=issues)
    found = [issue for name in odd for issue in _odd_cells(batch, name)]
    return replace(batch, cells=batch.cells.apply(_without_nul), issues=with_issues(issues, found))


def _is_odd(column: pa.Array) -> bool:
    """Whether any cell may be odd: most columns have none, and their bytes are looked through sixty times faster."""
    longest = pc.max(pc.binary_length(column)).as_py() or 0
    text = column.buffers()[2]
    return longest > MAX_CELL_CHARS or (text is not None and b"\0" in text.to_pybytes())


def _odd_cells(batch: SourceBatch, name: str) -> Iterator[Issue]:
    """Yield findings about the cells of a column that have NULs in them, and those that are too long."""
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


def _broken(plugin: str, problem: str) -> ImportFailed:
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
    records = list(locations["record"])
    if records != list(range(after + 1, after + 1 + len(records))):
        return f"record numbers must go on from {after + 1}, one by one"
    return None


def _issues_problem(batch: SourceBatch) -> str | None:
    issues = batch.issues
    if list(issues.columns) != list(ISSUE_COLUMNS):
        return f"issues need the columns {', '.join(ISSUE_COLUMNS)}"
    if issues.empty:
        return None
    if unknown := set(issues["severity"]) - _SEVERITIES:
        return f"there is no severity {min(map(str, unknown))!r}"
    of_rows = issues["record"].dropna()
    if not of_rows.isin(batch.locations["record"]).all():
        return "an issue speaks of a record that is not in its batch"
    return None
