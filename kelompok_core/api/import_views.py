"""Response models of imports, their rows and their findings."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from kelompok_core.api.words import ReasonWord
from kelompok_core.imports.reporting.error_file import name_error_file
from kelompok_core.imports.reporting.report import ImportReport, IssueGroup, RowIssue
from kelompok_core.imports.reporting.row_pages import DecidedRow, PlacedIssue
from kelompok_core.imports.shared.imports import Import, ImportState
from kelompok_core.imports.undoing.undo import UndoReport


class Work(StrEnum):
    """Whether the import waits for a worker, is running, or has nothing left to do."""

    WAITING = "waiting"
    RUNNING = "running"
    ENDED = "ended"


class FileView(BaseModel):
    """The file as it was received."""

    name: str
    sha256: str
    bytes: int
    media_type: str


class Failure(BaseModel):
    """Why an import failed."""

    code: str
    message: str
    hint: str | None


class Progress(BaseModel):
    """The progress of an import."""

    step: str = Field(examples=["staging"], description="The import's state.")
    rows: int = Field(description="Rows read so far.")


class Counts(BaseModel):
    """Rows by decision: ``rows_read`` is the sum of the others."""

    rows_read: int
    accepted: int
    merged: int
    unchanged: int
    rejected: int
    review: int


class Links(BaseModel):
    """Related URLs."""

    self: str
    issues: str
    rows: str
    errors: str = Field(description="The error file: rejected rows and rows in review, to correct and import again.")
    audit: str
    apply: str | None = Field(description="Set while a plan waits to be applied.")
    undo: str | None = Field(description="Set once the import is applied.")
    cancel: str | None = Field(description="Set until the import writes anything.")


class ImportSummary(BaseModel):
    """An import in a list."""

    id: UUID
    state: ImportState
    work: Work
    mode: str = Field(examples=["dry_run"])
    entity: str = Field(examples=["organizations"])
    plugin: str = Field(examples=["csv-import@0.1.0"])
    job: str
    source: str
    organization_id: UUID | None = Field(description="The organization that the import is limited to.")
    file: FileView
    counts: Counts | None = Field(description="Null until the rows are decided.")
    progress: Progress
    failure: Failure | None
    created_at: datetime
    planned_at: datetime | None
    applied_at: datetime | None
    links: Links


class Sentence(BaseModel):
    """A text in English and Indonesian."""

    en: str
    id: str


class IssueView(BaseModel):
    """A finding about a row or, if ``row_number`` is null, about the file."""

    row_number: int | None
    line: int | None
    column: str | None
    value: str | None = Field(description="As written in the file: untrusted text.")
    code: str = Field(examples=["value.email"])
    severity: str = Field(examples=["warning"])
    params: dict[str, object]
    message: Sentence


class IssueGroupView(BaseModel):
    """All findings of one code in one column."""

    code: str
    severity: str
    column: str | None
    count: int
    examples: list[IssueView]


class AuditReference(BaseModel):
    """The import's audit entries."""

    entries: int
    url: str


class ImportView(ImportSummary):
    """An import with its report."""

    read_as: dict[str, object] = Field(description="How the file was read: encoding, delimiter and so on.")
    mapping: dict[str, str] = Field(description="The field that each column is read as.")
    reasons: dict[str, int] = Field(description="Number of rows by reason of their decision.")
    issues: list[IssueGroupView]
    waiting: int = Field(description="Rows in review that are not decided yet.")
    blank_lines: int
    durations: dict[str, float] = Field(description="Seconds per step.")
    run_id: str | None = Field(description="The Dagster run of the import.")
    audit: AuditReference


class RowView(BaseModel):
    """A row as received, with its decision."""

    row_number: int
    line: int | None
    raw: dict[str, object] = Field(description="The row as received: untrusted text.")
    decision: str | None = Field(examples=["accepted"], description="Null until the rows are decided.")
    reason: ReasonWord | None
    record_id: UUID | None = Field(description="The record that the row becomes or is merged into.")
    name: str | None = Field(description="Name of the record, or of the row.")
    ref: str | None = Field(description="The record's slug, or the last digits of its id.")
    changes: dict[str, object] | None = Field(
        description="Old and new value by field; for an accepted row, all of its fields."
    )


class ReversalView(BaseModel):
    """A record that the undo did not fully change back."""

    record: UUID
    label: str | None
    outcome: str = Field(examples=["kept"], description="deleted, restored, kept or refused.")
    reason: str | None
    restored: list[str]
    kept: list[str] = Field(description="Fields that were changed since and keep their values.")


class UndoView(BaseModel):
    """What an undo changed or, in a dry run, would change."""

    import_id: UUID
    state: ImportState
    dry_run: bool
    again: bool = Field(description="Whether the import was undone before; then only the rest is counted.")
    counts: dict[str, int] = Field(description="Records by outcome.")
    left: list[ReversalView] = Field(description="Records that were not fully changed back.")


def summary_of(import_: Import) -> ImportSummary:
    return ImportSummary(**_summary(import_))


def view_of(report: ImportReport, audit_entries: int) -> ImportView:
    import_ = report.import_
    return ImportView(
        **_summary(import_),
        read_as=dict(import_.read_as),
        mapping=dict(import_.mapping),
        reasons=dict(report.reasons),
        issues=[_group(group) for group in report.groups],
        waiting=report.waiting,
        blank_lines=import_.blank_lines,
        durations=dict(import_.durations),
        run_id=import_.run_id,
        audit=AuditReference(entries=audit_entries, url=f"{_address(import_)}/audit"),
    )


def issue_of(placed: PlacedIssue) -> IssueView:
    return _issue(placed.issue)


def row_of(row: DecidedRow) -> RowView:
    return RowView(
        row_number=row.row_number, line=row.line, raw=dict(row.raw), decision=row.decision, reason=row.reason,
        record_id=row.target_id, name=row.name, ref=row.ref, changes=dict(row.changes) if row.changes else None,
    )  # fmt: skip


def undo_of(report: UndoReport) -> UndoView:
    values = report.to_json()
    return UndoView.model_validate(values | {"import_id": values["import"]})


def _address(import_: Import) -> str:
    return f"/api/v1/imports/{import_.id}"


def _summary(import_: Import) -> Mapping[str, Any]:
    failure = None
    if import_.failure is not None:
        failure = Failure(
            code=import_.failure_code or "import.failed", message=import_.failure, hint=import_.failure_hint
        )
    return {
        "id": import_.id,
        "state": import_.state,
        "work": _work(import_),
        "mode": import_.mode,
        "entity": import_.entity,
        "plugin": import_.plugin_label,
        "job": import_.job,
        "source": import_.source_name,
        "organization_id": import_.organization_id,
        "file": FileView(
            name=import_.file_name, sha256=import_.file_sha256, bytes=import_.file_bytes, media_type=import_.media_type
        ),
        "counts": Counts(**import_.counts) if import_.counts else None,
        "progress": Progress(step=import_.state.value, rows=import_.rows_staged),
        "failure": failure,
        "created_at": import_.created_at,
        "planned_at": import_.planned_at,
        "applied_at": import_.applied_at,
        "links": _links(import_),
    }


def _work(import_: Import) -> Work:
    if import_.queued_at is None:
        return Work.ENDED
    return Work.WAITING if import_.leased_by is None else Work.RUNNING


def _links(import_: Import) -> Links:
    here = _address(import_)
    return Links(
        self=here,
        issues=f"{here}/issues",
        rows=f"{here}/rows",
        errors=f"{here}/{name_error_file(import_)}",
        audit=f"{here}/audit",
        apply=f"{here}/apply" if import_.waits_for_approval else None,
        undo=f"{here}/undo" if import_.state is ImportState.APPLIED else None,
        cancel=f"{here}/cancel" if import_.is_unfinished or import_.waits_for_approval else None,
    )


def _issue(issue: RowIssue) -> IssueView:
    return IssueView.model_validate(issue.to_json())


def _group(group: IssueGroup) -> IssueGroupView:
    return IssueGroupView(
        code=group.code, severity=group.severity, column=group.column, count=group.count,
        examples=[_issue(one) for one in group.examples],
    )  # fmt: skip
