"""Shared by all commands: options, the database connection, the acting user, error messages and exit codes."""

import os
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from kelompok_core.cli import completion, output
from kelompok_core.cli.language import language, translate, translate_message
from kelompok_core.cli.surroundings import SURROUNDINGS, settings
from kelompok_core.errors import KelompokError, UsageError
from kelompok_core.settings import require_installation

if TYPE_CHECKING:
    from uuid import UUID

    import sqlalchemy as sa
    from sqlalchemy.orm import Session

    from kelompok_core.access.actors import Actor
    from kelompok_core.installation import Installation

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
ActorOption = Annotated[
    str | None,
    typer.Option(
        "--as", metavar="EMAIL", help="Act as this user; default: the local operator.", autocompletion=completion.users
    ),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")]
LimitOption = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="Maximum number to show.")]

DONE, FAILED, USAGE, ATTENTION, NOT_PERMITTED = 0, 1, 2, 3, 4
EXIT_CODES = "Exit codes: 0 done · 1 failed · 2 usage · 3 done, with rejected or review rows · 4 not permitted."


@contextmanager
def whole_file(path: Path, *, force: bool, encoding: str = "utf-8") -> Iterator[TextIO]:
    """Open a file that replaces ``path`` only once it is completely written.

    Raises:
        UsageError: When the path exists and may not be overwritten.
    """
    require_free(path, "--output", force=force)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with unfinished.open("w", encoding=encoding, newline="") as target:
            yield target
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def require_free(path: Path, option: str, *, force: bool) -> None:
    """Check that a file can be written without overwriting another one by mistake.

    Raises:
        UsageError: When the path exists and ``force`` is not set, or is not a file.
    """
    if path.exists() and not path.is_file():
        raise wrong_option(option, f"{path} already exists and is not a file", hint="Give the name of a file.")
    if path.exists() and not force:
        raise wrong_option(option, f"{path} already exists", hint="Give another name, or overwrite it with --force.")


@contextmanager
def open_installation() -> Iterator["Installation"]:
    """Open the database for one command.

    Raises:
        SettingsError: When there is no installation here.
    """
    from kelompok_core.database.engine import open_database
    from kelompok_core.installation import Installation

    require_installation(settings())
    database = open_database(settings())
    try:
        yield Installation(database=database, settings=settings())
    finally:
        database.dispose()


def acting(installation: "Installation", email: str | None) -> "Actor":
    """Return the acting user."""
    from kelompok_core.access.actors import get_actor

    with installation.database.connect() as connection, connection.begin():
        return get_actor(connection, email=email)


def names_of(connection: "sa.Connection", table: str, ids: "Sequence[UUID]") -> "Mapping[UUID, str]":
    """Return how to print ids: as short as unambiguous for people, in full for programs."""
    from kelompok_core.database.ids import shorten

    return shorten(connection, table, ids) if output.is_for_a_person() else {one: str(one) for one in ids}


def name_of(installation: "Installation", table: str, given: "UUID") -> str:
    """Return how to print one id; see :func:`names_of`."""
    with installation.database.connect() as connection:
        return names_of(connection, table, [given])[given]


def wrong_option(option: str, message: str, *, hint: str | None = None) -> UsageError:
    """Return the error for an invalid option or argument."""
    return UsageError(f"{option}: {message}", hint=hint)


def none_of(option: str, given: str, known: Iterable[str]) -> UsageError:
    """Return the error for an unknown value of an option."""
    return wrong_option(option, f"{given!r} is not one of {', '.join(known)}")


@contextmanager
def naming_option(option: str) -> Iterator[None]:
    """Attribute usage errors in the block to an option."""
    try:
        yield
    except UsageError as error:
        raise wrong_option(option, error.message, hint=error.hint) from error


def pairs(given: Sequence[str], option: str, *, first: bool = False) -> dict[str, str]:
    """Return ``KEY=VALUE`` options as a mapping, split at the last «=», or with ``first`` at the first."""
    from kelompok_core.values.pairs import read_pairs

    with naming_option(option):
        return read_pairs(given, first=first)


@contextmanager
def acting_session(email: str | None) -> "Iterator[tuple[Session, Actor]]":
    """Open a session for one command that writes, with the acting user; commit it unless the block fails."""
    with open_installation() as installation, installation.database.session() as session:
        yield session, acting(installation, email)


def error_as_json(error: KelompokError) -> Mapping[str, object]:
    return {"error": {"code": error.code, "message": error.message, "hint": error.hint}}


def report_error(error: KelompokError, *, as_json: bool) -> int:
    """Print the error, with the traceback in debug mode; return its exit code."""
    if as_json:
        output.print_json(error_as_json(error))
    else:
        from kelompok_core.issues.sentences import describe_at_place

        details = "\n".join(describe_at_place(one, language=language()) for one in error.findings)
        output.print_line(
            f"{translate('Error')}: {details or translate_message(error.message)}", style="red", errors=True
        )
        if error.hint:
            output.print_line(output.as_typed(translate_message(error.hint)), errors=True)
    if SURROUNDINGS.debug:
        output.echo("".join(traceback.format_exception(error)), errors=True)
    return error.exit_code
