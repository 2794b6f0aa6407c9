"""The SQL of one field: its stored value as a candidate would say it, and a candidate's text as its column holds it."""

from collections.abc import Iterable

from kelompok_core.descriptor import Field, Kind


def stored(field: Field) -> str:
    """The value in the record ``t``, for JSON; read back with ``->>`` it is spelled as candidates are."""
    column = f"t.{field.stored_in}"
    if field.key:
        return f"{column}->'{field.key}'"
    if field.vocabulary:
        return f"(SELECT v.slug FROM {field.vocabulary} v WHERE v.id = {column})"
    if field.kind is Kind.MOMENT:
        return f"""to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""
    return column


def stored_pairs(fields: Iterable[Field]) -> str:
    """The stored values, each by what of a candidate it is compared with, for ``jsonb_build_object``."""
    return ", ".join(f"'{field.compared_as}', {stored(field)}" for field in fields)


def stored_texts(fields: Iterable[Field]) -> str:
    """The stored values as one JSON object of texts, spelled as candidates are."""
    return f"""
        (SELECT jsonb_object_agg(e.key, e.value) FROM jsonb_each_text(jsonb_build_object({stored_pairs(fields)})) e)"""


def written(field: Field, text: str) -> str:
    """A candidate's text as the column's value, the default where there is none."""
    if field.vocabulary:
        return f"(SELECT v.id FROM {field.vocabulary} v WHERE v.slug = {text})"
    if field.key:
        return f"({text})::jsonb" if field.kind is Kind.LIST else text
    value = text if field.kind is Kind.TEXT else f"({text})::{field.kind}"
    return value if field.default is None else f"coalesce({value}, '{field.default}')"
