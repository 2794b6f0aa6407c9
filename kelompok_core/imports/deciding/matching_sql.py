"""SQL for matching a row ``k`` with a record ``t``: by name, keys, discriminators and earlier judgements."""

from collections.abc import Sequence

from kelompok_core.descriptor import EntityDescriptor, Kind, MatchRule
from kelompok_core.records.visibility_sql import sees


def is_distinguished(descriptor: EntityDescriptor, left: str, right: str, columns: Sequence[str]) -> str:
    """Whether two records have different values of a discriminator; an empty value does not count as different."""
    return " OR ".join(_differs(descriptor, left, right, name) for name in columns) or "false"


def _differs(descriptor: EntityDescriptor, left: str, right: str, column: str) -> str:
    one, other = f"{left}.{column}", f"{right}.{column}"
    if descriptor.kind_of(column) is not Kind.TEXT:
        return f"coalesce({one} <> {other}, false)"
    one, other = f"lower({one})", f"lower({other})"
    if not (kinds := descriptor.place_kinds(column)):
        return f"coalesce({one} <> {other}, false)"
    bare_one, bare_other = place_without_kind(one, kinds), place_without_kind(other, kinds)
    same_name = f"{bare_one} = {bare_other} AND ({one} = {bare_one} OR {other} = {bare_other})"
    return f"coalesce({one} <> {other} AND NOT ({same_name}), false)"


def place_without_kind(place: str, kinds: Sequence[str]) -> str:
    """The lower-case name of a place without its kind, such as «kota» or «kabupaten»."""
    return f"regexp_replace({place}, '^({'|'.join(kinds)}) ', '')"


def spellings(place: str, kinds: Sequence[str]) -> str:
    """All lower-case spellings of a place that count as the same place, and a few more."""
    place = f"lower({place})"
    name = place_without_kind(place, kinds)
    return ", ".join([place, *([name] if kinds else []), *(f"'{kind} ' || {name}" for kind in kinds)])


def at_owner(descriptor: EntityDescriptor) -> str:
    """Match only records of the row's own organization; for organizations, only visible ones."""
    return f"t.{descriptor.organization_column} = k.owner" if descriptor.belongs else sees("t.id")


def nameless(descriptor: EntityDescriptor) -> str:
    """Whether a row ``i`` has no name of its own. A name derived from an address agrees with every name."""
    if descriptor.field(descriptor.label).derived_from is None:
        return "false"
    return f"coalesce({descriptor.label_in_derived('i')}, false)"


def names_agree(descriptor: EntityDescriptor) -> str:
    """Whether row and record have the same name. A name derived from an address agrees with every name."""
    same = f"k.nameless OR t.{descriptor.name_key} = k.{descriptor.name_key}"
    label = descriptor.field(descriptor.label)
    return f"({same})" if label.derived_from is None else f"({same} OR NOT t.field_origins ? '{label.name}')"


def has_no_other_id(descriptor: EntityDescriptor) -> str:
    """Whether this source does not know the record by another id."""
    return f"""
    NOT (k.explicit AND EXISTS (
      SELECT FROM source_records s WHERE s.record_id = t.id AND s.entity = '{descriptor.entity}'
        AND s.source_name = :source AND s.external_id IS NOT NULL))"""


def not_judged_different(descriptor: EntityDescriptor) -> str:
    """Whether no person judged the two as different."""
    return f"""
    NOT EXISTS (
      SELECT FROM judgements j
      WHERE j.entity = '{descriptor.entity}' AND j.left_ref = 'record:' || t.id AND j.judgement = 'different'
        AND j.right_ref = 'source:' || CAST(:source AS text) || ':' || k.identity AND j.superseded_at IS NULL)"""


def may_match(descriptor: EntityDescriptor) -> str:
    return f"{has_no_other_id(descriptor)} AND {not_judged_different(descriptor)}"


def found_by(rule: MatchRule, descriptor: EntityDescriptor) -> tuple[str, str, str]:
    """Return three conditions: the rule finds the record, the names agree, the source has no other id for it."""
    agrees = names_agree(descriptor) if rule.name_agrees else "true"
    # If key and name agree but the source has another id for the record, a person decides.
    is_open = has_no_other_id(descriptor) if rule.identifies else "true"
    may_match = not_judged_different(descriptor)
    may_match += f" AND ({agrees} OR {is_open})" if rule.identifies else f" AND {has_no_other_id(descriptor)}"
    differs = is_distinguished(descriptor, "t", "k", descriptor.discriminators if rule.discriminates else ())
    equal = " AND ".join(f"t.{column} = k.{column}" for column in rule.columns)
    return f"{equal} AND {at_owner(descriptor)} AND NOT ({differs}) AND {may_match}", agrees, is_open


def namesakes(descriptor: EntityDescriptor, *, when: str = "true") -> str:
    """Select the ids of records that have the row's name and no different discriminator.

    Hundreds of records in other places may have the same name; an index of name and place skips them.
    """
    alike = f"""
          SELECT t.id FROM {descriptor.entity} t
          WHERE {when}
            AND t.{descriptor.name_key} = k.{descriptor.name_key}
            AND NOT k.nameless
            AND {at_owner(descriptor)} AND NOT ({is_distinguished(descriptor, "t", "k", descriptor.discriminators)})
            AND {may_match(descriptor)}"""
    place = descriptor.names_indexed_with
    if place is None:
        return alike
    near = f"coalesce(lower(t.{place}), '') IN ('', {spellings(f'k.{place}', descriptor.place_kinds(place))})"
    return f"{alike} AND {near} UNION ALL {alike} AND k.{place} IS NULL"
