"""Import profiles, so that a list is read the same way again: ``[profiles.NAME]`` in kelompok.toml, or a plugin's."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import BaseModel, ConfigDict

from kelompok_core.descriptor import MergePolicy
from kelompok_core.errors import NotFound, SettingsError, UsageError
from kelompok_core.imports.shared.imports import DuplicatePolicy, ImportOptions, check_reading
from kelompok_core.plugin_host.configuration import edit_document, read_document, read_table, require_table
from kelompok_core.plugin_host.registry import get_plugin
from kelompok_core.settings import Settings
from kelompok_core.values.conventions import DEFAULT_PHONE_COUNTRY, DEFAULT_ZONE, DateOrder, is_zone
from kelompok_core.values.pairs import read_pairs


@dataclass(frozen=True, kw_only=True)
class Profile:
    """How to read one list."""

    source_name: str | None = None
    options: ImportOptions = field(default_factory=ImportOptions)


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str | None = None
    mapping: dict[str, str] = {}
    policies: dict[str, MergePolicy] = {}
    on_duplicate: DuplicatePolicy = DuplicatePolicy.REJECT
    settings: dict[str, Any] = {}
    date_order: DateOrder | None = None
    phone_country: str | None = None
    timezone: str | None = None


class _Installation(BaseModel):
    """``[imports]``: how values are read in this installation where nobody says otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    date_order: DateOrder | None = None
    phone_country: str | None = None
    timezone: str | None = None


_READING = ("date_order", "phone_country", "timezone")


def read_profile(settings: Settings, name: str) -> Profile:
    """Return the saved profile, or one that comes with a plugin when the name is PLUGIN/NAME.

    Raises:
        NotFound: When none has this name.
        SettingsError: Naming the key that is wrong.
    """
    if "/" in name:
        return _ready_profile(settings, name)
    tables = require_table("profiles", read_document(settings).get("profiles", {}), example="profiles.NAME")
    if name not in tables:
        raise NotFound("profile", name, known=tables)
    table = read_table(f"profiles.{name}", _Table, tables[name])
    options = ImportOptions(
        mapping=table.mapping,
        policies=table.policies,
        duplicates=table.on_duplicate,
        config=table.settings,
        date_order=table.date_order,
        phone_country=table.phone_country,
        timezone=table.timezone,
    )
    check_reading(options)
    return Profile(source_name=table.source, options=options)


def with_conventions(settings: Settings, options: ImportOptions, *, country: str | None = None) -> ImportOptions:
    """Return the options with what they do not say as the organization and the installation have it.

    ``country`` is that of the organization the import is confined to, if it is known.

    Raises:
        SettingsError: Naming the key of ``[imports]`` that is wrong.
    """
    own = read_table("imports", _Installation, read_document(settings).get("imports", {}))
    try:
        check_reading(ImportOptions(phone_country=own.phone_country, timezone=own.timezone))
    except UsageError as error:
        raise SettingsError("imports", error.message, hint=error.hint) from error
    return replace(
        options,
        date_order=options.date_order or own.date_order,
        phone_country=options.phone_country or country or own.phone_country or DEFAULT_PHONE_COUNTRY,
        timezone=options.timezone or own.timezone or DEFAULT_ZONE,
    )


def installation_zone(settings: Settings) -> str:
    """Return the time zone of this installation.

    Raises:
        SettingsError: When ``[imports]`` is invalid.
    """
    own = read_table("imports", _Installation, read_document(settings).get("imports", {})).timezone
    if own is not None and not is_zone(own):
        raise SettingsError(
            "imports.timezone", f"there is no time zone {own!r}", hint="Name one such as Asia/Makassar."
        )
    return own or DEFAULT_ZONE


def _ready_profile(settings: Settings, name: str) -> Profile:
    plugin, _, ready = name.partition("/")
    manifest = get_plugin(settings, plugin).manifest
    profiles = manifest.profiles if manifest else ()
    found = next((one for one in profiles if one.name == ready), None)
    if found is None:
        raise NotFound("profile", name, known=[f"{plugin}/{one.name}" for one in profiles])
    return Profile(options=ImportOptions(mapping=found.mapping, config=found.settings))


def chosen_profile(settings: Settings, name: str | None, **given: Any) -> Profile:
    """Return the saved profile, if one is named, with what is given over it; mappings add up, None says nothing.

    Raises:
        NotFound: When there is no profile of this name.
        UsageError: When zone or country are none.
        SettingsError: Naming the key of the profile that is wrong.
    """
    saved = read_profile(settings, name) if name else Profile()
    options: dict[str, Any] = {
        option: {**getattr(saved.options, option), **value} if isinstance(value, dict) else value
        for option, value in given.items()
        if value is not None
    }
    chosen = replace(saved.options, **options, profile=name)
    check_reading(chosen)
    return Profile(source_name=saved.source_name, options=chosen)


def read_policies(given: Sequence[str]) -> dict[str, MergePolicy]:
    """Return ``FIELD=POLICY`` texts as merge policies.

    Raises:
        UsageError: Naming the one that is none.
    """
    known = {policy.value: policy for policy in MergePolicy}
    pairs = read_pairs(given)
    if strange := next((word for word in pairs.values() if word not in known), None):
        raise UsageError(f"{strange!r} is not one of {', '.join(known)}")
    return {field: known[word] for field, word in pairs.items()}


def save_profile(settings: Settings, name: str, profile: Profile) -> None:
    """Write the profile into kelompok.toml, keeping everything else there."""
    import tomlkit

    options, usual = profile.options.to_json(), ImportOptions().to_json()
    table = {
        "source": profile.source_name,
        "mapping": options["mapping"],
        "policies": options["policies"],
        "on_duplicate": options["duplicates"],
        "settings": options["config"],
        **{name: options[name] for name in _READING if options[name] != usual[name]},
    }
    with edit_document(settings) as document:
        profiles = document.setdefault("profiles", tomlkit.table(is_super_table=True))
        profiles[name] = {key: value for key, value in table.items() if value}
