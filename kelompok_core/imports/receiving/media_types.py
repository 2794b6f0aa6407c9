"""Determines a file's media type, checks that the job reads it, and otherwise suggests a plugin that does."""

import shlex
from collections.abc import Collection
from dataclasses import dataclass
from itertools import product

from kelompok_core.contracts import FOLDER_TYPE
from kelompok_core.errors import UsageError
from kelompok_core.plugin_host.manifest import Job
from kelompok_core.plugin_host.registry import PluginInfo, PluginState, list_plugins
from kelompok_core.settings import Settings
from kelompok_core.sources.forms import CALENDAR, CONTACTS, DELIMITED, JSON, FileFormat, find_format, format_of


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


_WITH_MARKS = JSON.media_types | CALENDAR.media_types | CONTACTS.media_types | {FOLDER_TYPE}


def find_media_type(settings: Settings, plugin: PluginInfo, job: Job, file: Arrived) -> str:
    """Return the media type as which the job reads a file. The first bytes count more than the declared type.

    Raises:
        UsageError: When the job does not read this kind of file. The hint names a plugin that does.
    """
    detected = find_format(file.head)
    if detected is None or _is_weak_evidence(detected, job):
        detected = None if file.declared is None else format_of(file.declared)
    if detected is None or (file.declared in job.inputs and file.declared in detected.media_types):
        return file.declared or job.inputs[0]
    if fitting := [one for one in job.inputs if one in detected.media_types]:
        return fitting[0]
    name = file.location.rstrip("/").rpartition("/")[2]
    hint = _hint_to_read(settings, detected, job, file.location)
    raise UsageError(f"{name} is {detected.called}, and {plugin.name} does not read that", hint=hint)


def _is_weak_evidence(detected: FileFormat, job: Job) -> bool:
    """Return whether the job may read what looks like delimited text as text of another kind.

    Any text can look like delimited text, except JSON, calendars and cards, which begin with marks of their own.
    """
    inputs = set(job.inputs)
    return detected is DELIMITED and not inputs & detected.media_types and not inputs <= _WITH_MARKS


def _hint_to_read(settings: Settings, detected: FileFormat, job: Job, file: str) -> str:
    """Return a hint: the command of a plugin that reads this kind of file, or other advice."""
    plugins = sorted(list_plugins(settings), key=lambda one: (one.state is not PluginState.ENABLED, one.name))
    for entity, gives_way, plugin in product((job.entity, None), (False, True), plugins):
        other = _job_of(plugin, entity, detected.media_types, gives_way=gives_way)
        if other is not None:
            run = f"kelompok plugin run {plugin.name} --job {other.name} --file {shlex.quote(file)}"
            if plugin.state is PluginState.ENABLED:
                return f"{plugin.name} reads it: {run}"
            return f"{plugin.name} reads it, once it is enabled: kelompok plugin enable {plugin.name} && {run}"
    if detected.reader is not None:
        return f"{detected.reader} reads it, but is not installed. {detected.advice}"
    return f"No installed plugin reads it. {detected.advice}"


def _job_of(plugin: PluginInfo, entity: str | None, media_types: Collection[str], *, gives_way: bool) -> Job | None:
    """Return the plugin's job that reads such files into an entity, or into any if that is None."""
    reading = (job for job in plugin.jobs() if set(media_types) & set(job.inputs) and job.gives_way == gives_way)
    return next((job for job in reading if entity in (None, job.entity)), None)
