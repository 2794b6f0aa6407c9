"""What the import engine needs to know of an entity: its fields, keys, protected columns and merge policy."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from kelompok_core.access.rules import Action
from kelompok_core.values.merge_policy import MergePolicy

if TYPE_CHECKING:  # what a descriptor speaks of is loaded by those who make one
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
"""Headers of the zone that the times of a row are of."""


class Kind(StrEnum):
    """What a field's column holds, by PostgreSQL's name; a candidate is text throughout."""

    TEXT = "text"
    DAY = "date"
    MOMENT = "timestamptz"
    FLAG = "boolean"
    NUMBER = "numeric"
    LIST = "jsonb"


class Detail(StrEnum):
    """How a record's value is known to say all that a row says in brief, so that it stays.

    ``DATE`` begins with the year or month; ``NAME`` has the words of a name of which a part is missing; ``NUMBER`` is a
    telephone number, beside a text that is none; ``MOMENT`` gives the time of day and the zone that a row does not say;
    ``BASE`` is there at all, and so is what it was derived from.
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
        name: The part's name in mappings; or that of another field, whose column is read as well.
        aliases: Headers it is known by; none where it is another field's column.
        suffices: Whether the field can be told from this part alone.
        weak_aliases: Headers it is known by only in a list that has one of the fields in ``beside`` too.
        beside: See ``weak_aliases``.
        dated: Whether its cells are dates or times, and its header may name the zone of those.
    """

    name: str
    aliases: tuple[str, ...] = ()
    suffices: bool = False
    weak_aliases: tuple[str, ...] = ()
    beside: frozenset[str] = frozenset()
    dated: bool = False


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field of a candidate, and where it is kept.

    Attributes:
        name: The field's name in mappings, candidates and reports.
        aliases: Headers it is known by, in English and Indonesian.
        normalize: Turns text as written into the form that is stored.
        read: The same for a field that needs more than its own cell; one of the two is given.
        parts: What else it is read from.
        column: The table's column; the name by default.
        key: The key inside ``column`` when that is a JSON column.
        kind: What the column holds.
        default: What is stored where nobody says anything and the column may not be empty.
        vocabulary: Table of the words (name and slug) that ``column`` points to; unknown ones are added to it.
        required: A row without it is rejected.
        policy: How it merges unless the mapping says otherwise.
        weak_aliases: Headers it is known by only in a list that has one of the fields in ``beside`` too.
        beside: See ``weak_aliases``.
        zoned_aliases: Headers it is known by only where they name a time zone too.
        further: The part that takes a second column with an alias of this field.
        derived_from: The field that values are made from which the source does not say; None where there are none.
        only_added: Whether its policy stands whatever the operator says: sources add to its list, and nothing else.
        detail: How a value that a row says in brief is compared with the record's; None where none is in brief.
        zone_in: The field with the time zone of a date and time; without one it is the import's.
        place_kinds: Words, in small letters, before a place's name that say which of those so called it is; a place
            without one may be any of them.
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
        """The mapping targets of which one is enough to tell this field."""
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
        """The candidate's member that is compared and written: of a word of a vocabulary, its slug."""
        return f"{self.name}_slug" if self.vocabulary else self.name


@dataclass(frozen=True, kw_only=True)
class DerivedColumn:
    """A column computed from a field wherever that is written, such as a matching key."""

    name: str
    field: str
    derive: "Callable[[pd.Series], pd.Series]"


@dataclass(frozen=True, kw_only=True)
class MatchRule:
    """A way to recognise an existing record, inside its organization where it belongs to one.

    Attributes:
        reason: Stable code of the rule.
        columns: Columns of the record, and members of the candidate, that must be equal.
        name_agrees: Whether the names must be the same too; where only they differ, a person decides.
        discriminates: Whether a record that a discriminator tells apart is another record.
        identifies: Whether a row under another id of the same source, whose name agrees too, is a question; else it is
            another record, since the source itself says so.
    """

    reason: str
    columns: tuple[str, ...]
    name_agrees: bool = True
    discriminates: bool = True
    identifies: bool = False


@dataclass(frozen=True, kw_only=True)
class Guard:
    """A value that needs a right beyond importing; without it the row says nothing of the field, and that is told.

    Attributes:
        field: The field.
        value: Its value that is guarded; any where None.
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
    """Consent that was withdrawn: it outranks whatever a source says otherwise, until a person says so.

    Attributes:
        field: The list that a withdrawal stands in.
        status: The field that says whether somebody takes part.
        active: Its value that a withdrawal outranks.
        inactive: Its value that stays, and that a row which withdraws brings with it.
    """

    field: str
    status: str
    active: str
    inactive: str


@dataclass(frozen=True, kw_only=True)
class EntityDescriptor:
    """An importable entity.

    Attributes:
        entity: Its table, and the word in jobs and assets.
        fields: What a source may say about it.
        external_id_aliases: Headers of the source's own id.
        label: Field a record is called by; the slug is made from it when the source gives none.
        list_names: What programs and people call a list of such records, or one of them; in English and Indonesian.
        has_slug: Whether records have a slug, one of a kind inside their organization.
        organization_aliases: Headers of the organization a record belongs to.
        derived: Columns computed from fields.
        name_key: Derived column by which two names are the same.
        discriminators: Fields or derived columns that tell two records of one name apart, where both say something.
        names_indexed_with: The discriminator the index of names has behind the name, for names that many records bear.
        keys_are_shared: Whether several records may have one natural key, as siblings have one e-mail address.
        natural_keys: What stands for an id where the source has none: the first whose first part is there.
        rules: Strong keys, strongest first.
        periods: Pairs of fields that begin and end something.
        orders: Pairs of fields of which the first comes before the second in any life; where it does not, the row is
            a question.
        guards: Values that need a right of their own.
        withdrawal: How withdrawn consent outranks what sources say, where there is such a thing.
        public_fields: Fields whose text an enricher may be shown; none of what is about a person.
        unpublished: Field and value of a record that is not public yet, whatever its fields are, such as a draft.
        extra_column: JSON column that takes what no field takes, under ``extra`` and the source's name.
        organization_column: Column with the id of the organization a record belongs to.
        claim_column: Column that is ``claimed`` when an organization's own people look after the record.
        protected: Columns an import can never set.
        schema: Builds the pandera schema of a batch of candidates.
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
        """Why a row waits that has a record's key and another name: people share keys, other records hardly do."""
        return "match.shared_key" if self.keys_are_shared else "match.key_conflict"

    @property
    def belongs(self) -> bool:
        """Whether each record belongs to an organization, and is none itself."""
        return self.organization_column != "id"

    @property
    def identifying_fields(self) -> frozenset[str]:
        """The fields by which a record is called and told from others."""
        bases = {one.name: one.field for one in self.derived}
        return frozenset({self.label, *bases.values(), *(bases.get(name, name) for name in self.discriminators)})

    def label_in_derived(self, row: str) -> str:
        """Return the SQL of whether the label of a candidate was made of something else."""
        return f"'{self.label}' = ANY (string_to_array({row}.candidate->>'derived', ','))"

    def field(self, name: str) -> Field:
        return next(field for field in self.fields if field.name == name)

    def mapped_fields(self, targets: Iterable[str]) -> list[Field]:
        """The fields a source with these mapping targets says something about."""
        given = set(targets)
        return [field for field in self.fields if field.told_by & given]

    def dated_targets(self) -> set[str]:
        """Return the mapping targets whose cells are dates or times: fields, and the parts they are read from."""
        in_periods = {name for period in self.periods for name in period}
        dated = [one for one in self.fields if one.kind in (Kind.DAY, Kind.MOMENT) or one.name in in_periods]
        return {one.name for one in dated} | {part.name for one in dated for part in one.parts if part.dated}

    def kind_of(self, column: str) -> Kind:
        """What a field's or derived column holds."""
        return next((field.kind for field in self.fields if field.name == column), Kind.TEXT)

    def place_kinds(self, column: str) -> tuple[str, ...]:
        """Words that say what kind of place a field's value is; none of a derived column, or what is no place."""
        return next((field.place_kinds for field in self.fields if field.name == column), ())
