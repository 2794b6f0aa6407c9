"""Asset checks: what must hold after each step, asked of the database and not of the step."""

from collections.abc import Iterator

import dagster as dg

from kelompok_core.imports import promises
from kelompok_pipelines import names
from kelompok_pipelines.assets.importing import report_of
from kelompok_pipelines.metadata import issue_table
from kelompok_pipelines.resources import Core


def schema_check(plugin: str, entity: str) -> dg.AssetChecksDefinition:
    """Return the check that all candidates passed the entity's pandera schema; bad rows are a warning."""

    @dg.asset_check(
        asset=names.candidates_key(plugin, entity), name="schema",
        description="Rows that failed the entity's pandera schema or could not be read.",
    )  # fmt: skip
    def schema(context: dg.AssetCheckExecutionContext, core: dg.ResourceParam[Core]) -> dg.AssetCheckResult:
        import_id = core.import_of(context.run)
        with core.connect() as connection:
            bad = promises.count_invalid_rows(connection, import_id)
        report = report_of(core, import_id)
        return dg.AssetCheckResult(
            passed=bad == 0,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={"invalid_rows": bad, "issues": issue_table(report)},
        )

    return schema


def counts_check(plugin: str, entity: str) -> dg.AssetChecksDefinition:
    """Return the check that every row staged has exactly one decision."""

    @dg.asset_check(
        asset=names.decisions_key(plugin, entity), name="counts_close", blocking=True,
        description="rows read = accepted + merged + unchanged + rejected + review",
    )  # fmt: skip
    def counts_close(context: dg.AssetCheckExecutionContext, core: dg.ResourceParam[Core]) -> dg.AssetCheckResult:
        import_id = core.import_of(context.run)
        with core.connect() as connection:
            undecided = promises.count_undecided_rows(connection, import_id)
        return dg.AssetCheckResult(passed=undecided == 0, metadata={"rows_without_decision": undecided})

    return counts_close


def core_checks(entity: str) -> dg.AssetChecksDefinition:
    """Return the checks that every write of the import is audited and has evidence."""
    key = names.core_key(entity)
    specs = [
        dg.AssetCheckSpec("every_write_audited", asset=key, description="Each write has its audit entry."),
        dg.AssetCheckSpec("every_write_has_evidence", asset=key, description="Each write has its source record."),
    ]

    @dg.multi_asset_check(name=f"core__{entity}__promises", specs=specs)
    def written_as_promised(
        context: dg.AssetCheckExecutionContext, core: dg.ResourceParam[Core]
    ) -> Iterator[dg.AssetCheckResult]:
        import_id = core.import_of(context.run)
        with core.connect() as connection:
            unaudited = promises.count_unaudited_writes(connection, import_id)
            unproven = promises.count_writes_without_evidence(connection, import_id)
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

    return written_as_promised
