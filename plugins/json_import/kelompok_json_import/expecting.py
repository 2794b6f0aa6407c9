"""What an import expects of its records: fields known to the host, and columns of the mapping."""

import re
from collections.abc import Collection, Sequence
from functools import lru_cache, partial

from kelompok_core.contracts import PluginContext, text_table
from kelompok_json_import.cells import HALF
from kelompok_json_import.choosing import Expected

_MISSING = "header.missing"
_ID = "external_id"
_LONGEST_HEADER = 100
_WORD = re.compile(r'"([^"]+)"|([^\W\d][\w-]*)')


def expected_records(context: PluginContext) -> Expected:
    """Return how to recognize the import's records."""
    entity = context.entity
    narrow = partial(_limit_members, context)
    if entity is None:
        return Expected(count_fields=lambda members: len(_mapped(context, members)))

    @lru_cache(maxsize=1_000)
    def count_fields(members: frozenset[str]) -> int:
        return _count_fields(context, entity, members)

    @lru_cache(maxsize=1_000)
    def is_enough(columns: frozenset[str]) -> bool:
        cells = text_table({column: [] for column in sorted(columns) if not HALF.search(column)})
        return all(issue.code != _MISSING for issue in context.judge_columns(entity, cells))

    return Expected(
        entity=entity,
        count_fields=lambda members: count_fields(narrow(members)),
        is_enough=lambda members: is_enough(narrow({*members, *context.columns})),
        find_entity=context.find_entity,
    )


def _limit_members(context: PluginContext, members: Collection[str]) -> frozenset[str]:
    """Return the members to judge; if there are more than ``max_columns``, only mapped ones and known headers.

    Judging a column is expensive, and an object with that many members is more likely a dictionary than a record.
    """
    if len(members) <= context.max_columns or context.entity is None:
        return frozenset(members)
    words, mapped = context.header_words(context.entity), frozenset(context.columns)
    known = (one for one in members if one in mapped or _letters(one) in words)
    return frozenset(sorted(known)[: context.max_columns])


def _letters(name: str) -> str:
    return "".join(filter(str.isalnum, name[:_LONGEST_HEADER])).casefold()


def _count_fields(context: PluginContext, entity: str, members: Collection[str]) -> int:
    """Return how many fields the members map to; an id does not count, because any object may have one."""
    columns = {*members, *_mapped(context, members)}
    targets = set(context.map_headers(entity, sorted(columns)).values())
    mapped = len(_mapped(context, members))
    return mapped + len({target for target in targets if not target.startswith("(")} - {_ID})


def _mapped(context: PluginContext, members: Collection[str]) -> Sequence[str]:
    """Return the columns of the mapping that are members, or paths that begin with one."""
    return [column for column in context.columns if column in members or _begins_in(column, members)]


def _begins_in(column: str, members: Collection[str]) -> bool:
    """Return whether a path, or one of several alternatives, begins with a member."""
    first = [_WORD.search(path) for path in column.split("||")]
    return any((word[1] or word[2]) in members for word in first if word is not None)
