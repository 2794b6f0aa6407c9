"""A file sent over HTTP: what is asked of it, which plugin reads it, and its bytes on their way into storage."""

import asyncio
import re
from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Annotated

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.datastructures import UploadFile

from kelompok_core.access.actors import Actor
from kelompok_core.access.rules import Action
from kelompok_core.api.caller import require
from kelompok_core.api.option_parameters import given_options, with_option_parameters
from kelompok_core.api.problems import MediaTypeRefused
from kelompok_core.errors import NotPermitted, PluginUnavailable, UsageError
from kelompok_core.imports.receiving.receive import Admission, ImportRequest, admit
from kelompok_core.imports.shared.profiles import chosen_profile
from kelompok_core.imports.shared.rights import authorize_import
from kelompok_core.installation import Installation
from kelompok_core.organizations.queries import get_organization_id
from kelompok_core.plugin_host.manifest import Job
from kelompok_core.plugin_host.registry import PluginState, list_plugins, require_per_request
from kelompok_core.settings import Settings
from kelompok_core.sources.opening import media_type_of
from kelompok_core.sources.storage import Incoming

MULTIPART = "multipart/form-data"
_UNTOLD = ("", "application/octet-stream")
_PIECE = 1 << 20
_LONGEST_NAME = 200
_NO_NAME = re.compile(r"[\x00-\x1f\x7f/\\]")
_GZIP = b"\x1f\x8b"

Word = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
FileName = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f/\\]+$")]


class Mode(StrEnum):
    """How far an import goes unasked."""

    DRY_RUN = "dry_run"
    APPLY = "apply"


@with_option_parameters(text=Word)
class Asked(BaseModel):
    """What is asked of a file, with the import's options; some may come as headers: see :class:`AskedByHeader`."""

    model_config = ConfigDict(extra="forbid")

    plugin: Word | None = Field(default=None, description="Needed only where several enabled plugins read this.")
    job: Word | None = Field(default=None, description="Needed only where the plugin has several for this.")
    mode: Mode | None = Field(default=None, description="`dry_run` (the default) stops at the plan.")
    organization: Word | None = Field(default=None, description="Slug of the organization it is confined to.")
    source: Word | None = Field(
        default=None, description="Name of the list this is; the same name again updates. Default: the file's name."
    )
    file_name: FileName | None = Field(default=None, description="What the file is called.")


class AskedByHeader(BaseModel):
    """The same as headers; what the query says wins."""

    kelompok_plugin: Word | None = None
    kelompok_job: Word | None = None
    kelompok_mode: Mode | None = None
    kelompok_organization: Word | None = None
    kelompok_profile: Word | None = None
    kelompok_source: Word | None = None
    kelompok_file_name: FileName | None = None


def together(asked: Asked, by_header: AskedByHeader) -> Asked:
    """Return what was asked one way or the other."""
    told = {name.removeprefix("kelompok_"): value for name, value in by_header if value is not None}
    missing = {name: value for name, value in told.items() if getattr(asked, name) is None}
    return asked.model_copy(update=missing)


def media_type_sent(request: Request) -> str:
    """Return the type the body says it has, without its parameters.

    Raises:
        MediaTypeRefused: When the body is packed.
    """
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise MediaTypeRefused("the body is packed", hint="Send it without a Content-Encoding.")
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def prepare(
    installation: Installation, caller: Actor, entity: str, asked: Asked, *, media_type: str, key: str | None
) -> Admission:
    """See that the caller may import so, and what reads the file; its content is not looked at.

    Raises:
        KelompokError: What speaks against it.
    """
    told = media_type if media_type not in _UNTOLD else media_type_of(asked.file_name or "") or ""
    plugin, job = _reader(installation.settings, entity, told, asked)
    options = given_options(asked)
    require_per_request(installation.settings, plugin, options.config)
    profile = chosen_profile(installation.settings, options)
    source = asked.source or profile.source_name
    if source is None and asked.file_name is None:
        raise UsageError("the source is not named", hint="Give source, or file_name to take it from.")
    request = ImportRequest(
        plugin=plugin,
        job=job.name,
        file=asked.file_name or str(source),
        organization=asked.organization,
        source_name=source,
        dry_run=asked.mode is not Mode.APPLY,
        options=profile.options,
        idempotency_key=key,
        media_type=told,
    )
    try:
        admission = admit(installation, request, caller)
    except NotPermitted:
        _hide_foreign(installation, caller.acting_on(entity), asked.organization)
        raise
    if not request.dry_run:
        with installation.database.connect() as connection:
            authorize_import(connection, caller, Action.IMPORT_APPLY, entity, admission.organization_id)
    return admission


def _hide_foreign(installation: Installation, caller: Actor, organization: str | None) -> None:
    """Refuse an organization the caller has nothing to do with as one that does not exist."""
    if organization is not None:
        with installation.database.connect() as connection:
            organization_id = get_organization_id(connection, organization)
            require(connection, caller, Action.IMPORT_SUBMIT, organization_id, ("organization", organization))


def _reader(settings: Settings, entity: str, media_type: str, asked: Asked) -> tuple[str, Job]:
    """Return the one enabled plugin and job that import this kind of file into the entity.

    Raises:
        MediaTypeRefused: When none reads it.
        PluginUnavailable: When none imports there at all, or the one named does not.
        UsageError: When there are several.
    """
    jobs = [
        (plugin.name, job)
        for plugin in list_plugins(settings)
        for job in plugin.jobs()
        if plugin.state is PluginState.ENABLED and job.entity == entity and job.is_importer
        and asked.plugin in (None, plugin.name) and asked.job in (None, job.name)
    ]  # fmt: skip
    if not jobs:
        raise PluginUnavailable(asked.plugin or "any", f"none that is enabled imports {entity} so")
    fitting = [(plugin, job) for plugin, job in jobs if media_type in job.inputs]
    if not fitting:
        known = sorted({each for _, job in jobs for each in job.inputs})
        raise MediaTypeRefused(
            f"no enabled plugin reads {media_type or 'a body without a type'}", hint=f"There is: {', '.join(known)}."
        )
    if len(fitting) > 1:
        names = ", ".join(f"{plugin} ({job.name})" for plugin, job in fitting)
        raise UsageError(f"several jobs read this: {names}", hint="Say plugin, or plugin and job.")
    return fitting[0]


async def file_of_form(request: Request) -> UploadFile:
    """Return the part called «file» of a form; whoever closes the request closes it.

    Raises:
        UsageError: When there is none.
    """
    form = await request.form(max_files=1, max_fields=10)
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise UsageError("the form has no file", hint="Send it as the part «file».")
    return file


def name_of(file: UploadFile) -> str | None:
    """Return what a form calls its file, as far as that can be a name."""
    return _NO_NAME.sub("_", file.filename or "")[:_LONGEST_NAME] or None


async def take_in(incoming: Incoming, request: Request, form_file: UploadFile | None) -> None:
    """Write the body, or the form's file, into storage as it arrives; nothing holds all of it in memory.

    Raises:
        MediaTypeRefused: When it is packed.
    """
    held = bytearray()
    pieces = request.stream() if form_file is None else _pieces(form_file)
    async for piece in pieces:
        held += piece
        if len(held) >= _PIECE:
            await _write(incoming, held)
    await _write(incoming, held)


async def _write(incoming: Incoming, held: bytearray) -> None:
    if incoming.size == 0 and held.startswith(_GZIP):
        raise MediaTypeRefused("the file is packed with gzip", hint="Unpack it and send it again.")
    await asyncio.to_thread(incoming.write, bytes(held))
    held.clear()


async def _pieces(file: UploadFile) -> AsyncIterator[bytes]:
    while piece := await file.read(_PIECE):
        yield piece
