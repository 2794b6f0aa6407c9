"""Sources that are imported automatically, as ``[[schedules]]`` and ``[[inboxes]]`` of kelompok.toml define them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from kelompok_core.errors import SettingsError, UsageError
from kelompok_core.imports.receiving.receive import ImportRequest, source_of
from kelompok_core.imports.shared.option_fields import options_of, with_option_fields
from kelompok_core.imports.shared.options import ImportOptions, get_option
from kelompok_core.imports.shared.profiles import read_profile
from kelompok_core.plugin_host.configuration import read_document
from kelompok_core.settings import Settings
from kelompok_core.sources.watched import FAILED_FOLDER, TAKEN_FOLDER
from kelompok_pipelines.source_shapes import FOLDER_ERROR, problems_of_shape

_DEEPEST = 2
"""Levels of a watched folder below the inbox folder; folders of organizations are one level deeper."""
_LONGEST_VALUE = 80
_SETTINGS_KEY = get_option("config").key

STANZAS = Path(__file__).parent / "defs"
"""Where ``dg scaffold`` creates components, each in its own folder."""

Text = Annotated[str, StringConstraints(min_length=1)]


@with_option_fields(text=Text)
class SourceOptions(BaseModel):
    """How a file is imported: the options of ``kelompok plugin run``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: Text | None = Field(
        default=None, description="Name of the source; default: the profile's source, else the file name."
    )
    organization: Text | None = Field(default=None, description="Slug of the only organization to import into.")
    actor: Text | None = Field(default=None, description="E-mail of the importing user; default: the local operator.")
    dry_run: bool = Field(default=False, strict=True, description="Stop at the plan.")

    @property
    def import_options(self) -> ImportOptions:
        """How the file is read and merged."""
        return options_of(self)

    def run_config(self) -> dict[str, Any]:
        """Return the options that are set, as config of the op.

        Leaves out the plugin settings, because Dagster stores run config.
        """
        options = self.model_dump(include=set(SourceOptions.model_fields) - {_SETTINGS_KEY}, exclude_defaults=True)
        return {name: _as_config(value) for name, value in options.items()}


def _as_config(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _as_config(one) for key, one in value.items()}
    return value.name if isinstance(value, Enum) else value  # Dagster's config uses the names of enum members


class Source(SourceOptions):
    """A source that is imported by a job of a plugin."""

    name: str = Field(
        pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$",
        description="Name in Dagster: lowercase letters, digits and single underscores.",
    )
    plugin: Text = Field(description="An enabled plugin.")
    job: Text = Field(description="A job of the plugin that imports.")


class ScheduledSource(Source):
    """One ``[[schedules]]`` table: a file or URL that is imported at set times."""

    file: Text = Field(description="Path or URL of the file, read at each scheduled time.")
    cron: Text = Field(description="Cron expression with five fields.")
    cron_timezone: Text | None = Field(
        default=None, description="Time zone of the cron expression; default: the installation's."
    )


class WatchedSource(Source):
    """One ``[[inboxes]]`` table: a folder whose files are imported."""

    folder: Text | None = Field(
        default=None,
        description="Folder in the inbox, one or two levels deep, such as partners/monthly; default: the name.",
    )

    @field_validator("folder")
    @classmethod
    def _is_inside(cls, folder: str | None) -> str | None:
        parts = [] if folder is None else folder.removesuffix("/").split("/")
        if len(parts) > _DEEPEST or any(not _is_folder_name(one) for one in parts):
            raise PydanticCustomError(FOLDER_ERROR, "must be a folder inside the inbox")
        return folder

    def place(self, settings: Settings) -> Path:
        """Return the path of the folder, with links resolved."""
        return (settings.inbox_folder / (self.folder or self.name)).resolve()


def _is_folder_name(part: str) -> bool:
    return part.isprintable() and not part.startswith((".", "~$")) and part not in ("", TAKEN_FOLDER, FAILED_FOLDER)


AnySource = TypeVar("AnySource", bound=Source)
Source_co = TypeVar("Source_co", bound=Source, covariant=True)


@dataclass(frozen=True, kw_only=True)
class SourceTable(Generic[Source_co]):
    """A table of kelompok.toml or a component's YAML, valid or not.

    Attributes:
        key: Its place: ``schedules.2`` is the second table; for a component, the path of its file.
        is_stanza: Whether it is a component's YAML.
        given: Its content as written.
        source: The source it defines; None when its keys or types are invalid.
        problems: Its errors; a table with errors is not run.
    """

    key: str
    is_stanza: bool = False
    given: Mapping[str, Any] = field(default_factory=dict)
    source: Source_co | None = None
    problems: tuple[SettingsError, ...] = ()

    @property
    def called(self) -> str:
        """The table's key with its name, for messages."""
        name = self.given.get("name")
        is_name = isinstance(name, str) and name.isprintable() and 0 < len(name) <= _LONGEST_VALUE
        return f"{self.key} ({name})" if is_name else self.key

    @property
    def name_in_dagster(self) -> str:
        """The table's name, or one made from its key when its name is missing or invalid."""
        has_name = "name" in self.given and all(one.key != f"{self.key}.name" for one in self.problems)
        return str(self.given["name"]) if has_name else self.key.replace(".", "__")

    @property
    def message(self) -> str:
        """Its errors with their hints, in one line."""
        return " ".join(f"{one.message.rstrip('.')}. {one.hint or ''}".strip() for one in self.problems)


def read_scheduled(settings: Settings) -> list[SourceTable[ScheduledSource]]:
    """Return the ``[[schedules]]`` tables and scheduled source components, with errors in their keys and types.

    Raises:
        SettingsError: When kelompok.toml cannot be read.
    """
    return [*_read_tables(settings, "schedules", ScheduledSource), *_read_stanzas(ScheduledSource)]


def read_watched(settings: Settings) -> list[SourceTable[WatchedSource]]:
    """Return the ``[[inboxes]]`` tables and watched source components, with errors in their keys and types.

    Raises:
        SettingsError: When kelompok.toml cannot be read.
    """
    return [*_read_tables(settings, "inboxes", WatchedSource), *_read_stanzas(WatchedSource)]


def scheduled_files(settings: Settings) -> frozenset[str]:
    """Return the files of all schedules, including schedules with other errors."""
    return frozenset(one.source.file for one in read_scheduled(settings) if one.source is not None)


def plugin_settings_of(settings: Settings, key: str, plugin: str, job: str, file: str) -> Mapping[str, Any]:
    """Return the plugin settings of ``schedules.NAME`` or ``inboxes.NAME``, for a file of that source.

    Raises:
        UsageError: When no such table is for this plugin, job and file.
    """
    tables: dict[str, Source] = {}
    for scheduled in (one.source for one in read_scheduled(settings)):
        if scheduled is not None and scheduled.file == file:
            tables.setdefault(f"schedules.{scheduled.name}", scheduled)
    for watched in (one.source for one in read_watched(settings)):
        if watched is not None and Path(file).resolve().is_relative_to(watched.place(settings)):
            tables.setdefault(f"inboxes.{watched.name}", watched)
    found = tables.get(key)
    if found is None or (found.plugin, found.job) != (plugin, job):
        raise UsageError(
            f"kelompok.toml has no {key} for {plugin}, {job} and this file",
            hint="Remove settings_from from the run config, or use the file of that table.",
        )
    return found.import_options.config


def named_source(settings: Settings, options: SourceOptions) -> str | None:
    """Return the source set in the options or their profile, if any.

    Raises:
        NotFound: When there is no such profile.
        SettingsError: When the profile is invalid, with the wrong key.
    """
    profile = options.import_options.profile
    if options.source is not None or profile is None:
        return options.source
    return read_profile(settings, profile).source_name


def source_name(settings: Settings, options: SourceOptions, plugin: str, job: str, file: str | Path) -> str:
    """Return the name of the source to which a file imported with these options belongs.

    Raises:
        UsageError: When the name is not valid for a source, or there is no such profile.
    """
    name = named_source(settings, options)
    return source_of(ImportRequest(plugin=plugin, job=job, file=file, source_name=name))


def _read_tables(settings: Settings, word: str, model: type[AnySource]) -> list[SourceTable[AnySource]]:
    tables = read_document(settings).get(word, [])
    if not isinstance(tables, list):
        wrong = SettingsError(word, "must be a list of tables", hint=f"Write [[{word}]].")
        return [SourceTable(key=word, problems=(wrong,))]
    return [_read_table(f"{word}.{number}", model, table) for number, table in enumerate(tables, start=1)]


def _read_stanzas(model: type[AnySource]) -> list[SourceTable[AnySource]]:
    """Return the components of one type; ``dg`` reports other types and invalid YAML."""
    found = []
    for path in sorted(STANZAS.rglob("defs.yaml")):
        try:
            stanzas = [one for one in yaml.safe_load_all(path.read_text("utf-8")) if isinstance(one, dict)]
        except (OSError, ValueError, yaml.YAMLError):
            continue
        mine = [one for one in stanzas if str(one.get("type")).rpartition(".")[2] == f"{model.__name__}Component"]
        key = path.relative_to(STANZAS.parent.parent).as_posix()
        found += [replace(_read_table(key, model, one.get("attributes")), is_stanza=True) for one in mine]
    return found


def _read_table(key: str, model: type[AnySource], table: object) -> SourceTable[AnySource]:
    if not isinstance(table, dict):
        wrong = SettingsError(key, "must be a table", hint=f"Write [[{key.partition('.')[0]}]].")
        return SourceTable(key=key, problems=(wrong,))
    try:
        return SourceTable(key=key, given=table, source=model.model_validate(table))
    except ValidationError as error:
        found = error.errors(include_url=False)
        return SourceTable(key=key, given=table, problems=tuple(problems_of_shape(key, model, found)))
