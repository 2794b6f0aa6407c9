"""What the import engine needs to know of an entity: its fields, keys, protected columns and merge policy."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import pandas as pd

from kelompok_core.values.normalized import Normalizer

if TYPE_CHECKING:
    from pandera.pandas import DataFrameSchema


class MergePolicy(StrEnum):
    """What an import may do to a value that is already there. A blank cell never changes anything.

    ``OWN`` replaces what this same source said before and fills what is empty; ``FILL_EMPTY`` fills only;
    ``OVERWRITE`` replaces another source's value too; ``KEEP`` leaves an existing record's value alone.
    None of them replaces what a person set.
    """

    OWN = "own"
    FILL_EMPTY = "fill_empty"
    OVERWRITE = "overwrite"
    KEEP = "keep"


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field of a candidate, and where it is kept.

    Attributes:
        name: The field's name in mappings, candidates and reports.
        aliases: Headers it is known by, in English and Indonesian.
        normalize: Turns text as written into the form that is stored.
        column: The table's column; the name by default.
        key: The key inside ``column`` when that is a JSON column.
        required: A row without it is rejected.
        policy: How it merges unless the mapping says otherwise.
    """

    name: str
    aliases: tuple[str, ...]
    normalize: Normalizer
    column: str = ""
    key: str | None = None
    required: bool = False
    policy: MergePolicy = MergePolicy.OWN

    @property
    def stored_in(self) -> str:
        return self.column or self.name


@dataclass(frozen=True, kw_only=True)
class DerivedColumn:
    """A column computed from a field wherever that is written, such as a matching key."""

    name: str
    field: str
    derive: Callable[[pd.Series], pd.Series]


@dataclass(frozen=True, kw_only=True)
class MatchRule:
    """A way to recognise an existing record.

    Attributes:
        reason: Stable code of the rule.
        column: Column of the record, and key of the candidate, that must be equal.
        name_agrees: Whether the names must be the same too; where only they differ, a person decides.
        place_agrees: Whether a record in another place is another record.
    """

    reason: str
    column: str
    name_agrees: bool = True
    place_agrees: bool = True


@dataclass(frozen=True, kw_only=True)
class EntityDescriptor:
    """An importable entity.

    Attributes:
        entity: Its table, and the word in jobs and assets.
        fields: What a source may say about it.
        external_id_aliases: Headers of the source's own id.
        derived: Columns computed from fields.
        slug_field: Field the slug is made from when the source gives none.
        name_key: Derived column by which two names are the same.
        places: Fields that tell two branches of one name apart.
        natural_key: Fields or derived columns that stand for an id where the source has none.
        rules: Strong keys, strongest first.
        extra_column: JSON column that takes what no field takes, under ``extra`` and the source's name.
        organization_column: Column with the id of the organization a record belongs to.
        claim_column: Column that is ``claimed`` when an organization's own people look after the record.
        protected: Columns an import can never set.
        schema: Builds the pandera schema of a batch of candidates.
    """

    entity: str
    fields: tuple[Field, ...]
    external_id_aliases: tuple[str, ...]
    derived: tuple[DerivedColumn, ...]
    slug_field: str
    name_key: str
    places: tuple[str, ...]
    natural_key: tuple[str, ...]
    rules: tuple[MatchRule, ...]
    extra_column: str
    organization_column: str
    claim_column: str | None
    protected: frozenset[str]
    schema: "Callable[[], DataFrameSchema]"

    def __post_init__(self) -> None:
        written = {field.stored_in for field in self.fields} | {one.name for one in self.derived}
        if clash := written & self.protected:
            raise ValueError(f"{self.entity}: protected columns cannot be fields: {sorted(clash)}")

    def field(self, name: str) -> Field:
        return next(field for field in self.fields if field.name == name)
