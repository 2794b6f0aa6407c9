"""Asset checks: invariants after each step, checked in the database."""

from collections.abc import Iterator

import dagster as dg

from kelompok_core.enrichment.invariants import count_unproven
from kelompok_core.imports.applying import invariants
from kelompok_core.records.registry import get_descriptor
from kelompok_pipelines import names
from kelompok_pipelines.assets.results import staged_of
from kelompok_pipelines.metadata import issue_table
from kelompok_pipelines.names import Layer
from kelompok_pipelines.plugin_jobs import PluginJob
from kelompok_pipelines.resources import Core
from kelompok_pipelines.step_failures import without_values


def schema_check(one: PluginJob) -> dg.AssetChecksDefinition:
    """Return the check that all candidates passed the entity's pandera schema; bad rows are a warning."""

    @dg.asset_check(
        asset=one.key(Layer.CANDIDATES), name="schema",
        description="Rows that failed the entity's pandera schema or could not be read.",
    )  # fmt: skip
    def schema(context: dg.AssetCheckExecutionContext, core: dg.ResourceParam[Core]) -> dg.AssetCheckResult:
        import_id = core.import_of(context.run)
        with without_values(core, context.run):
            report, disclosure, bad = staged_of(core, import_id)
        return dg.AssetCheckResult(
            passed=bad == 0,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={"invalid_rows": bad, "issues": issue_table(report, disclosure)},
        )

    return schema


def counts_check(one: PluginJob) -> dg.AssetChecksDefinition:
    """Return the check that every row staged has exactly one decision."""

    @dg.asset_check(
        asset=one.key(Layer.DECISIONS), name="counts_close", blocking=True,
        description="rows read = accepted + merged + unchanged + rejected + review",
    )  # fmt: skip
    def counts_close(context: dg.AssetCheckExecutionContext, core: dg.ResourceParam[Core]) -> dg.AssetCheckResult:
        import_id = core.import_of(context.run)
        with without_values(core, context.run), core.connect() as connection:
            undecided = invariants.count_undecided_rows(connection, import_id)
        return dg.AssetCheckResult(passed=undecided == 0, metadata={"rows_without_decision": undecided})

    return counts_close


def core_checks(entity: str) -> dg.AssetChecksDefinition:
    """Return the checks that every write of the import is audited and has evidence."""
    key = names.core_key(entity)
    specs = [
        dg.AssetCheckSpec("every_write_audited", asset=key, description="Each write has its audit entry."),
        dg.AssetCheckSpec("every_write_has_evidence", asset=key, description="Each write has its source record."),
    ]

    @dg.multi_asset_check(name=f"core__{entity}__checks", specs=specs)
    def check_writes(
        context: dg.AssetCheckExecutionContext, core: dg.ResourceParam[Core]
    ) -> Iterator[dg.AssetCheckResult]:
        with without_values(core, context.run):
            imports = core.imports_of(context.run, entity)
            with core.connect() as connection:
                unaudited = sum(invariants.count_unaudited_writes(connection, one) for one in imports)
                unproven = sum(invariants.count_writes_without_evidence(connection, one) for one in imports)
        yield dg.AssetCheckResult(
            asset_key=key,
            check_name="every_write_audited",
            passed=unaudited == 0,
            metadata={"missing": unaudited},
        )
        yield dg.AssetCheckResult(
            asset_key=key,
            check_name="every_write_has_evidence",
            passed=unproven == 0,
            metadata={"missing": unproven},
        )

    return check_writes


def enrichment_checks(one: PluginJob) -> dg.AssetChecksDefinition:
    """Return the checks of an enricher's signals: evidence matches the text, shares resemble the last run's."""
    specs = [
        dg.AssetCheckSpec(name, asset=names.signals_key(one.plugin, entity), description=description)
        for entity in one.entities
        for name, description in (
            ("evidence_quotes_text", "Each piece of evidence matches the text at its position in the record."),
            ("share_with_signals", "The share of records with signals is about that of the previous run."),
        )
    ]

    entities = {names.signals_key(one.plugin, entity): entity for entity in one.entities}

    @dg.multi_asset_check(name=f"{names.enrich_op(one.plugin, one.job.name)}__checks", specs=specs, can_subset=True)
    def check_signals(
        context: dg.AssetCheckExecutionContext, core: dg.ResourceParam[Core]
    ) -> Iterator[dg.AssetCheckResult]:
        for key in sorted(context.selected_asset_check_keys, key=str):
            entity = entities[key.asset_key]
            if key.name == "evidence_quotes_text":
                with without_values(core, context.run), core.connect() as connection:
                    unproven = count_unproven(connection, get_descriptor(entity), one.plugin)
                yield dg.AssetCheckResult(
                    asset_key=key.asset_key, check_name=key.name, passed=unproven == 0, metadata={"unproven": unproven}
                )
            else:
                yield _share_check(context.instance, key)

    return check_signals


def _share_check(instance: dg.DagsterInstance, key: dg.AssetCheckKey) -> dg.AssetCheckResult:
    event = instance.get_latest_materialization_event(key.asset_key)
    metadata = event.asset_materialization.metadata if event and event.asset_materialization else {}
    shares = {name: float(str(metadata[name].value)) for name in _SHARES if name in metadata}
    enriched = int(str(metadata["enriched"].value)) if "enriched" in metadata else 0
    now, before = (shares.get(name, 0.0) for name in _SHARES)
    comparable = len(shares) == len(_SHARES) and enriched >= _MIN_RECORDS
    return dg.AssetCheckResult(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=not comparable or abs(now - before) <= _MAX_DIFFERENCE,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={**shares, "enriched": enriched},
    )


_SHARES = ("share_with_signals", "share_last_time")
_MAX_DIFFERENCE = 0.1
_MIN_RECORDS = 200
