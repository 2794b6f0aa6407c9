"""Routes of imports: submit a file, poll its state, read its findings, apply its plan, undo it."""

from typing import Annotated
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, Header, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from kelompok_core.access.actors import Actor
from kelompok_core.access.rules import Action, list_organizations_where, list_visible_organizations
from kelompok_core.api.audit_views import AuditView, audit_of
from kelompok_core.api.caller import Connection, InstallationHere, allow_import, find_import, holding
from kelompok_core.api.import_views import (
    ImportSummary,
    ImportView,
    IssueView,
    RowView,
    UndoView,
    issue_of,
    row_of,
    summary_of,
    undo_of,
    view_of,
)
from kelompok_core.api.pages import CursorText, Limit, One, Page, page, read_cursor
from kelompok_core.api.problems import may_answer
from kelompok_core.api.submission import (
    MULTIPART,
    SubmissionHeaders,
    SubmissionParameters,
    file_of_form,
    media_type_sent,
    merge_headers,
    name_of,
    prepare,
    store,
)
from kelompok_core.api.words import DecisionWord, EntityWord
from kelompok_core.audit.trail import count_for_import, list_for_import
from kelompok_core.imports.applying.apply import approve
from kelompok_core.imports.receiving.receive import open_import
from kelompok_core.imports.reporting.report import get_report
from kelompok_core.imports.reporting.row_pages import BEGINNING, list_issues, list_rows
from kelompok_core.imports.running.cancel import cancel
from kelompok_core.imports.shared.imports import list_imports
from kelompok_core.imports.undoing.undo import undo
from kelompok_core.installation import Installation
from kelompok_core.sources.storage import Incoming

router = APIRouter(prefix="/api/v1/imports", tags=["imports"])

Reader = Annotated[Actor, holding(Action.IMPORT_READ)]

_EXAMPLE_CSV = "id,name,city\n1,Yayasan Air Kita,Kupang\n"
_EXAMPLE_JSON = [{"id": 1, "name": "Yayasan Air Kita", "city": "Kupang"}]
_BINARY = {"type": "string", "format": "binary"}
_FILE_BODY = {
    "requestBody": {
        "required": True,
        "description": "The file itself. Other media types that an enabled plugin reads are accepted, too.",
        "content": {
            "text/csv": {"schema": _BINARY, "example": _EXAMPLE_CSV},
            "application/json": {"schema": {"type": ["array", "object"]}, "example": _EXAMPLE_JSON},
            "application/x-ndjson": {"schema": _BINARY, "example": '{"id": 1, "name": "Yayasan Air Kita"}\n'},
            "application/octet-stream": {
                "schema": _BINARY | {"description": "Any of these; the extension of `file_name` selects one."}
            },
            MULTIPART: {
                "schema": {"type": "object", "required": ["file"], "properties": {"file": _BINARY}},
            },
        },
    }
}


@router.post(
    "/{entity}",
    status_code=202,
    operation_id="submit_import",
    summary="Import a file",
    responses={
        202: {
            "headers": {
                "Location": {"schema": {"type": "string"}, "description": "The import's URL, to poll its state."}
            }
        },
        **may_answer(401, 403, 404, 408, 413, 415, 422, 429, 503),
    },
    openapi_extra=_FILE_BODY,
)
async def submit_import(
    entity: Annotated[EntityWord, Path()],
    parameters: Annotated[SubmissionParameters, Query()],
    headers: Annotated[SubmissionHeaders, Header()],
    caller: Annotated[Actor, holding(Action.IMPORT_SUBMIT)],
    installation: InstallationHere,
    request: Request,
    response: Response,
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=200,
            description="Requests with the same key and the same file return the same import.",
        ),
    ] = None,
) -> One[ImportView]:
    """Store the file and queue the import. A worker reads it, decides every row and, if requested, applies the plan."""
    parameters, media_type, form_file = merge_headers(parameters, headers), media_type_sent(request), None
    try:
        if media_type == MULTIPART:
            form_file = await file_of_form(request)
            media_type = (form_file.content_type or "").partition(";")[0].strip().lower()
            parameters = parameters.model_copy(update={"file_name": parameters.file_name or name_of(form_file)})
        admission = await run_in_threadpool(
            prepare, installation, caller, entity, parameters, media_type=media_type, key=idempotency_key
        )
        with Incoming(installation.settings.storage_url) as incoming:
            await store(incoming, request, form_file)
            receipt = await run_in_threadpool(open_import, installation, admission, incoming, queued=True)
        if receipt.resumed:
            await run_in_threadpool(allow_import, installation, caller, receipt.import_id, Action.IMPORT_SUBMIT)
    finally:
        await request.close()
    view = await run_in_threadpool(_view, installation, caller, receipt.import_id)
    response.headers["Location"] = view.links.self
    return One(data=view, message="This file was received before: this is its import." if receipt.resumed else None)


def _view(installation: Installation, caller: Actor, import_id: UUID) -> ImportView:
    with installation.database.connect() as connection:
        return _view_by(connection, caller, import_id)


def _view_by(connection: sa.Connection, caller: Actor, import_id: UUID) -> ImportView:
    report = get_report(connection, import_id, sees=list_visible_organizations(connection, caller))
    return view_of(report, count_for_import(connection, import_id))


_READING = may_answer(401, 403, 404, 422, 429, 503)
_DOING = may_answer(401, 403, 404, 409, 422, 429, 503)


@router.get("", operation_id="list_imports", summary="List imports, newest first", responses=_READING)
def list_all(
    caller: Reader, connection: Connection, limit: Limit = 50, cursor: CursorText = None
) -> Page[ImportSummary]:
    place = read_cursor(cursor, (UUID,))
    organizations = list_organizations_where(connection, caller, Action.IMPORT_READ)
    visible = None if organizations is None else (organizations, None if caller.confined_to else caller.id)
    found = list_imports(connection, limit=limit + 1, before=place[0] if place else None, visible=visible)
    return page(found, limit, summary_of, lambda one: (one.id,))


@router.get("/{import_id}", operation_id="get_import", summary="Get an import", responses=_READING)
def get_one(import_id: UUID, caller: Reader, connection: Connection) -> One[ImportView]:
    """Return the import's state, counts, findings and links. Poll it until `work` is `ended`."""
    find_import(connection, caller, import_id, Action.IMPORT_READ)
    return One(data=_view_by(connection, caller, import_id))


@router.get("/{import_id}/issues", operation_id="list_issues", summary="List an import's findings", responses=_READING)
def list_all_issues(
    import_id: UUID, caller: Reader, connection: Connection, limit: Limit = 50, cursor: CursorText = None
) -> Page[IssueView]:
    import_ = find_import(connection, caller, import_id, Action.IMPORT_READ)
    place = read_cursor(cursor, (int, int, int)) or BEGINNING
    sees = list_visible_organizations(connection, caller)
    found = list_issues(connection, import_, after=place, limit=limit + 1, sees=sees)
    return page(found, limit, issue_of, lambda one: one.place)


@router.get(
    "/{import_id}/rows", operation_id="list_rows", summary="List an import's rows and decisions", responses=_READING
)
def list_all_rows(
    import_id: UUID,
    caller: Reader,
    connection: Connection,
    decision: Annotated[DecisionWord | None, Query(description="Only rows with this decision.")] = None,
    limit: Limit = 50,
    cursor: CursorText = None,
) -> Page[RowView]:
    import_ = find_import(connection, caller, import_id, Action.IMPORT_READ)
    place = read_cursor(cursor, (int,)) or (0,)
    found = list_rows(
        connection, import_, after=place[0], limit=limit + 1, decisions=None if decision is None else [decision],
        sees=list_visible_organizations(connection, caller),
    )  # fmt: skip
    return page(found, limit, row_of, lambda one: (one.row_number,))


@router.get(
    "/{import_id}/audit", operation_id="list_import_audit", summary="List an import's changes", responses=_READING
)
def list_audit(
    import_id: UUID, caller: Annotated[Actor, holding(Action.AUDIT_READ)], connection: Connection,
    limit: Limit = 50, cursor: CursorText = None,
) -> Page[AuditView]:  # fmt: skip
    find_import(connection, caller, import_id, Action.AUDIT_READ)
    place = read_cursor(cursor, (int,))
    found = list_for_import(connection, import_id, limit=limit + 1, before=place[0] if place else None)
    return page(found, limit, audit_of, lambda one: (one.id,))


@router.post(
    "/{import_id}/apply", status_code=202, operation_id="apply_import", summary="Apply a plan", responses=_DOING
)
def apply_one(
    import_id: UUID, caller: Annotated[Actor, holding(Action.IMPORT_APPLY)], installation: InstallationHere
) -> One[ImportView]:
    """Queue the plan of a dry run to be applied as planned. Rows whose record has changed since go to review."""
    allow_import(installation, caller, import_id, Action.IMPORT_APPLY)
    approve(installation, import_id, caller, queued=True)
    return One(data=_view(installation, caller, import_id))


@router.post("/{import_id}/undo", operation_id="undo_import", summary="Undo an import", responses=_DOING)
def undo_one(
    import_id: UUID,
    caller: Annotated[Actor, holding(Action.IMPORT_UNDO)],
    installation: InstallationHere,
    dry_run: Annotated[bool, Query(description="Only report what would be undone.")] = False,
) -> One[UndoView]:
    """Delete the records the import created, and restore those it changed. Later changes are kept, and listed."""
    allow_import(installation, caller, import_id, Action.IMPORT_UNDO)
    return One(data=undo_of(undo(installation, import_id, caller, dry_run=dry_run)))


@router.post("/{import_id}/cancel", operation_id="cancel_import", summary="Cancel an import", responses=_DOING)
def cancel_one(
    import_id: UUID, caller: Annotated[Actor, holding(Action.IMPORT_SUBMIT)], installation: InstallationHere
) -> One[ImportView]:
    """Cancel an import that has not written anything yet: a queued one, one that is being read, or a plan."""
    allow_import(installation, caller, import_id, Action.IMPORT_SUBMIT)
    cancel(installation, import_id, caller)
    return One(data=_view(installation, caller, import_id))
