"""Metadata of each asset after a step of an import, the same for all jobs that make it."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import dagster as dg

from kelompok_core.imports.applying.invariants import count_invalid_rows
from kelompok_core.imports.reporting.disclosure import Disclosure, disclosure_of
from kelompok_core.imports.reporting.public_changes import list_public_changes
from kelompok_core.imports.reporting.report import ImportReport, get_report
from kelompok_core.records.registry import get_descriptor
from kelompok_core.sources.storage import kept_location
from kelompok_pipelines.assets.specs import columns
from kelompok_pipelines.columns import (
    candidate_lineage,
    candidate_schema,
    core_lineage,
    core_schema,
    decision_lineage,
    source_schema,
)
from kelompok_pipelines.metadata import applied_metadata, decided_metadata, staged_metadata
from kelompok_pipelines.names import Layer
from kelompok_pipelines.plugin_jobs import PluginJob
from kelompok_pipelines.resources import Core


def staged_of(core: Core, import_id: UUID) -> tuple[ImportReport, Disclosure, int]:
    """Return the report, what Dagster may show of it, and the number of invalid rows."""
    report, disclosure = _report_of(core, import_id)
    with core.connect() as connection:
        return report, disclosure, count_invalid_rows(connection, import_id)


def staged_results(core: Core, one: PluginJob, import_id: UUID) -> dict[dg.AssetKey, Mapping[str, Any]]:
    """Return the metadata of source records and candidates, by asset key."""
    entity, records = get_descriptor(one.entity), one.key(Layer.SOURCE_RECORDS)
    report, disclosure, invalid_rows = staged_of(core, import_id)
    kept = kept_location(core.installation.settings.storage_url, report.import_.file_sha256)
    metadata = staged_metadata(report, disclosure, invalid_rows)
    of_source = {"kept_file": dg.MetadataValue.path(kept), **columns(schema=source_schema(disclosure))}
    of_candidates = columns(
        schema=candidate_schema(entity, disclosure), lineage=candidate_lineage(entity, records, disclosure)
    )
    return {records: metadata | of_source, one.key(Layer.CANDIDATES): metadata | of_candidates}


def decided_result(core: Core, one: PluginJob, import_id: UUID) -> Mapping[str, Any]:
    """Return the metadata of decisions."""
    entity = get_descriptor(one.entity)
    report, disclosure = _report_of(core, import_id)
    with core.connect() as connection:
        changes = list_public_changes(connection, report.import_)
    lineage = decision_lineage(entity, one.key(Layer.CANDIDATES))
    return decided_metadata(report, disclosure, changes) | columns(
        schema=candidate_schema(entity, disclosure), lineage=lineage
    )


def applied_result(core: Core, entity: str, decisions: Sequence[dg.AssetKey], import_id: UUID) -> Mapping[str, Any]:
    """Return the metadata of a core table, which is made from these decisions."""
    descriptor = get_descriptor(entity)
    report, disclosure = _report_of(core, import_id)
    return applied_metadata(report) | columns(
        schema=core_schema(descriptor, disclosure), lineage=core_lineage(descriptor, decisions)
    )


def _report_of(core: Core, import_id: UUID) -> tuple[ImportReport, Disclosure]:
    """Return the import's report, and the rules for what Dagster may store of it."""
    with core.connect() as connection:
        report = get_report(connection, import_id)
    return report, disclosure_of(core.installation.settings, report.import_)
