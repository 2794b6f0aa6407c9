"""The job that stages a large file in parts: steps any executor can spread, joined by the database alone.

No step hands another anything: each finds the import by its run, and the rows in PostgreSQL. So a step may run
anywhere, and again.
"""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from kelompok_core.imports.apply import apply
from kelompok_core.imports.decide import decide
from kelompok_core.imports.part import Part
from kelompok_core.imports.parts import join_parts, stage_part
from kelompok_core.imports.records import ImportState
from kelompok_core.plugin_host.manifest import Job
from kelompok_pipelines import names
from kelompok_pipelines.assets.importing import ImportConfig, open_import, report_of
from kelompok_pipelines.metadata import applied_metadata, decided_metadata, staged_metadata
from kelompok_pipelines.resources import Core
from kelompok_pipelines.scaling import Scaling

_DONE = dg.Out(dg.Nothing)
_BEFORE = dg.In(dg.Nothing)


def parts_job(plugin: str, job: Job, entity: str, scaling: Scaling) -> dg.JobDefinition:
    """Return the job that takes one file to the core table, staged by several; its assets are the usual job's."""
    opens = _open_op(plugin, job, entity)
    parts = [
        _part_op(plugin, entity, Part(number=number, parts=scaling.parts)) for number in range(1, scaling.parts + 1)
    ]
    joins = _join_op(plugin, entity, scaling.parts)
    decides, applies = _decide_op(plugin, entity), _apply_op(plugin, entity)

    @dg.graph(name=names.parts_job(plugin, job.name))
    def in_parts() -> None:
        opened = opens()
        staged = {f"part_{number}": part(opened) for number, part in enumerate(parts, start=1)}
        applies(decides(joins(**staged)))

    return in_parts.to_job(
        executor_def=scaling.load_executor(),
        description=f"{plugin}: {job.name}, staged in {scaling.parts} parts. For files too large for one machine.",
    )


def _open_op(plugin: str, job: Job, entity: str) -> dg.OpDefinition:
    @dg.op(name=names.open_op(plugin, entity), out=_DONE, description="Keeps the file where all machines reach it.")
    def opens(context: dg.OpExecutionContext, config: ImportConfig, core: dg.ResourceParam[Core]) -> None:
        import_id = open_import(core, plugin, job.name, config)
        core.take_up(import_id, context.run)
        context.log.info("import %s", import_id)

    return opens


def _part_op(plugin: str, entity: str, part: Part) -> dg.OpDefinition:
    @dg.op(
        name=names.part_op(plugin, entity, part.number), ins={"opened": _BEFORE}, out=_DONE,
        description=f"Reads the file and stages part {part.number} of {part.parts}.",
    )  # fmt: skip
    def stages(context: dg.OpExecutionContext, core: dg.ResourceParam[Core]) -> None:
        import_id = core.import_of(context.run)
        rows = stage_part(core.bench, import_id, part)
        context.log.info("import %s: part %d of %d staged, %d rows read", import_id, part.number, part.parts, rows)

    return stages


def _join_op(plugin: str, entity: str, parts: int) -> dg.OpDefinition:
    @dg.op(
        name=names.step_op(plugin, entity, "join"), out=_DONE,
        ins={f"part_{number}": _BEFORE for number in range(1, parts + 1)},
        description="Sees that the parts together are the whole file.",
    )  # fmt: skip
    def joins(context: dg.OpExecutionContext, core: dg.ResourceParam[Core]) -> None:
        import_id = core.import_of(context.run)
        join_parts(core.bench, import_id, parts)
        metadata = staged_metadata(report_of(core, import_id))
        _materialize(context, names.source_records_key(plugin, entity), metadata)
        _materialize(context, names.candidates_key(plugin, entity), metadata)

    return joins


def _decide_op(plugin: str, entity: str) -> dg.OpDefinition:
    @dg.op(
        name=names.step_op(plugin, entity, "decide"), ins={"staged": _BEFORE}, out=_DONE,
        description="One decision a row. A dry run ends here.",
    )  # fmt: skip
    def decides(context: dg.OpExecutionContext, core: dg.ResourceParam[Core]) -> None:
        import_id = core.import_of(context.run)
        decide(core.bench, import_id)
        metadata = decided_metadata(report_of(core, import_id))
        _materialize(context, names.decisions_key(plugin, entity), metadata)

    return decides


def _apply_op(plugin: str, entity: str) -> dg.OpDefinition:
    @dg.op(
        name=names.step_op(plugin, entity, "apply"), ins={"decided": _BEFORE}, out=_DONE,
        description="The plan, whole or not at all.",
    )  # fmt: skip
    def applies(context: dg.OpExecutionContext, core: dg.ResourceParam[Core]) -> None:
        import_id = core.import_of(context.run)
        if apply(core.bench, import_id).state is ImportState.APPLIED:
            _materialize(context, names.core_key(entity), applied_metadata(report_of(core, import_id)))

    return applies


def _materialize(context: dg.OpExecutionContext, key: dg.AssetKey, metadata: Mapping[str, Any]) -> None:
    context.log_event(dg.AssetMaterialization(key, metadata=metadata))
