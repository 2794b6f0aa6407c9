"""Assets of import jobs: source records, candidates and decisions. The same factories serve all plugins."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

import dagster as dg
from pydantic import Field

from kelompok_core.access.actors import Actor, get_actor
from kelompok_core.errors import KelompokError, UsageError
from kelompok_core.imports.deciding.decide import decide
from kelompok_core.imports.receiving.file_rules import run_rules
from kelompok_core.imports.receiving.last_imports import list_last_imports
from kelompok_core.imports.receiving.receive import REFUSED, ImportRequest, receive, source_of
from kelompok_core.imports.receiving.repeat import receive_again
from kelompok_core.imports.reporting.inbox_outcomes import settling
from kelompok_core.imports.shared.imports import Import, ImportState, get_import
from kelompok_core.imports.shared.option_fields import options_of, with_option_fields
from kelompok_core.imports.shared.options import ImportOptions
from kelompok_core.imports.shared.profiles import chosen_profile
from kelompok_core.imports.staging.stage import stage
from kelompok_core.plugin_host.registry import require_per_request
from kelompok_core.records.registry import get_descriptor
from kelompok_core.sources.inbox import KEY, put_aside
from kelompok_pipelines import names
from kelompok_pipelines.assets.results import decided_result, staged_results
from kelompok_pipelines.assets.specs import layer_spec
from kelompok_pipelines.columns import candidate_schema
from kelompok_pipelines.names import Layer
from kelompok_pipelines.plugin_jobs import PluginJob
from kelompok_pipelines.resources import Core
from kelompok_pipelines.retries import retrying
from kelompok_pipelines.run_tags import PARTITION_TAG, partition_of
from kelompok_pipelines.sources import plugin_settings_of, scheduled_files
from kelompok_pipelines.step_failures import without_values


@with_option_fields(anything=str)  # run config has no values that may be anything
class ImportConfig(dg.Config):
    """What to import: an import received earlier, or a file on the machine that runs this step."""

    import_id: str | None = Field(default=None, description="An import received earlier; leave the rest empty.")
    file: str | None = Field(
        default=None,
        description="Path of a file in a folder that kelompok.toml allows, such as examples/organizations.csv.",
    )
    source: str | None = Field(default=None, description="Name of the source; default: the file name.")
    organization: str | None = Field(default=None, description="Slug of the only organization to import into.")
    actor: str | None = Field(default=None, description="E-mail of the importing user; default: the local operator.")
    dry_run: bool = Field(default=False, description="Stop at the plan.")
    settings_from: str | None = Field(
        default=None,
        description="Table of kelompok.toml for this file that has more plugin settings, such as schedules.partners.",
    )
    idempotency_key: str | None = Field(default=None, description="Requests with the same key return the same import.")


_Context = dg.OpExecutionContext | dg.AssetExecutionContext


def open_import(core: Core, one: PluginJob, config: ImportConfig, context: _Context) -> Import:
    """Receive the file or find the import received earlier, and tag the run with the import.

    A run with only a partition imports the last file of that source again.
    """
    return core.take_up(_find_or_receive(core, one, config, context), context, one)


def _find_or_receive(core: Core, one: PluginJob, config: ImportConfig, context: _Context) -> UUID:
    if config.import_id is not None:
        return _find(core, UUID(config.import_id), config, context.run)
    partition = context.run.tags.get(PARTITION_TAG)
    if config.file is not None:
        return _receive(core, one, config, partition)
    if partition is not None:
        return _receive_again(core, one, config, partition)
    raise UsageError(
        "there is nothing to import",
        hint="Set file or import_id in the run config, or select a partition to import its source's last file again.",
    )


def _find(core: Core, import_id: UUID, config: ImportConfig, run: dg.DagsterRun) -> UUID:
    """Return the import, or a new import of its file if the run re-executes a failed or cancelled import.

    Raises:
        UsageError: When the import has ended and the run is not a re-execution: the run would do nothing.
    """
    with core.connect() as connection:
        state = get_import(connection, import_id).state
    # For a worker, an import cancelled in the meantime is done: nobody requested a new one.
    if not core.retries or state not in (ImportState.FAILED, ImportState.CANCELLED, ImportState.UNDONE):
        return import_id
    if run.parent_run_id is None or state is ImportState.UNDONE:
        raise UsageError(f"import {import_id} is {state}", hint="Import its file again, or re-execute its run.")
    return receive_again(core.installation, import_id, _actor(core, config)).import_id


def _receive(core: Core, one: PluginJob, config: ImportConfig, partition: str | None) -> UUID:
    options = options_of(config)
    require_per_request(core.installation.settings, one.plugin, options.config)
    options = options.over(ImportOptions(config=_settings_of_table(core, one, config)))
    profile = chosen_profile(core.installation.settings, options)
    request = ImportRequest(
        plugin=one.plugin,
        job=one.job.name,
        file=str(config.file),
        organization=config.organization,
        source_name=_source(config, partition) or profile.source_name,
        dry_run=config.dry_run,
        options=profile.options,
        idempotency_key=config.idempotency_key,
    )
    _require_partition(request, partition)
    actor = _actor(core, config)
    try:
        rules = run_rules(core.installation.settings, named=scheduled_files(core.installation.settings))
        return receive(core.installation, request, actor, rules).import_id
    except REFUSED as error:
        _put_aside(core, config.idempotency_key or "", error)
        raise


def _settings_of_table(core: Core, one: PluginJob, config: ImportConfig) -> Mapping[str, Any]:
    if config.settings_from is None:
        return {}
    return plugin_settings_of(
        core.installation.settings, config.settings_from, one.plugin, one.job.name, str(config.file)
    )


def _source(config: ImportConfig, partition: str | None) -> str | None:
    """Return the source's name: the config's, or the name of the run's partition."""
    if config.source is not None or partition is None:
        return config.source
    return partition.removeprefix(f"{config.organization}/")


def _require_partition(request: ImportRequest, partition: str | None) -> None:
    expected = partition_of(source_of(request), request.organization)
    if partition not in (None, expected):
        raise UsageError(
            f"the run is for the partition {partition!r}, but its file belongs to {expected!r}",
            hint="Remove source from the run config, or select the partition of that source.",
        )


def _receive_again(core: Core, one: PluginJob, config: ImportConfig, partition: str) -> UUID:
    with core.connect() as connection:
        known = list_last_imports(connection, one.plugin, one.job.name)
    last = next((last for last in known if partition_of(last.source, last.organization) == partition), None)
    if last is None:
        raise UsageError(
            f"{one.job.name} has no earlier import of {partition!r} to repeat",
            hint="Set file in the run config.",
        )
    return receive_again(core.installation, last.import_id, _actor(core, config), dry_run=config.dry_run).import_id


def _actor(core: Core, config: ImportConfig) -> Actor:
    with core.connect() as connection, connection.begin():
        return get_actor(connection, email=config.actor)


def _put_aside(core: Core, key: str, error: KelompokError) -> None:
    """Move a refused file of a watched folder to ``failed/``; otherwise it would stay in ``taken/``."""
    if key.startswith(KEY):
        with core.connect() as connection, connection.begin():
            put_aside(connection, UUID(key.removeprefix(KEY)), error)


def staging_assets(one: PluginJob) -> dg.AssetsDefinition:
    """Return the assets with source records and candidates of a job, made by one op in one pass."""
    specs = [
        layer_spec(
            one, Layer.SOURCE_RECORDS,
            f"Rows of {one.entity}, as {one.plugin} read them from the file. One partition per source.",
        ),
        layer_spec(
            one, Layer.CANDIDATES, "The same rows, mapped, normalized and validated with pandera.",
            deps=[one.key(Layer.SOURCE_RECORDS)], schema=candidate_schema(get_descriptor(one.entity)),
        ),
    ]  # fmt: skip

    @dg.multi_asset(name=names.stage_op(one.plugin, one.job.name), specs=specs, partitions_def=one.partitions)
    def stage_source(
        context: dg.AssetExecutionContext, config: ImportConfig, core: dg.ResourceParam[Core]
    ) -> Iterator[dg.MaterializeResult[None]]:
        with retrying(core, context), without_values(core, context.run):
            import_id = open_import(core, one, config, context).id
            with settling(core.installation, import_id):
                import_ = stage(core.installation, import_id)
            context.log.info("import %s: %d rows staged", import_id, import_.rows_staged)
            results = staged_results(core, one, import_id)
        yield from (dg.MaterializeResult(asset_key=key, metadata=metadata) for key, metadata in results.items())

    return stage_source


def decisions_asset(one: PluginJob) -> dg.AssetsDefinition:
    """Return the asset with the decision for each candidate."""
    entity = get_descriptor(one.entity)
    key, candidates = one.key(Layer.DECISIONS), one.key(Layer.CANDIDATES)
    # Deciding also reads the core tables. They are not dependencies here, because they depend on the decisions.
    spec = layer_spec(
        one, Layer.DECISIONS, "One decision for each row: accepted, merged, unchanged, rejected or review.",
        deps=[candidates], schema=candidate_schema(entity),
    )  # fmt: skip

    @dg.multi_asset(name=names.decide_op(one.plugin, one.job.name), specs=[spec], partitions_def=one.partitions)
    def decide_rows(context: dg.AssetExecutionContext, core: dg.ResourceParam[Core]) -> dg.MaterializeResult[None]:
        with retrying(core, context), without_values(core, context.run):
            import_id = core.import_of(context.run)
            decide(core.installation, import_id)
            metadata = decided_result(core, one, import_id)
        return dg.MaterializeResult(asset_key=key, metadata=metadata)

    return decide_rows
