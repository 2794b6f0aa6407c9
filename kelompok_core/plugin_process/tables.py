"""Tables between the core and a plugin's process: pandas frames as Arrow IPC streams, with plain columns only."""

import struct
from collections.abc import Iterable, Sequence
from typing import TypeAlias

import pandas as pd
import pyarrow as pa

from kelompok_core.contracts import to_arrow

Buffer: TypeAlias = bytes | bytearray | memoryview

TEXT, NUMBER, REAL = pa.large_string(), pa.int64(), pa.float64()
_PLAIN = (TEXT, NUMBER, REAL)


class UnfitTable(Exception):
    """The bytes are no table of plain columns."""


def pack_columns(columns: Iterable[pa.Array]) -> Buffer:
    """Return the columns as an Arrow stream. They are named by their positions: real names are sent as JSON."""
    arrays = list(columns)
    batch = pa.RecordBatch.from_arrays(arrays, [str(at) for at in range(len(arrays))])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return memoryview(sink.getvalue())


def unpack_columns(stream: Buffer, kinds: Sequence[pa.DataType] | None = None) -> list[pa.Array]:
    """Return the columns of an Arrow stream, checked: what a hostile process sends must not harm this one.

    Args:
        stream: The bytes.
        kinds: The types that the columns must have; by default all are text.

    Raises:
        UnfitTable: With the reason.
    """
    try:
        _require_plain(stream)
        with pa.ipc.open_stream(pa.py_buffer(stream)) as reader:
            schema = reader.schema
            wanted = [TEXT] * len(schema) if kinds is None else list(kinds)
            if list(schema.types) != wanted:
                raise UnfitTable(f"columns of the types {', '.join(map(str, schema.types))}")
            batch = reader.read_next_batch()
            batch.validate(full=True)
            return list(batch.columns)
    except (pa.ArrowException, OSError, StopIteration, struct.error, IndexError, ValueError) as error:
        raise UnfitTable(f"a table that cannot be read ({type(error).__name__})") from error


def _require_plain(stream: Buffer) -> None:
    """Refuse compressed columns, which could grow to any size when they are read."""
    reader = pa.ipc.MessageReader.open_stream(pa.py_buffer(stream))
    for message in reader:
        if message.type == "record batch" and _is_compressed(message.metadata.to_pybytes()):
            raise UnfitTable("a compressed table")


def _is_compressed(message: bytes) -> bool:
    """Return whether a message's header has the field ``compression``.

    The header is a flatbuffer (Message.fbs of the Arrow format): ``header`` is the third field of a message, and
    ``compression`` the fourth of a record batch.
    """
    root = _U32.unpack_from(message, 0)[0]
    header = _field(message, root, 2)
    if header is None:
        return False
    return _field(message, header + _U32.unpack_from(message, header)[0], 3) is not None


_U16, _U32, _I32 = struct.Struct("<H"), struct.Struct("<I"), struct.Struct("<i")


def _field(buffer: bytes, table: int, number: int) -> int | None:
    """Return the offset of a field of a flatbuffer's table, or None if it is absent."""
    vtable = table - _I32.unpack_from(buffer, table)[0]
    slot = 4 + 2 * number
    if slot >= _U16.unpack_from(buffer, vtable)[0]:
        return None
    offset = _U16.unpack_from(buffer, vtable + slot)[0]
    return table + offset if offset else None


def text_columns(frame: pd.DataFrame) -> list[pa.Array]:
    """Return the columns of a frame of text as Arrow arrays."""
    return [to_arrow(frame.iloc[:, at]) for at in range(len(frame.columns))]


def number_column(values: pd.Series) -> pa.Array:
    """Return a column of whole numbers as an Arrow array; nulls stay null."""
    return pa.array(values.astype("Int64"), NUMBER, from_pandas=True)


def text_frame(names: Sequence[str], columns: Sequence[pa.Array], rows: int) -> pd.DataFrame:
    """Return Arrow text columns as a pandas frame with these names; ``rows`` counts if there are no columns."""
    cells = {name: pd.array(column, dtype="str") for name, column in zip(names, columns, strict=True)}
    return pd.DataFrame(cells, index=pd.RangeIndex(rows))
