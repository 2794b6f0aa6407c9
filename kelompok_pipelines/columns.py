"""Columns of assets: their schema from the entity's descriptor, and which column each was read from."""

from collections.abc import Mapping, Sequence

import dagster as dg

from kelompok_core.descriptor import EntityDescriptor, Field
from kelompok_core.imports.columns import EXTERNAL_ID
from kelompok_core.imports.disclosure import Disclosure

_MOST_COLUMNS = 500
"""Of a source, shown as its schema."""


def source_schema(disclosure: Disclosure) -> dg.TableSchema:
    """Return the columns of a source: headers the entity knows, positions of the others."""
    shown = dict.fromkeys(filter(None, map(disclosure.column, disclosure.record.header)))
    return dg.TableSchema([dg.TableColumn(name) for name in list(shown)[:_MOST_COLUMNS]])


def candidate_schema(entity: EntityDescriptor, disclosure: Disclosure | None = None) -> dg.TableSchema:
    """Return the fields of a candidate, as text; of an import: what each was read from."""
    told = _descriptions(entity, disclosure)
    external_id = dg.TableColumn(EXTERNAL_ID, "text", description=told.get(EXTERNAL_ID))
    return dg.TableSchema([external_id, *(_column(one, one.name, "text", told) for one in entity.fields)])


def core_schema(entity: EntityDescriptor, disclosure: Disclosure | None = None) -> dg.TableSchema:
    """Return the columns of the core table that an import can write; of an import: what each was read from."""
    told = _descriptions(entity, disclosure)
    return dg.TableSchema([_column(one, column_of(one), one.kind.value, told) for one in entity.fields])


def candidate_lineage(entity: EntityDescriptor, source: dg.AssetKey, disclosure: Disclosure) -> dg.TableColumnLineage:
    """Return which columns of the source each field was read from."""
    read = _columns_read(entity, disclosure).items()
    return dg.TableColumnLineage({name: [dg.TableColumnDep(source, one) for one in found] for name, found in read})


def decision_lineage(entity: EntityDescriptor, candidates: dg.AssetKey) -> dg.TableColumnLineage:
    """Return that each field of a decision is that of its candidate."""
    columns = [EXTERNAL_ID, *(one.name for one in entity.fields)]
    return dg.TableColumnLineage({name: [dg.TableColumnDep(candidates, name)] for name in columns})


def core_lineage(entity: EntityDescriptor, decisions: Sequence[dg.AssetKey]) -> dg.TableColumnLineage:
    """Return which field of the decisions each column is written from."""
    return dg.TableColumnLineage(
        {column_of(one): [dg.TableColumnDep(key, one.name) for key in decisions] for one in entity.fields}
    )


def column_of(field: Field) -> str:
    """Return where a field is kept, as PostgreSQL's users write it; a key of a JSON column after a dot."""
    return f"{field.stored_in}.{field.key}" if field.key else field.stored_in


def _column(field: Field, name: str, kind: str, descriptions: Mapping[str, str]) -> dg.TableColumn:
    constraints = dg.TableColumnConstraints(nullable=not field.required)
    return dg.TableColumn(name, kind, description=descriptions.get(field.name), constraints=constraints)


def _descriptions(entity: EntityDescriptor, disclosure: Disclosure | None) -> Mapping[str, str]:
    """Return which columns of a source each field was read from.

    Without an import there is nothing to say: the UI prefers an asset's own description to that of its last import.
    """
    if disclosure is None:
        return {}
    read, source = _columns_read(entity, disclosure), disclosure.record.source_name
    return {
        name: f"Read from {', '.join(f'«{one}»' for one in columns)} of {source}." for name, columns in read.items()
    }


def _columns_read(entity: EntityDescriptor, disclosure: Disclosure) -> Mapping[str, Sequence[str]]:
    """Return the columns of the source by the field that was read from them, where they may be shown."""
    targets = {EXTERNAL_ID: frozenset({EXTERNAL_ID}), **{one.name: one.read_from for one in entity.fields}}
    mapping = disclosure.mapping()
    read = {name: [mapping[one] for one in mapping if one in found] for name, found in targets.items()}
    shown = {name: [one for one in columns if one is not None] for name, columns in read.items()}
    return {name: columns for name, columns in shown.items() if columns}
