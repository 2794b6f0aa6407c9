"""Files sent over HTTP: the request's parameters, the plugin that reads the file, and writing it to storage."""

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
_UNSPECIFIC_TYPES = ("", "application/octet-stream")
_CHUNK = 1 << 20
_MAX_NAME_LENGTH = 200
_NOT_IN_NAMES = re.compile(r"[\x00-\x1f\x7f/\\]")
_GZIP = b"\x1f\x8b"

Word = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
FileName = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f/\\]+$")]


class Mode(StrEnum):
    """Whether an import stops at its plan or applies it."""

    DRY_RUN = "dry_run"
    APPLY = "apply"


@with_option_parameters(text=Word)
class SubmissionParameters(BaseModel):
    """Query parameters of a submitted file, with the import's options; see also :class:`SubmissionHeaders`."""

    model_config = ConfigDict(extra="forbid")

    plugin: Word | None = Field(
        default=None, description="Needed only if several enabled plugins read this type of file."
    )
    job: Word | None = Field(
        default=None, description="Needed only if several jobs of the plugin read this type of file."
    )
    mode: Mode | None = Field(default=None, description="`dry_run` (the default) stops at the plan.")
    organization: Word | None = Field(
        default=None, description="Slug of the organization that the import is limited to."
    )
    source: Word | None = Field(
        default=None,
        description="Name of the list. Importing the same list again updates its records. Default: the file's name.",
    )
    file_name: FileName | None = Field(default=None, description="Name of the file.")


class SubmissionHeaders(BaseModel):
    """The same parameters as headers; query parameters take precedence."""

    kelompok_plugin: Word | None = None
    kelompok_job: Word | None = None
    kelompok_mode: Mode | None = None
    kelompok_organization: Word | None = None
    kelompok_profile: Word | None = None
    kelompok_source: Word | None = None
    kelompok_file_name: FileName | None = None


def merge_headers(parameters: SubmissionParameters, headers: SubmissionHeaders) -> SubmissionParameters:
    """Return the parameters, completed from the headers."""
    from_headers = {name.removeprefix("kelompok_"): value for name, value in headers if value is not None}
    missing = {name: value for name, value in from_headers.items() if getattr(parameters, name) is None}
    return parameters.model_copy(update=missing)


def media_type_sent(request: Request) -> str:
    """Return the media type of the body, without its parameters.

    Raises:
        MediaTypeRefused: When the body is compressed.
    """
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise MediaTypeRefused("the body is compressed", hint="Send it without a Content-Encoding.")
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def prepare(
    installation: Installation,
    caller: Actor,
    entity: str,
    parameters: SubmissionParameters,
    *,
    media_type: str,
    key: str | None,
) -> Admission:
    """Check the caller's rights and find the job that reads the file, without reading its content.

    Raises:
        KelompokError: When the import is not possible.
    """
    file_type = media_type if media_type not in _UNSPECIFIC_TYPES else media_type_of(parameters.file_name or "") or ""
    plugin, job = _reader(installation.settings, entity, file_type, parameters)
    options = given_options(parameters)
    require_per_request(installation.settings, plugin, options.config)
    profile = chosen_profile(installation.settings, options)
    source = parameters.source or profile.source_name
    if source is None and parameters.file_name is None:
        raise UsageError("the source is not named", hint="Give source, or file_name to take it from.")
    request = ImportRequest(
        plugin=plugin,
        job=job.name,
        file=parameters.file_name or str(source),
        organization=parameters.organization,
        source_name=source,
        dry_run=parameters.mode is not Mode.APPLY,
        options=profile.options,
        idempotency_key=key,
        media_type=file_type,
    )
    try:
        admission = admit(installation, request, caller)
    except NotPermitted:
        _hide_invisible(installation, caller.acting_on(entity), parameters.organization)
        raise
    if not request.dry_run:
        with installation.database.connect() as connection:
            authorize_import(connection, caller, Action.IMPORT_APPLY, entity, admission.organization_id)
    return admission


def _hide_invisible(installation: Installation, caller: Actor, organization: str | None) -> None:
    """Report an organization that the caller cannot see as not found."""
    if organization is not None:
        with installation.database.connect() as connection:
            organization_id = get_organization_id(connection, organization)
            require(connection, caller, Action.IMPORT_SUBMIT, organization_id, ("organization", organization))


def _reader(settings: Settings, entity: str, media_type: str, parameters: SubmissionParameters) -> tuple[str, Job]:
    """Return the one enabled plugin and job that import this type of file into the entity.

    Raises:
        MediaTypeRefused: When none reads this type.
        PluginUnavailable: When none imports into the entity, or the named plugin or job does not.
        UsageError: When several do.
    """
    jobs = [
        (plugin.name, job)
        for plugin in list_plugins(settings)
        for job in plugin.jobs()
        if plugin.state is PluginState.ENABLED and job.entity == entity and job.is_importer
        and parameters.plugin in (None, plugin.name) and parameters.job in (None, job.name)
    ]  # fmt: skip
    if not jobs:
        raise PluginUnavailable(parameters.plugin or "any", f"no enabled plugin imports {entity} with these parameters")
    fitting = [(plugin, job) for plugin, job in jobs if media_type in job.inputs]
    if not fitting:
        known = sorted({each for _, job in jobs for each in job.inputs})
        raise MediaTypeRefused(
            f"no enabled plugin reads {media_type or 'a body without a type'}", hint=f"Use one of: {', '.join(known)}."
        )
    fitting = [one for one in fitting if not one[1].gives_way] or fitting
    if len(fitting) > 1:
        names = ", ".join(f"{plugin} ({job.name})" for plugin, job in fitting)
        raise UsageError(f"several jobs read this: {names}", hint="Set plugin, or plugin and job.")
    return fitting[0]


async def file_of_form(request: Request) -> UploadFile:
    """Return the part «file» of a form. It is closed with the request.

    Raises:
        UsageError: When the form has no such part.
    """
    form = await request.form(max_files=1, max_fields=10)
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise UsageError("the form has no file", hint="Send it as the part «file».")
    return file


def name_of(file: UploadFile) -> str | None:
    """Return the name of a form's file, without characters that names may not have; None if it has no name."""
    return _NOT_IN_NAMES.sub("_", file.filename or "")[:_MAX_NAME_LENGTH] or None


async def store(incoming: Incoming, request: Request, form_file: UploadFile | None) -> None:
    """Write the body, or the form's file, to storage while it arrives, without holding all of it in memory.

    Raises:
        MediaTypeRefused: When it is compressed.
    """
    buffer = bytearray()
    chunks = request.stream() if form_file is None else _chunks(form_file)
    async for chunk in chunks:
        buffer += chunk
        if len(buffer) >= _CHUNK:
            await _write(incoming, buffer)
    await _write(incoming, buffer)


async def _write(incoming: Incoming, buffer: bytearray) -> None:
    if incoming.size == 0 and buffer.startswith(_GZIP):
        raise MediaTypeRefused("the file is compressed with gzip", hint="Decompress it and send it again.")
    await asyncio.to_thread(incoming.write, bytes(buffer))
    buffer.clear()


async def _chunks(file: UploadFile) -> AsyncIterator[bytes]:
    while chunk := await file.read(_CHUNK):
        yield chunk
