"""Suggests similar names when a name is unknown. Only the command line does this: it may see all records anyway."""

from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

import sqlalchemy as sa

from kelompok_core.cli import terminal
from kelompok_core.cli.completion import CALLED_BY
from kelompok_core.cli.language import translate
from kelompok_core.entities import list_words
from kelompok_core.errors import Ambiguous, KelompokError, NotFound
from kelompok_core.issues.sentences import local_time
from kelompok_core.suggestions import suggest

_MOST = 5_000
"""Maximum number of names to compare: those with the same beginning or a word in common."""

_BEGINNING = 2
_SHORTEST_WORD = 4

_TABLES = {
    "user": "users",
    **{kind: one.entity for one in list_words() for kind in (one.singular, f"record of {one.entity}")},
}
"""The table of each kind of record that errors name."""


def with_near_names(error: KelompokError) -> KelompokError:
    """Add suggestions to the error about an unknown name, or the matching imports to one about an ambiguous id."""
    if isinstance(error, Ambiguous) and error.kind == "import":
        with suppress(KelompokError, sa.exc.SQLAlchemyError):
            error.hint = _list_imports([UUID(str(one)) for one in error.which])
    if isinstance(error, NotFound) and not isinstance(error, Ambiguous) and not error.hint and error.kind in _TABLES:
        with suppress(KelompokError, sa.exc.SQLAlchemyError):  # report the error even if this fails
            error.hint = _near(_TABLES[error.kind], str(error.name))
    return error


def _list_imports(ids: Sequence[UUID]) -> str:
    """Return one line per import, with its source, time and state."""
    from kelompok_core.imports.shared.imports import get_import

    with terminal.open_installation() as installation, installation.database.connect() as connection:
        printed_ids = terminal.names_of(connection, "imports", ids)
        imports = [get_import(connection, one) for one in ids]
    lines = [
        f"  {printed_ids[one.id]}  {one.source_name}, {local_time(one.created_at)}, {translate(one.state)}"
        for one in imports
    ]
    return "\n".join([translate("Use one of these:"), *lines])


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
        LIMIT {_MOST}"""  # noqa: S608 -- constants of this program


def _params(wanted: str) -> dict[str, str | Sequence[str]]:
    words = [word for word in wanted.replace("@", "-").split("-") if len(word) >= _SHORTEST_WORD]
    return {"begins": f"{wanted[:_BEGINNING]}%", "words": words}
