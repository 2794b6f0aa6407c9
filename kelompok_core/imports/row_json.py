"""Rows of text columns as JSON objects, made column by column: one row at a time costs several times as much."""

import json

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from kelompok_core.values.text import to_arrow

NUL_PICTURE = "\u2400"
"""Stands for a NUL, which PostgreSQL's text cannot hold."""

_ESCAPES = (("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"), ("\0", NUL_PICTURE))
_RARE = r"[\x01-\x08\x0b\x0c\x0e-\x1f]"


def row_objects(frame: pd.DataFrame) -> pa.Array:
    """Return each row as one JSON object, columns in order; absent cells are null."""
    if not len(frame.columns):
        return pa.array(["{}"] * len(frame), pa.large_string())
    parts: list[pa.Array | str] = []
    for name in frame.columns:
        parts += ["," if parts else "{", f"{_key(name)}:", _values(to_arrow(frame[name]))]
    return _joined(*parts, "}")


def present_cells(frame: pd.DataFrame) -> pa.Array:
    """Return each row as one JSON object of the cells it has: the same row, whatever rows it came in a batch with."""
    if not len(frame.columns):
        return pa.array(["{}"] * len(frame), pa.large_string())
    cells = [pc.fill_null(_joined(f'{_key(name)}:"', _escaped(to_arrow(frame[name])), '",'), "") for name in frame]
    return _joined(pc.utf8_rtrim(_joined("{", *cells), characters=","), "}")


def _key(name: object) -> str:
    return json.dumps(str(name).replace("\0", NUL_PICTURE), ensure_ascii=False)


def with_member(objects: pa.Array, name: str, members: pa.Array) -> pa.Array:
    """Return the objects, none of them empty, each with one member more, itself JSON."""
    return _joined(pc.utf8_slice_codeunits(objects, 0, -1), f",{json.dumps(name)}:", members, "}")


def _values(texts: pa.Array) -> pa.Array:
    return pc.fill_null(_joined('"', _escaped(texts), '"'), "null")


def _escaped(texts: pa.Array) -> pa.Array:
    if not pc.any(pc.match_substring_regex(texts, r'[\x00-\x1f"\\]')).as_py():
        return texts
    if pc.any(pc.match_substring_regex(texts, _RARE)).as_py():
        return pa.array([_escape(text) for text in texts.to_pylist()], texts.type)
    escaped = pc.replace_substring_regex(texts, r'(["\\])', r"\\\1")
    for character, written in _ESCAPES:
        escaped = pc.replace_substring(escaped, character, written)
    return escaped


def _escape(text: str | None) -> str | None:
    return None if text is None else json.dumps(text.replace("\0", NUL_PICTURE), ensure_ascii=False)[1:-1]


def _joined(*parts: pa.Array | str) -> pa.Array:
    texts = [pa.scalar(part, pa.large_string()) if isinstance(part, str) else part for part in parts]
    return pc.binary_join_element_wise(*texts, pa.scalar("", pa.large_string()))
