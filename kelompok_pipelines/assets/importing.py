"""Assets of an importer: source records and candidates staged, decisions made. One factory for all plugins."""

from collections.abc import Iterator
from uuid import UUID

import dagster as dg
from pydantic import Field

from kelompok_core.access.actors import get_actor
from kelompok_core.descriptor import MergePolicy
from kelompok_core.errors import KelompokError
from kelompok_core.imports.decide import decide
from kelompok_core.imports.disclosure import Disclosure, disclosure_of
from kelompok_core.imports.homes_sql import HOME
from kelompok_core.imports.profiles import chosen_profile
from kelompok_core.imports.readable import run_rules
from kelompok_core.imports.receive import REFUSED, ImportRequest, receive
from kelompok_core.imports.records import DuplicatePolicy
from kelompok_core.imports.registry import get_descriptor
from kelompok_core.imports.report import ImportReport, get_report
from kelompok_core.imports.stage import stage
from kelompok_core.plugin_host.manifest import Job
from kelompok_core.plugin_host.registry import require_per_request
from kelompok_core.sources.inbox import KEY, put_aside
from kelompok_core.values.conventions import DateOrder
from kelompok_pipelines import names
from kelompok_pipelines.metadata import decided_metadata, staged_metadata
from kelompok_pipelines.resources import Core
from kelompok_pipelines.step_failures import without_values


class ImportConfig(dg.Config):
    """What to import: an import that was received already, or a file on the machine that runs this."""

    import_id: str | None = Field(default=None, description="An import received before; then leave out the rest.")
    file: str | None = Field(default=None, description="Path of the file, in a folder that kelompok.toml allows.")
    source: str | None = Field(default=None, description="The list it is a copy of; default: the file's name.")
    organization: str | None = Field(default=None, description="Slug of the organization to confine it to.")
    actor: str | None = Field(default=None, description="E-mail of who imports; default: the local operator.")
    dry_run: bool = Field(default=False, description="Stop at the plan.")
    mapping: dict[str, str] = Field(default={}, description="Header to field; «-» leaves out, «extra» keeps.")
    policies: dict[str, MergePolicy] = Field(default={}, description="Merge policy by field.")
    on_duplicate: DuplicatePolicy | None = Field(
        default=None, description="When a file says two things about one record; REJECT by default."
    )
    profile: str | None = Field(default=None, description="Saved profile of kelompok.toml to start from.")
    date_order: DateOrder | None = Field(
        default=None, description="Which comes first in dates of three numbers; else it must be proven."
    )
    phone_country: str | None = Field(default=None, description="Country of phone numbers without one; ID by default.")
    timezone: str | None = Field(default=None, description="Zone of times without one; Asia/Jakarta by default.")
    settings: dict[str, str] = Field(default={}, description="Settings that the plugin lets a request give.")
    idempotency_key: str | None = Field(default=None, description="The same key gives the same import.")


def open_import(core: Core, plugin: str, job: str, config: ImportConfig) -> UUID:
    """Receive the file, or take the import that was received already."""
    if config.import_id is not None:
        return UUID(config.import_id)
    if config.file is None:
        raise dg.Failure("Nothing to import: give the op a file, or an import_id.", allow_retries=False)
    require_per_request(core.bench.settings, plugin, config.settings)
    profile = chosen_profile(
        core.bench.settings,
        config.profile,
        mapping=config.mapping,
        policies=config.policies,
        duplicates=config.on_duplicate,
        config=config.settings,
        date_order=config.date_order,
        phone_country=config.phone_country,
        timezone=config.timezone,
    )
    request = ImportRequest(
        plugin=plugin,
        job=job,
        file=config.file,
        organization=config.organization,
        source_name=config.source or profile.source_name,
        dry_run=config.dry_run,
        options=profile.options,
        idempotency_key=config.idempotency_key,
    )
    with core.connect() as connection, connection.begin():
        actor = get_actor(connection, email=config.actor)
    try:
        return receive(core.bench, request, actor, run_rules(core.bench.settings)).import_id
    except REFUSED as error:
        _put_aside(core, config.idempotency_key or "", error)
        raise


def _put_aside(core: Core, key: str, error: KelompokError) -> None:
    """Put the file of a refused request aside where a watched folder gave it: else nobody would see it again."""
    if key.startswith(KEY):
        with core.connect() as connection, connection.begin():
            put_aside(connection, UUID(key.removeprefix(KEY)), error)


def report_of(core: Core, import_id: UUID) -> ImportReport:
    with core.connect() as connection:
        return get_report(connection, import_id)


def told_of(core: Core, import_id: UUID) -> tuple[ImportReport, Disclosure]:
    """Return the import's report, and what of it Dagster may be told."""
    report = report_of(core, import_id)
    return report, disclosure_of(core.bench.settings, report.record)


def staging_assets(plugin: str, job: Job, entity: str) -> dg.AssetsDefinition:
    """Return source records and candidates of one plugin and entity, made by one op in one pass."""
    records, candidates = names.source_records_key(plugin, entity), names.candidates_key(plugin, entity)
    specs = [
        dg.AssetSpec(records, kinds={"python"}, description=f"Rows of {entity} as {plugin} read them: the evidence."),
        dg.AssetSpec(
            candidates, deps=[records], kinds={"pandas"},
            description="The same rows mapped, normalized and validated with pandera.",
        ),
    ]  # fmt: skip

    @dg.multi_asset(name=names.stage_op(plugin, entity), specs=specs, group_name=names.group_name(plugin))
    def stage_source(
        context: dg.AssetExecutionContext, config: ImportConfig, core: dg.ResourceParam[Core]
    ) -> Iterator[dg.MaterializeResult[None]]:
        with without_values(core, context.run):
            import_id = open_import(core, plugin, job.name, config)
            core.take_up(import_id, context.run)
            record = stage(core.bench, import_id)
            context.log.info("import %s: %d rows staged", import_id, record.rows_staged)
            metadata = staged_metadata(*told_of(core, import_id))
        yield dg.MaterializeResult(asset_key=records, metadata=metadata)
        yield dg.MaterializeResult(asset_key=candidates, metadata=metadata)

    return stage_source


def decisions_asset(plugin: str, entity: str) -> dg.AssetsDefinition:
    """Return the asset that plans what becomes of each candidate, where it belongs as well."""
    homes = [names.core_key(HOME)] if get_descriptor(entity).belongs else []

    @dg.asset(
        key=names.decisions_key(plugin, entity),
        deps=[names.candidates_key(plugin, entity), *homes],
        group_name=names.group_name(plugin),
        kinds={"postgres"},
        description="One decision a row: accepted, merged, unchanged, rejected or review. A dry run ends here.",
    )
    def decisions(context: dg.AssetExecutionContext, core: dg.ResourceParam[Core]) -> dg.MaterializeResult[None]:
        import_id = core.import_of(context.run)
        with without_values(core, context.run):
            decide(core.bench, import_id)
            report, disclosure = told_of(core, import_id)
        context.log.info("import %s: %s", import_id, dict(report.counts))
        return dg.MaterializeResult(metadata=decided_metadata(report, disclosure))

    return decisions
