"""Builds the command that imports a file, or its error file, again with the options of an import."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import sqlalchemy as sa

from kelompok_core.errors import KelompokError
from kelompok_core.imports.shared.imports import Import
from kelompok_core.imports.shared.options import OPTIONS, ImportOptions, get_option
from kelompok_core.imports.shared.profiles import read_profile, with_conventions
from kelompok_core.imports.staging.returned_files import is_json
from kelompok_core.plugin_host.registry import get_plugin
from kelompok_core.settings import Settings

_WRITTEN_SEPARATELY = ("config", "profile")
"""Some settings are left out, and the profile comes first."""

_TABLE_READER, _TABLE_TYPE = "csv-import", "text/csv"

OF_THE_FILE = "x-of-the-file"
"""Marks settings in a manifest's ``config_schema`` that describe the format of one file. Error files have another."""


def import_again(
    settings: Settings, connection: sa.Connection, import_: Import, file: str | Path, *, is_error_file: bool
) -> Sequence[str]:
    """Return the words of a command that imports ``file`` with the import's options, including those it detected.

    An error file has the columns and values of the source but not its format, so settings about the format are left
    out. That of a calendar, for instance, is a table, which another plugin reads.
    """
    is_of_a_table = is_error_file and not _reads_its_error_files(settings, import_)
    reader = (_TABLE_READER, f"import-{import_.entity}") if is_of_a_table else (import_.plugin, import_.job)
    words = ["plugin", "run", reader[0], "--job", reader[1], "--file", str(file)]
    words += ["--source", import_.source_name]
    country = None
    if import_.organization_id is not None:
        from kelompok_core.organizations.queries import get_country, get_slug

        words += ["--organization", get_slug(connection, import_.organization_id)]
        country = get_country(connection, import_.organization_id)
    profile, base = _base(settings, import_)
    if profile is not None:
        words += get_option("profile").write(profile, None)
    base = with_conventions(settings, base, country=country)
    words += _differences(import_, base)
    if (
        is_error_file
        and import_.options.date_order is None
        and (order := _proven_order(connection, import_)) is not None
    ):
        words += get_option("date_order").write(order, None)
    left_out = _settings_of_files(settings, import_.plugin) if is_error_file else frozenset()
    config = {key: value for key, value in import_.options.config.items() if key not in left_out}
    if is_of_a_table:
        return words
    words += get_option("config").write(config, base.config)
    return words


def _reads_its_error_files(settings: Settings, import_: Import) -> bool:
    """Return whether the plugin of an import reads the error file, too: JSON, or a table as CSV."""
    if is_json(import_.media_type):
        return True
    jobs = get_plugin(settings, import_.plugin).jobs()
    return any(job.name == import_.job and _TABLE_TYPE in job.inputs for job in jobs)


def _base(settings: Settings, import_: Import) -> tuple[str | None, ImportOptions]:
    """Return the import's profile, if it still exists, and the profile's options."""
    name = import_.options.profile
    if name is None:
        return None, ImportOptions()
    try:
        return name, read_profile(settings, name).options
    except KelompokError:  # it was removed or is invalid now; the import's own options include all of its options
        return None, ImportOptions()


def _differences(import_: Import, base: ImportOptions) -> Iterator[str]:
    places = {header: place for place, header in enumerate(import_.header)}
    options, usual = import_.options.to_json(), base.to_json()
    mapping = options["mapping"].items()
    options["mapping"] = dict(sorted(mapping, key=lambda pair: places.get(pair[0], len(places))))
    for one in OPTIONS:
        if one.name not in _WRITTEN_SEPARATELY:
            yield from one.write(options[one.name], usual[one.name])


def _proven_order(connection: sa.Connection, import_: Import) -> str | None:
    """Return the date order that the whole source proved; the few rows of its error file may not prove it.

    None if columns have different orders, or if some dates were ambiguous: then a person has to choose the order.
    """
    orders = set(import_.read_as.get("date_order", {}).values())
    if len(orders) != 1 or connection.scalar(_IS_UNCLEAR, {"import": import_.id}):
        return None
    return str(orders.pop())


_IS_UNCLEAR = sa.text("""
    SELECT EXISTS (SELECT FROM import_rows
                   WHERE import_id = :import AND issues @> '[{"code": "value.date_ambiguous"}]')""")


def _settings_of_files(settings: Settings, plugin: str) -> frozenset[str]:
    manifest = get_plugin(settings, plugin).manifest
    properties: Mapping[str, Mapping[str, object]] = manifest.config_schema.get("properties", {}) if manifest else {}
    return frozenset(key for key, one in properties.items() if one.get(OF_THE_FILE))
