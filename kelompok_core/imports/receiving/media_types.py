"""Determines a file's media type, checks that the job reads it, and otherwise suggests a plugin that does."""

import shlex
from collections.abc import Collection
from dataclasses import dataclass

from kelompok_core.contracts import FOLDER_TYPE
from kelompok_core.errors import UsageError
from kelompok_core.plugin_host.manifest import Job
from kelompok_core.plugin_host.registry import PluginInfo, PluginState, list_plugins
from kelompok_core.settings import Settings
from kelompok_core.sources.forms import DELIMITED, JSON, FileForm, find_form, form_of


@dataclass(frozen=True, kw_only=True)
class Arrived:
    """A received file, before it is read.

    Attributes:
        location: Its path or URL.
        declared: The media type given by its sender or derived from its name, or None.
        head: Its first bytes.
    """

    location: str
    declared: str | None
    head: bytes


def find_media_type(settings: Settings, plugin: PluginInfo, job: Job, file: Arrived) -> str:
    """Return the media type as which the job reads a file. The first bytes count more than the declared type.

    Raises:
        UsageError: When the job does not read this kind of file. The hint names a plugin that does.
    """
    form = find_form(file.head)
    if form is None or _says_little(form, job):
        form = None if file.declared is None else form_of(file.declared)
    if form is None or (file.declared in job.inputs and file.declared in form.media_types):
        return file.declared or job.inputs[0]
    if fitting := [one for one in job.inputs if one in form.media_types]:
        return fitting[0]
    name = file.location.rstrip("/").rpartition("/")[2]
    hint = _how_to_read(settings, form, job, file.location)
    raise UsageError(f"{name} is {form.called}, and {plugin.name} does not read that", hint=hint)


def _says_little(form: FileForm, job: Job) -> bool:
    """Return whether the form is no evidence: any text except JSON may look like delimited text.

    That is so if the job reads no delimited text, but text of another kind.
    """
    inputs = set(job.inputs)
    return form is DELIMITED and not inputs & form.media_types and not inputs <= JSON.media_types | {FOLDER_TYPE}


def _how_to_read(settings: Settings, form: FileForm, job: Job, file: str) -> str:
    """Return a hint: the command of a plugin that reads this kind of file, or other advice."""
    for plugin in sorted(list_plugins(settings), key=lambda one: (one.state is not PluginState.ENABLED, one.name)):
        other = _job_of(plugin, str(job.entity), form.media_types)
        if other is not None:
            run = f"kelompok plugin run {plugin.name} --job {other.name} --file {shlex.quote(file)}"
            if plugin.state is PluginState.ENABLED:
                return f"{plugin.name} reads it: {run}"
            return f"{plugin.name} reads it, once it is enabled: kelompok plugin enable {plugin.name} && {run}"
    if form.reader is not None:
        return f"{form.reader} reads it, but is not installed. {form.advice}"
    return f"No installed plugin reads it. {form.advice}"


def _job_of(plugin: PluginInfo, entity: str, media_types: Collection[str]) -> Job | None:
    return next((job for job in plugin.jobs() if job.entity == entity and set(media_types) & set(job.inputs)), None)
