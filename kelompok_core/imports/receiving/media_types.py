"""Seeing that a job reads what a file is, and naming the plugin that does where it does not."""

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
    """A file as it came.

    Attributes:
        location: Path or URL it came from.
        declared: The media type that its name or its sender says; None where neither does.
        head: How it begins.
    """

    location: str
    declared: str | None
    head: bytes


def find_media_type(settings: Settings, plugin: PluginInfo, job: Job, file: Arrived) -> str:
    """Return what the job shall take a file for: by how it begins, before what it is declared as.

    Raises:
        UsageError: When the job does not read what the file is, with the plugin that does.
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
    """Whether a job may read what looks like delimited text as something else: any text but JSON may look so."""
    inputs = set(job.inputs)
    return form is DELIMITED and not inputs & form.media_types and not inputs <= JSON.media_types | {FOLDER_TYPE}


def _how_to_read(settings: Settings, form: FileForm, job: Job, file: str) -> str:
    """Return which plugin reads such a file, as a command; else what to do."""
    for plugin in sorted(list_plugins(settings), key=lambda one: (one.state is not PluginState.ENABLED, one.name)):
        other = _job_of(plugin, str(job.entity), form.media_types)
        if other is not None:
            run = f"kelompok plugin run {plugin.name} --job {other.name} --file {shlex.quote(file)}"
            if plugin.state is PluginState.ENABLED:
                return f"{plugin.name} reads it: {run}"
            return f"{plugin.name} reads it, once it is enabled: kelompok plugin enable {plugin.name} && {run}"
    if form.reader is not None:
        return f"{form.reader} reads it, and is not installed. {form.advice}"
    return f"No plugin here reads it. {form.advice}"


def _job_of(plugin: PluginInfo, entity: str, media_types: Collection[str]) -> Job | None:
    return next((job for job in plugin.jobs() if job.entity == entity and set(media_types) & set(job.inputs)), None)
