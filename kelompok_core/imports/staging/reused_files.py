"""Reuses the rows of an earlier import that read the same file in the same way."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import sqlalchemy as sa

from kelompok_core.contracts import Issue, Severity
from kelompok_core.database.locks import use_memory
from kelompok_core.fail_points import FailPoint, reach
from kelompok_core.imports.shared.acting import noticing_takeover
from kelompok_core.imports.shared.imports import IMPORTS, Import, ImportState, fingerprint, update_held
from kelompok_core.imports.shared.repeated_rows_sql import LATEST_FIRST, OF_SCOPE
from kelompok_core.imports.shared.rights import StagingRights
from kelompok_core.imports.staging.normalizing import CONTRACT
from kelompok_core.imports.staging.row_tables import issue_dict
from kelompok_core.installation import Installation, Progress
from kelompok_core.issues.stored import StoredFinding
from kelompok_core.plugin_host.code import digest_code
from kelompok_core.plugin_host.registry import list_automatic, require_enabled
from kelompok_core.settings import Settings

WINDOW_ROWS = 50_000
"""Rows that are copied in one transaction; after an interruption, at most this many are copied again."""

_SESSIONS = 2
"""Sessions that copy rows in parallel. Each keeps one CPU core busy."""


def digest_pass(settings: Settings, import_: Import, rights: StagingRights, owners: int | None) -> bytes:
    """Return a digest of everything on which reading a source depends. Imports with the same digest have the same rows.

    This relies on the contract of importers and normalizers: same bytes and settings, same batches. The digest covers
    their code and the core's; the file name, because readers may use it; the source name, because evidence belongs to a
    source; and the countries of organizations (``owners``), if rows name their organizations. If the sender does not
    see all organizations, rows are reused only for the same sender.

    Raises:
        PluginUnavailable: When the plugin is not enabled.
    """
    importer = require_enabled(settings, import_.plugin)
    normalizers = list_automatic(settings, CONTRACT)
    options = import_.options
    return fingerprint(
        {
            "file": [import_.file_sha256, import_.file_name, import_.media_type],
            "of": [import_.entity, import_.source_name, import_.organization_id],
            "by": import_.job,
            "config": [{**importer.config, **options.config}, *(one.config for one in normalizers)],
            "options": options.effects,
            "granted": sorted(rights.granted),
            "sender": rights.actor_id if import_.organization_id is None and rights.sees is not None else None,
            "owners": owners,
            "code": digest_code("kelompok_core", importer.package, *(one.package for one in normalizers)),
        }
    )


def reuse_rows(installation: Installation, import_: Import, digest: bytes, rights: StagingRights) -> int | None:
    """Stage the rows of the last import with this digest; return their number, or None if there is no such import.

    Rows with evidence and without issues become references; the others are copied with their issues. After an
    interruption, call it again: it stages the missing rows.

    Raises:
        TakenOver: When the import was cancelled or taken over by another worker.
    """
    with installation.database.connect() as connection:
        earlier = connection.execute(_SAME_PASS, {"digest": digest, "import": import_.id}).one_or_none()
        if earlier is None:
            return None
        columns = _columns(earlier) | {
            "issues": earlier_import_issues(connection, import_, rights) + _without_repeat_issue(earlier.issues)
        }
    # The first copied rows and the new state are committed together, so a received import has no rows yet.
    statement = _COPY_ALL if import_.state is ImportState.RECEIVED else _COPY_REST
    between = {"import": import_.id, "earlier": earlier.id, "entity": import_.entity, "source": import_.source_name}
    between["scope"] = import_.organization_id

    def copy(first: int) -> int:
        window = {"first": first, "last": first + WINDOW_ROWS - 1, "reading": earlier.reading_sha256}
        with installation.database.connect() as connection, connection.begin():
            use_memory(connection)
            with noticing_takeover(import_):
                copied = connection.execute(statement, between | window).rowcount
            reach(FailPoint.STAGE_COPIED)
            # Adds to the stored number, because the windows may end in any order.
            update_held(
                connection, import_, state=ImportState.STAGING, rows_staged=IMPORTS.c.rows_staged + copied, **columns
            )
            reach(FailPoint.STAGE_UPDATED)
        reach(FailPoint.STAGE_COMMITTED)
        return copied

    staged = import_.rows_staged
    with ThreadPoolExecutor(_SESSIONS, "copying rows") as pool:
        for copied in pool.map(copy, range(1, max(earlier.rows_staged, 1) + 1, WINDOW_ROWS)):
            staged += copied
            installation.on_progress(Progress(step="stage", rows=staged))
    return staged


def earlier_import_issues(connection: sa.Connection, import_: Import, rights: StagingRights) -> list[StoredFinding]:
    """Return an issue that names the import that already applied the same file, if there is one.

    Of imports that are not limited to an organization, only those visible to the sender count: all, or their own.
    """
    params: dict[str, object] = {"sha": bytes.fromhex(import_.file_sha256), "source": import_.source_name}
    params |= {"entity": import_.entity, "organization": import_.organization_id}
    params |= {"sees_all": rights.sees is None, "actor": rights.actor_id}
    earlier = connection.execute(_APPLIED_BEFORE, params).one_or_none()
    if earlier is None:
        return []
    params = {"import": str(earlier.id), "at": earlier.applied_at.isoformat(timespec="minutes")}
    return [issue_dict(Issue(code=_REPEAT_CODE, severity=Severity.INFO, params=params))]


def _columns(earlier: sa.Row[Any]) -> dict[str, object]:
    """Return the import's columns with the facts that the earlier import found about the source."""
    read_as: Mapping[str, object] = earlier.read_as
    return {
        "blank_lines": earlier.blank_lines,
        "header": earlier.header,
        "mapping": earlier.mapping,
        "reading_sha256": earlier.reading_sha256,
        "needs": earlier.needs,
        "read_as": {"read_in_import": str(earlier.id), **read_as},
    }


def _without_repeat_issue(issues: list[StoredFinding]) -> list[StoredFinding]:
    return [issue for issue in issues if issue["code"] != _REPEAT_CODE]


_REPEAT_CODE = "file.already_imported"
_SAME_PASS = sa.text("""
    SELECT id, rows_staged, blank_lines, header, mapping, reading_sha256, needs, read_as, issues FROM imports
    WHERE pass_sha256 = :digest AND id <> :import ORDER BY created_at DESC, id DESC LIMIT 1
""")
_APPLIED_BEFORE = sa.text("""
    SELECT id, applied_at FROM imports
    WHERE state = 'applied' AND file_sha256 = :sha AND source_name = :source AND entity = :entity
      AND organization_id IS NOT DISTINCT FROM CAST(:organization AS uuid)
      AND (organization_id IS NOT NULL OR :sees_all OR actor_id = :actor)
    ORDER BY applied_at DESC LIMIT 1
""")
# Looks up evidence for rows that are not references yet and have no issues. Rows that name their organization are
# copied, because deciding needs the name. A join, so that the planner can estimate the window's share of the evidence.
_COPY = f"""
    INSERT INTO import_rows (import_id, row_number, line, selector, raw, raw_sha256, identity, external_id, candidate,
                             verdict, reason, issues, as_import, as_row_number, evidence_id)
    SELECT :import, r.row_number, r.line, r.selector, CASE WHEN r.evidence IS NULL THEN r.raw END, r.raw_sha256,
           r.identity, r.external_id, CASE WHEN r.evidence IS NULL THEN r.candidate END, r.verdict, r.reason, r.issues,
           CASE WHEN r.evidence IS NOT NULL THEN coalesce(r.as_import, r.import_id) END,
           CASE WHEN r.evidence IS NOT NULL THEN coalesce(r.as_row_number, r.row_number) END, r.evidence
    FROM (
      SELECT DISTINCT ON (w.row_number) w.*, coalesce(w.evidence_id, s.id) AS evidence
      FROM import_rows w LEFT JOIN evidence s
        ON s.entity = :entity AND s.source_name = :source AND s.raw_sha256 = w.raw_sha256
        AND s.identity = CASE WHEN w.evidence_id IS NULL AND w.issues IS NULL AND w.verdict IS NULL
                              AND NOT w.candidate ? 'organization' THEN w.identity END
        AND s.reading_sha256 = :reading
        AND {OF_SCOPE}
      WHERE w.import_id = :earlier AND w.row_number BETWEEN :first AND :last
      ORDER BY w.row_number, {LATEST_FIRST}) r"""
_COPY_ALL = sa.text(_COPY)
_COPY_REST = sa.text(f"{_COPY} ON CONFLICT (import_id, row_number) DO NOTHING")
