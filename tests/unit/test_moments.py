"""When something is, told by the columns of a table: dates, times, zones and what the headers say of them."""

from datetime import date
from types import SimpleNamespace
from uuid import UUID

import pandas as pd
import pytest

from kelompok_core.access.rules import Action
from kelompok_core.contracts import SourceBatch, location_table, text_table
from kelompok_core.imports.candidates import Terms, make_candidates, map_columns
from kelompok_core.imports.registry import get_descriptor
from kelompok_core.imports.survey import Survey
from kelompok_core.values.dates import first_day, partial_date
from kelompok_core.values.reading import Inputs, Reading

_TODAY = date(2026, 11, 30)
_JAKARTA = UUID(int=1)


def _taken(entity, header, *rows, given=None):
    """Return the fields of each row with its codes, read as an import reads a table."""
    columns = ["title" if entity in ("events", "posts") else "nama", *header.split("|")]
    cells = [[f"Baris {number}", *(cell or None for cell in row.split("|"))] for number, row in enumerate(rows)]
    batch = SourceBatch(
        cells=text_table(dict(zip(columns, map(list, zip(*cells, strict=True)), strict=True))),
        locations=location_table(range(1, len(rows) + 1), lines=range(2, len(rows) + 2), selectors=[""] * len(rows)),
    )
    descriptor = get_descriptor(entity)
    mapping = map_columns(descriptor, columns, given or {}, scoped=True)
    options = SimpleNamespace(date_order=None)
    record = SimpleNamespace(read_as={}, options=options, plugin_label="csv-import", created_at=_TODAY)
    dated = {column for column, target in mapping.targets.items() if target in descriptor.dated_targets()}
    facts = Survey(record, lambda: (one for one in [batch])).of(batch, dates=dated, ids=set())
    reading = Reading(
        date_orders=facts.date_orders, day_numbers=facts.day_numbers, recent=facts.recent, today=_TODAY
    )  # fmt: skip
    terms = Terms(reading=reading, organization_id=_JAKARTA, granted=frozenset(Action))
    candidates = make_candidates(descriptor, batch, mapping, terms)
    return [
        (_of_row(candidates.fields.iloc[place]), _codes_of(candidates.findings, batch.cells.index[place]))
        for place in range(len(rows))
    ]


def _of_row(row):
    return {name: value for name, value in row.items() if pd.notna(value)}


def _codes_of(findings, position):
    return [one.code for one in findings.itertuples() if one.position == position]


def _start(header, row, field="starts_at", entity="events"):
    ((fields, codes),) = _taken(entity, header, row)
    return fields.get(field), codes


# --- dates


def _date(written, *, header="tanggal", reader=first_day):
    found = reader(Inputs(own=pd.Series([written], dtype="str", name=header), reading=Reading(today=_TODAY)))
    value = found.values.iloc[0]
    return None if pd.isna(value) else value, list(found.findings["code"])


@pytest.mark.parametrize(("header", "written", "day"), [
    ("Tanggal (tanggal/bulan/tahun)", "03/04/2021", "2021-04-03"),
    ("Joined (month/day/year)", "03/04/2021", "2021-03-04"),
    ("tgl (d/m/y)", "3/4/2021", "2021-04-03"), ("Tanggal (dd-mm)", "03-04-2021", "2021-04-03"),
    ("Tanggal (hari-bulan-tahun)", "03-04-2021", "2021-04-03"),
])  # fmt: skip
def test_a_header_says_the_order_of_its_dates(header, written, day):
    ((fields, codes),) = _taken("members", header, written, given={header: "started_on"})
    assert (fields["started_on"], codes) == (day, [])


def test_a_header_may_say_that_the_day_stands_before_the_month_or_the_year_first():
    assert _date("2021-03-04", header="tgl (yyyy-dd-mm)") == ("2021-04-03", [])
    assert _date("2021-25-04", header="tgl (tahun-hari-bulan)") == ("2021-04-25", [])
    assert _date("21-04-03", header="tgl (yy-mm-dd)") == ("2021-04-03", [])
    assert _date("2021-03-25", header="tgl (yyyy-dd-mm)") == (None, ["value.date"])


def test_times_prove_no_order():
    options = SimpleNamespace(date_order=None)
    record = SimpleNamespace(read_as={}, options=options, plugin_label="csv-import", created_at=_TODAY)
    cells = text_table({"Pukul": ["07.30-09.45", "10.15-12.30"], "tanggal": ["3/4/2021", "5/6/2021"]})
    batch = SourceBatch(cells=cells, locations=location_table([1, 2], lines=[2, 3], selectors=["", ""]))
    survey = Survey(record, lambda: (one for one in [batch]))
    survey.of(batch, dates={"Pukul", "tanggal"}, ids=set())
    assert survey.to_json() == {}


def test_a_month_of_a_year_and_zeros():
    assert _date("11/2019") == ("2019-11-01", ["value.date_partial"])
    assert _date("3.2019", reader=partial_date) == ("2019-03", [])
    assert _date("14/2019") == (None, ["value.date"])
    assert _date("00000000") == _date("000000") == (None, [])


@pytest.mark.parametrize(("written", "codes"), [
    ("Selasa, 2 Maret 2021", []), ("Rabu, 2 Maret 2021", ["value.date_weekday"]), ("Tue, 2 Mar 2021", []),
    ("Friday 2 March 2021", ["value.date_weekday"]), ("Ahad 2021-03-07", []),
    ("Jum'at, 05/03/2021", ["value.date_ambiguous"]),
])  # fmt: skip
def test_a_weekday_that_is_not_that_of_its_date_is_a_question(written, codes):
    assert _date(written)[1] == codes


def test_the_years_of_a_column_say_which_century_two_digits_are_of():
    assert [codes for _, codes in _taken("organizations", "tanggal berdiri", "17/05/11", "2/3/04")] == [
        ["value.century_unclear"], [],
    ]  # fmt: skip
    recent = _taken("organizations", "tanggal berdiri", "17/05/11", "Mei 2003")
    assert (recent[0][0]["founded_on"], recent[0][1]) == ("2011-05-17", [])
    assert _taken("organizations", "tanggal berdiri", "17/05/11", "1902")[0][1] == ["value.century_unclear"]


@pytest.mark.parametrize(("entity", "header", "written"), [
    ("organizations", "tahun bubar", "2061"), ("organizations", "tanggal bubar", "2033-01-01"),
    ("members", "tanggal keluar", "2099-12-31"), ("members", "periode selesai", "2108"),
])  # fmt: skip
def test_an_end_far_ahead_is_a_question(entity, header, written):
    assert "value.date_implausible" in _taken(entity, header, written)[0][1]


def test_an_end_with_two_digits_is_no_year_ahead():
    assert _taken("organizations", "tanggal bubar", "31/12/44")[0][0]["dissolved_on"] == "1944-12-31"
