"""Plugin settings in ``kelompok.toml``: which plugins are enabled, their settings, and references to secrets."""

import os
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from kelompok_core.contracts import JsonValue
from kelompok_core.errors import SettingsError
from kelompok_core.plugin_host.manifest import Manifest
from kelompok_core.settings import Settings, require_installation
from kelompok_core.suggestions import suggest

_ENABLED = "enabled"
_AUTOMATIC = "automatic"
_GRANT = "grant"

_TABLES = ("plugins", "imports", "profiles", "schedules", "inboxes", "freshness", "scaling", "files", "ui", "limits",
           "isolation")  # fmt: skip
"""The tables that kelompok.toml may have."""

Table = TypeVar("Table", bound=BaseModel)


@dataclass(frozen=True, kw_only=True)
class PluginSettings:
    """One ``[plugins.NAME]`` table.

    Attributes:
        automatic: Whether the plugin runs on every import, as a normalizer or an enricher.
        grant: The table with what the operator granted, or None.
    """

    enabled: bool = False
    automatic: bool = True
    grant: JsonValue = None
    values: Mapping[str, JsonValue]


def read_document(settings: Settings) -> dict[str, Any]:
    """Return the content of kelompok.toml; empty if there is no file.

    Raises:
        SettingsError: When it is not valid TOML, with the line, or has an unknown table.
    """
    try:
        document = tomllib.loads(settings.config_file.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(str(settings.config_file), f"not valid TOML: {error}") from error
    if (unknown := next((name for name in document if name not in _TABLES), None)) is not None:
        raise SettingsError(unknown, f"is no setting of {settings.config_file.name}", hint=suggest(unknown, _TABLES))
    return document


def read_table(key: str, model: type[Table], table: object) -> Table:
    """Return a table of kelompok.toml as its model.

    Raises:
        SettingsError: Naming the key that is invalid, with a suggestion.
    """
    try:
        return model.model_validate(require_table(key, table))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = ".".join([key, *map(str, first["loc"])])
        if first["type"] == "extra_forbidden":
            word = str(first["loc"][-1])
            raise SettingsError(path, "there is no such setting", hint=suggest(word, model.model_fields)) from error
        raise SettingsError(path, first["msg"]) from error


def require_table(key: str, value: object, *, example: str | None = None) -> dict[str, JsonValue]:
    """Return the value of a key that must be a table; ``example`` is the header to suggest instead of the key.

    Raises:
        SettingsError: When it is not a table.
    """
    if not isinstance(value, dict):
        raise SettingsError(key, "must be a table", hint=f"Write [{example or key}].")
    return value


def plugin_settings(settings: Settings) -> dict[str, PluginSettings]:
    """Return the tables under ``[plugins]`` by plugin name.

    Raises:
        SettingsError: When the file or a table in it is invalid.
    """
    plugins = require_table("plugins", read_document(settings).get("plugins", {}), example="plugins.csv-import")
    return {name: _settings_of(name, table) for name, table in plugins.items()}


def _settings_of(name: str, found: object) -> PluginSettings:
    table = require_table(f"plugins.{name}", found)
    return PluginSettings(
        enabled=_flag(name, table, _ENABLED, default=False),
        automatic=_flag(name, table, _AUTOMATIC, default=True),
        grant=table.get(_GRANT),
        values={key: value for key, value in table.items() if key not in (_ENABLED, _AUTOMATIC, _GRANT)},
    )


def _flag(plugin: str, table: Mapping[str, JsonValue], key: str, *, default: bool) -> bool:
    flag = table.get(key, default)
    if not isinstance(flag, bool):
        raise SettingsError(f"plugins.{plugin}.{key}", f"must be true or false, not {flag!r}")
    return flag


def check_config(manifest: Manifest, values: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return the settings with the schema's defaults, and with text converted to numbers and booleans.

    The command line and Dagster's forms pass only text.

    Raises:
        SettingsError: Naming the key that is invalid by the plugin's ``config_schema``.
    """
    from jsonschema import Draft202012Validator

    properties: Mapping[str, Mapping[str, JsonValue]] = manifest.config_schema.get("properties", {})
    values = {key: _typed(value, properties.get(key, {})) for key, value in values.items()}
    errors = sorted(
        Draft202012Validator(manifest.config_schema).iter_errors(values),
        key=lambda error: str(error.path),
    )
    path = ["plugins", manifest.name]
    if unknown := [key for key in values if key not in properties] if errors else []:
        hint = suggest(unknown[0], properties, few=len(properties)) or "It has no settings."
        raise SettingsError(".".join([*path, unknown[0]]), "there is no such setting", hint=hint)
    if errors:
        path += map(str, errors[0].absolute_path)
        raise SettingsError(".".join(path), errors[0].message, hint=_described(properties, errors[0].absolute_path))
    for key in manifest.permissions.secrets:
        if key in values and not str(values[key]).startswith(("env:", "file:")):
            raise SettingsError(
                f"plugins.{manifest.name}.{key}", "must be a reference, not the secret itself",
                hint="Write env:NAME or file:/path/to/secret.",
            )  # fmt: skip
    defaults = {key: one["default"] for key, one in properties.items() if "default" in one}
    return {**defaults, **values}


def _described(properties: Mapping[str, Mapping[str, JsonValue]], path: Sequence[str | int]) -> str | None:
    """Return the manifest's description of the invalid setting, or else the names of all settings."""
    if path and (description := properties.get(str(path[0]), {}).get("description")):
        return f"Meaning: {description}"
    return f"Its settings are: {', '.join(sorted(properties))}." if properties else None


def _typed(value: JsonValue, described: Mapping[str, JsonValue]) -> JsonValue:
    kind = str(described.get("type"))
    if not isinstance(value, str) or kind not in _FROM_TEXT:
        return value
    try:
        return _FROM_TEXT[kind](value)
    except (ValueError, KeyError):
        return value  # validation reports it


_FROM_TEXT: Mapping[str, Callable[[str], JsonValue]] = {
    "integer": int,
    "number": float,
    "boolean": lambda text: {"true": True, "false": False}[text.strip().lower()],
}


def resolve_secret(key: str, reference: str) -> str:
    """Return the secret that ``env:NAME`` or ``file:PATH`` refers to.

    Raises:
        SettingsError: When the variable does not exist or the file cannot be read.
    """
    kind, _, place = reference.partition(":")
    if kind == "env":
        if place not in os.environ:
            raise SettingsError(key, f"the environment has no {place}")
        return os.environ[place]
    try:
        return Path(place).read_text("utf-8").rstrip("\r\n")
    except OSError as error:
        raise SettingsError(key, f"cannot read {place}: {error.strerror}") from error


@contextmanager
def edit_document(settings: Settings) -> Iterator[Any]:
    """Provide kelompok.toml to change in place, with its comments; written atomically when the block ends.

    Raises:
        SettingsError: When there is no installation: changing settings must not create one.
    """
    require_installation(settings)
    import tomlkit

    path = settings.config_file
    document = tomlkit.parse(path.read_text("utf-8")) if path.exists() else tomlkit.document()
    yield document
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(tomlkit.dumps(document), "utf-8")
    if path.exists():
        fresh.chmod(path.stat().st_mode & 0o777)  # keep the file mode the operator chose
    fresh.replace(path)


def write_enabled(settings: Settings, plugin: str, grant: Mapping[str, JsonValue]) -> None:
    """Write that the plugin is enabled, and what was granted to it, without changing anything else."""
    import tomlkit

    with _edit_plugin(settings, plugin) as table:
        table[_ENABLED] = True
        stored = tomlkit.inline_table()
        stored.update(grant)
        table[_GRANT] = stored


def write_disabled(settings: Settings, plugin: str) -> bool:
    """Write that the plugin is disabled; return whether it was enabled. What was granted to it stays."""
    before = plugin_settings(settings).get(plugin)
    if before is None or not before.enabled:
        return False
    with _edit_plugin(settings, plugin) as table:
        table[_ENABLED] = False
    return True


@contextmanager
def _edit_plugin(settings: Settings, plugin: str) -> Iterator[Any]:
    import tomlkit

    with edit_document(settings) as document:
        plugins = document.setdefault("plugins", tomlkit.table(is_super_table=True))
        yield plugins.setdefault(plugin, tomlkit.table())
