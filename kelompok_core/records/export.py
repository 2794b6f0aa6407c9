"""Exports an entity's records in a format that can be imported again without changing the records."""

import json
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import TextIO
from uuid import UUID

import sqlalchemy as sa

from kelompok_core.descriptor import EntityDescriptor, Field
from kelompok_core.headers.mapping import RECORD_ID
from kelompok_core.headers.privacy import is_sensitive
from kelompok_core.records.field_sql import stored
from kelompok_core.records.formulas import SafeWriter
from kelompok_core.records.owners_sql import SLUG_OF_OWNER


class ExportFormat(StrEnum):
    """File formats of exports."""

    CSV = "csv"
    JSON = "json"
    NDJSON = "ndjson"


def write_export(
    connection: sa.Connection,
    descriptor: EntityDescriptor,
    target: TextIO,
    *,
    form: ExportFormat,
    organization_id: UUID | None = None,
) -> int:
    """Write all records, or those of one organization, by id; return their number.

    CSV escapes formulas, which an import reverses; JSON does not need to, and omits empty fields. Leaves out personal
    data that imports read only on request.
    """
    fields = [field.name for field in descriptor.fields if not is_sensitive(field.name)]
    columns = [RECORD_ID, *(["organization"] if descriptor.belongs else []), *fields]
    write = _WRITERS[form](target, columns)
    number = 0
    for record in _iter_records(connection, descriptor, organization_id):
        write(record)
        number += 1
    if form is ExportFormat.JSON:
        target.write("\n]\n" if number else "[]\n")
    return number


def _csv(target: TextIO, columns: list[str]) -> Callable[[Mapping[str, object]], None]:
    writer = SafeWriter(target)
    writer.writerow(columns)
    return lambda record: writer.writerow([_cell(record[name]) for name in columns])


def _cell(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _lines(target: TextIO, columns: list[str]) -> Callable[[Mapping[str, object]], None]:
    return lambda record: print(_object(record, columns), file=target)


def _array(target: TextIO, columns: list[str]) -> Callable[[Mapping[str, object]], None]:
    before = iter(["[\n"])
    return lambda record: print(next(before, ",\n"), _object(record, columns), sep="", end="", file=target)


def _object(record: Mapping[str, object], columns: list[str]) -> str:
    return json.dumps({name: record[name] for name in columns if record[name] is not None}, ensure_ascii=False)


_WRITERS: Mapping[ExportFormat, Callable[[TextIO, list[str]], Callable[[Mapping[str, object]], None]]] = {
    ExportFormat.CSV: _csv,
    ExportFormat.JSON: _array,
    ExportFormat.NDJSON: _lines,
}


def _iter_records(
    connection: sa.Connection, descriptor: EntityDescriptor, organization_id: UUID | None
) -> Iterator[Mapping[str, object]]:
    owner = SLUG_OF_OWNER if descriptor.belongs else "NULL"
    fields = ", ".join(f"'{field.name}', {_exported(field)}" for field in descriptor.fields)
    query = f"""
        SELECT jsonb_build_object('{RECORD_ID}', t.id, 'organization', {owner}) || jsonb_build_object({fields})
        FROM {descriptor.entity} t
        WHERE CAST(:owner AS uuid) IS NULL OR t.{descriptor.organization_column} = :owner ORDER BY t.id"""
    streaming = connection.execution_options(stream_results=True)
    yield from streaming.execute(sa.text(query), {"owner": organization_id}).scalars()


def _exported(field: Field) -> str:
    """Return SQL of a field's value as a source file has it: a term of a vocabulary is exported by name."""
    if field.vocabulary:
        return f"(SELECT v.name FROM {field.vocabulary} v WHERE v.id = t.{field.stored_in})"
    return stored(field)
