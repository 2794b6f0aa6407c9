"""What the import engine needs to know about an entity: fields, keys, protected columns and merge policies."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from kelompok_core.access.rules import Action
from kelompok_core.values.merge_policy import MergePolicy

if TYPE_CHECKING:  # slow to import; the modules that create a descriptor import them
    import pandas as pd
    from pandera.pandas import DataFrameSchema

    from kelompok_core.values.normalized import Normalized, Normalizer
    from kelompok_core.values.reading import Inputs, Reader


OWNER_HEADERS = (
    "organization", "organisation", "organisasi", "lembaga", "nama organisasi", "organization name",
    "organisation name",
)  # fmt: skip
OWNER_ID_HEADERS = ("id organisasi", "organization id", "organization slug")
OWNER_NAME_HEADERS = (
    "nama lembaga", "nama komunitas", "nama yayasan", "nama perkumpulan", "nama ngo", "nama lsm", "nama instansi",
    "nama institusi", "asal lembaga", "asal organisasi", "asal komunitas", "asal instansi", "komunitas", "yayasan",
    "instansi", "institusi", "org name", "ngo name",
)  # fmt: skip
"""Headers of the organization that a record belongs to, for any entity; ambiguous headers are left out."""

ZONES = ("time zone", "zona waktu", "tzid", "timezone identifier", "tz", "zona")
"""Headers of a column with the time zone of the row's times."""


class Kind(StrEnum):
    """The PostgreSQL type of a field's column; in a candidate, every value is text."""

    TEXT = "text"
    DAY = "date"
    MOMENT = "timestamptz"
    FLAG = "boolean"
    NUMBER = "numeric"
    LIST = "jsonb"


class Detail(StrEnum):
    """When a record keeps its value because the row's value is incomplete and adds nothing.

    ``DATE``: the record's date begins with the row's year or month. ``NAME``: the record's name has the words of the
    row's, which lacks a part. ``NUMBER``: the record has a phone number, the row a text that is none. ``MOMENT``: the
    record's time of day or zone completes the row's. ``BASE``: the record has a value, and the one it derives from.
    """

    DATE = "date"
    NAME = "name"
    NUMBER = "number"
    MOMENT = "date_time"
    BASE = "base"


@dataclass(frozen=True, kw_only=True)
class Part:
    """A further column that a field is read from.

    Attributes:
        name: The part's name in mappings, or the name of another field whose column is read as well.
        aliases: Headers that are mapped to it; none for another field's column.
        suffices: Whether the field can be read from this part alone.
        weak_aliases: Headers that are mapped to it only if the source has a column of a field in ``beside``.
        beside: See ``weak_aliases``.
        dated: Whether its cells are dates or times, so that its header may name a time zone.
    """

    name: str
    aliases: tuple[str, ...] = ()
    suffices: bool = False
    weak_aliases: tuple[str, ...] = ()
    beside: frozenset[str] = frozenset()
    dated: bool = False


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field of a candidate, and where it is stored.

    Attributes:
        name: The field's name in mappings, candidates and reports.
        aliases: Headers that are mapped to it, in English and Indonesian.
        normalize: Converts cells to the stored form.
        read: The same for a field that needs more than its own column. Give ``normalize`` or ``read``, not both.
        parts: Further columns that it is read from.
        column: The table's column; the name by default.
        key: The key inside ``column`` if that is a JSON column.
        kind: The type of the column.
        default: The stored value if there is none and the column must not be null.
        vocabulary: Table of terms (name and slug) that ``column`` refers to; unknown terms are added to it.
        required: Whether a row without it is rejected.
        policy: Its merge policy, unless the import sets another one.
        weak_aliases: Headers that are mapped to it only if the source has a column of a field in ``beside``.
        beside: See ``weak_aliases``.
        zoned_aliases: Headers that are mapped to it only with a time zone.
        further: The part for the second column with an alias of this field.
        derived_from: The field from which missing values are derived, or None.
        only_added: Whether sources can only add entries to its list; imports cannot set another policy.
        detail: How an incomplete value is compared with the record's; None if values are always complete.
        zone_in: The field with the time zone of a date and time; without it, the import's time zone applies.
        place_kinds: Lower-case words before a place's name that distinguish places of the same name; a place without
            one may be any of them.
    """

    name: str
    aliases: tuple[str, ...]
    normalize: "Normalizer | None" = None
    read: "Reader | None" = None
    parts: tuple[Part, ...] = ()
    column: str = ""
    key: str | None = None
    kind: Kind = Kind.TEXT
    default: str | None = None
    vocabulary: str | None = None
    required: bool = False
    policy: MergePolicy = MergePolicy.OWN
    weak_aliases: tuple[str, ...] = ()
    beside: frozenset[str] = frozenset()
    zoned_aliases: tuple[str, ...] = ()
    further: str | None = None
    derived_from: str | None = None
    only_added: bool = False
    detail: Detail | None = None
    zone_in: str | None = None
    place_kinds: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (self.normalize is None) == (self.read is None):
            raise ValueError(f"{self.name}: give normalize or read, one of them")

    @property
    def told_by(self) -> frozenset[str]:
        """The mapping targets from which alone this field can be read."""
        return frozenset({self.name, *(part.name for part in self.parts if part.suffices)})

    @property
    def read_from(self) -> frozenset[str]:
        """The mapping targets that this field is read from."""
        return frozenset({self.name, *(part.name for part in self.parts)})

    def understand(self, inputs: "Inputs") -> "Normalized":
        """Return the field's values from its cells."""
        if self.read is not None:
            return self.read(inputs)
        if self.normalize is None:
            raise TypeError(self.name)
        return self.normalize(inputs.own)

    @property
    def stored_in(self) -> str:
        return self.column or self.name

    @property
    def compared_as(self) -> str:
        """The candidate's member that is compared and written; for a term of a vocabulary, its slug."""
        return f"{self.name}_slug" if self.vocabulary else self.name


@dataclass(frozen=True, kw_only=True)
class DerivedColumn:
    """A column that is computed whenever its field is written, such as a matching key."""

    name: str
    field: str
    derive: "Callable[[pd.Series], pd.Series]"


@dataclass(frozen=True, kw_only=True)
class MatchRule:
    """A rule that finds the existing record of a row; only in the row's organization if records belong to one.

    Attributes:
        reason: Stable code of the rule.
        columns: Columns of the record, and members of the candidate, that must be equal.
        name_agrees: Whether the names must be the same, too; if only they differ, the row goes to review.
        discriminates: Whether a record with a different discriminator is another record.
        identifies: Whether a row with the same name but another id of the same source goes to review; otherwise it is
            another record.
    """

    reason: str
    columns: tuple[str, ...]
    name_agrees: bool = True
    discriminates: bool = True
    identifies: bool = False


@dataclass(frozen=True, kw_only=True)
class Guard:
    """A value that needs a right beyond importing; without the right, it is left out with a warning.

    Attributes:
        field: The field.
        value: The guarded value; None for any value.
        action: The right.
    """

    field: str
    value: str | None
    action: Action

    def covers(self, value: str | None) -> bool:
        """Whether this value of the field is guarded."""
        return value is not None and self.value in (None, value)


@dataclass(frozen=True, kw_only=True)
class Withdrawal:
    """How withdrawn consent overrides sources: it stays withdrawn until a person changes it.

    Attributes:
        field: The field with the list of withdrawals.
        status: The field that shows whether the person is active.
        active: The value of ``status`` that a source cannot restore after a withdrawal.
        inactive: The value of ``status`` that stays, and that a row with a withdrawal sets.
    """

    field: str
    status: str
    active: str
    inactive: str


@dataclass(frozen=True, kw_only=True)
class EntityDescriptor:
    """An importable entity.

    Attributes:
        entity: Its table, and its name in jobs and assets.
        fields: Its fields.
        external_id_aliases: Headers of the source's own id.
        label: The field with a record's name or title; without a slug in the source, the slug is made from it.
        list_names: Names of a list of such records, or of one record, in English and Indonesian.
        has_slug: Whether records have a slug, which is unique in their organization.
        organization_aliases: Headers of the organization that a record belongs to.
        derived: Columns computed from fields.
        name_key: The derived column with the key of the name; equal keys are equal names.
        discriminators: Fields or derived columns that distinguish two records of the same name if both have a value.
        names_indexed_with: The discriminator that the index of names includes, for names that many records have.
        keys_are_shared: Whether several records may have the same natural key, as siblings share an e-mail address.
        natural_keys: Used if the source has no id: the first key whose first part is not empty.
        rules: Matching rules, the strongest first.
        periods: Pairs of fields with the begin and the end of something.
        orders: Pairs of dates of which the first normally comes first; otherwise the row goes to review.
        guards: Values that need a right of their own.
        withdrawal: How withdrawn consent overrides sources; None if the entity has no consent.
        public_fields: Fields whose text enrichers may read; none that is about a person.
        personal_fields: Fields with data about a person; the operator sees them before granting a plugin its rows.
        unpublished: Field and value of a record that is not public yet, such as a draft.
        extra_column: JSON column with the cells of unmapped columns, under ``extra`` and the source's name.
        organization_column: Column with the id of the organization that a record belongs to.
        claim_column: Column that is ``claimed`` if people of the organization manage the record.
        protected: Columns that an import can never set.
        schema: Returns the pandera schema of a batch of candidates.
    """

    entity: str
    fields: tuple[Field, ...]
    external_id_aliases: tuple[str, ...]
    label: str
    list_names: tuple[str, ...] = ()
    has_slug: bool = True
    organization_aliases: tuple[str, ...] = ()
    derived: tuple[DerivedColumn, ...]
    name_key: str
    discriminators: tuple[str, ...]
    names_indexed_with: str | None = None
    keys_are_shared: bool = False
    natural_keys: tuple[tuple[str, ...], ...]
    rules: tuple[MatchRule, ...]
    periods: tuple[tuple[str, str], ...] = ()
    orders: tuple[tuple[str, str], ...] = ()
    guards: tuple[Guard, ...] = ()
    withdrawal: Withdrawal | None = None
    public_fields: tuple[str, ...] = ()
    personal_fields: tuple[str, ...] = ()
    unpublished: tuple[str, str] | None = None
    extra_column: str
    organization_column: str = "organization_id"
    claim_column: str | None = None
    protected: frozenset[str]
    schema: "Callable[[], DataFrameSchema]"

    def __post_init__(self) -> None:
        written = {field.stored_in for field in self.fields if not field.key} | {one.name for one in self.derived}
        if clash := written & self.protected:
            raise ValueError(f"{self.entity}: protected columns cannot be fields: {sorted(clash)}")

    @property
    def reason_of_shared_keys(self) -> str:
        """The reason of a row with a record's key but another name: people share keys, other records hardly do."""
        return "match.shared_key" if self.keys_are_shared else "match.key_conflict"

    @property
    def belongs(self) -> bool:
        """Whether each record belongs to an organization; organizations themselves do not."""
        return self.organization_column != "id"

    @property
    def identifying_fields(self) -> frozenset[str]:
        """The fields that name a record and distinguish it from others."""
        bases = {one.name: one.field for one in self.derived}
        return frozenset({self.label, *bases.values(), *(bases.get(name, name) for name in self.discriminators)})

    def label_in_derived(self, row: str) -> str:
        """Return SQL: whether the label of a candidate was derived from another field."""
        return f"'{self.label}' = ANY (string_to_array({row}.candidate->>'derived', ','))"

    def field(self, name: str) -> Field:
        return next(field for field in self.fields if field.name == name)

    def mapped_fields(self, targets: Iterable[str]) -> list[Field]:
        """Return the fields that can be read from these mapping targets."""
        given = set(targets)
        return [field for field in self.fields if field.told_by & given]

    def dated_targets(self) -> set[str]:
        """Return the mapping targets whose cells are dates or times: fields, and the parts they are read from."""
        in_periods = {name for period in self.periods for name in period}
        dated = [one for one in self.fields if one.kind in (Kind.DAY, Kind.MOMENT) or one.name in in_periods]
        return {one.name for one in dated} | {part.name for one in dated for part in one.parts if part.dated}

    def kind_of(self, column: str) -> Kind:
        """Return the type of a field's column or of a derived column."""
        return next((field.kind for field in self.fields if field.name == column), Kind.TEXT)

    def place_kinds(self, column: str) -> tuple[str, ...]:
        """Words that say what kind of place a field's value is; none of a derived column, or what is no place."""
        return next((field.place_kinds for field in self.fields if field.name == column), ())
