"""SQL for rows of one file that may be one record: the later row goes to review."""

from collections.abc import Iterator, Sequence

from kelompok_core.descriptor import EntityDescriptor, MatchRule
from kelompok_core.imports.deciding.matching_sql import is_distinguished, place_without_kind
from kelompok_core.issues import reasons


def duplicates_to_review(descriptor: EntityDescriptor) -> Iterator[str]:
    """Yield the statements. A row that already goes to review is never the earlier row of a pair."""
    yield _review_duplicate_names(descriptor, place=None)
    if descriptor.names_indexed_with is not None:
        yield _review_duplicate_names(descriptor, place=descriptor.names_indexed_with)
    for rule in descriptor.rules:
        if rule.identifies:
            yield _review_second_ids(descriptor, rule)
    # In a list of people without ids, two names with one address may be one person. Two organizations in one list
    # have different names because they are different.
    for rule in descriptor.rules if descriptor.keys_are_shared else ():
        if rule.name_agrees:
            yield _review_shared_keys(descriptor, rule)


# Evaluated once per statement. In most files it is false, so that nothing else is evaluated.
_SOME_WITHOUT_ID = "EXISTS (SELECT FROM deciding_rows WHERE {}NOT explicit)"


def _to_review(reason: str, keys: Sequence[str], *, first: str, later: str, differs: str) -> str:
    """Send rows to review that come after the first row of the file with the same keys.

    Args:
        reason: The reason code.
        keys: SQL of the key columns; ``{}`` stands for the alias of the row.
        first: Condition on the first row; ``f`` has its keys, ``g`` is the row.
        later: Condition on the row ``r`` that goes to review; ``k`` has its keys.
        differs: Condition under which the two rows are different records.
    """
    of_first, of_each, of_later = (", ".join(keys).replace("{}", row) for row in ("first", "f", "k"))
    return f"""
        UPDATE deciding_rows r SET for_review = true, reason = '{reason}', duplicate_of = first.row_number
        FROM deciding_keys k
        JOIN (SELECT DISTINCT ON (f.owner, {of_each}) f.* FROM deciding_keys f
              JOIN deciding_rows g ON g.row_number = f.row_number AND g.target IS NULL AND NOT g.for_review
              WHERE {first}
              ORDER BY f.owner, {of_each}, f.row_number) first
          ON ({of_first}) = ({of_later}) AND first.owner IS NOT DISTINCT FROM k.owner
        WHERE r.row_number = k.row_number AND r.target IS NULL AND NOT r.for_review AND {later}
          AND first.row_number < r.row_number AND first.identity <> r.identity AND NOT ({differs})"""


def _review_duplicate_names(descriptor: EntityDescriptor, *, place: str | None) -> str:
    """Send rows to review that have the name of an earlier row, no distinguishing value, and not both an id.

    With ``place``, the earlier row is the first with that name in the same place: the first row of that name may be in
    another place.
    """
    return _to_review(
        reasons.POSSIBLE_DUPLICATE.code,
        [f"{{}}.{descriptor.name_key}", *([_place(descriptor, place)] if place else [])],
        first="g.namesakes > 0",
        later=f"""r.namesakes > 0 AND NOT (r.explicit AND first.explicit)
          AND {_SOME_WITHOUT_ID.format("namesakes > 0 AND ")}""",
        differs=is_distinguished(descriptor, "first", "k", descriptor.discriminators),
    )


def _place(descriptor: EntityDescriptor, place: str) -> str:
    kinds = descriptor.place_kinds(place)
    named = f"lower({{}}.{place})"
    return place_without_kind(named, kinds) if kinds else named


def _review_second_ids(descriptor: EntityDescriptor, rule: MatchRule) -> str:
    """Send rows to review that have the name and key of an earlier row but another id."""
    complete = " AND ".join(f"f.{column} IS NOT NULL" for column in rule.columns)
    return _to_review(
        reasons.NEW_ID_FOR_KNOWN.code,
        [f"{{}}.{column}" for column in (descriptor.name_key, *rule.columns)],
        first=f"g.namesakes > 0 AND f.explicit AND {complete} AND {_has_duplicate_keys(rule)}",
        later="r.namesakes > 0 AND r.explicit",
        differs=is_distinguished(descriptor, "first", "k", descriptor.discriminators),
    )


def _review_shared_keys(descriptor: EntityDescriptor, rule: MatchRule) -> str:
    """Send rows to review that have the key of an earlier row but another name, and not both an id."""
    return _to_review(
        descriptor.reason_of_shared_keys,
        [f"{{}}.{column}" for column in rule.columns],
        first=_has_duplicate_keys(rule),
        later=f"""NOT (r.explicit AND first.explicit)
          AND first.{descriptor.name_key} <> k.{descriptor.name_key} AND NOT first.nameless AND NOT k.nameless
          AND {_SOME_WITHOUT_ID.format("")}""",
        differs=is_distinguished(descriptor, "first", "k", descriptor.discriminators if rule.discriminates else ()),
    )


def _has_duplicate_keys(rule: MatchRule) -> str:
    """Whether more than one row has the keys of ``f``. Only these few rows are sorted."""
    keys = ", ".join(f"f.{column}" for column in rule.columns)
    return f"({keys}) IN (SELECT {keys} FROM deciding_keys f GROUP BY {keys} HAVING count(*) > 1)"
