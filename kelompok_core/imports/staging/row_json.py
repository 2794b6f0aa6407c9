"""Converts rows of text columns to JSON objects column by column, which is several times faster than by row."""

import json

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from kelompok_core.contract_rules.storable import NUL_PICTURE
from kelompok_core.contracts import to_arrow
from kelompok_core.values.arrow import change_matching

_SPECIAL = bytes(range(0x20)) + b'"\\'
_WITH_SPECIAL = r'[\x00-\x1f"\\]'
_encode = json.JSONEncoder(ensure_ascii=False).encode


def row_objects(frame: pd.DataFrame) -> pa.Array:
    """Return each row as a JSON object, columns in order; missing cells are null."""
    if not len(frame.columns):
        return pa.array(["{}"] * len(frame), pa.large_string())
    parts: list[pa.Array | str] = []
    for name in frame.columns:
        parts += ["," if parts else "{", f"{_key(name)}:", _values(to_arrow(frame[name]))]
    return _joined(*parts, "}")


def present_cells(frame: pd.DataFrame) -> pa.Array:
    """Return each row as a JSON object of its present cells, independent of the other rows in the batch."""
    if not len(frame.columns):
        return pa.array(["{}"] * len(frame), pa.large_string())
    cells = [pc.fill_null(_joined(f'{_key(name)}:"', _escaped(to_arrow(frame[name])), '",'), "") for name in frame]
    return _joined(pc.utf8_rtrim(_joined("{", *cells), characters=","), "}")


def _key(name: object) -> str:
    return _encode(str(name).replace("\0", NUL_PICTURE))


def with_member(objects: pa.Array, name: str, members: pa.Array) -> pa.Array:
    """Return the objects, none of them empty, each with an additional member whose value is JSON."""
    return _joined(pc.utf8_slice_codeunits(objects, 0, -1), f",{json.dumps(name)}:", members, "}")


def _values(texts: pa.Array) -> pa.Array:
    return pc.fill_null(_joined('"', _escaped(texts), '"'), "null")


def _escaped(texts: pa.Array) -> pa.Array:
    # Bytes are searched many times faster than strings, and most columns have nothing to escape.
    if (data := texts.buffers()[2]) is None or not _has_special(data.to_pybytes()):
        return texts
    return change_matching(texts, _WITH_SPECIAL, _escape)


def _escape(texts: pa.Array) -> pa.Array:
    return pa.array([_encode(text.replace("\0", NUL_PICTURE))[1:-1] for text in texts.to_pylist()], texts.type)


def _has_special(data: bytes) -> bool:
    return len(data.translate(None, _SPECIAL)) < len(data)


def _joined(*parts: pa.Array | str) -> pa.Array:
    texts = [pa.scalar(part, pa.large_string()) if isinstance(part, str) else part for part in parts]
    return pc.binary_join_element_wise(*texts, pa.scalar("", pa.large_string()))
