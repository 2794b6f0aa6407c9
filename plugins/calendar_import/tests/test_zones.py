"""Time zones: names as programs write them, and the rules that calendars define themselves."""

# ruff: noqa: DTZ001, DTZ901 -- local times have no zone

import time
from datetime import UTC, datetime

import pytest
from kelompok_calendar_import.zones import Zone, Zones, name_of_zone, read_definition

from kelompok_core.plugin_kit.reading.components import cut
from kelompok_core.plugin_kit.reading.content_lines import open_content_lines


@pytest.fixture
def define(tmp_path):
    """Return the definition that the text of a VTIMEZONE gives."""

    def run(*parts):
        path = tmp_path / "zone.ics"
        path.write_text("\n".join(["BEGIN:VTIMEZONE", "TZID:Sendiri", *parts, "END:VTIMEZONE"]))
        with open_content_lines(path) as lines:
            (component,) = cut(lines, whole=("VTIMEZONE",))
        return read_definition(component)

    return run


def _observance(starts, before, offset, *more, name="STANDARD"):
    return "\n".join([f"BEGIN:{name}", f"DTSTART:{starts}", f"TZOFFSETFROM:{before}", f"TZOFFSETTO:{offset}", *more,
                      f"END:{name}"])  # fmt: skip


@pytest.mark.parametrize(("tzid", "name"), [
    ("Asia/Jakarta", "Asia/Jakarta"), ("asia/jakarta", "Asia/Jakarta"), (" Asia/Jakarta ", "Asia/Jakarta"),
    ("SE Asia Standard Time", "Asia/Bangkok"), ("W. Europe Standard Time", "Europe/Berlin"), ("UTC", "UTC"),
    ("/freeassociation.sourceforge.net/Europe/London", "Europe/London"), ("/x/America/Argentina/Buenos_Aires",
    "America/Argentina/Buenos_Aires"), ("/citadel.org/20210210_1/UTC", "UTC"), ("posix/Europe/Vaduz", "Europe/Vaduz"),
    ("Jakarta", None), ("/x/Jakarta", None), ("", None), ("/", None), ("Waktu Sendiri", None), ("a/" * 100_000, None),
])  # fmt: skip
def test_names(tzid, name):
    assert name_of_zone(tzid) == name


@pytest.mark.parametrize(("at", "offset"), [
    ((1950, 1, 1), "+07:30"), ((1964, 1, 1), "+07:30"), ((1975, 6, 1), "+07:00"), ((1980, 6, 1), "+08:00"),
    ((2024, 1, 1), "+08:00"),
])  # fmt: skip
def test_rules_of_single_dates(define, at, offset):
    rules = define(
        _observance("19640101T000000", "+0730", "+0700", "RDATE:19700101T000000"),
        _observance("19800101T000000", "+0700", "+0800", "RDATE:19900101T000000,20000101T000000/PT1H"),
    ).rules
    zone = Zone(cell="Sendiri", own=rules)
    assert zone.cell_at(datetime(*at)) == ("+07:00" if at == (1964, 1, 1) else offset)


def test_rules_with_an_end(define):
    yearly = "RRULE:FREQ=YEARLY;BYDAY=-1SU"
    rules = define(
        _observance("19700329T020000", "+0100", "+0200", f"{yearly};BYMONTH=3;UNTIL=20000326T010000Z", name="DAYLIGHT"),
        _observance("19701025T030000", "+0200", "+0100", f"{yearly};BYMONTH=10"),
    ).rules  # fmt: skip
    zone = Zone(cell="Sendiri", own=rules)
    assert [zone.cell_at(datetime(year, 7, 1)) for year in (1999, 2000, 2001)] == ["+02:00", "+02:00", "+01:00"]
    assert zone.to_utc(datetime(2000, 7, 1, 12)) == datetime(2000, 7, 1, 10, tzinfo=UTC)
    assert zone.to_local(datetime(2001, 7, 1, 10, tzinfo=UTC)) == datetime(2001, 7, 1, 11)


@pytest.mark.parametrize("parts", [
    (), ("BEGIN:STANDARD\nEND:STANDARD",), (_observance("x", "+0700", "+0700"),),
    (_observance("19700101T000000", "7", "+0700"),), (_observance("19700101", "+0700", "+0700"),),
    (_observance("19700101T000000", "+0700", "+0700", "RDATE:x"),),
])  # fmt: skip
def test_what_cannot_be_read_is_no_rule(define, parts):
    definition = define(*parts)
    assert definition.rules is None
    zone = Zones({"Sendiri": definition}, None).find("Sendiri")
    assert (zone.is_known, zone.cell, zone.to_utc(datetime(2024, 1, 1))) == (False, "Sendiri", None)


@pytest.mark.parametrize("rule", [
    "FREQ=SECONDLY", "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "x",
    "FREQ=YEARLY;INTERVAL=0", "FREQ=DAILY;BYMONTH=99",
])  # fmt: skip
def test_odd_rules_take_no_time(define, rule):
    rules = define(*[_observance("16010101T000000", "+0700", "+0800", f"RRULE:{rule}")] * 300).rules
    started = time.process_time()
    assert Zone(cell="Sendiri", own=rules).cell_at(datetime(2024, 6, 1)) == "+08:00"
    assert time.process_time() - started < 5


def test_the_first_and_the_last_years(define):
    zone = Zone(cell="Sendiri", own=define(_observance("19700101T000000", "+0700", "-0330")).rules)
    assert [zone.cell_at(at) for at in (datetime.min, datetime(2024, 1, 1), datetime.max)] == [
        "+07:00", "-03:30", "-03:30",
    ]  # fmt: skip
    assert (zone.to_utc(datetime.min), zone.to_utc(datetime.max)) == (None, None)
    berlin = Zones({}, None).find("Europe/Berlin")
    assert berlin.to_utc(datetime.min) is None
