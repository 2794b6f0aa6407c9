"""The options of an import, each declared once for the CLI, API, Dagster, kelompok.toml, stored JSON and digests.

Imports neither pydantic nor a database driver, because every start of the command line loads this module.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from enum import Enum, StrEnum
from types import NoneType, UnionType
from typing import Annotated, Any, TypeAlias, Union, get_args, get_origin, get_type_hints

from kelompok_core.errors import UsageError
from kelompok_core.values.conventions import DateOrder, is_country, is_zone
from kelompok_core.values.merge_policy import MergePolicy
from kelompok_core.values.pairs import read_pairs


class DuplicatePolicy(StrEnum):
    """What happens when rows of a file contradict each other about one record.

    ``REJECT`` keeps the first row and rejects later ones; ``LAST`` lets later rows win, as in a log.
    """

    REJECT = "reject"
    LAST = "last"


def require_zone(name: str) -> None:
    """Raise if there is no such time zone.

    Raises:
        UsageError: When the name is not one of the IANA's.
    """
    if not is_zone(name):
        raise UsageError(f"there is no time zone {name!r}", hint="Name one such as Asia/Makassar.")


def require_country(code: str) -> None:
    """Raise if there is no country with this code.

    Raises:
        UsageError: When the code is not one of ISO 3166.
    """
    if not is_country(code):
        raise UsageError(f"there is no country {code!r}", hint="Give its two letters (ISO 3166), such as ID.")


Value: TypeAlias = Any
"""A value of any option, typed or as JSON; its declaration says what it is."""


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """How a field of :class:`ImportOptions` is named, documented and used outside the code; part of its annotation.

    Attributes:
        help: One or two sentences, used by the CLI, the API, Dagster and the messages about kelompok.toml.
        word: Its name on the command line (``date_order`` is ``--date-order``) and in requests; default: the field's.
        key: Its name in kelompok.toml and Dagster; default: the field's.
        form: What to write, such as ``HEADER=FIELD``.
        most: The maximum number of pairs in a request.
        splits_at_first: Whether a pair splits at its first «=», because values may contain one; otherwise at its last.
        usual: The value that is stored if the option is not given.
        check: Raises ``UsageError`` for an invalid value.
        in_profiles: Whether a profile may set it.
        in_installation: Whether ``[imports]`` of kelompok.toml may set it for all imports.
        is_effect: Whether it changes what an import reads or decides. Requests that differ in it are not the same.
        in_digest: Whether it changes how a row is read. Rows read with another value are compared again.
    """

    help: str
    word: str | None = None
    key: str | None = None
    form: str | None = None
    most: int = 100
    splits_at_first: bool = False
    usual: Enum | None = None
    check: Callable[[Value], None] | None = None
    in_profiles: bool = True
    in_installation: bool = False
    is_effect: bool = True
    in_digest: bool = False


@dataclass(frozen=True, kw_only=True)
class ImportOptions:
    """How an import reads and merges its file: used for requests, profiles and stored imports.

    None and an empty mapping mean that an option is not given. To add an option, declare it here.
    """

    mapping: Annotated[
        Mapping[str, str],
        Declaration(
            word="map",
            form="HEADER=FIELD",
            most=500,
            help="The field of a column; «-» ignores the column, «extra» keeps it as extra data.",
        ),
    ] = field(default_factory=dict)
    policies: Annotated[
        Mapping[str, MergePolicy],
        Declaration(
            word="policy",
            form="FIELD=POLICY",
            help=f"The merge policy of a field: {', '.join(MergePolicy)}.",
        ),
    ] = field(default_factory=dict)
    duplicates: Annotated[
        DuplicatePolicy | None,
        Declaration(
            word="on_duplicate",
            key="on_duplicate",
            usual=DuplicatePolicy.REJECT,
            help="If rows of the file contradict each other: reject (default) the later row, or let the last win.",
        ),
    ] = None
    config: Annotated[
        Mapping[str, Any],
        Declaration(
            word="set",
            key="settings",
            form="KEY=VALUE",
            splits_at_first=True,
            help="A plugin setting; it overrides the one under [plugins.NAME]. "
            "Requests and Dagster runs may give only those that the plugin allows.",
        ),
    ] = field(default_factory=dict)
    date_order: Annotated[
        DateOrder | None,
        Declaration(
            in_installation=True,
            help="Order of day and month in numeric dates: dmy or mdy. Default: detected from the data.",
        ),
    ] = None
    phone_country: Annotated[
        str | None,
        Declaration(
            form="CODE",
            check=require_country,
            in_installation=True,
            in_digest=True,
            help="Country of phone numbers without a country code (ISO 3166). "
            "Default: the organization's, else the installation's, else ID.",
        ),
    ] = None
    timezone: Annotated[
        str | None,
        Declaration(
            form="ZONE",
            check=require_zone,
            in_installation=True,
            in_digest=True,
            help="Time zone of times without one. Default: the installation's, else Asia/Jakarta.",
        ),
    ] = None
    profile: Annotated[
        str | None,
        Declaration(
            in_profiles=False,
            is_effect=False,
            help="Saved profile to start from; PLUGIN/NAME for a plugin's profile.",
        ),
    ] = None

    def over(self, base: "ImportOptions") -> "ImportOptions":
        """Return these options completed from ``base``; mappings are merged."""
        return ImportOptions(**{one.name: one.overlay(one.of(self), one.of(base)) for one in OPTIONS})

    def to_json(self) -> dict[str, Value]:
        """Return the options as they are stored: all of them, by field name."""
        return {one.name: one.to_json(one.of(self)) for one in OPTIONS}

    @classmethod
    def from_json(cls, stored: Mapping[str, Value]) -> "ImportOptions":
        """Return stored options; imports stored before an option existed do not have it."""
        given = {one.name: one.from_json(stored[one.name]) for one in OPTIONS if stored.get(one.name) is not None}
        return cls(**given)

    @property
    def effects(self) -> dict[str, Value]:
        """The options that change what is read or decided, as JSON."""
        return {one.name: one.to_json(one.of(self)) for one in OPTIONS if one.declared.is_effect}

    def digest_parts(self) -> list[Value]:
        """Return the options that change how rows are read, as JSON for a digest."""
        parts = {one.name: one.to_json(one.of(self)) for one in OPTIONS if one.declared.in_digest}
        always = [parts.pop(name) for name in _ALWAYS_IN_DIGEST]
        # A new option that is not given must not change the digest, or else all known rows would be compared again.
        return [*always, *({name: value} for name, value in parts.items() if value not in (None, {}))]


_ALWAYS_IN_DIGEST = ("phone_country", "timezone")
"""Options whose bare values are in all stored digests, even if they are not given."""


@dataclass(frozen=True, kw_only=True)
class ImportOption:
    """One option of an import, as declared.

    Attributes:
        name: Its field in :class:`ImportOptions`, and its name in stored JSON.
        value: The type of its value, or of each value of a mapping: text, an enum, a number, a flag, or anything.
        is_mapping: Whether it maps text to values.
    """

    name: str
    declared: Declaration
    value: type[Value]
    is_mapping: bool

    @property
    def word(self) -> str:
        return self.declared.word or self.name

    @property
    def key(self) -> str:
        return self.declared.key or self.name

    @property
    def flag(self) -> str:
        return f"--{self.word.replace('_', '-')}"

    @property
    def no_flag(self) -> str:
        """What turns a flag off on the command line."""
        return f"--no-{self.word.replace('_', '-')}"

    @property
    def choices(self) -> type[Enum] | None:
        """The enum of its values, if it has one."""
        return self.value if isinstance(self.value, type) and issubclass(self.value, Enum) else None

    def of(self, options: ImportOptions) -> Value:
        return getattr(options, self.name)

    def overlay(self, given: Value, base: Value) -> Value:
        """Return the given value, or else ``base``; for a mapping, the entries of both."""
        if self.is_mapping:
            return {**base, **given}
        return base if given is None else given

    def check(self, value: Value) -> None:
        """Run the option's own check of the value.

        Raises:
            UsageError: When the value is invalid.
        """
        if self.declared.check is not None and value is not None:
            self.declared.check(value)

    def to_json(self, value: Value) -> Value:
        if self.is_mapping:
            return {key: _plain(one) for key, one in value.items()}
        return _plain(self.declared.usual if value is None else value)

    def from_json(self, stored: Value) -> Value:
        if self.choices is None:
            return stored
        return {key: self.choices(one) for key, one in stored.items()} if self.is_mapping else self.choices(stored)

    def parse(self, written: Value) -> Value:
        """Parse what a person wrote: a list of ``KEY=VALUE`` for a mapping, otherwise one value.

        Raises:
            UsageError: When the value is invalid.
        """
        if self.is_mapping:
            pairs = read_pairs(written, first=self.declared.splits_at_first)
            return {key: self._choose(one) for key, one in pairs.items()}
        return self._choose(written)

    def _choose(self, written: Value) -> Value:
        known = [one.value for one in self.choices or ()]
        if self.choices is None:
            return written
        if written not in known:
            raise UsageError(f"{written!r} is not one of {', '.join(known)}")
        return self.choices(written)

    def write(self, value: Value, base: Value) -> Iterator[str]:
        """Yield the command-line words for a value; none for values that equal ``base``. Both are in JSON form."""
        if self.is_mapping:
            for key, one in value.items():
                if base.get(key) != one:
                    yield from (self.flag, f"{key}={one}")
        elif value is not None and value != base:
            yield from (self.flag if value else self.no_flag,) if self.value is bool else (self.flag, str(value))


def _plain(value: Value) -> Value:
    return value.value if isinstance(value, Enum) else value


def declared_options(model: type[ImportOptions]) -> tuple[ImportOption, ...]:
    """Return the options declared by the fields of a dataclass, in order."""
    hints = get_type_hints(model, include_extras=True)
    return tuple(_declared(one.name, hints[one.name]) for one in fields(model))


def _declared(name: str, hint: Value) -> ImportOption:
    kind, declared = get_args(hint)
    if get_origin(kind) in (Union, UnionType):
        kind = next(one for one in get_args(kind) if one is not NoneType)
    is_mapping = get_origin(kind) is Mapping
    return ImportOption(
        name=name, declared=declared, value=get_args(kind)[1] if is_mapping else kind, is_mapping=is_mapping
    )


OPTIONS = declared_options(ImportOptions)
"""All options of an import, in the order of their declaration."""


def get_option(name: str) -> ImportOption:
    """Return the option of this field."""
    return next(one for one in OPTIONS if one.name == name)


def check_options(options: ImportOptions) -> None:
    """Run the options' own checks of their values.

    Raises:
        UsageError: Naming the first invalid value.
    """
    for one in OPTIONS:
        one.check(one.of(options))
