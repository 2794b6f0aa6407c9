"""Shell completion of plugins, jobs, settings, fields, slugs and ids. Does not start the database."""

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from io import StringIO
from typing import TYPE_CHECKING, Any

import typer

from kelompok_core.cli.language import translate
from kelompok_core.cli.surroundings import settings
from kelompok_core.cli.visible_text import visible
from kelompok_core.entities import OWNERS, list_words
from kelompok_core.errors import KelompokError

if TYPE_CHECKING:
    import sqlalchemy as sa

    from kelompok_core.plugin_host.registry import PluginInfo

CALLED_BY = {**{words.entity: words.called_by for words in list_words()}, "users": "email"}
"""For each table, the column that people know its records by."""

_MOST = 50
_LAST = "last"
_COMPLETING = "_KELOMPOK_COMPLETE"
"""The environment variable by which the shell requests completions from Typer."""


def is_asked(environ: Mapping[str, str]) -> bool:
    """Whether the shell requests completions."""
    return _COMPLETING in environ


@contextmanager
def whole_words(environ: MutableMapping[str, str]) -> Iterator[None]:
    """Complete words with «=» in bash, which splits them there: pass Typer the whole word, return what follows «=»."""
    words = environ.get("COMP_WORDS", "").split("\n")
    current = int(environ.get("COMP_CWORD") or 0)
    if "=" not in words[current - 1 : current + 1]:
        yield
        return
    before = words[: words.index("=", current - 1)]
    begun = "".join(words[len(before) + 1 : current + 1])
    header = f"{before[-1]}="
    environ["COMP_WORDS"], environ["COMP_CWORD"] = "\n".join([*before[:-1], header + begun]), str(len(before) - 1)
    with redirect_stdout(StringIO()) as answer:
        try:
            yield
        finally:
            bare = re.sub(r"[\"'\\]", "", header)  # as the shell would read it
            sys.__stdout__.write(visible(answer.getvalue().replace(bare, "")))  # type: ignore[union-attr]


def plugins(incomplete: str) -> list[tuple[str, str]]:
    return [(one.name, one.state.value) for one in _plugins() if one.name.startswith(incomplete)]


def jobs(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    found = _plugin_of(ctx)
    return [(job.name, job.summary) for job in (found.jobs() if found else ()) if job.name.startswith(incomplete)]


def settings_of_plugin(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete ``KEY=`` with the settings of the plugin named on the command line."""
    found = _plugin_of(ctx)
    properties = found.manifest.config_schema.get("properties", {}) if found and found.manifest else {}
    return [f"{key}=" for key in properties if f"{key}=".startswith(incomplete)]


def mapping(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete the fields after ``HEADER=``."""
    header, equals, begun = incomplete.rpartition("=")
    if not equals:
        return []
    return [f"{header}={field}" for field in (*_fields(_entity_of(ctx)), "extra", "-") if field.startswith(begun)]


def policies(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete ``FIELD=``, and the policies after it."""
    from kelompok_core.values.merge_policy import MergePolicy

    field, equals, begun = incomplete.partition("=")
    if not equals:
        return [f"{one}=" for one in _fields(_entity_of(ctx)) if one.startswith(field)]
    return [f"{field}={policy.value}" for policy in MergePolicy if policy.value.startswith(begun)]


def profiles(incomplete: str) -> list[str]:
    from kelompok_core.plugin_host.configuration import read_document

    with suppress(KelompokError):
        saved = list(read_document(settings()).get("profiles", {}))
        ready = [f"{one.name}/{each.name}" for one in _plugins() if one.manifest for each in one.manifest.profiles]
        return [name for name in (*saved, *ready) if name.startswith(incomplete)]
    return []


def organizations(incomplete: str) -> list[str]:
    return _names("organizations", incomplete)


def users(incomplete: str) -> list[str]:
    return _names("users", incomplete)


def imports(incomplete: str) -> list[tuple[str, str]]:
    """Complete the newest imports, by unambiguous short ids."""
    newest = [(_LAST, translate("the newest"))] if _LAST.startswith(incomplete) else []
    return newest + _ask(lambda connection: _imports(connection, incomplete))


def _imports(connection: "sa.Connection", incomplete: str) -> list[tuple[str, str]]:
    import sqlalchemy as sa

    from kelompok_core.database.ids import SHORTEST_SHOWN, shorten

    rows = connection.execute(
        sa.text(_NEWEST), {"begins": f"{incomplete}%", "shown": SHORTEST_SHOWN, "most": _MOST}
    ).all()
    called = shorten(connection, "imports", [row.id for row in rows])
    return [
        (
            called[row.id] if called[row.id].startswith(incomplete) else str(row.id),
            f"{row.source_name}, {translate(row.state)}",
        )
        for row in rows
    ]


_NEWEST = """
    SELECT id, source_name, state FROM imports
    WHERE id::text LIKE :begins OR right(id::text, :shown) LIKE :begins ORDER BY id DESC LIMIT :most"""


def item(incomplete: str) -> list[tuple[str, str]]:
    """Complete the rows that wait for review, by the names that «review list» shows."""
    return _ask(lambda connection: [one for one in _item(connection) if one[0].startswith(incomplete)])


def _item(connection: "sa.Connection") -> list[tuple[str, str]]:
    from kelompok_core.database.ids import shorten
    from kelompok_core.imports.reviewing.review_items import list_review_items

    rows = list_review_items(connection, limit=_MOST)
    called = shorten(connection, "imports", {row.import_id for row in rows})
    return [(f"{called[row.import_id]}:{row.row_number}", row.label or row.reason) for row in rows]


def candidates(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete the records that may match the row named on the command line."""
    typed = [one for one in (ctx.params.get("ref"), *ctx.args) if one and ":" in one]
    return _ask(lambda connection: [one for one in _candidates(connection, typed[0]) if one.startswith(incomplete)])


def _candidates(connection: "sa.Connection", ref: str) -> list[str]:
    from kelompok_core.database.ids import get_id
    from kelompok_core.imports.reviewing.review_items import get_review_item, list_candidates

    prefix, _, row_number = ref.rpartition(":")
    row = get_review_item(connection, get_id(connection, "imports", prefix), int(row_number))
    return list(list_candidates(connection, row))


def _names(table: str, incomplete: str) -> list[str]:
    import sqlalchemy as sa

    column = CALLED_BY[table]
    query = f"SELECT DISTINCT {column} FROM {table} WHERE {column} LIKE :begins ORDER BY 1 LIMIT {_MOST}"  # noqa: S608 -- ours
    return _ask(lambda connection: list(connection.scalars(sa.text(query), {"begins": f"{incomplete}%"})))


def _ask(work: "Callable[[sa.Connection], list[Any]]") -> list[Any]:
    """Return the query's result, or nothing if the database is not running: completion must not print errors."""
    import sqlalchemy as sa

    from kelompok_core.database.embedded import find_running
    from kelompok_core.database.engine import Addresses, Database, find_addresses

    there = settings()
    try:
        if there.database_url is not None:
            addresses = find_addresses(there)
        elif there.is_there and (urls := find_running(there)) is not None:
            addresses = Addresses(runtime=urls.runtime, dagster=urls.dagster)
        else:
            return []
        with Database(addresses).connect() as connection:
            return work(connection)
    except (KelompokError, sa.exc.SQLAlchemyError, OSError, LookupError, ValueError):
        return []


def _plugins() -> "Iterable[PluginInfo]":
    from kelompok_core.plugin_host.registry import list_plugins

    with suppress(KelompokError):
        return list_plugins(settings())
    return ()


def _plugin_of(ctx: typer.Context) -> "PluginInfo | None":
    """Return the plugin on the command line: an argument, or the group of a plugin's own command."""
    # Parsing ends at an option without its value, and leaves the arguments unparsed.
    typed = [ctx.params.get("name"), *ctx.args[:1], ctx.parent.info_name if ctx.parent else None]
    return next((one for one in _plugins() if one.name in typed), None)


def _entity_of(ctx: typer.Context) -> str | None:
    choices = next((one.type.choices for one in ctx.command.params if one.name == "entity"), ())  # type: ignore[attr-defined]
    if asked := ctx.params.get("entity") or next(iter(choices), None):
        return str(asked)
    found, job = _plugin_of(ctx), ctx.params.get("job")
    return next((one.entity for one in (found.jobs() if found else ()) if one.name == job), None)


def _fields(entity: str | None) -> Sequence[str]:
    if entity is None:
        return ()
    from kelompok_core.imports.shared.columns import header_fields
    from kelompok_core.records.registry import get_descriptor

    with suppress(KelompokError):
        return [one.name for one in header_fields(get_descriptor(entity), scoped=False)]
    return ()


def fields(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete ``FIELD=`` with the fields of the command's entity."""
    return [f"{name}=" for name in _fields(_entity_of_noun(ctx)) if f"{name}=".startswith(incomplete)]


def records(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete the names of records of the command's entity."""
    return _names(_entity_of_noun(ctx), incomplete)


def _entity_of_noun(ctx: typer.Context) -> str:
    command = ctx.parent.info_name if ctx.parent else None
    return next((words.entity for words in list_words() if words.command == command), OWNERS)
