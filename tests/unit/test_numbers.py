"""Numbers as candidates have them, and as people and programs read them back."""

from decimal import Decimal

import pandas as pd
import pytest

from kelompok_core.descriptor import Field, Kind
from kelompok_core.record_queries import plain
from kelompok_core.records.field_sql import stored, written
from kelompok_core.values.arrow import matching
from kelompok_core.values.checks import NUMBER
from kelompok_core.values.text import line

_LONGEST = f"{'9' * 30}.{'9' * 10}"


def _matches(*texts):
    return list(matching(pd.Series(texts, dtype="str"), NUMBER))


def test_a_number_has_one_form():
    good = ("0", "7", "-7", "10", "0.5", "-0.05", "1500000.5", _LONGEST, f"-{_LONGEST}")
    assert _matches(*good) == [True] * len(good)


def test_other_forms_and_other_texts_are_refused():
    bad = (
        "-0", "-0.0", "0.0", "1.50", "01", "1.", ".5", "+1", "1E+3", "1e3", "NaN", "Infinity", "1,5", " 1", "1\n", "",
        f"1{'0' * 30}", f"0.{'1' * 11}",
    )  # fmt: skip
    assert _matches(*bad) == [False] * len(bad)


@pytest.mark.parametrize(("number", "text"), [
    ("0", "0"),
    ("0E-10", "0"),
    ("100", "100"),
    ("1E+3", "1000"),
    ("1500000.50", "1500000.5"),
    ("-0.0500", "-0.05"),
    (_LONGEST, _LONGEST),
    (f"{_LONGEST}000", _LONGEST),
    ("NaN", "NaN"),
])  # fmt: skip
def test_a_number_is_read_with_all_its_digits_and_no_more(number, text):
    assert plain(Decimal(number)) == text


@pytest.mark.parametrize("value", [None, "1.50", 1.5, 3, True, ["1.50"]])
def test_other_values_are_read_as_they_are(value):
    assert plain(value) is value


def test_the_column_of_a_number_is_compared_as_text():
    field = Field(name="amount", aliases=(), normalize=line, kind=Kind.NUMBER)
    assert stored(field) == "trim_scale(t.amount)::text"
    assert written(field, "c->>'amount'") == "(c->>'amount')::numeric"
