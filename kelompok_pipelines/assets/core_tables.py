"""Assets of core tables: each applies planned imports, whichever plugin they come from."""

from collections.abc import Iterator, Sequence
from uuid import UUID

import dagster as dg
from pydantic import Field

from kelompok_core.imports.apply import apply
from kelompok_core.imports.records import ImportState
from kelompok_pipelines import names
from kelompok_pipelines.assets.importing import report_of
from kelompok_pipelines.metadata import applied_metadata
from kelompok_pipelines.resources import Core
from kelompok_pipelines.step_failures import without_values


class ApplyConfig(dg.Config):
    """Which plan to apply; inside an import's own run that is known already."""

    import_id: str | None = Field(
        default=None, description="An import whose plan was approved with «kelompok import apply»."
    )


def core_asset(entity: str, decisions: Sequence[dg.AssetKey]) -> dg.AssetsDefinition:
    """Return the asset of one core table; it depends on the decisions of every plugin that feeds it."""
    key = names.core_key(entity)
    spec = dg.AssetSpec(
        key,
        deps=decisions,
        skippable=True,
        kinds={"postgres"},
        description=f"The community's {entity}. Planned imports are applied whole or not at all, and audited.",
    )

    @dg.multi_asset(name=names.apply_op(entity), specs=[spec], group_name="core")
    def apply_import(
        context: dg.AssetExecutionContext, config: ApplyConfig, core: dg.ResourceParam[Core]
    ) -> Iterator[dg.MaterializeResult[None]]:
        with without_values(core, context.run):
            import_id = UUID(config.import_id) if config.import_id else core.import_of(context.run)
            if config.import_id:
                core.take_up(import_id, context.run)
            record = apply(core.bench, import_id)
            report = report_of(core, import_id)
        if record.state is not ImportState.APPLIED:
            context.log.info("import %s is a dry run: its plan waits for «kelompok import apply»", import_id)
            return
        yield dg.MaterializeResult(asset_key=key, metadata=applied_metadata(report))

    return apply_import
