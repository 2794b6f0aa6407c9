"""The job that stages a large file in parts: steps that any executor can distribute.

Steps do not pass data to each other: each finds the import by its run, and the rows in PostgreSQL. So a step can run on
any machine, and can be retried.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import dagster as dg

from kelompok_core.imports.applying.apply import apply
from kelompok_core.imports.deciding.decide import decide
from kelompok_core.imports.shared.imports import ImportState
from kelompok_core.imports.staging.part import Part
from kelompok_core.imports.staging.parts import join_parts, stage_part
from kelompok_pipelines import names
from kelompok_pipelines.assets.importing import ImportConfig, open_import
from kelompok_pipelines.assets.results import applied_result, decided_result, staged_results
from kelompok_pipelines.names import Layer
from kelompok_pipelines.plugin_jobs import PluginJob
from kelompok_pipelines.resources import Core
from kelompok_pipelines.retries import retrying
from kelompok_pipelines.scaling import Scaling
from kelompok_pipelines.step_failures import without_values

_DONE = dg.Out(dg.Nothing)
_BEFORE = dg.In(dg.Nothing)


def parts_job(one: PluginJob, scaling: Scaling, feeding: Sequence[dg.AssetKey]) -> dg.JobDefinition:
    """Return the job that imports one file, staged in parallel; it materializes the same assets as the usual job.

    ``feeding`` has the decisions that the core table depends on.
    """
    opens = _open_op(one)
    parts = [_part_op(one, Part(number=number, parts=scaling.parts)) for number in range(1, scaling.parts + 1)]
    joins, decides, applies = _join_op(one, scaling.parts), _decide_op(one), _apply_op(one, feeding)

    @dg.graph(name=names.parts_job(one.plugin, one.job.name))
    def in_parts() -> None:
        opened = opens()
        staged = {f"part_{number}": part(opened) for number, part in enumerate(parts, start=1)}
        applies(decides(joins(**staged)))

    return in_parts.to_job(
        executor_def=scaling.load_executor(),
        description=f"Like {one.name}, staged in {scaling.parts} parts: for files too large for one machine.",
    )


_Do = Callable[[dg.OpExecutionContext, Core, UUID], None]
"""The function that a step calls with the run's import."""


def _name(one: PluginJob, step: str) -> str:
    return names.parts_op(one.plugin, one.job.name, step)


def _open_op(one: PluginJob) -> dg.OpDefinition:
    @dg.op(name=_name(one, "open"), out=_DONE, description="Stores the file where all machines can read it.")
    def opens(context: dg.OpExecutionContext, config: ImportConfig, core: dg.ResourceParam[Core]) -> None:
        with retrying(core, context), without_values(core, context.run):
            import_ = open_import(core, one, config, context)
        context.log.info("import %s", import_.id)

    return opens


def _step(name: str, after: Iterable[str], does: str, do: _Do) -> dg.OpDefinition:
    """Return an op that calls ``do`` with the import of its run, after the ops in ``after``."""

    @dg.op(name=name, ins=dict.fromkeys(after, _BEFORE), out=_DONE, description=does)
    def step(context: dg.OpExecutionContext, core: dg.ResourceParam[Core]) -> None:
        with retrying(core, context), without_values(core, context.run):
            do(context, core, core.import_of(context.run))

    return step


def _part_op(one: PluginJob, part: Part) -> dg.OpDefinition:
    def do(context: dg.OpExecutionContext, core: Core, import_id: UUID) -> None:
        rows = stage_part(core.installation, import_id, part)
        context.log.info("import %s: part %d of %d staged, %d rows read", import_id, part.number, part.parts, rows)

    does = f"Reads the file and stages part {part.number} of {part.parts}."
    return _step(_name(one, f"part_{part.number}"), ["opened"], does, do)


def _join_op(one: PluginJob, parts: int) -> dg.OpDefinition:
    def do(context: dg.OpExecutionContext, core: Core, import_id: UUID) -> None:
        join_parts(core.installation, import_id, parts)
        for key, metadata in staged_results(core, one, import_id).items():
            _materialize(context, key, metadata, core.partition_of(import_id))

    after = [f"part_{number}" for number in range(1, parts + 1)]
    return _step(_name(one, "join"), after, "Checks that the parts make up the whole file.", do)


def _decide_op(one: PluginJob) -> dg.OpDefinition:
    def do(context: dg.OpExecutionContext, core: Core, import_id: UUID) -> None:
        decide(core.installation, import_id)
        metadata = decided_result(core, one, import_id)
        _materialize(context, one.key(Layer.DECISIONS), metadata, core.partition_of(import_id))

    return _step(_name(one, "decide"), ["staged"], "One decision per row. A dry run ends here.", do)


def _apply_op(one: PluginJob, feeding: Sequence[dg.AssetKey]) -> dg.OpDefinition:
    def do(context: dg.OpExecutionContext, core: Core, import_id: UUID) -> None:
        if apply(core.installation, import_id).state is ImportState.APPLIED:
            _materialize(context, one.key(Layer.CORE), applied_result(core, one.entity, feeding, import_id))

    return _step(_name(one, "apply"), ["decided"], "Applies the plan in one transaction.", do)


def _materialize(
    context: dg.OpExecutionContext, key: dg.AssetKey, metadata: Mapping[str, Any], partition: str | None = None
) -> None:
    context.log_event(dg.AssetMaterialization(key, metadata=metadata, partition=partition))
