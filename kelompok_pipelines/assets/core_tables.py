"""Assets of the core tables. Each applies planned imports of all plugins."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import dagster as dg
from pydantic import Field

from kelompok_core.descriptor import EntityDescriptor
from kelompok_core.imports.applying.apply import apply
from kelompok_core.imports.reporting.inbox_outcomes import settling
from kelompok_core.imports.shared.imports import ImportState, list_approved
from kelompok_core.records.registry import get_descriptor
from kelompok_pipelines import names
from kelompok_pipelines.assets.results import applied_result
from kelompok_pipelines.assets.specs import columns, docs, tags
from kelompok_pipelines.columns import core_lineage, core_schema
from kelompok_pipelines.names import Layer
from kelompok_pipelines.resources import Core
from kelompok_pipelines.retries import retrying
from kelompok_pipelines.step_failures import without_values


class ApplyConfig(dg.Config):
    """The plan to apply; not needed in the run that made the plan."""

    import_id: str | None = Field(
        default=None,
        description="An import whose plan was approved with «kelompok import apply»; default: all such imports.",
    )


def core_asset(entity: str, decisions: Sequence[dg.AssetKey]) -> dg.AssetsDefinition:
    """Return the asset of a core table, which depends on the decisions of all plugins that import into it."""
    key = names.core_key(entity)

    @dg.multi_asset(name=names.apply_op(entity), specs=[_spec(get_descriptor(entity), decisions)])
    def apply_imports(
        context: dg.AssetExecutionContext, config: ApplyConfig, core: dg.ResourceParam[Core]
    ) -> Iterator[dg.MaterializeResult[None]]:
        applied: list[Mapping[str, Any]] = []
        with retrying(core, context), without_values(core, context.run):
            for import_id in _chosen(context, core, config, entity):
                with settling(core.installation, import_id):
                    state = apply(core.installation, import_id).state
                if state is ImportState.APPLIED:
                    applied.append(applied_result(core, entity, decisions, import_id))
                else:
                    context.log.info(
                        "import %s is a dry run; to apply its plan, run «kelompok import apply»", import_id
                    )
        for metadata in applied[:-1]:
            context.log_event(dg.AssetMaterialization(key, metadata=metadata))
        for metadata in applied[-1:]:  # a step may yield only one result per asset
            yield dg.MaterializeResult(asset_key=key, metadata=metadata)

    return apply_imports


def _spec(descriptor: EntityDescriptor, decisions: Sequence[dg.AssetKey]) -> dg.AssetSpec:
    entity = descriptor.entity
    lineage = core_lineage(descriptor, decisions) if decisions else None
    return dg.AssetSpec(
        names.core_key(entity),
        # Foreign keys between core tables are no dependencies: else Dagster would show members as out of date after
        # every import of organizations.
        deps=decisions,
        skippable=True,
        group_name=names.CORE_GROUP,
        kinds={"postgres", "table"},
        owners=["team:core"],
        tags=tags(Layer.CORE, entity),
        description=f"The community's {entity}. Each planned import is applied in one transaction, and audited. "
        "Materialized alone, it applies all approved plans.",
        metadata={
            **docs(Layer.CORE),
            "dagster/table_name": entity,
            **columns(schema=core_schema(descriptor), lineage=lineage),
        },
    )


def _chosen(context: dg.AssetExecutionContext, core: Core, config: ApplyConfig, entity: str) -> list[UUID]:
    """Return the import in the config, the run's imports, or all imports with an approved plan."""
    if config.import_id is not None:
        return [core.take_up(UUID(config.import_id), context).id]
    if known := core.imports_of(context.run, entity):
        return known[::-1]  # oldest first, as they were taken up
    with core.connect() as connection:
        approved = list_approved(connection, entity)
    if not approved:
        context.log.info("no plan for %s is approved; to approve one, run «kelompok import apply»", entity)
    return [core.take_up(one, context).id for one in approved]
