"""What cells with numbers show: dates, times, percentages, leading zeros; never an exponent."""

import pytest

from kelompok_core.plugin_kit.reading.workbooks.number_formats import builtin_code, find_format, has_lost_digits


@pytest.mark.parametrize(("code", "stored", "shown"), [
    ("General", "12", "12"),
    ("General", "12.50", "12.5"),
    ("General", "0.1", "0.1"),
    ("General", "0.30000000000000004", "0.3"),
    ("General", "1E3", "1000"),
    ("General", "1.5E-7", "0.00000015"),
    ("General", "6.2812345678901E13", "62812345678901"),
    ("General", "1234567890123456789", "1234567890123460000"),
    ("General", "-0", "0"),
    ("General", "12.", "12"),
    ("General", "x", "x"),
    ("General", "nan", "NaN"),
    ("0", "12.7", "12.7"),
    ("#,##0.00", "1234.5", "1234.5"),
    ('"Rp"#,##0', "1500000", "1500000"),
    ("$0.00", "3.5", "3.5"),
    ("0000", "7", "0007"),
    ("0000", "12345", "12345"),
    ("0000", "-7", "-0007"),
    ("0000", "7.5", "7.5"),
    ("000000", "42", "000042"),
    ("0000\\-0000\\-0000", "81234567890", "0812-3456-7890"),
    ('0000"-"0000', "6281234567", "628123-4567"),
    ('"ID-"0', "7", "ID-7"),
    ("0.0", "7", "7"),
    ("00.00", "7", "7"),
    ("0%", "0.155", "15.5%"),
    ("0.00%", "1", "100%"),
    ('0"%"', "12", "12%"),
    ("@", "12", "12"),
    ("yyyy-mm-dd", "45063", "2023-05-17"),
    ("dd/mm/yyyy", "45063.75", "2023-05-17"),
    ("[$-421]dd mmmm yyyy;@", "45063", "2023-05-17"),
    ("d mmm", "45063", "2023-05-17"),
    ("mmm yyyy", "45063", "2023-05"),
    ("yyyy", "45063", "2023"),
    ("dd/mm/yyyy hh:mm", "45063.375", "2023-05-17 09:00:00"),
    ("hh:mm", "0.375", "09:00:00"),
    ("mm:ss", "0.00069444444444444447", "00:01:00"),
    ("h:mm AM/PM", "0.75", "18:00:00"),
    ("[h]:mm", "1.5", "PT36H"),
    ("[hh]:mm:ss", "0.0625", "PT1H30M"),
    ("[mm]:ss", "0", "PT0S"),
    ("yyyy-mm-dd", "60", "1900-02-29"),
    ("yyyy-mm-dd", "59", "1900-02-28"),
    ("yyyy-mm-dd", "61", "1900-03-01"),
    ("yyyy-mm-dd", "1", "1900-01-01"),
    ("yyyy-mm-dd", "0", "1900-01-00"),
    ("yyyy-mm-dd", "-1", "-1"),
    ("yyyy-mm-dd", "9999999", "9999999"),
    ('"day" 0', "3", "day 3"),
    ("[Red]0", "3", "3"),
    ("0;[Red]-0", "3", "3"),
    ("[<=9999999]###\\-####;\\(###\\) ###\\-####", "5551234", "5551234"),
    ("ge.m.d", "45063", "2023-05-17"),
    ("GENERAL", "12", "12"),
    ("", "12", "12"),
])  # fmt: skip
def test_what_a_format_shows(code, stored, shown):
    assert find_format(code)(stored) == shown


def test_days_from_1904():
    assert find_format("yyyy-mm-dd", of_1904=True)("41331") == "2017-02-27"
    assert find_format("yyyy-mm-dd", of_1904=True)("0") == "1904-01-01"


@pytest.mark.parametrize(("number", "shown"), [
    (0, "45063.375"), (9, "4506337.5%"), (14, "2023-05-17"), (17, "2023-05"), (20, "09:00:00"),
    (22, "2023-05-17 09:00:00"), (46, "PT1081521H"), (30, "2023-05-17"), (58, "2023-05-17"), (40, "45063.375"),
])  # fmt: skip
def test_built_in_formats(number, shown):
    assert find_format(builtin_code(number))("45063.375") == shown


def test_lost_digits():
    assert has_lost_digits("1234567890123460")
    assert not has_lost_digits("123456789012345")
    assert has_lost_digits("-1234567890123460.5")
    assert not has_lost_digits("0.123456789012345")
    assert not has_lost_digits("82.5356463663721%")
    assert not has_lost_digits("0812-3456-7890-1234")
