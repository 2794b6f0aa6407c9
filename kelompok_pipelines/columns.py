"""Columns of assets: their schema from the entity's descriptor, and which column each was read from."""

from collections.abc import Mapping, Sequence

import dagster as dg

from kelompok_core.descriptor import EntityDescriptor, Field
from kelompok_core.imports.disclosure import Disclosure

_MOST_COLUMNS = 500
"""Of a source, shown as its schema."""

EXTERNAL_ID = "external_id"


def source_schema(disclosure: Disclosure) -> dg.TableSchema:
    """Return the columns of a source: headers the entity knows, positions of the others."""
    shown = dict.fromkeys(filter(None, map(disclosure.column, disclosure.record.header)))
    return dg.TableSchema([dg.TableColumn(name) for name in list(shown)[:_MOST_COLUMNS]])


def candidate_schema(entity: EntityDescriptor) -> dg.TableSchema:
    """Return the fields of a candidate; all are text until they are written."""
    external_id = dg.TableColumn(EXTERNAL_ID, "text", description=_known_as(entity.external_id_aliases))
    return dg.TableSchema([external_id, *(_column(one, one.name, "text") for one in entity.fields)])


def core_schema(entity: EntityDescriptor) -> dg.TableSchema:
    """Return the columns of the core table that an import can write."""
    return dg.TableSchema([_column(one, column_of(one), one.kind.value) for one in entity.fields])


def candidate_lineage(entity: EntityDescriptor, source: dg.AssetKey, disclosure: Disclosure) -> dg.TableColumnLineage:
    """Return which columns of the source each field was read from."""
    mapping = disclosure.mapping()
    deps = {one.name: _read_from(_targets(one), source, mapping) for one in entity.fields}
    deps[EXTERNAL_ID] = _read_from({EXTERNAL_ID}, source, mapping)
    return dg.TableColumnLineage({name: found for name, found in deps.items() if found})


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


def _column(field: Field, name: str, kind: str) -> dg.TableColumn:
    constraints = dg.TableColumnConstraints(nullable=not field.required)
    return dg.TableColumn(name, kind, description=_known_as(field.aliases), constraints=constraints)


def _known_as(aliases: Sequence[str]) -> str | None:
    return f"Headers it is known by: {', '.join(aliases)}." if aliases else None


def _targets(field: Field) -> set[str]:
    return {field.name, *(part.name for part in field.parts)}


def _read_from(
    targets: set[str], source: dg.AssetKey, mapping: Mapping[str, str | None]
) -> Sequence[dg.TableColumnDep]:
    read = (column for target, column in mapping.items() if target in targets)
    return [dg.TableColumnDep(source, column) for column in read if column is not None]
