"""Checks that scheduled and watched sources use existing plugins, jobs, profiles, fields, time zones and folders."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from time import time

from dagster._utils.schedules import cron_string_iterator, is_valid_cron_schedule  # not exported

from kelompok_core.errors import SettingsError, UsageError
from kelompok_core.headers.mapping import EXTRA, IGNORE
from kelompok_core.imports.receiving.receive import ImportRequest, source_of
from kelompok_core.imports.shared.columns import list_fields, list_targets
from kelompok_core.imports.shared.options import OPTIONS, ImportOptions
from kelompok_core.imports.shared.profiles import Profile, installation_zone, read_profile
from kelompok_core.plugin_host.configuration import check_config
from kelompok_core.plugin_host.manifest import Job
from kelompok_core.plugin_host.registry import PluginInfo, PluginState, list_plugins
from kelompok_core.settings import Settings
from kelompok_core.suggestions import suggest
from kelompok_core.values.conventions import is_zone
from kelompok_pipelines.fresh_sources import FreshSources, is_configured, read_fresh_sources
from kelompok_pipelines.sources import (
    AnySource,
    ScheduledSource,
    Source,
    SourceTable,
    WatchedSource,
    read_scheduled,
    read_watched,
)

RESERVED = frozenset({"prune_runs_weekly", "check_freshness_daily", "default_automation_condition_sensor"})
"""Names used by Kelompok and Dagster. Kelompok's other names contain two underscores, so no table can have them."""

_A_ZONE = "Name one such as Asia/Makassar."


@dataclass(frozen=True, kw_only=True)
class Sources:
    """The scheduled and watched sources of kelompok.toml, and the sources that should be imported regularly."""

    scheduled: list[SourceTable[ScheduledSource]] = field(default_factory=list)
    watched: list[SourceTable[WatchedSource]] = field(default_factory=list)
    fresh: FreshSources = field(default_factory=FreshSources)

    @property
    def tables(self) -> list[SourceTable[Source]]:
        """All scheduled and watched sources, and the invalid keys of ``[freshness]``."""
        return [*self.scheduled, *self.watched, *self.fresh.wrong]

    @property
    def wrong(self) -> list[SourceTable[Source]]:
        return [one for one in self.tables if one.problems]


def read_sources(settings: Settings) -> Sources:
    """Return all tables, each with all its errors. Does not run plugin code or use the database.

    Raises:
        SettingsError: When kelompok.toml or its ``[plugins]`` cannot be read.
    """
    scheduled, watched = read_scheduled(settings), read_watched(settings)
    if not scheduled and not watched and not is_configured(settings):
        return Sources()
    known = _Known(settings)
    return Sources(
        scheduled=_checked(known, scheduled, partial(_of_schedule, known)),
        watched=_checked(known, watched, _FolderCheck(known)),
        fresh=read_fresh_sources(settings, known.enabled_jobs(), [*scheduled, *watched]),
    )


class _Known:
    """The plugins and profiles that tables may use, each read once."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.plugins = {one.name: one for one in list_plugins(settings)}
        self._profiles: dict[str, Profile] = {}

    def profile(self, name: str | None) -> Profile:
        """Return the profile of this name; an empty one for None.

        Raises:
            UsageError: When there is no such profile, or it is invalid.
        """
        if name is None:
            return Profile()
        if name not in self._profiles:
            self._profiles[name] = read_profile(self.settings, name)
        return self._profiles[name]

    @cached_property
    def zone(self) -> str:
        return installation_zone(self.settings)

    def enabled_jobs(self) -> set[tuple[str, str]]:
        """Return plugin and name of the importing jobs of enabled plugins."""
        enabled = [one for one in self.plugins.values() if one.state is PluginState.ENABLED]
        return {(plugin.name, job.name) for plugin in enabled for job in plugin.jobs() if job.is_importer}

    def job(self, source: Source) -> Job | None:
        """Return the job that imports the source, even if its plugin is disabled."""
        plugin = self.plugins.get(source.plugin)
        jobs = plugin.jobs() if plugin is not None else ()
        return next((one for one in jobs if one.name == source.job and one.is_importer), None)


def _checked(
    known: _Known, tables: list[SourceTable[AnySource]], check: Callable[[str, AnySource], Iterator[SettingsError]]
) -> list[SourceTable[AnySource]]:
    keys_by_name: dict[str, str] = {}
    found = []
    for one in tables:
        problems = [*one.problems, *_of_name(one.key, one.given.get("name"), keys_by_name)]
        if one.source is not None:
            problems += _of_job(known, one.key, one.source)
            problems += _of_options(known, one.key, one.source)
            problems += check(one.key, one.source)
        found.append(replace(one, problems=tuple(problems)))
    return found


def _of_name(key: str, name: object, keys_by_name: dict[str, str]) -> Iterator[SettingsError]:
    """Yield an error if a name is reserved or used by an earlier table."""
    if not isinstance(name, str):
        return
    if name in RESERVED:
        yield SettingsError(f"{key}.name", f"the name {name!r} is reserved", hint="Choose another name.")
    elif (first := keys_by_name.setdefault(name, key)) != key:
        yield SettingsError(f"{key}.name", f"{name!r} is already the name of {first}", hint="Choose another name.")


def _of_job(known: _Known, key: str, source: Source) -> Iterator[SettingsError]:
    plugin = known.plugins.get(source.plugin)
    if plugin is None:
        hint = suggest(source.plugin, known.plugins)
        yield SettingsError(f"{key}.plugin", f"there is no plugin {source.plugin!r}", hint=hint)
        return
    if plugin.state is not PluginState.ENABLED:
        is_off = plugin.state in (PluginState.DISABLED, PluginState.UNGRANTED)
        command = f"kelompok plugin enable {plugin.name}" if is_off else "kelompok doctor"
        yield SettingsError(f"{key}.plugin", f"the plugin {plugin.name} is {plugin.state}", hint=f"Run «{command}».")
    if known.job(source) is None:
        hint = suggest(source.job, [one.name for one in plugin.jobs() if one.is_importer])
        yield SettingsError(f"{key}.job", f"{plugin.name} has no job {source.job!r} that imports", hint=hint)


def _of_options(known: _Known, key: str, source: Source) -> Iterator[SettingsError]:
    options = source.import_options
    for one in OPTIONS:
        try:
            one.check(one.of(options))
        except UsageError as error:
            yield SettingsError(f"{key}.{one.key}", error.message, hint=error.hint)
    try:
        profile = known.profile(options.profile)
    except UsageError as error:
        yield SettingsError(f"{key}.profile", error.message, hint=error.hint)
        profile = Profile()
    yield from _of_source_name(key, source, source.source or profile.source_name)
    if (job := known.job(source)) is not None:
        yield from _of_fields(key, source, profile.options, str(job.entity))
        yield from _of_plugin_settings(key, source, profile.options, known.plugins[source.plugin])


def _of_source_name(key: str, source: Source, name: str | None) -> Iterator[SettingsError]:
    file = source.file if isinstance(source, ScheduledSource) else "list.csv"
    try:
        source_of(ImportRequest(plugin=source.plugin, job=source.job, file=file, source_name=name))
    except UsageError as error:
        yield SettingsError(f"{key}.source", error.message, hint=error.hint)


def _of_fields(key: str, source: Source, profile: ImportOptions, entity: str) -> Iterator[SettingsError]:
    options, targets, taken = source.import_options, list_targets(entity), set[str]()
    for header, target in {**profile.mapping, **options.mapping}.items():
        path = f"{key}.mapping.{header}" if header in options.mapping else f"{key}.profile"
        if target in (IGNORE, EXTRA):
            continue
        if target not in targets:
            hint = suggest(target, targets, few=len(targets))
            yield SettingsError(path, f"{entity} have no field {target!r}", hint=hint)
        elif target in taken:
            yield SettingsError(path, f"another column is already mapped to {target!r}")
        taken.add(target)
    fields = list_fields(entity)
    for name in {**profile.policies, **options.policies}:
        if name not in fields:
            path = f"{key}.policies.{name}" if name in options.policies else f"{key}.profile"
            hint = suggest(name, fields, few=len(fields))
            yield SettingsError(path, f"{entity} have no field {name!r}", hint=hint)


def _of_plugin_settings(
    key: str, source: Source, profile: ImportOptions, plugin: PluginInfo
) -> Iterator[SettingsError]:
    if plugin.manifest is None or plugin.state is not PluginState.ENABLED:
        return
    try:
        check_config(plugin.manifest, {**plugin.config, **profile.config, **source.import_options.config})
    except SettingsError as error:
        path = error.key.removeprefix(f"plugins.{plugin.name}")
        # Dagster stores this message, and the reason may quote a value.
        yield SettingsError(
            f"{key}.settings{path}", "is not a setting of the plugin, or its value is invalid", hint=error.hint
        )


def _of_schedule(known: _Known, key: str, source: ScheduledSource) -> Iterator[SettingsError]:
    if not is_valid_cron_schedule(source.cron):
        yield SettingsError(
            f"{key}.cron", f"{source.cron!r} is not a cron expression",
            hint="Write minute, hour, day, month and weekday: «0 2 * * *» is every night at two.",
        )  # fmt: skip
    elif not _matches_a_date(source.cron):
        yield SettingsError(
            f"{key}.cron", f"{source.cron!r} never matches a date", hint="Choose a day that the month has."
        )
    if source.cron_timezone is not None:
        if not is_zone(source.cron_timezone):
            yield SettingsError(f"{key}.cron_timezone", f"there is no time zone {source.cron_timezone!r}", hint=_A_ZONE)
        return
    try:
        zone = known.zone
    except SettingsError as error:
        yield error
        return
    if (timezone := source.import_options.timezone) not in (None, zone):
        yield SettingsError(
            f"{key}.timezone", "is the time zone of times in the file, so cron_timezone is required",
            hint=f'Set cron_timezone to "{timezone}" or, to keep the installation\'s time zone, "{zone}".',
        )  # fmt: skip


def _matches_a_date(cron: str) -> bool:
    try:
        return next(cron_string_iterator(time(), cron, "UTC"), None) is not None
    except Exception:  # noqa: BLE001 -- the parser raises various exceptions if no date matches
        return False


class _FolderCheck:
    """Checks that no watched folder contains another, so that each file belongs to one folder."""

    def __init__(self, known: _Known) -> None:
        self._settings = known.settings
        self._root = known.settings.inbox_folder.resolve()
        self._taken: dict[Path, str] = {}
        self._of_jobs = {
            (self._root / plugin.name / job.name).resolve(): (plugin.name, job.name)
            for plugin in known.plugins.values()
            for job in plugin.jobs()
            if job.is_importer
        }

    def __call__(self, key: str, source: WatchedSource) -> Iterator[SettingsError]:
        place = source.place(self._settings)
        if not place.is_relative_to(self._root) or place == self._root:
            yield SettingsError(f"{key}.folder", f"the folder {place} is not in {self._root}", hint="Remove the link.")
            return
        others = {
            **{one: f"the inbox of {' '.join(job)}" for one, job in self._of_jobs.items() if one != place},
            **self._taken,
        }
        whose = self._of_jobs.get(place)
        if whose not in (None, (source.plugin, source.job)):
            others[place] = f"the inbox of {' '.join(whose or ())}"
        for other, called in others.items():
            if place.is_relative_to(other) or other.is_relative_to(place):
                yield SettingsError(
                    f"{key}.folder",
                    f"the folder {place} contains, or is inside, {other}, {called}",
                    hint="Choose another folder.",
                )
                return
        self._taken[place] = f"the folder of {key}"
