"""The row of an import in the table ``imports``: its request, state, report and owner."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from kelompok_core.errors import KelompokError, NotFound, TakenOver
from kelompok_core.failures import trace_of
from kelompok_core.imports.shared.acting import act_on
from kelompok_core.imports.shared.options import ImportOptions
from kelompok_core.issues.stored import StoredFinding, params_of
from kelompok_core.records.owners_sql import OWNER

DECISIONS = ("accepted", "merged", "unchanged", "rejected", "review")
"""The decisions about rows. Their counts add up to the rows read."""


class ImportState(StrEnum):
    """The state of an import. A dry run ends as ``PLANNED``."""

    RECEIVED = "received"
    STAGING = "staging"
    STAGED = "staged"
    PLANNED = "planned"
    APPLIED = "applied"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNDONE = "undone"


_UNFINISHED = frozenset({ImportState.RECEIVED, ImportState.STAGING, ImportState.STAGED})


@dataclass(frozen=True, kw_only=True)
class Import:
    """An import as stored in the table ``imports``."""

    id: UUID
    state: ImportState
    mode: str
    entity: str
    plugin: str
    plugin_version: str
    job: str
    source_name: str
    file_name: str
    file_sha256: str
    file_bytes: int
    media_type: str
    actor_id: UUID
    organization_id: UUID | None
    key_id: UUID | None
    approved_by: UUID | None
    approved_key_id: UUID | None
    options: ImportOptions
    needs: tuple[str, ...]
    header: tuple[str, ...]
    mapping: Mapping[str, str]
    read_as: Mapping[str, Any]
    issues: list[StoredFinding]
    rows_staged: int
    blank_lines: int
    plan_revision: int
    counts: Mapping[str, int] | None
    run_id: str | None
    failure: str | None
    failure_code: str | None
    failure_hint: str | None
    failure_trace: str | None
    durations: Mapping[str, float]
    created_at: datetime
    planned_at: datetime | None
    applied_at: datetime | None
    queued_at: datetime | None
    leased_by: UUID | None
    fence: int

    @property
    def dry_run(self) -> bool:
        return self.mode == "dry_run"

    @property
    def is_unfinished(self) -> bool:
        """Whether the import still has to be staged, decided or applied."""
        return self.state in _UNFINISHED or (self.state is ImportState.PLANNED and not self.waits_for_approval)

    @property
    def released_by(self) -> tuple[UUID, UUID | None]:
        """The user whose rights the import has, and their key if they used one: the approver, or else the requester."""
        return (self.approved_by, self.approved_key_id) if self.approved_by else (self.actor_id, self.key_id)

    @property
    def waits_for_approval(self) -> bool:
        """Whether its plan waits for approval."""
        return self.state is ImportState.PLANNED and self.dry_run and self.approved_by is None

    @property
    def failure_findings(self) -> list[StoredFinding]:
        """The issues that made the import fail."""
        return [issue for issue in self.issues if "place" in params_of(issue)]

    @property
    def origin(self) -> str:
        """How the values of this source are marked in ``field_origins``."""
        return f"source:{self.source_name}"

    @property
    def plugin_label(self) -> str:
        return f"{self.plugin}@{self.plugin_version}"


def fingerprint(parts: Mapping[str, object]) -> bytes:
    """Return a digest of the parts; requests with the same digest are the same."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).digest()


_COLUMNS = """
    id, state, mode, entity, plugin, plugin_version, job, source_name, file_name,
    encode(file_sha256, 'hex') AS file_sha256, file_bytes, media_type, actor_id, organization_id, key_id,
    approved_by, approved_key_id, options, needs, header, mapping, read_as, issues, rows_staged, blank_lines,
    plan_revision, rows_read, accepted, merged, unchanged, rejected, review, run_id, failure, failure_code,
    failure_hint, failure_trace, durations, created_at, planned_at, applied_at, queued_at, leased_by, fence"""


def get_import(connection: sa.Connection, import_id: UUID) -> Import:
    """Return the import.

    Raises:
        NotFound: When there is none with this id.
    """
    query = sa.text(f"SELECT {_COLUMNS} FROM imports WHERE id = :id")
    row = connection.execute(query, {"id": import_id}).one_or_none()
    if row is None:
        raise NotFound("import", import_id)
    return _from_row(row)


def list_imports(
    connection: sa.Connection, *, limit: int = 20, before: UUID | None = None,
    visible: tuple[Sequence[UUID], UUID | None] | None = None,
) -> list[Import]:  # fmt: skip
    """Return the newest imports.

    Args:
        connection: To the database.
        limit: The maximum number.
        before: Only imports older than this one.
        visible: Organizations and a user. Only imports limited to one of the organizations, and the user's own imports
            that are not limited to an organization and whose rows all belong to these organizations.
    """
    organizations, actor_id = visible or ([], None)
    query = sa.text(f"""
        SELECT {_COLUMNS} FROM imports
        WHERE (CAST(:before AS uuid) IS NULL OR id < :before)
          AND (:everywhere OR organization_id = ANY (CAST(:owners AS uuid[]))
               OR (organization_id IS NULL AND actor_id = CAST(:actor AS uuid) AND entity <> '{OWNER}'
                   AND cardinality(CAST(:owners AS uuid[])) > 0 AND NOT EXISTS (
                     SELECT FROM import_decisions d
                     WHERE d.import_id = imports.id AND d.organization_id <> ALL (CAST(:owners AS uuid[])))))
        ORDER BY id DESC LIMIT :limit""")
    params = {"limit": limit, "before": before, "everywhere": visible is None, "actor": actor_id}
    rows = connection.execute(query, params | {"owners": list(organizations)})
    return [_from_row(row) for row in rows]


def list_by_run(connection: sa.Connection, run_id: str, entity: str | None = None) -> list[UUID]:
    """Return the imports of a Dagster run, newest first: one, unless the run applies all approved plans."""
    query = sa.text("""
        SELECT id FROM imports
        WHERE run_id = :run AND entity = coalesce(:entity, entity) ORDER BY created_at DESC""")
    return list(connection.scalars(query, {"run": run_id, "entity": entity}))


def list_approved(connection: sa.Connection, entity: str) -> list[UUID]:
    """Return an entity's imports with an approved plan that is not applied yet, oldest first."""
    query = sa.text("""
        SELECT id FROM imports
        WHERE entity = :entity AND state = 'planned' AND approved_by IS NOT NULL ORDER BY id""")
    return list(connection.scalars(query, {"entity": entity}))


def failure_columns(error: KelompokError | None) -> dict[str, str | None]:
    """Return the columns that store an error in the import's row; for None, columns that clear it."""
    if error is None:
        return dict.fromkeys(("failure", "failure_code", "failure_hint", "failure_trace"))
    return {
        "failure": error.message,
        "failure_code": error.code,
        "failure_hint": error.hint,
        "failure_trace": trace_of(error),
    }


def bind_run(connection: sa.Connection, import_id: UUID, run_id: str) -> None:
    """Store the Dagster run that works on the import.

    Raises:
        NotFound: When there is no such import.
    """
    get_import(connection, import_id)
    update_import(connection, import_id, run_id=run_id)


def _from_row(row: sa.Row[Any]) -> Import:
    values = row._asdict()
    counts = {name: values.pop(name) for name in ("rows_read", *DECISIONS)}
    values["state"] = ImportState(values["state"])
    values["options"] = ImportOptions.from_json(values["options"])
    values["header"] = tuple(values["header"])
    values["needs"] = tuple(values["needs"])
    values["counts"] = None if counts["rows_read"] is None else counts
    return Import(**values)


def update_import(connection: sa.Connection, import_id: UUID, **values: object) -> None:
    """Set columns of the import's row."""
    connection.execute(sa.update(IMPORTS).where(IMPORTS.c.id == import_id).values(updated_at=sa.func.now(), **values))


def update_held(connection: sa.Connection, import_: Import, **values: object) -> None:
    """Update the row of an import in progress, if the caller still holds it; audited as the approver or requester.

    Raises:
        TakenOver: When the import was cancelled or taken over by another worker since ``import_`` was read.
    """
    act_on(connection, import_, import_.released_by[0])
    mine = sa.and_(IMPORTS.c.id == import_.id, IMPORTS.c.fence == import_.fence)
    if not connection.execute(sa.update(IMPORTS).where(mine).values(updated_at=sa.func.now(), **values)).rowcount:
        raise TakenOver(import_.id)


def fail_import(connection: sa.Connection, import_: Import, error: KelompokError) -> Import:
    """Fail an import that is being read, or cancel one that is further along; return it. Its worker stops.

    Raises:
        TakenOver: When the import was cancelled or taken over by another worker since ``import_`` was read.
    """
    ended: dict[str, object] = {"state": ImportState.FAILED}
    if import_.state not in (ImportState.RECEIVED, ImportState.STAGING):  # only reading can fail for good
        ended = {"state": ImportState.CANCELLED, "cancelled_by": import_.released_by[0]}
    taken = {"queued_at": None, "leased_by": None, "fence": IMPORTS.c.fence + 1}
    update_held(connection, import_, **ended, **taken, **failure_columns(error))
    return get_import(connection, import_.id)


IMPORTS = sa.table(
    "imports",
    *(
        sa.column(name)
        for name in [
            "id",
            "state",
            "mode",
            "entity",
            "plugin",
            "plugin_version",
            "job",
            "source_name",
            "file_name",
            "file_sha256",
            "file_bytes",
            "media_type",
            "actor_id",
            "organization_id",
            "sees_all",
            "key_id",
            "approved_by",
            "approved_key_id",
            "cancelled_by",
            "idempotency_key",
            "fingerprint",
            "rows_staged",
            "blank_lines",
            "plan_revision",
            "rows_read",
            "accepted",
            "merged",
            "unchanged",
            "rejected",
            "review",
            "run_id",
            "failure",
            "failure_code",
            "failure_hint",
            "failure_trace",
            "queued_at",
            "leased_by",
            "fence",
            "attempts",
            "updated_at",
            "planned_at",
            "applied_at",
            "undone_at",
            "undone_by",
            "reading_sha256",
            "pass_sha256",
            "plan_snapshot",
            "plan_epoch",
        ]
    ),
    sa.column("options", JSONB),
    sa.column("mapping", JSONB),
    sa.column("read_as", JSONB),
    sa.column("issues", JSONB),
    sa.column("durations", JSONB),
    sa.column("header", ARRAY(sa.Text)),
    sa.column("needs", ARRAY(sa.Text)),
)
