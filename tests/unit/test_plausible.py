"""Plausibility of values that could be read in two ways."""

from datetime import date
from functools import partial

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kelompok_core.matching.keys import organization_name_key, website_key
from kelompok_core.values.blanks import has_content
from kelompok_core.values.consent import do_not_contact
from kelompok_core.values.conventions import DateOrder
from kelompok_core.values.dates import first_day, last_day, partial_date
from kelompok_core.values.durations import read_duration
from kelompok_core.values.eras import BIRTH, FOUNDING, HAPPENING, JOINING, LEAVING, Era
from kelompok_core.values.people import person_name
from kelompok_core.values.phones import phone
from kelompok_core.values.reading import Inputs, Reading
from kelompok_core.values.text import line, text, unwrap_constants
from kelompok_core.values.times import ends_at, starts_at, zone
from kelompok_core.values.url import url
from kelompok_core.values.words import tags, truth
from kelompok_core.values.zones import read_header, zone_name

_TODAY = date(2026, 11, 30)


def _cells(*written, name="kolom"):
    return pd.Series(written, dtype="str", name=name)


def _told(normalized):
    value = normalized.values.iloc[0]
    return None if pd.isna(value) else value, list(normalized.findings["code"])


def _date(reader, written, *, day_numbers=False):
    numbered = frozenset({"kolom"}) if day_numbers else frozenset()
    reading = Reading(date_orders={"kolom": DateOrder.DAY_FIRST}, today=_TODAY, day_numbers=numbered)
    return _told(reader(Inputs(own=_cells(written), reading=reading)))


# --- centuries and eras


@pytest.mark.parametrize(("era", "written", "day"), [
    (FOUNDING, "17/08/65", "1965-08-17"), (FOUNDING, "28/10/05", "2005-10-28"), (FOUNDING, "1 Mei 48", "1948-05-01"),
    (BIRTH, "14/02/58", "1958-02-14"), (BIRTH, "09/09/05", "2005-09-09"), (BIRTH, "1/1/19", "2019-01-01"),
    (JOINING, "21/06/15", "2015-06-21"), (JOINING, "22/07/99", "1999-07-22"),
    (LEAVING, "31/12/30", "2030-12-31"), (LEAVING, "31/12/60", "1960-12-31"), (HAPPENING, "1/5/31", "2031-05-01"),
])  # fmt: skip
def test_two_digit_year_gets_the_only_plausible_century(era, written, day):
    assert _date(partial(first_day, era=era), written) == (day, [])


@pytest.mark.parametrize(
    ("era", "written"),
    [(BIRTH, "1/1/24"), (JOINING, "31/12/30"), (FOUNDING, "31/12/26"), (FOUNDING, "20-05-08"), (FOUNDING, "18 Nov 12")],
)
def test_year_that_fits_two_centuries_goes_to_review(era, written):
    assert _date(partial(first_day, era=era), written) == (None, ["value.century_unclear"])


@pytest.mark.parametrize(("era", "written"), [
    (FOUNDING, "2027"), (FOUNDING, "2026-12-01"), (FOUNDING, "0412"), (BIRTH, "2112-05-06"), (BIRTH, "1899-01-01"),
    (JOINING, "2026-12-01"), (HAPPENING, "2112-01-01"), (LEAVING, "1850-01-01"),
])  # fmt: skip
def test_date_outside_its_era_is_kept_and_goes_to_review(era, written):
    value, codes = _date(partial(first_day, era=era), written)
    assert value.startswith(written[:4])
    assert "value.date_implausible" in codes


def test_plausibility_is_relative_to_the_day_of_the_import():
    assert _date(partial(partial_date, era=FOUNDING), "2026-11-30") == ("2026-11-30", [])
    assert _date(partial(partial_date, era=FOUNDING), "2026-11") == ("2026-11", [])
    assert _date(partial(partial_date, era=FOUNDING), "2026") == ("2026", [])


@given(st.integers(0, 99), st.dates(date(1990, 1, 1), date(2090, 12, 31)))
def test_window_of_100_years_has_one_century_for_each_year(two_digits, today):
    (year,) = Era(back=150).years(two_digits, "-06-15", today)
    assert today.year - 100 <= year <= today.year


# --- parts that are zero, decimals, day numbers


@pytest.mark.parametrize(("written", "known", "day"), [
    ("2012-00-00", "2012", "2012-01-01"), ("20120500", "2012-05", "2012-05-01"), ("0 Mei 2012", "2012-05",
    "2012-05-01"),
    ("2012-05-00", "2012-05", "2012-05-01"), ("00/05/2012", "2012-05", "2012-05-01"), ("2012/0/0", "2012",
    "2012-01-01"),
    ("00-00-2012", "2012", "2012-01-01"),
])  # fmt: skip
def test_zero_month_or_day_is_unknown(written, known, day):
    assert _date(partial_date, written) == (known, ["value.date_partial"])
    assert _date(first_day, written) == (day, ["value.date_partial"])


@pytest.mark.parametrize(
    "written", ["0000-00-00", "00-00-0000", "0/0/00", "0000-00-00 00:00:00", "0000-00-00T00:00:00Z"]
)
def test_zero_date_is_null(written):
    assert _date(partial_date, written) == _date(first_day, written) == (None, [])


def test_year_with_a_zero_decimal_is_a_year():
    assert _date(partial_date, "2012.0") == ("2012", [])
    assert _date(first_day, "1998.0") == ("1998-01-01", ["value.date_partial"])
    assert _date(first_day, "20120517.0") == ("2012-05-17", [])
    assert _date(partial(first_day, needs_month=True), "2012.0") == (None, ["value.date"])
    assert _date(partial(first_day, needs_month=True), "2012-05") == ("2012-05-01", ["value.date_partial"])


def test_day_number_is_a_date_in_a_column_of_dates():
    assert _date(first_day, "44197", day_numbers=True) == ("2021-01-01", ["value.date_serial"])
    assert _date(first_day, "44197.0", day_numbers=True) == ("2021-01-01", ["value.date_serial"])
    assert _date(first_day, "44197") == (None, ["value.date_serial_unclear"])
    assert _date(first_day, "9999", day_numbers=True)[1] != ["value.date_serial"], "four digits are a year"
    reading = Reading(day_numbers=frozenset({"mulai"}), timezone="UTC")
    date_time = starts_at(Inputs(own=_cells("44197.375", name="mulai"), reading=reading))
    assert date_time.values.iloc[0] == "2021-01-01T09:00:00Z"


def test_date_of_an_empty_spreadsheet_cell_gives_a_warning():
    assert _date(partial(first_day, era=JOINING), "01/01/1900") == ("1900-01-01", ["value.date_of_empty_cell"])


@pytest.mark.parametrize("written", ["sekarang", " Now ", "hingga kini", "9999-12-31", "2999-12-31"])
def test_words_for_not_ended_give_no_end(written):
    assert _date(partial(last_day, era=LEAVING), written) == (None, [])


# --- times and zones


def _date_times(**columns):
    parts = {name: _cells(written, name=name) for name, written in columns.items()}
    inputs = Inputs(own=parts.get("starts_at", _cells(None)), parts=parts, reading=Reading(today=_TODAY))
    shared = inputs.shared
    ends = Inputs(own=parts.get("ends_at", _cells(None)), parts=parts, reading=inputs.reading, shared=shared)
    where = Inputs(own=parts.get("timezone", _cells(None)), parts=parts, reading=inputs.reading, shared=shared)
    found = [starts_at(inputs), ends_at(ends), zone(where)]
    codes = [code for one in found for code in one.findings["code"]]
    return *(None if pd.isna(one.values.iloc[0]) else one.values.iloc[0] for one in found), codes


@pytest.mark.parametrize(("columns", "expected"), [
    ({"start_time": "2031-03-22T12:00:00+08:00", "end_time": "2031-03-22T13:00:00+08:00"},
     ("2031-03-22T04:00:00Z", "2031-03-22T05:00:00Z", "+08:00", [])),
    ({"start_time": "2031-03-23 09:00", "end_time": "2031-03-23 11:00"},
     ("2031-03-23T02:00:00Z", "2031-03-23T04:00:00Z", None, [])),
    ({"starts_at": "2031-08-22T12:00:00+02:00", "start_time": "12:00"}, ("2031-08-22T10:00:00Z", None, "+02:00", [])),
    ({"starts_at": "2031-08-22", "start_time": "12:00", "timezone": "Europe/Berlin"},
     ("2031-08-22T10:00:00Z", None, "Europe/Berlin", [])),
    ({"starts_at": "2031-08-22 12:00", "timezone": "UTC+7"}, ("2031-08-22T05:00:00Z", None, "+07:00", [])),
    ({"starts_at": "2031-08-22T05:00:00Z"}, ("2031-08-22T05:00:00Z", None, "UTC", [])),
    ({"starts_at": "2031-08-22T12:00:00+07:00"}, ("2031-08-22T05:00:00Z", None, None, [])),
    ({"on_date": "2031-05-01", "starts_at": "12:00", "ends_at": "13:30"},
     ("2031-05-01T05:00:00Z", "2031-05-01T06:30:00Z", None, [])),
    ({"on_date": "2031-05-01", "starts_at": "12.00", "duration": "45 menit"},
     ("2031-05-01T05:00:00Z", "2031-05-01T05:45:00Z", None, [])),
    ({"starts_at": "2031-05-01", "start_time": "0.375"}, ("2031-05-01T02:00:00Z", None, None, [])),
    ({"starts_at": "2031-05-01", "start_time": "1899-12-30 09:00"}, ("2031-05-01T02:00:00Z", None, None, [])),
    ({"starts_at": "5/25/2031", "start_time": "12:00:00 AM", "ends_at": "5/26/2031", "end_time": "12:00:00 AM",
      "all_day": "True"}, ("2031-05-24T17:00:00Z", "2031-05-25T16:59:59Z", None, [])),
])  # fmt: skip
def test_times_and_zones(columns, expected):
    assert _date_times(**columns) == expected


@pytest.mark.parametrize(("columns", "code"), [
    ({"start_time": "12:00"}, "value.time_without_date"),
    ({"starts_at": "12:00"}, "value.time_without_date"),
    ({"starts_at": "2031-05-01", "start_time": "2031-05-02 12:00"}, "value.time_conflict"),
    ({"starts_at": "2031-05-01 10:00", "start_time": "12:00"}, "value.time_conflict"),
    ({"starts_at": "2112-05-01"}, "value.date_implausible"),
    ({"starts_at": "2031-05-01", "timezone": "Mars"}, "value.timezone_unknown"),
])  # fmt: skip
def test_contradicting_cells_are_reported(columns, code):
    assert code in _date_times(**columns)[-1]


def test_header_names_the_zone_of_its_times():
    for header, named in (("post_date_gmt", "UTC"), ("startUTC", "UTC"), ("Jam (WITA)", "Asia/Makassar")):
        assert read_header(header).zone == named
    assert read_header("Zone").zone is read_header("witness").zone is None
    at = starts_at(Inputs(own=_cells("2031-01-05 12:00:00", name="wp:post_date_gmt")))
    assert at.values.iloc[0] == "2031-01-05T12:00:00Z"
    offset = starts_at(Inputs(own=_cells("2031-01-05T12:00:00+02:00", name="date_gmt")))
    assert offset.values.iloc[0] == "2031-01-05T10:00:00Z", "what the value says comes first"


@pytest.mark.parametrize(("written", "name"), [
    ("WIB", "Asia/Jakarta"), ("asia/makassar", "Asia/Makassar"), ("+07:00", "+07:00"), ("GMT+7", "+07:00"),
    ("UTC-03:30", "-03:30"), ("(UTC+07:00) Bangkok, Hanoi, Jakarta", "+07:00"), ("WIB (UTC+7)", "Asia/Jakarta"),
    ("+25:00", None), ("Mars", None),
])  # fmt: skip
def test_zones(written, name):
    assert zone_name(written) == name


@pytest.mark.parametrize(("written", "seconds"), [
    ("PT1H30M", "5400"), ("P1D", "86400"), ("00:45", "2700"), ("1:30", "5400"), ("45 menit", "2700"), ("90", "5400"),
    ("1 jam 30 menit", "5400"), ("2 hours", "7200"), ("1,5 jam", "5400"), ("1h30m", "5400"), ("2 jam dan 5 menit",
    "7500"),
    ("2", None), ("lama", None), ("1:75", None), ("-PT1H", None),
])  # fmt: skip
def test_durations(written, seconds):
    found, findings = read_duration(_cells(written))
    value = None if pd.isna(found.iloc[0]) else found.iloc[0]
    assert (value, list(findings["code"])) == (seconds, [] if seconds else ["value.duration"])


def test_header_names_the_unit_of_its_durations():
    assert read_duration(_cells("2", name="durasi (jam)"))[0].iloc[0] == "7200"
    assert read_duration(_cells("2", name="duration_minutes"))[0].iloc[0] == "120"


# --- phones


@pytest.mark.parametrize(("written", "number", "codes"), [
    ("081234502114.0", "+6281234502114", []), ("81234502114.0", "+6281234502114", ["value.phone_zero_restored"]),
    ("0062 812 3450 2104", "+6281234502104", []), ("+62 (0)812 3450 2103", "+6281234502103", []),
    ("620812 3450 2112", "+6281234502112", []), ("https://wa.me/6281234502108", "+6281234502108", []),
    ("https://api.whatsapp.com/send?phone=6281234502108&text=x", "+6281234502108", []),
    ("tel:+6281234502108", "+6281234502108", []), ("'081234502108", "+6281234502108", []),
    ("6.281234502106E+12", "+6281234502106", []), ("6,28123E+12", "6,28123E+12", ["value.phone"]),
    ("(021) 5550111 ext. 12", "+62215550111", ["value.phone_words_left"]),
    ("021-5550111 pes 7", "+62215550111", ["value.phone_words_left"]),
    ("081234502113 (WA) / 021-5550113", "+6281234502113", ["value.phone_several", "value.phone_words_left"]),
    ("0812 3450 2115 a.n. Ibu", "+6281234502115", ["value.phone_words_left"]),
    ("O81234502117", "O81234502117", ["value.phone"]), ("0812-3450-2001 ::: +62 812 3450 2002", "+6281234502001",
     ["value.phone_several"]), ("60123456789", "60123456789", ["value.phone"]), ("0", None, []),
    ("62-21-5550124", "+62215550124", []), ("(62-21) 5550124", "+62215550124", []),
    ("6221-5550124", "+62215550124", []),
    ("62215550124", "+62215550124", []), ("62 274 512346", "+62274512346", []), ("62 361 234568", "+62361234568", []),
    ("622 7435124", "+626227435124", ["value.phone_zero_restored"]), ("6227435124", "6227435124", ["value.phone"]),
    ("62 24 351235", "62 24 351235", ["value.phone"]), ("622435124", "622435124", ["value.phone"]),
    ("1500124", "+621500124", []), ("0812-3450-2001\n0812-3450-2002", "+6281234502001", ["value.phone_several"]),
    ("0812-3450\n-2001", "+6281234502001", []), ("0361\n234568", "+62361234568", []),
    ("021-5550124 psw 12", "+62215550124", ["value.phone_words_left"]), ("p:+6281234502001", "+6281234502001", []),
    ("No. HP: 0812 3450 2001", "+6281234502001", []), ("Fax: 021-5550124", "Fax: 021-5550124", ["value.phone"]),
])  # fmt: skip
def test_phone_numbers(written, number, codes):
    assert _told(phone(Inputs(own=_cells(written)))) == (number, codes)


@pytest.mark.parametrize(("parts", "number", "codes"), [
    ({"country": "Malaysia"}, "+60123456789", []), ({"country": "Atlantis"}, "0123456789", ["value.phone"]),
    ({"region": "Selangor"}, "+60123456789", []), ({"country": "-"}, "0123456789", ["value.phone"]),
])  # fmt: skip
def test_phone_number_belongs_to_the_country_of_its_row(parts, number, codes):
    columns = {name: _cells(written, name=name) for name, written in parts.items()}
    assert _told(phone(Inputs(own=_cells("0123456789"), parts=columns))) == (number, codes)


@pytest.mark.parametrize(("country", "written", "number"), [
    ("USA", "415-555-2672", "+14155552672"), ("Italy", "3931234568", "+393931234568"),
    ("Denmark", "45123456", "+4545123456"), ("Netherlands", "020-1234568", "+31201234568"),
])  # fmt: skip
def test_no_zero_is_restored_in_countries_without_one(country, written, number):
    columns = {"country": _cells(country, name="country")}
    assert _told(phone(Inputs(own=_cells(written), parts=columns))) == (number, [])


@pytest.mark.parametrize(("header", "number"), [
    ("HP (+60)", "+60123456789"), ("WA +60 (tanpa kode)", "+60123456789"), ("HP (+60/+65)", "0123456789"),
    ("Telp", "0123456789"),
])  # fmt: skip
def test_header_names_the_country_of_its_numbers(header, number):
    assert _told(phone(Inputs(own=_cells("0123456789", name=header))))[0] == number


# --- text


@pytest.mark.parametrize(("written", "value"), [
    ('="00123"', "00123"), ('="Jl. ""A"" 1"', 'Jl. "A" 1'), ("Kopi &amp; Gula &#8211; Laporan",
    "Kopi & Gula – Laporan"),
    ("R&amp;amp;D", "R&D"), ("a&copy=1", "a&copy=1"), ("Da\u00adun", "Daun"), ("\ufeffSari", "Sari"), ("-", None),
    ("NULL", None), ("Tidak  Ada", None), ("N/A", None), ("kosong", None), ("x", "x"), ("Na", "Na"), ("Nil", "Nil"),
    ("Worldâ€™s", "World’s"), ("FÃ¶rderverein", "Förderverein"), ("SÃO JOÃO", "SÃO JOÃO"),
])  # fmt: skip
def test_text(written, value):
    assert _told(line(_cells(written)))[0] == _told(text(_cells(written)))[0] == value


def test_lost_characters_go_to_review():
    found = line(_cells("Caf\ufffd Tani"))
    assert list(zip(found.findings["code"], found.findings["severity"], strict=True)) == [
        ("value.characters_lost", "review")
    ]


def test_unmapped_cells_are_unwrapped():
    assert unwrap_constants(_cells('="007"', "=A1", "x", None)).tolist()[:3] == ["007", "=A1", "x"]


def test_lists_are_split_after_decoding_references():
    assert _told(tags(_cells("R&amp;D, Kopi &amp; Teh")))[0] == '["R&D", "Kopi & Teh"]'
    assert _told(tags(_cells("* myContacts ::: Relawan")))[0] == '["Relawan"]'


def test_the_first_of_several_addresses():
    assert _told(url(_cells("http://a.example ::: http://b.example"))) == ("http://a.example", ["value.url_several"])


def test_names_from_parts_and_from_an_address():
    parts = {"given_name": _cells("Siti"), "middle_name": _cells("Nur"), "family_name": _cells("Aini")}
    named = person_name(Inputs(own=_cells(None), parts=parts))
    assert (_told(named), named.derived.tolist()) == (("Siti Nur Aini", []), [False])
    made = person_name(Inputs(own=_cells("-"), parts={"email": _cells("siti.aini@x.id")}))
    assert (made.values.tolist(), made.derived.tolist()) == (["Siti Aini"], [True])


@pytest.mark.parametrize(("written", "value"), [
    ("Ya", "true"), ("TRUE", "true"), ("1.0", "true"), ("x", "true"), ("Tidak", "false"), ("0", "false"), ("-", None),
])  # fmt: skip
def test_yes_and_no(written, value):
    assert _told(truth(_cells(written))) == (value, [])


def test_word_that_is_neither_yes_nor_no_gives_a_warning():
    assert _told(truth(_cells("mungkin"))) == (None, ["value.enum_unknown"])


def test_placeholders_give_no_value():
    cells = _cells("x", "0", "-", "", None, "0000-00-00", "sekarang", "Solo", "0812")
    assert has_content(cells).tolist() == [False] * 7 + [True] * 2


# --- keys


@pytest.mark.parametrize(
    "name",
    [
        "Yay. Air Kita",
        "Yayasan Air Kita",
        "Air Kita, Yayasan",
        "YAYASAN AIR KITA (Persero)",
        "Yys.Air Kita",
        "Air Kita (Yayasan)",
        "Air Kita (Persero), Yay.",
    ],
)
def test_spellings_of_a_legal_form_have_one_key(name):
    assert organization_name_key(_cells(name)).iloc[0] == "yayasan air kita"


def test_names_that_resemble_a_legal_form_are_kept():
    names = ["Yayan Putra", "Lembaga Pers, Jakarta", "Tbk", "Forum Perserodan"]
    assert organization_name_key(_cells(*names)).tolist() == [
        "yayan putra",
        "lembaga pers jakarta",
        "tbk",
        "forum perserodan",
    ]


def test_host_and_its_punycode_have_one_key():
    keys = website_key(_cells("https://münchen.de/a", "https://xn--mnchen-3ya.de/a/"))
    assert keys.tolist() == ["xn--mnchen-3ya.de/a"] * 2


# --- consent


def _forbidden(**columns):
    parts = {name: _cells(written, name=name) for name, written in columns.items()}
    return _told(do_not_contact(Inputs(own=parts.get("do_not_contact", _cells(None)), parts=parts)))


@pytest.mark.parametrize(("columns", "ways"), [
    ({"status": "unsubscribed"}, '["bulk_email"]'), ({"status": "Cleaned"}, '["email"]'), ({"status": "aktif"}, None),
    ({"no_bulk_email": "yes"}, '["bulk_email"]'), ({"no_bulk_email": "2024-05-01 10:00"}, '["bulk_email"]'),
    ({"no_bulk_email": "unsubscribed"}, '["bulk_email"]'), ({"no_bulk_email": "no"}, None),
    ({"subscribed": "tidak"}, '["bulk_email"]'), ({"subscribed": "ya"}, None),
    ({"do_not_contact": "Ya"}, '["email", "bulk_email", "phone", "sms", "post"]'),
    ({"do_not_contact": "sms; telepon"}, '["phone", "sms"]'), ({"do_not_contact": '["post"]'}, '["post"]'),
    ({"no_phone": "1", "no_email": "x", "status": "unsubscribed"}, '["email", "bulk_email", "phone"]'),
    ({"do_not_contact": "-"}, None),
])  # fmt: skip
def test_opt_outs_are_read(columns, ways):
    assert _forbidden(**columns) == (ways, [])


def test_unreadable_answer_gives_a_warning():
    assert _forbidden(no_contact="nanti") == (None, ["value.enum_unknown"])
    assert _forbidden(do_not_contact="merpati") == (None, ["value.enum_unknown"])


@pytest.mark.parametrize(("columns", "ways"), [
    ({"no_bulk_email": "0000-00-00 00:00"}, None), ({"no_bulk_email": "00-00-0000"}, None),
    ({"no_bulk_email": "1900-01-00"}, None), ({"no_bulk_email": "1/0/1900"}, None),
    ({"no_bulk_email": "1970-01-01T00:00:00Z"}, None), ({"no_bulk_email": "01.01.0001 00:00"}, None),
    ({"no_bulk_email": "30/12/1899"}, None), ({"no_bulk_email": "1/0/00"}, None), ({"no_phone": "9999-12-31"}, None),
    ({"no_bulk_email": "1 Mei 2024"}, '["bulk_email"]'), ({"no_bulk_email": "1714550400"}, '["bulk_email"]'),
    ({"no_bulk_email": "02/01/2000"}, '["bulk_email"]'), ({"subscribed": "0000-00-00"}, None),
    ({"subscribed": "Unsubscribed"}, '["bulk_email"]'), ({"subscribed": "Cleaned"}, '["email"]'),
    ({"subscribed": "Subscribed"}, None), ({"subscribed": "non-subscribed"}, '["bulk_email"]'),
    ({"no_bulk_email": "subscribed"}, None), ({"no_bulk_email": "never"}, None),
])  # fmt: skip
def test_placeholder_date_is_not_an_opt_out(columns, ways):
    assert _forbidden(**columns) == (ways, [])


def test_plain_no_counts_as_understood():
    parts = {"no_email": _cells("false", "nanti", None, "ya", name="tolak")}
    found = do_not_contact(Inputs(own=_cells(None, None, None, None), parts=parts))
    assert found.understood["tolak"].tolist() == [True, False, False, True]


def test_wrongly_decoded_part_of_a_name_goes_to_review():
    parts = {"given_name": _cells("Àííà", name="depan"), "family_name": _cells("Ã–nal", name="belakang")}
    found = person_name(Inputs(own=_cells(None), parts=parts)).findings
    assert set(zip(found["column"], found["code"], strict=True)) == {
        ("depan", "value.characters_unlikely"), ("belakang", "value.mojibake"),
    }  # fmt: skip
