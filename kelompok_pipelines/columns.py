"""Columns of assets: the schema from the entity's descriptor, and the column lineage."""

from collections.abc import Mapping, Sequence

import dagster as dg

from kelompok_core.descriptor import EntityDescriptor, Field
from kelompok_core.imports.reporting.disclosure import Disclosure
from kelompok_core.imports.shared.columns import EXTERNAL_ID

_MOST_COLUMNS = 500
"""The number of columns shown in the schema of a source."""


def source_schema(disclosure: Disclosure) -> dg.TableSchema:
    """Return the columns of a source: known headers by name, others by position."""
    shown = dict.fromkeys(filter(None, map(disclosure.column, disclosure.import_.header)))
    return dg.TableSchema([dg.TableColumn(name) for name in list(shown)[:_MOST_COLUMNS]])


def candidate_schema(entity: EntityDescriptor, disclosure: Disclosure | None = None) -> dg.TableSchema:
    """Return the fields of a candidate as text columns; with an import, also what each was read from."""
    descriptions = _descriptions(entity, disclosure)
    external_id = dg.TableColumn(EXTERNAL_ID, "text", description=descriptions.get(EXTERNAL_ID))
    return dg.TableSchema([external_id, *(_column(one, one.name, "text", descriptions) for one in entity.fields)])


def core_schema(entity: EntityDescriptor, disclosure: Disclosure | None = None) -> dg.TableSchema:
    """Return the columns of the core table that imports write; with an import, also what each was read from."""
    descriptions = _descriptions(entity, disclosure)
    return dg.TableSchema([_column(one, column_of(one), one.kind.value, descriptions) for one in entity.fields])


def candidate_lineage(entity: EntityDescriptor, source: dg.AssetKey, disclosure: Disclosure) -> dg.TableColumnLineage:
    """Return the lineage from the columns of the source to the fields of a candidate."""
    read = _columns_read(entity, disclosure).items()
    return dg.TableColumnLineage({name: [dg.TableColumnDep(source, one) for one in found] for name, found in read})


def decision_lineage(entity: EntityDescriptor, candidates: dg.AssetKey) -> dg.TableColumnLineage:
    """Return the lineage from the fields of candidates to the same fields of decisions."""
    columns = [EXTERNAL_ID, *(one.name for one in entity.fields)]
    return dg.TableColumnLineage({name: [dg.TableColumnDep(candidates, name)] for name in columns})


def core_lineage(entity: EntityDescriptor, decisions: Sequence[dg.AssetKey]) -> dg.TableColumnLineage:
    """Return the lineage from the fields of decisions to the columns of the core table."""
    return dg.TableColumnLineage(
        {column_of(one): [dg.TableColumnDep(key, one.name) for key in decisions] for one in entity.fields}
    )


def column_of(field: Field) -> str:
    """Return the column of a field; for a key of a JSON column, ``column.key``."""
    return f"{field.stored_in}.{field.key}" if field.key else field.stored_in


def _column(field: Field, name: str, kind: str, descriptions: Mapping[str, str]) -> dg.TableColumn:
    constraints = dg.TableColumnConstraints(nullable=not field.required)
    return dg.TableColumn(name, kind, description=descriptions.get(field.name), constraints=constraints)


def _descriptions(entity: EntityDescriptor, disclosure: Disclosure | None) -> Mapping[str, str]:
    """Return a sentence for each field with the columns of the source it was read from.

    Returns nothing without an import: the UI prefers an asset's own descriptions to those of its last import.
    """
    if disclosure is None:
        return {}
    read, source = _columns_read(entity, disclosure), disclosure.import_.source_name
    return {
        name: f"Read from {', '.join(f'«{one}»' for one in columns)} of {source}." for name, columns in read.items()
    }


def _columns_read(entity: EntityDescriptor, disclosure: Disclosure) -> Mapping[str, Sequence[str]]:
    """Return the columns of the source that each field was read from, as far as they may be shown."""
    targets = {EXTERNAL_ID: frozenset({EXTERNAL_ID}), **{one.name: one.read_from for one in entity.fields}}
    mapping = disclosure.mapping()
    read = {name: [mapping[one] for one in mapping if one in found] for name, found in targets.items()}
    shown = {name: [one for one in columns if one is not None] for name, columns in read.items()}
    return {name: columns for name, columns in shown.items() if columns}
