"""SQL for one field: converts its stored value to the form of candidates, and a candidate's text to its column."""

from collections.abc import Iterable

from kelompok_core.descriptor import Field, Kind


def stored(field: Field) -> str:
    """Return SQL of the value in the record ``t``, for JSON; ``->>`` gives the text that a candidate would have."""
    column = f"t.{field.stored_in}"
    if field.key:
        return f"{column}->'{field.key}'"
    if field.vocabulary:
        return f"(SELECT v.slug FROM {field.vocabulary} v WHERE v.id = {column})"
    if field.kind is Kind.MOMENT:
        return f"""to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""
    if field.kind is Kind.NUMBER:  # as text: JSON numbers lose digits on the way through programs
        return f"trim_scale({column})::text"
    return column


def stored_pairs(fields: Iterable[Field]) -> str:
    """Return arguments of ``jsonb_build_object``: names as in candidates, each with the stored value."""
    return ", ".join(f"'{field.compared_as}', {stored(field)}" for field in fields)


def stored_texts(fields: Iterable[Field]) -> str:
    """Return SQL of the stored values as one JSON object of texts, in the form of candidates."""
    return f"""
        (SELECT jsonb_object_agg(e.key, e.value) FROM jsonb_each_text(jsonb_build_object({stored_pairs(fields)})) e)"""


def written(field: Field, text: str) -> str:
    """Return SQL that converts a candidate's text to the column's value; the default if it is null."""
    if field.vocabulary:
        return f"(SELECT v.id FROM {field.vocabulary} v WHERE v.slug = {text})"
    if field.key:
        return f"({text})::jsonb" if field.kind is Kind.LIST else text
    value = text if field.kind is Kind.TEXT else f"({text})::{field.kind}"
    return value if field.default is None else f"coalesce({value}, '{field.default}')"
