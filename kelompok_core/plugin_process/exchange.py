"""Converts what the contracts exchange to messages and back: batches, issues, signals, results."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
import pyarrow as pa

from kelompok_core.contracts import (
    ISSUE_COLUMNS,
    LOCATION_COLUMNS,
    SIGNAL_COLUMNS,
    SUGGESTION_COLUMNS,
    CommandResult,
    Issue,
    Severity,
    Source,
    SourceBatch,
    issue_table,
)
from kelompok_core.plugin_process.frames import JsonObject, Values
from kelompok_core.plugin_process.tables import (
    NUMBER,
    REAL,
    TEXT,
    Buffer,
    UnfitTable,
    number_column,
    pack_columns,
    text_columns,
    text_frame,
    unpack_columns,
)

Value = TypeVar("Value")
Packed = tuple[JsonObject, list[Buffer]]
"""JSON values and tables of a message."""

_LOCATION_KINDS = (NUMBER, NUMBER, TEXT)
_ISSUE_KINDS = (NUMBER, NUMBER, TEXT, TEXT, TEXT, TEXT, TEXT)
_SIGNAL_KINDS = tuple({"confidence": REAL, "start": NUMBER, "end": NUMBER}.get(name, TEXT) for name in SIGNAL_COLUMNS)
_SUGGESTION_KINDS = tuple(REAL if name == "likeness" else TEXT for name in SUGGESTION_COLUMNS)
_SOURCE_KEY = "$source"
_SURROGATE = re.compile("[\ud800-\udfff]")
_MALFORMED = (UnfitTable, KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError)


class UnfitMessage(Exception):
    """A message does not hold what it should."""


def pack_batch(batch: SourceBatch) -> Packed:
    """Return a batch that fits the contract as the values and tables of a message."""
    locations = batch.locations
    values = {
        "columns": list(batch.cells.columns),
        "rows": len(batch.cells),
        "read_as": dict(batch.read_as),
        "blank_lines": batch.blank_lines,
        "mapping": dict(batch.mapping),
    }
    places = [number_column(locations["row_number"]), number_column(locations["line"]), _texts(locations["selector"])]
    return values, [pack_columns(text_columns(batch.cells)), pack_columns(places), _pack_issues(batch.issues)]


def unpack_batch(values: Values, tables: Sequence[Buffer]) -> SourceBatch:
    """Return the batch of a message.

    Raises:
        UnfitMessage: When it holds no batch.
    """

    def unpack() -> SourceBatch:
        cells, places, issues = tables
        rows = int(values["rows"])
        row_numbers, lines, selectors = unpack_columns(places, _LOCATION_KINDS)
        located = pd.DataFrame(
            {
                "row_number": pd.array(row_numbers.to_numpy(zero_copy_only=False), dtype="int64"),
                "line": pd.array(lines, dtype="Int64"),
                "selector": pd.array(selectors, dtype="str"),
            },
            columns=list(LOCATION_COLUMNS),
        )
        return SourceBatch(
            cells=text_frame(_texts_of(values["columns"]), unpack_columns(cells), rows),
            locations=located,
            issues=_unpack_issues(issues),
            read_as=values["read_as"],
            blank_lines=values["blank_lines"],
            mapping=values["mapping"],
        )

    return _unpacked("a batch", unpack)


def pack_issues(issues: Sequence[Issue]) -> list[Buffer]:
    """Return issues as the table of a message."""
    return [_pack_issues(issue_table(issues))]


def unpack_issues(tables: Sequence[Buffer]) -> list[Issue]:
    """Return the issues of a message.

    Raises:
        UnfitMessage: When it holds no issues.
    """

    def unpack() -> list[Issue]:
        (table,) = tables
        rows = _unpack_issues(table).to_dict("records")
        return [Issue(**{str(key): _issue_value(str(key), one) for key, one in row.items()}) for row in rows]

    return _unpacked("issues", unpack)


def is_null(cell: object) -> bool:
    """Return whether a cell of a data frame has no value."""
    return cell is None or cell is pd.NA or cell != cell  # noqa: PLR0124 -- what is not itself is not a number


def _issue_value(name: str, cell: object) -> Any:
    if name == "severity":
        return Severity(str(cell))
    return cell if name == "params" or not is_null(cell) else None


def pack_signals(signals: pd.DataFrame) -> list[Buffer]:
    """Return signals that fit the contract as the table of a message."""
    makers = {REAL: _reals, NUMBER: number_column, TEXT: _texts}
    columns = zip(SIGNAL_COLUMNS, _SIGNAL_KINDS, strict=True)
    return [pack_columns(makers[kind](signals[name]) for name, kind in columns)]


def unpack_signals(tables: Sequence[Buffer]) -> pd.DataFrame:
    """Return the signals of a message.

    Raises:
        UnfitMessage: When it holds no signals.
    """
    return _unpack_frame("signals", tables, SIGNAL_COLUMNS, _SIGNAL_KINDS)


def pack_suggestions(suggestions: pd.DataFrame) -> list[Buffer]:
    """Return a matcher's suggestions as the table of a message."""
    return [
        pack_columns(
            _reals(suggestions[name]) if kind == REAL else _texts(suggestions[name])
            for name, kind in zip(SUGGESTION_COLUMNS, _SUGGESTION_KINDS, strict=True)
        )
    ]


def unpack_suggestions(tables: Sequence[Buffer]) -> pd.DataFrame:
    """Return the suggestions of a message.

    Raises:
        UnfitMessage: When it holds no suggestions.
    """
    return _unpack_frame("suggestions", tables, SUGGESTION_COLUMNS, _SUGGESTION_KINDS)


def pack_texts(frames: Sequence[pd.DataFrame]) -> Packed:
    """Return frames of text as the values and tables of a message."""
    described = [{"columns": list(frame.columns), "rows": len(frame)} for frame in frames]
    return {"frames": described}, [pack_columns(text_columns(frame)) for frame in frames]


def unpack_texts(values: Values, tables: Sequence[Buffer]) -> list[pd.DataFrame]:
    """Return the frames of text of a message.

    Raises:
        UnfitMessage: When it holds no such frames.
    """

    def unpack() -> list[pd.DataFrame]:
        return [
            text_frame(_texts_of(one["columns"]), unpack_columns(table), int(one["rows"]))
            for one, table in zip(values["frames"], tables, strict=True)
        ]

    return _unpacked("frames of text", unpack)


def pack_result(result: CommandResult) -> JsonObject:
    """Return a command's result as the values of a message. Its tables are for people: their cells become JSON."""
    tables = {title: _frame_to_json(table) for title, table in result.tables.items()}
    return {"text": result.text, "tables": tables, "exit_code": result.exit_code, "read_as": dict(result.read_as)}


def unpack_result(values: Values) -> CommandResult:
    """Return the result of a message.

    Raises:
        UnfitMessage: When it holds no result.
    """

    def unpack() -> CommandResult:
        tables = {
            str(title): pd.DataFrame(one["rows"], columns=_texts_of(one["columns"]), dtype="object")
            for title, one in values["tables"].items()
        }
        return CommandResult(
            text=values["text"], tables=tables, exit_code=values["exit_code"], read_as=values["read_as"]
        )

    return _unpacked("a result", unpack)


def pack_arguments(arguments: Values) -> JsonObject:
    """Return a command's arguments as JSON; sources become what :func:`unpack_arguments` reads."""
    return {
        name: {_SOURCE_KEY: pack_source(one)} if isinstance(one, Source) else one for name, one in arguments.items()
    }


def unpack_arguments(values: Values) -> JsonObject:
    """Return a command's arguments from JSON."""
    return {
        name: unpack_source(one[_SOURCE_KEY]) if isinstance(one, dict) and _SOURCE_KEY in one else one
        for name, one in values.items()
    }


def pack_source(source: Source) -> JsonObject:
    """Return a source as JSON."""
    return {**asdict(source), "path": str(source.path)}


def unpack_source(values: Values) -> Source:
    """Return a source from JSON."""
    return Source(**{**values, "path": Path(values["path"])})


def _unpack_frame(
    what: str, tables: Sequence[Buffer], names: Sequence[str], kinds: Sequence[pa.DataType]
) -> pd.DataFrame:
    def unpack() -> pd.DataFrame:
        (table,) = tables
        columns = unpack_columns(table, kinds)
        return pd.DataFrame({name: column.to_pylist() for name, column in zip(names, columns, strict=True)})

    return _unpacked(what, unpack)


def _unpacked(what: str, unpack: Callable[[], Value]) -> Value:
    try:
        return unpack()
    except _MALFORMED as error:
        raise UnfitMessage(f"its process did not send {what} ({type(error).__name__}: {error})") from error


def _texts_of(names: object) -> list[str]:
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise TypeError("names that are no texts")
    if len(set(names)) != len(names):
        raise ValueError("two columns of one name")
    return names


def _pack_issues(issues: pd.DataFrame) -> Buffer:
    return pack_columns(
        [
            number_column(issues["row_number"]),
            number_column(issues["line"]),
            _texts(issues["column"]),
            _texts(issues["value"]),
            _texts(issues["code"]),
            _texts(issues["severity"]),
            pa.array([json.dumps(params) for params in issues["params"]], TEXT),
        ]
    )


def _unpack_issues(stream: Buffer) -> pd.DataFrame:
    row_numbers, lines, *texts, params = unpack_columns(stream, _ISSUE_KINDS)
    columns: JsonObject = {name: column.to_pylist() for name, column in zip(ISSUE_COLUMNS[2:-1], texts, strict=True)}
    table = pd.DataFrame({**columns, "params": [json.loads(one) for one in params.to_pylist()]}, dtype="object")
    table.insert(0, "row_number", pd.array(row_numbers, dtype="Int64"))
    table.insert(1, "line", pd.array(lines, dtype="Int64"))
    return table


def _texts(values: pd.Series) -> pa.Array:
    """Return a column of text as an Arrow array; what UTF-8 cannot hold becomes U+FFFD, as when it is stored."""
    return pa.array([_encodable(one) if isinstance(one, str) else None for one in values], TEXT)


def _encodable(text: str) -> str:
    return text if text.isascii() else _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)


def _reals(values: pd.Series) -> pa.Array:
    return pa.array([float(one) for one in values], REAL)


def _frame_to_json(frame: pd.DataFrame) -> JsonObject:
    rows = [[_to_json(cell) for cell in row] for row in frame.itertuples(index=False, name=None)]
    return {"columns": [str(column) for column in frame.columns], "rows": rows}


def _to_json(cell: object) -> object:
    if isinstance(cell, str | bool | int | dict | list) or cell is None:
        return cell
    if is_null(cell):
        return None
    if hasattr(cell, "item"):
        return cell.item()
    return cell if isinstance(cell, float) else str(cell)
