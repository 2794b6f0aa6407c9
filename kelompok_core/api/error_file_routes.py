"""Error file route: workers write the files, this process only sends them; no plugin runs here."""

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import IO, Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from kelompok_core.access.actors import Actor
from kelompok_core.access.rules import Action
from kelompok_core.api.caller import InstallationHere, find_import, holding
from kelompok_core.api.problems import may_answer
from kelompok_core.api.words import LanguageWord
from kelompok_core.errors import NotFound
from kelompok_core.imports.reporting.error_file import name_error_file
from kelompok_core.imports.reporting.stored_errors import awaited, find_current, want
from kelompok_core.imports.shared.imports import Import
from kelompok_core.installation import Installation
from kelompok_core.sources.storage import open_kept

router = APIRouter(prefix="/api/v1/imports", tags=["imports"])

ErrorFileForm = Literal["csv", "ndjson"]
_MEDIA_TYPES = {"csv": "text/csv", "ndjson": "application/x-ndjson"}
_TEXT = {"schema": {"type": "string"}}
_CHUNK = 1 << 16
"""Chunk size in bytes: what a client must accept before its connection counts as stuck."""


class _Sent(StreamingResponse):
    """Sends an open file and closes it, even when the client disconnects early."""

    def __init__(self, file: IO[bytes], **options: object) -> None:
        super().__init__(_chunks(file), **options)  # type: ignore[arg-type]  # passed on as they are
        self._file = file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._file.close()


async def _chunks(file: IO[bytes]) -> AsyncIterator[bytes]:
    while chunk := await run_in_threadpool(file.read, _CHUNK):
        yield chunk


@router.get(
    "/{import_id}/errors.{form}",
    operation_id="get_error_file",
    summary="Get the error file",
    response_class=StreamingResponse,
    responses={
        200: {"content": dict.fromkeys(_MEDIA_TYPES.values(), _TEXT), "description": "The file."},
        **may_answer(401, 403, 404, 409, 422, 429, 503),
    },
)
def get_error_file(
    import_id: UUID,
    form: Annotated[ErrorFileForm, Path(description="`csv` for tables, `ndjson` for JSON; see the import's links.")],
    caller: Annotated[Actor, holding(Action.IMPORT_READ)],
    installation: InstallationHere,
    language: LanguageWord = "en",
) -> StreamingResponse:
    """Return the rejected rows and the rows in review as received, with their findings, to correct and import again.

    A worker writes the file. While it is missing or outdated, the response is 404 with Retry-After.
    """
    with installation.database.connect() as connection:
        import_ = find_import(connection, caller, import_id, Action.IMPORT_READ)
        if (name := name_error_file(import_)) != f"errors.{form}":
            raise NotFound("error file of this kind", f"errors.{form}")
        kept = find_current(connection, import_, language)
    file, size = _opened(installation, import_, kept)
    headers = {"Content-Disposition": f'attachment; filename="{import_.id}-{name}"', "Content-Length": str(size)}
    return _Sent(file, media_type=_MEDIA_TYPES[form], headers=headers)


def _opened(installation: Installation, import_: Import, kept: str | None) -> tuple[IO[bytes], int]:
    """Return the stored file and its size.

    Raises:
        ErrorFileAwaited: When it is missing; a worker will write it.
    """
    if kept is not None:
        with suppress(FileNotFoundError):  # a newer one just replaced it, or somebody removed it
            return open_kept(installation.settings.storage_url, kept)
    with installation.database.connect() as connection, connection.begin():
        want(connection, import_.id)
    raise awaited()
