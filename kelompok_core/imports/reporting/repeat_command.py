"""The command that imports a file as another import did: what to type to send it, or its error file, again."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from kelompok_core.errors import KelompokError
from kelompok_core.imports.shared.imports import ImportOptions, ImportRecord
from kelompok_core.imports.shared.profiles import read_profile, with_conventions
from kelompok_core.plugin_host.registry import get_plugin
from kelompok_core.settings import Settings

_OF_VALUES = ("date_order", "phone_country", "timezone")
OF_THE_FILE = "x-of-the-file"
"""Marks settings in a manifest's ``config_schema`` that are about one file's form: an error file has another."""


def import_again(
    settings: Settings, connection: sa.Connection, record: ImportRecord, file: str | Path, *, is_error_file: bool
) -> Sequence[str]:
    """Return the words of a command that imports ``file`` as the import did, with nothing left to guess.

    An error file has the columns and the values of the source, but not its form: settings about that are left out.
    """
    words = ["plugin", "run", record.plugin, "--job", record.job, "--file", str(file)]
    words += ["--source", record.source_name]
    country = None
    if record.organization_id is not None:
        from kelompok_core.organizations.queries import get_country, get_slug

        words += ["--organization", get_slug(connection, record.organization_id)]
        country = get_country(connection, record.organization_id)
    profile, base = _base(settings, record)
    if profile is not None:
        words += ["--profile", profile]
    base = with_conventions(settings, base, country=country)
    words += _differences(record, base)
    if is_error_file and record.options.date_order is None and (order := _proven_order(connection, record)) is not None:
        words += ["--date-order", order]
    left_out = _settings_of_files(settings, record.plugin) if is_error_file else frozenset()
    for key, value in record.options.config.items():
        if key not in left_out and base.config.get(key) != value:
            words += ["--set", f"{key}={value}"]
    return words


def _base(settings: Settings, record: ImportRecord) -> tuple[str | None, ImportOptions]:
    """Return the profile the import began with, if it is still there, and what it says."""
    name = record.options.profile
    if name is None:
        return None, ImportOptions()
    try:
        return name, read_profile(settings, name).options
    except KelompokError:  # it is gone, or broken by now: all it said is in the import's own options
        return None, ImportOptions()


def _differences(record: ImportRecord, base: ImportOptions) -> Iterator[str]:
    options = record.options
    places = {header: place for place, header in enumerate(record.header)}
    for header in sorted(options.mapping, key=lambda one: places.get(one, len(places))):
        if base.mapping.get(header) != options.mapping[header]:
            yield from ("--map", f"{header}={options.mapping[header]}")
    for field, policy in options.policies.items():
        if base.policies.get(field) != policy:
            yield from ("--policy", f"{field}={policy.value}")
    if options.duplicates != base.duplicates:
        yield from ("--on-duplicate", options.duplicates.value)
    for name in _OF_VALUES:
        if (value := getattr(options, name)) is not None and value != getattr(base, name):
            yield from (f"--{name.replace('_', '-')}", str(value))


def _proven_order(connection: sa.Connection, record: ImportRecord) -> str | None:
    """Return the order of dates that the whole source proved, which the few rows of its error file may not.

    None where columns differ, or where one proved none: its dates are still somebody's to say.
    """
    orders = set(record.read_as.get("date_order", {}).values())
    if len(orders) != 1 or connection.scalar(_IS_UNCLEAR, {"import": record.id}):
        return None
    return str(orders.pop())


_IS_UNCLEAR = sa.text("""
    SELECT EXISTS (SELECT FROM import_rows
                   WHERE import_id = :import AND issues @> '[{"code": "value.date_ambiguous"}]')""")


def _settings_of_files(settings: Settings, plugin: str) -> frozenset[str]:
    manifest = get_plugin(settings, plugin).manifest
    properties: Mapping[str, Any] = manifest.config_schema.get("properties", {}) if manifest else {}
    return frozenset(key for key, one in properties.items() if one.get(OF_THE_FILE))
