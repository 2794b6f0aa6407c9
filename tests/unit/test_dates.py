"""Common spellings of dates, times and zones."""

from datetime import date

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kelompok_core.values.arrow import matching
from kelompok_core.values.conventions import DateOrder
from kelompok_core.values.dates import NUMERIC_DATE, first_day, last_day, partial_date, proven_orders
from kelompok_core.values.reading import Inputs, Reading, alone
from kelompok_core.values.times import all_day, ends_at, starts_at, zone


def _cells(*written, name="tanggal"):
    return pd.Series(written, dtype="str", name=name)


def _read(reader, written, order=None):
    reading = Reading(date_orders={"tanggal": order} if order else {})
    found = reader(alone(_cells(written), reading))
    value = found.values.iloc[0]
    return None if pd.isna(value) else value, list(found.findings["code"])


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1949-12-21", "1949-12-21"),
        ("21 Desember 1949", "1949-12-21"),
        ("5 Nopember 1960", "1960-11-05"),
        ("6-Agt-2015", "2015-08-06"),
        ("10-Aug-15", "2015-08-10"),
        ("16 Aug 2015,", "2015-08-16"),
        ("Senin, 5 Mei 2014", "2014-05-05"),
        ("Jum'at, 2 Peb 2018", "2018-02-02"),
        ("May 5th, 2014", "2014-05-05"),
        ("20080901", "2008-09-01"),
        ("2008-9-1 ", "2008-09-01"),
        ("2008/09/01", "2008-09-01"),
        ("8/13/2015", "2015-08-13"),
        ("13/8/2015", "2015-08-13"),
        ("13.8.15", "2015-08-13"),
        ("13-8-69", "1969-08-13"),
        ("08/08/2015", "2015-08-08"),
        ("2018-08-27T15:06:27.713Z", "2018-08-27"),
        ("2023-03-24 10:23:10 UTC", "2023-03-24"),
        ("-", None),
    ],
)
def test_days(written, value):
    assert _read(first_day, written) == (value, [])


@pytest.mark.parametrize(
    "written",
    ["2008-25-1 ", "32/13/2014", "31/2/2014", "besok", "2014-05-06 dan lain", "29 Februari 2015", "0001-01-01"],
)
def test_invalid_day_is_an_error(written):
    assert _read(first_day, written) == (None, ["value.date"])


def test_date_order_decides_and_nothing_is_guessed_without_one():
    assert _read(first_day, "01/09/2008") == (None, ["value.date_ambiguous"])
    assert _read(first_day, "01/09/2008", DateOrder.DAY_FIRST) == ("2008-09-01", [])
    assert _read(first_day, "01/09/2008", DateOrder.MONTH_FIRST) == ("2008-01-09", [])
    assert _read(first_day, "8/13/2015", DateOrder.DAY_FIRST) == (None, ["value.date"])


def test_year_or_month_becomes_its_first_or_last_day_with_a_warning():
    assert _read(first_day, "2019") == ("2019-01-01", ["value.date_partial"])
    assert _read(last_day, "2019") == ("2019-12-31", ["value.date_partial"])
    assert _read(last_day, "Februari 2020") == ("2020-02-29", ["value.date_partial"])
    assert _read(last_day, "2020-12") == ("2020-12-31", ["value.date_partial"])
    assert _read(last_day, "sekarang") == (None, [])


def test_partial_date_keeps_its_known_part():
    assert _read(partial_date, "Mei 1998") == ("1998-05", [])
    assert _read(partial_date, "17 Agustus 1945") == ("1945-08-17", [])
    assert _read(partial_date, "lama sekali") == (None, ["value.date"])


def test_day_above_twelve_proves_the_order_of_its_column():
    assert proven_orders(_cells("1/2/2015", "13/2/2015", None, "x")) == {DateOrder.DAY_FIRST}
    assert proven_orders(_cells("1/2/2015", "2/13/15")) == {DateOrder.MONTH_FIRST}
    assert proven_orders(_cells("13/2/2015", "2/13/15")) == set(DateOrder)
    assert proven_orders(_cells("1/2/2015", "2015-12-31")) == set()
    assert proven_orders(_cells("\u00a0١٣/٢/٢٠٢٠")) == {DateOrder.DAY_FIRST}


@pytest.mark.slow
@given(
    st.dates(date(1000, 1, 1), date(2200, 12, 31)).filter(lambda day: day != date(1900, 1, 1)),  # an empty cell's
    st.sampled_from(["{0:%d/%m/%Y}", "{0.day}-{0.month}-{0.year:04}", "{0:%d.%m.%Y}"]),
)
def test_formatted_days_are_read_back(day, form):
    written = form.format(day)
    assert matching(_cells(written), NUMERIC_DATE).all()
    assert _read(first_day, written, DateOrder.DAY_FIRST) == (day.isoformat(), [])
    assert _read(first_day, day.isoformat()) == (day.isoformat(), [])


def _event(starts, start_time=None, ends=None, end_time=None, timezone="Asia/Jakarta"):
    parts = {"starts_at": _cells(starts, name="tanggal"), "start_time": _cells(start_time, name="jam")}
    parts |= {"end_time": _cells(end_time, name="jam selesai")}
    reading = Reading(timezone=timezone)
    own = {"starts": parts["starts_at"], "ends": _cells(ends, name="selesai")}
    readers = {"starts": starts_at, "ends": ends_at}
    result = {}
    findings = []
    for name, reader in (*readers.items(), ("all_day", all_day), ("zone", zone)):
        found = reader(Inputs(own=own.get(name, _cells(None)), parts=parts, reading=reading))
        value = found.values.iloc[0]
        result[name] = None if pd.isna(value) else value
        findings += [(one.column, one.code) for one in found.findings.itertuples()]
    return tuple(result.values()), findings


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"starts": "2014-06-09", "start_time": "19.30 WIB"}, ("2014-06-09T12:30:00Z", None, "false", "Asia/Jakarta")),
        ({"starts": "2014-06-09 19.30 WITA"}, ("2014-06-09T11:30:00Z", None, "false", "Asia/Makassar")),
        ({"starts": "9 Juni 2014, pukul 13:00 (WIT)"}, ("2014-06-09T04:00:00Z", None, "false", "Asia/Jayapura")),
        ({"starts": "2015-01-26", "start_time": "09:00"}, ("2015-01-26T02:00:00Z", None, "false", None)),
        (
            {"starts": "2015-01-26", "start_time": "09:00", "timezone": "Europe/London"},
            ("2015-01-26T09:00:00Z", None, "false", "Europe/London"),
        ),
        ({"starts": "2015-01-26T09:00:00+07:00"}, ("2015-01-26T02:00:00Z", None, "false", None)),
        ({"starts": "26/1/2015 7 pm"}, ("2015-01-26T12:00:00Z", None, "false", None)),
        (
            {"starts": "2014-06-09", "ends": "2014-06-10"},
            ("2014-06-08T17:00:00Z", "2014-06-10T16:59:59Z", "true", None),
        ),
        (
            {"starts": "2014-06-09", "start_time": "09.00 - 12.00 WIB"},
            ("2014-06-09T02:00:00Z", "2014-06-09T05:00:00Z", "false", "Asia/Jakarta"),
        ),
        (
            {"starts": "2014-06-09", "start_time": "09.00", "end_time": "12.00"},
            ("2014-06-09T02:00:00Z", "2014-06-09T05:00:00Z", "false", None),
        ),
        (
            {"starts": "2014-06-09", "start_time": "13.00 s/d selesai"},
            ("2014-06-09T06:00:00Z", None, "false", None),
        ),
    ],
)
def test_dates_and_times(given, expected):
    assert _event(**given) == (expected, [])


def test_invalid_time_of_day_is_an_error_of_its_column():
    assert _event("2014-06-09", "25.00") == ((None, None, None, None), [("jam", "value.time")])
    assert _event("2014-06-09 besok")[1] == [("tanggal", "value.time")]
    assert _event("besok", "09.00")[1] == [("tanggal", "value.date")]
