"""Rows with any cells become valid JSON with the same values."""

import json

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from kelompok_core.imports.staging.row_json import present_cells, row_objects, with_member

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    ["\0", "\x01", '"\\', "\n\t\r", "\u2028"]
)


@given(
    names=st.lists(_TEXT, min_size=1, max_size=4, unique=True),
    rows=st.lists(st.lists(st.none() | _TEXT, min_size=4, max_size=4), max_size=4),
)
def test_any_table_round_trips(names, rows):
    frame = pd.DataFrame([row[: len(names)] for row in rows], columns=names, dtype="str")
    shown = [
        {name.replace("\0", "␀"): cell and cell.replace("\0", "␀") for name, cell in zip(names, row, strict=False)}
        for row in rows
    ]
    objects = row_objects(frame)
    assert [json.loads(text) for text in objects.to_pylist()] == shown
    more = with_member(objects, "extra", objects)
    assert [json.loads(text)["extra"] for text in more.to_pylist()] == shown


@given(rows=st.lists(st.lists(st.none() | _TEXT, min_size=3, max_size=3), max_size=4))
def test_row_does_not_depend_on_other_rows_of_the_batch(rows):
    names = ["a", 'b"', "c,"]
    objects = present_cells(pd.DataFrame(rows, columns=names, dtype="str")).to_pylist()
    cells = [
        {name: cell.replace("\0", "␀") for name, cell in zip(names, row, strict=True) if cell is not None}
        for row in rows
    ]
    assert [json.loads(text) for text in objects] == cells


def test_rows_without_columns_are_empty_objects():
    assert row_objects(pd.DataFrame(index=range(2))).to_pylist() == ["{}", "{}"]
    assert present_cells(pd.DataFrame(index=range(2))).to_pylist() == ["{}", "{}"]
