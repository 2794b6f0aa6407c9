"""Reads values as icalendar does: dates and times, durations, offsets."""

from datetime import date, datetime, timedelta

from icalendar.prop import vDDDTypes, vUTCOffset


def read_date(written: str) -> date:
    """Return a date, or a date and time; the latter has a zone only if it is in UTC.

    Raises:
        ValueError: When it is none.
    """
    value = _read(written)
    if not isinstance(value, date):
        raise ValueError  # noqa: TRY004 -- the text is wrong, not its type
    return value


def read_local(written: str) -> datetime:
    """Return a date and time without a zone.

    Raises:
        ValueError: When it is none.
    """
    value = _read(written)
    if not isinstance(value, datetime):
        raise ValueError  # noqa: TRY004 -- likewise
    return value.replace(tzinfo=None)


def read_duration(written: str) -> timedelta | None:
    """Return a duration, or None if it is none."""
    text = written.strip().upper()
    try:
        value = _read(text) if "P" in text[:2] else None
    except ValueError:
        return None
    return value if isinstance(value, timedelta) else None


def read_offset(written: str) -> timedelta:
    """Return an offset from UTC.

    Raises:
        ValueError: When it is none.
    """
    value: timedelta = vUTCOffset.from_ical(written)  # type: ignore[no-untyped-call]
    return value


def _read(written: str) -> object:
    try:
        value: object = vDDDTypes.from_ical(written)  # type: ignore[no-untyped-call]
    except (TypeError, OverflowError) as error:
        raise ValueError from error
    return value
