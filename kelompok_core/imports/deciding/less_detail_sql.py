"""SQL for values with less detail than the record's: whether they add anything, and how to complete them."""

from kelompok_core.descriptor import Detail, Field
from kelompok_core.values.people import MISSING
from kelompok_core.values.times import UNKNOWN_TIME

_DAY = len("1998-05-17")
_WHOLE_NUMBER = r"^\+[0-9]+$"


def says_less(field: Field, *, brief: str, stored: str, base: str) -> str:
    """Whether the record's value stays because the row says no more than that, or only a part.

    The texts are SQL: what the row says in brief (null where it says all), what the record says, and what it says of
    the field that this one is derived from.
    """
    match field.detail:
        case Detail.DATE:
            stays = f"starts_with({stored}, {brief})"
        case Detail.NAME:
            stays = _says_less_of_a_name(brief, stored)
        case Detail.NUMBER:
            stays = f"{brief} IS NOT NULL AND {stored} ~ '{_WHOLE_NUMBER}'"
        case Detail.BASE:
            stays = f"{brief} IS NOT NULL AND {stored} IS NOT NULL AND {base} IS NOT NULL"
        case _:
            return "false"
    return f"coalesce({stays}, false)"


def _says_less_of_a_name(brief: str, stored: str) -> str:
    """Whether the record's name has the words of the row's, or more words than a row without its first or last has."""
    said, known = (f"string_to_array(lower({name}), ' ')" for name in (brief, stored))
    halved = f"({brief} LIKE '{MISSING} %' OR {brief} LIKE '% {MISSING}')"
    number = f"cardinality(array_remove({said}, '{MISSING}'))"
    return f"(array_remove({said}, '{MISSING}') <@ {known} OR {halved} AND cardinality({known}) > {number})"


def whole_date_time(*, brief: str, said: str, stored: str, old_zone: str, new_zone: str) -> str:
    """Complete a row's date with the record's time of day or zone."""
    clock = f"({_local(f'({stored})::timestamptz', old_zone)})::time"
    day = f"({brief})::date + {clock}"
    date_time = f"CASE WHEN length({brief}) = {_DAY} THEN {day} ELSE ({brief})::timestamp END"
    written = f"""to_char({_local(f"({date_time})", new_zone)} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""
    return f"""
        CASE WHEN {said} IS NULL OR {brief} IS NULL OR {stored} IS NULL THEN {said}
             WHEN {brief} = '{UNKNOWN_TIME}' THEN {stored} ELSE {written} END"""


def _local(date_time: str, zone: str) -> str:
    """What clocks of a zone show, or when they show it; an offset is an interval, as its sign is another in a name."""
    offset = f"{date_time} AT TIME ZONE ({zone})::interval"
    return f"CASE WHEN {zone} ~ '^[+-]' THEN {offset} ELSE {date_time} AT TIME ZONE {zone} END"
