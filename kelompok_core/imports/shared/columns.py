"""Maps the columns of a source to the fields of an entity, by the headers that the entity knows."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType

from kelompok_core.contracts import Issue, Severity
from kelompok_core.descriptor import EntityDescriptor
from kelompok_core.headers.mapping import EXTRA, RECORD_ID, RUNNING_NUMBERS, HeaderField, HeaderMapping, map_headers
from kelompok_core.headers.spelling import fold_header, spellings, squeeze
from kelompok_core.records.registry import get_descriptor

EXTERNAL_ID = "external_id"
ORGANIZATION = "organization"
CHANGED_AT = "changed_at"

_KEY = "key"
"""Header that JSON readers give the keys of an object whose values are records. They are ids if they are distinct.

The keys of an object whose values are lists of records have another header, because they are no ids.
"""


def map_columns(  # noqa: PLR0913 -- all that decides a mapping
    descriptor: EntityDescriptor,
    columns: list[str],
    given: Mapping[str, str],
    *,
    scoped: bool,
    known: Mapping[str, str] = MappingProxyType({}),
    repeating: Collection[str] = (),
) -> HeaderMapping:
    """Map each column to a field: by the given mapping, by what the reader knows, and then by the aliases.

    ``repeating`` are columns with a repeated value. If the import is limited to an organization (``scoped``), a column
    names the rows' organizations only if the given mapping says so.
    """
    if scoped:
        known = {column: EXTRA if target == ORGANIZATION else target for column, target in known.items()}
    mapping = map_headers(
        columns,
        header_fields(descriptor, scoped=scoped),
        given=given,
        known=known,
        repeating=repeating,
        of_people=descriptor.withdrawal is not None,
    )
    goods = _find_goods(descriptor, mapping, {**known, **given})
    return replace(mapping, issues=[*mapping.issues, goods]) if goods else mapping


def _find_goods(descriptor: EntityDescriptor, mapping: HeaderMapping, given: Mapping[str, str]) -> Issue | None:
    """Return a fatal issue if columns look like goods, grants or papers, and only the name fits the entity.

    None if a person or the reader mapped the name's column.
    """
    specific = set(mapping.targets.values()) - _OF_ANY_LIST
    goods = [column for column in mapping.extra if _GOODS.intersection(spellings(column))]
    if descriptor.label in given.values() or specific != {descriptor.label} or len(goods) < _FEWEST_OF_GOODS:
        return None
    column = next(column for column, target in mapping.targets.items() if target == descriptor.label)
    params = {"columns": goods, "entity": descriptor.entity, "field": descriptor.label}
    return Issue(code="header.of_goods", severity=Severity.FATAL, column=column, params=params)


_FEWEST_OF_GOODS = 2
_OF_ANY_LIST = frozenset({EXTERNAL_ID, CHANGED_AT, "description", "category", "tags", "slug", "status", "notes"})
"""Fields that a list of anything may have: they are no evidence for an entity."""
_GOODS = frozenset(
    {
        "price", "unit price", "sale price", "regular price", "harga", "harga satuan", "harga jual", "stock",
        "in stock", "stok", "jumlah stok", "sku", "qty", "quantity", "kuantitas", "barcode", "merk", "discount",
        "diskon", "amount awarded", "award amount", "award date", "grant amount", "amount requested", "recipient",
        "recipient name", "isbn", "issn", "doi", "journal", "jurnal", "citations", "publisher", "penerbit",
    }
)  # fmt: skip
"""Folded headers of lists of goods, grants and papers."""


def header_fields(descriptor: EntityDescriptor, *, scoped: bool) -> list[HeaderField]:
    """Return everything that a column can be mapped to: id, organization, fields and their parts."""
    aliases = (RECORD_ID, *(alias for alias in descriptor.external_id_aliases if alias != _KEY))
    fields = [HeaderField(name=EXTERNAL_ID, aliases=aliases, distinct_aliases=(_KEY,))]
    if descriptor.belongs:
        fields.append(
            HeaderField(
                name=ORGANIZATION,
                aliases=descriptor.organization_aliases,
                required=not scoped,
                by_name_only=scoped,
                missing_code="header.organization_missing",
            )
        )
    dated = descriptor.dated_targets()
    for one in descriptor.fields:
        fields.append(
            HeaderField(
                name=one.name,
                aliases=one.aliases,
                required=one.required,
                instead=one.told_by - {one.name},
                weak_aliases=one.weak_aliases,
                zoned_aliases=one.zoned_aliases,
                dated=one.name in dated,
                beside=one.beside,
                further=one.further,
            )
        )
        fields += [
            HeaderField(
                name=part.name,
                aliases=part.aliases,
                weak_aliases=part.weak_aliases,
                dated=part.dated,
                beside=part.beside,
            )
            for part in one.parts
            if part.aliases
        ]
    fields.append(HeaderField(name=CHANGED_AT, by_name_only=True))
    return fields


@lru_cache
def list_targets(entity: str) -> tuple[str, ...]:
    """Return every field and part that a column can be mapped to."""
    return tuple(one.name for one in header_fields(get_descriptor(entity), scoped=False))


@lru_cache
def list_fields(entity: str) -> tuple[str, ...]:
    """Return every field that can have a merge policy."""
    return tuple(one.name for one in get_descriptor(entity).fields)


@lru_cache
def header_words(entity: str) -> frozenset[str]:
    """Return all headers that an entity knows, each reduced to lower-case letters and digits."""
    known = [one for one in header_fields(get_descriptor(entity), scoped=False) if not one.by_name_only]
    aliases = [alias for one in known for alias in (one.name, *one.aliases, *one.weak_aliases)]
    return frozenset(squeeze(fold_header(alias)) for alias in (*aliases, *RUNNING_NUMBERS))
