"""SQL for values with less detail than the record's: whether they add anything, and how to complete them."""

from kelompok_core.descriptor import Detail, Field
from kelompok_core.values.people import MISSING
from kelompok_core.values.times import UNKNOWN_TIME

_DAY = len("1998-05-17")
_WHOLE_NUMBER = r"^\+[0-9]+$"


def is_less_detailed(field: Field, *, brief: str, stored: str, base: str) -> str:
    """Whether the record keeps its value because the row's has no more detail.

    Args:
        field: The field.
        brief: SQL of the row's incomplete value; null if the value is complete.
        stored: SQL of the record's value.
        base: SQL of the record's value of the field that this one is derived from.
    """
    match field.detail:
        case Detail.DATE:
            stays = f"starts_with({stored}, {brief})"
        case Detail.NAME:
            stays = _is_shorter_name(brief, stored)
        case Detail.NUMBER:
            stays = f"{brief} IS NOT NULL AND {stored} ~ '{_WHOLE_NUMBER}'"
        case Detail.BASE:
            stays = f"{brief} IS NOT NULL AND {stored} IS NOT NULL AND {base} IS NOT NULL"
        case _:
            return "false"
    return f"coalesce({stays}, false)"


def _is_shorter_name(brief: str, stored: str) -> str:
    """Whether the record's name contains the row's words, or more words than a row without first or last name has."""
    incoming, known = (f"string_to_array(lower({name}), ' ')" for name in (brief, stored))
    halved = f"({brief} LIKE '{MISSING} %' OR {brief} LIKE '% {MISSING}')"
    number = f"cardinality(array_remove({incoming}, '{MISSING}'))"
    return f"(array_remove({incoming}, '{MISSING}') <@ {known} OR {halved} AND cardinality({known}) > {number})"


def whole_date_time(*, brief: str, incoming: str, stored: str, old_zone: str, new_zone: str) -> str:
    """Complete a row's date with the record's time of day or zone."""
    clock = f"({_local(f'({stored})::timestamptz', old_zone)})::time"
    day = f"({brief})::date + {clock}"
    date_time = f"CASE WHEN length({brief}) = {_DAY} THEN {day} ELSE ({brief})::timestamp END"
    written = f"""to_char({_local(f"({date_time})", new_zone)} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""
    return f"""
        CASE WHEN {incoming} IS NULL OR {brief} IS NULL OR {stored} IS NULL THEN {incoming}
             WHEN {brief} = '{UNKNOWN_TIME}' THEN {stored} ELSE {written} END"""


def _local(date_time: str, zone: str) -> str:
    """Convert between local time in a zone and a point in time.

    An offset is cast to an interval: as the name of a zone, its sign would have the opposite meaning.
    """
    offset = f"{date_time} AT TIME ZONE ({zone})::interval"
    return f"CASE WHEN {zone} ~ '^[+-]' THEN {offset} ELSE {date_time} AT TIME ZONE {zone} END"
