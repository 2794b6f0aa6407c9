"""Import profiles, which are saved options for one list: ``[profiles.NAME]`` in kelompok.toml, or a plugin's."""

from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict

from kelompok_core.errors import NotFound, SettingsError, UsageError
from kelompok_core.imports.shared.option_fields import options_of, with_option_fields
from kelompok_core.imports.shared.options import OPTIONS, ImportOptions, check_options
from kelompok_core.plugin_host.configuration import edit_document, read_document, read_table, require_table
from kelompok_core.plugin_host.registry import get_plugin
from kelompok_core.settings import Settings
from kelompok_core.values.conventions import DEFAULT_PHONE_COUNTRY, DEFAULT_ZONE, is_zone


@dataclass(frozen=True, kw_only=True)
class Profile:
    """How to read one list."""

    source_name: str | None = None
    options: ImportOptions = field(default_factory=ImportOptions)


@with_option_fields([one for one in OPTIONS if one.declared.in_profiles])
class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str | None = None


@with_option_fields([one for one in OPTIONS if one.declared.in_installation])
class _Installation(BaseModel):
    """``[imports]``: defaults of this installation."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def read_profile(settings: Settings, name: str) -> Profile:
    """Return the saved profile, or for PLUGIN/NAME the profile of a plugin.

    Raises:
        NotFound: When there is no such profile.
        SettingsError: Naming the key that is invalid.
    """
    if "/" in name:
        return _plugin_profile(settings, name)
    tables = require_table("profiles", read_document(settings).get("profiles", {}), example="profiles.NAME")
    if name not in tables:
        raise NotFound("profile", name, known=tables)
    table = read_table(f"profiles.{name}", _Table, tables[name])
    options = options_of(table)
    check_options(options)
    return Profile(source_name=table.source, options=options)


def with_conventions(settings: Settings, options: ImportOptions, *, country: str | None = None) -> ImportOptions:
    """Return the options completed with the defaults of the organization, of the installation and of the core.

    ``country`` is the country of the organization that the import is limited to, if it is known.

    Raises:
        SettingsError: Naming the key of ``[imports]`` that is invalid.
    """
    own = options_of(read_table("imports", _Installation, read_document(settings).get("imports", {})))
    try:
        check_options(own)
    except UsageError as error:
        raise SettingsError("imports", error.message, hint=error.hint) from error
    return options.over(ImportOptions(phone_country=country or None)).over(own).over(_CONVENTIONS)


_CONVENTIONS = ImportOptions(phone_country=DEFAULT_PHONE_COUNTRY, timezone=DEFAULT_ZONE)


def installation_zone(settings: Settings) -> str:
    """Return the time zone of this installation.

    Raises:
        SettingsError: When ``[imports]`` is invalid.
    """
    own = options_of(read_table("imports", _Installation, read_document(settings).get("imports", {}))).timezone
    if own is not None and not is_zone(own):
        raise SettingsError(
            "imports.timezone", f"there is no time zone {own!r}", hint="Name one such as Asia/Makassar."
        )
    return own or DEFAULT_ZONE


def _plugin_profile(settings: Settings, name: str) -> Profile:
    plugin, _, profile = name.partition("/")
    manifest = get_plugin(settings, plugin).manifest
    profiles = manifest.profiles if manifest else ()
    found = next((one for one in profiles if one.name == profile), None)
    if found is None:
        raise NotFound("profile", name, known=[f"{plugin}/{one.name}" for one in profiles])
    return Profile(source_name=found.source, options=ImportOptions(mapping=found.mapping, config=found.settings))


def chosen_profile(settings: Settings, given: ImportOptions) -> Profile:
    """Return the given options completed from the profile that they name, if any; mappings are merged.

    Raises:
        NotFound: When there is no profile of this name.
        UsageError: When an option is invalid.
        SettingsError: Naming the key of the profile that is invalid.
    """
    saved = read_profile(settings, given.profile) if given.profile else Profile()
    chosen = given.over(saved.options)
    check_options(chosen)
    return Profile(source_name=saved.source_name, options=chosen)


def save_profile(settings: Settings, name: str, profile: Profile) -> None:
    """Write the profile into kelompok.toml, without changing anything else there."""
    import tomlkit

    options = profile.options.to_json()
    table = {
        "source": profile.source_name,
        **{one.key: options[one.name] for one in OPTIONS if one.declared.in_profiles},
    }
    with edit_document(settings) as document:
        profiles = document.setdefault("profiles", tomlkit.table(is_super_table=True))
        profiles[name] = {key: value for key, value in table.items() if value not in (None, "", {})}
