"""Names of records that somebody may have meant; looked up for the command line alone, which sees them all anyway."""

from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

import sqlalchemy as sa

from kelompok_core.cli import terminal
from kelompok_core.cli.completion import CALLED_BY
from kelompok_core.cli.language import say
from kelompok_core.entities import list_words
from kelompok_core.errors import Ambiguous, KelompokError, NotFound
from kelompok_core.issues.sentences import local_time
from kelompok_core.suggestions import suggest

_MOST = 5_000
"""So many names are compared: those that begin alike, or have a word in common."""

_BEGINNING = 2
_SHORTEST_WORD = 4

_TABLES = {
    "user": "users",
    **{kind: one.entity for one in list_words() for kind in (one.singular, f"record of {one.entity}")},
}
"""The table of a record, by what an error calls the record."""


def with_near_names(error: KelompokError) -> KelompokError:
    """Give an error about a name that is not there, or that several have, the names that could have been meant."""
    if isinstance(error, Ambiguous) and error.kind == "import":
        with suppress(KelompokError, sa.exc.SQLAlchemyError):
            error.hint = _told_apart([UUID(str(one)) for one in error.which])
    if isinstance(error, NotFound) and not isinstance(error, Ambiguous) and not error.hint and error.kind in _TABLES:
        with suppress(KelompokError, sa.exc.SQLAlchemyError):  # the error itself is told whatever happens here
            error.hint = _near(_TABLES[error.kind], str(error.name))
    return error


def _told_apart(ids: Sequence[UUID]) -> str:
    """Return imports a line each, with what tells them apart."""
    from kelompok_core.imports.shared.imports import get_import

    with terminal.open_installation() as installation, installation.database.connect() as connection:
        called = terminal.names_of(connection, "imports", ids)
        records = [get_import(connection, one) for one in ids]
    lines = [
        f"  {called[one.id]}  {one.source_name}, {local_time(one.created_at)}, {say(one.state)}" for one in records
    ]
    return "\n".join([say("Say which:"), *lines])


def _near(table: str, name: str) -> str | None:
    from kelompok_core.values.slug import slug_of_one

    wanted = name if "@" in name else slug_of_one(name)
    with terminal.open_installation() as installation, installation.database.connect() as connection:
        known = list(connection.scalars(sa.text(_query(table, CALLED_BY[table])), _params(wanted)))
    return suggest(wanted, [one for one in known if one], few=0)


def _query(table: str, column: str) -> str:
    return f"""
        SELECT DISTINCT {column} FROM {table} WHERE {column} LIKE :begins
          OR EXISTS (SELECT FROM unnest(CAST(:words AS text[])) w (word) WHERE strpos({column}, w.word) > 0)
        LIMIT {_MOST}"""  # noqa: S608 -- ours


def _params(wanted: str) -> dict[str, str | Sequence[str]]:
    words = [word for word in wanted.replace("@", "-").split("-") if len(word) >= _SHORTEST_WORD]
    return {"begins": f"{wanted[:_BEGINNING]}%", "words": words}
