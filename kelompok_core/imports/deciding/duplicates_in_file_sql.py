"""SQL for rows of one file that may be one record: the later row goes to review."""

from collections.abc import Iterator, Sequence

from kelompok_core.descriptor import EntityDescriptor, MatchRule
from kelompok_core.imports.deciding.matching_sql import bare, told_apart
from kelompok_core.issues import reasons


def duplicates_to_review(descriptor: EntityDescriptor) -> Iterator[str]:
    """Yield the statements; of rows that go to review already none is the earlier one."""
    yield _review_duplicate_names(descriptor, place=None)
    if descriptor.names_indexed_with is not None:
        yield _review_duplicate_names(descriptor, place=descriptor.names_indexed_with)
    for rule in descriptor.rules:
        if rule.identifies:
            yield _review_second_ids(descriptor, rule)
    # Of people a list without ids asks whose an address is; two organizations of one list have two names for a reason.
    for rule in descriptor.rules if descriptor.keys_are_shared else ():
        if rule.name_agrees:
            yield _review_shared_keys(descriptor, rule)


# Asked once, and mostly all that is asked.
_SOME_WITHOUT_ID = "EXISTS (SELECT FROM deciding_rows WHERE {}NOT explicit)"


def _to_review(reason: str, keys: Sequence[str], *, first: str, later: str, differs: str) -> str:
    """Send rows to review behind the first of the file that has their keys.

    Args:
        reason: Why.
        keys: The columns, ``{}`` standing for the row they are of.
        first: What the first must be; its keys are ``f``, its row is ``g``.
        later: What a row ``r`` must be to be item; its keys are ``k``.
        differs: What tells the two apart.
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
    """Send rows to review of a name that nothing tells apart from the first of that name, and that have not each an id.

    With ``place``, from the first of that name there: behind one elsewhere there may be another here.
    """
    return _to_review(
        reasons.POSSIBLE_DUPLICATE.code,
        [f"{{}}.{descriptor.name_key}", *([_place(descriptor, place)] if place else [])],
        first="g.namesakes > 0",
        later=f"""r.namesakes > 0 AND NOT (r.explicit AND first.explicit)
          AND {_SOME_WITHOUT_ID.format("namesakes > 0 AND ")}""",
        differs=told_apart(descriptor, "first", "k", descriptor.discriminators),
    )


def _place(descriptor: EntityDescriptor, place: str) -> str:
    kinds = descriptor.place_kinds(place)
    named = f"lower({{}}.{place})"
    return bare(named, kinds) if kinds else named


def _review_second_ids(descriptor: EntityDescriptor, rule: MatchRule) -> str:
    """Send rows to review that have another id than one before them, and its name and key."""
    said = " AND ".join(f"f.{column} IS NOT NULL" for column in rule.columns)
    return _to_review(
        reasons.NEW_ID_FOR_KNOWN.code,
        [f"{{}}.{column}" for column in (descriptor.name_key, *rule.columns)],
        first=f"g.namesakes > 0 AND f.explicit AND {said} AND {_twice(rule)}",
        later="r.namesakes > 0 AND r.explicit",
        differs=told_apart(descriptor, "first", "k", descriptor.discriminators),
    )


def _review_shared_keys(descriptor: EntityDescriptor, rule: MatchRule) -> str:
    """Send rows to review that have the key of one before them and another name, and not each an id of its own."""
    return _to_review(
        descriptor.reason_of_shared_keys,
        [f"{{}}.{column}" for column in rule.columns],
        first=_twice(rule),
        later=f"""NOT (r.explicit AND first.explicit)
          AND first.{descriptor.name_key} <> k.{descriptor.name_key} AND NOT first.nameless AND NOT k.nameless
          AND {_SOME_WITHOUT_ID.format("")}""",
        differs=told_apart(descriptor, "first", "k", descriptor.discriminators if rule.discriminates else ()),
    )


def _twice(rule: MatchRule) -> str:
    """Whether more than one row has the keys of ``f``: few do, and only those are sorted."""
    keys = ", ".join(f"f.{column}" for column in rule.columns)
    return f"({keys}) IN (SELECT {keys} FROM deciding_keys f GROUP BY {keys} HAVING count(*) > 1)"
