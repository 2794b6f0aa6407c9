"""The SQL of rows of one file that may be one record: the later is parked, as behind a record of an earlier file."""

from collections.abc import Iterator

from kelompok_core.descriptor import EntityDescriptor, MatchRule
from kelompok_core.imports.matching_sql import bare, told_apart


def park(descriptor: EntityDescriptor) -> Iterator[str]:
    """Yield the statements; of rows that are parked already none is the earlier one."""
    yield _park_duplicate_names(descriptor, place=None)
    if descriptor.names_indexed_with is not None:
        yield _park_duplicate_names(descriptor, place=descriptor.names_indexed_with)
    for rule in descriptor.rules:
        if rule.identifies:
            yield _park_second_ids(descriptor, rule)
    # Of people a list without ids asks whose an address is; two organizations of one list have two names for a reason.
    for rule in descriptor.rules if descriptor.keys_are_shared else ():
        if rule.name_agrees:
            yield _park_shared_keys(descriptor, rule)


# Asked once, and mostly all that is asked.
_SOME_WITHOUT_ID = "EXISTS (SELECT FROM deciding_rows WHERE {}NOT explicit)"


def _park_duplicate_names(descriptor: EntityDescriptor, *, place: str | None) -> str:
    """Park rows of a name that nothing tells apart from the first of that name, and that have not each an id.

    With ``place``, from the first of that name there: behind one elsewhere there may be another here.
    """

    def named(row: str) -> str:
        names = [f"{row}.{descriptor.name_key}"]
        return ", ".join([*names, *([_place(descriptor, row, place)] if place else [])])

    return f"""
    UPDATE deciding_rows r SET parked = true, reason = 'match.possible_duplicate', duplicate_of = first.record
    FROM deciding_keys k
    JOIN (SELECT DISTINCT ON (f.home, {named("f")}) f.* FROM deciding_keys f
          JOIN deciding_rows g ON g.record = f.record AND g.target IS NULL AND NOT g.parked AND g.namesakes > 0
          ORDER BY f.home, {named("f")}, f.record) first
      ON ({named("first")}) = ({named("k")}) AND first.home IS NOT DISTINCT FROM k.home
    WHERE r.record = k.record AND r.target IS NULL AND NOT r.parked AND r.namesakes > 0
      AND NOT (r.explicit AND first.explicit)
      AND first.record < r.record AND first.identity <> r.identity
      AND NOT ({told_apart(descriptor, "first", "k", descriptor.discriminators)})
      AND {_SOME_WITHOUT_ID.format("namesakes > 0 AND ")}"""


def _place(descriptor: EntityDescriptor, row: str, place: str) -> str:
    kinds = descriptor.place_kinds(place)
    named = f"lower({row}.{place})"
    return bare(named, kinds) if kinds else named


def _park_second_ids(descriptor: EntityDescriptor, rule: MatchRule) -> str:
    """Park rows of the file that have another id than one before them, and its name and key."""
    equal = " AND ".join(f"k.{column} = first.{column}" for column in rule.columns)
    keys = ", ".join(f"f.{column}" for column in rule.columns)
    said = " AND ".join(f"f.{column} IS NOT NULL" for column in rule.columns)
    name = descriptor.name_key
    return f"""
        UPDATE deciding_rows r SET parked = true, reason = 'id.new_for_known', duplicate_of = first.record
        FROM deciding_keys k
        JOIN (SELECT DISTINCT ON (f.home, f.{name}, {keys}) f.* FROM deciding_keys f
              JOIN deciding_rows g ON g.record = f.record AND g.target IS NULL AND NOT g.parked AND g.namesakes > 0
              WHERE f.explicit AND {said} AND {_twice(keys)}
              ORDER BY f.home, f.{name}, {keys}, f.record) first
          ON first.{name} = k.{name} AND {equal} AND first.home IS NOT DISTINCT FROM k.home
        WHERE r.record = k.record AND r.explicit AND r.target IS NULL AND NOT r.parked AND r.namesakes > 0
          AND first.record < r.record AND first.identity <> r.identity
          AND NOT ({told_apart(descriptor, "first", "k", descriptor.discriminators)})"""


def _park_shared_keys(descriptor: EntityDescriptor, rule: MatchRule) -> str:
    """Park rows that have the key of one before them and another name, and not each an id of its own."""
    equal = " AND ".join(f"k.{column} = first.{column}" for column in rule.columns)
    keys = ", ".join(f"f.{column}" for column in rule.columns)
    differs = told_apart(descriptor, "first", "k", descriptor.discriminators if rule.discriminates else ())
    return f"""
        UPDATE deciding_rows r SET parked = true, reason = '{descriptor.reason_of_shared_keys}',
               duplicate_of = first.record
        FROM deciding_keys k
        JOIN (SELECT DISTINCT ON (f.home, {keys}) f.* FROM deciding_keys f
              JOIN deciding_rows g ON g.record = f.record AND g.target IS NULL AND NOT g.parked
              WHERE {_twice(keys)}
              ORDER BY f.home, {keys}, f.record) first
          ON {equal} AND first.home IS NOT DISTINCT FROM k.home
        WHERE r.record = k.record AND r.target IS NULL AND NOT r.parked
          AND first.{descriptor.name_key} <> k.{descriptor.name_key} AND NOT first.nameless AND NOT k.nameless
          AND NOT (r.explicit AND first.explicit)
          AND first.record < r.record AND first.identity <> r.identity AND NOT ({differs})
          AND {_SOME_WITHOUT_ID.format("")}"""


def _twice(keys: str) -> str:
    """Whether more than one row has these keys: few do, and only those are sorted."""
    return f"({keys}) IN (SELECT {keys} FROM deciding_keys f GROUP BY {keys} HAVING count(*) > 1)"
