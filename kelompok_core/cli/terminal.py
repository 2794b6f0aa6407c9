"""What all commands share: options, output as text or JSON, errors as a sentence and an exit code."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from kelompok_core.errors import KelompokError, UsageError
from kelompok_core.settings import Settings, read_settings

if TYPE_CHECKING:
    from rich.console import Console
    from sqlalchemy.orm import Session

    from kelompok_core.access.actors import Actor
    from kelompok_core.cli.launcher import Launcher
    from kelompok_core.imports.workbench import Workbench

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
ActorOption = Annotated[
    str | None, typer.Option("--as", metavar="EMAIL", help="Act as this user; default: the local operator.")
]
LimitOption = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="Show at most so many.")]

DONE, FAILED, USAGE, ATTENTION, NOT_PERMITTED = 0, 1, 2, 3, 4
EXIT_CODES = "Exit codes: 0 done · 1 failed · 2 usage · 3 done, with rejected or review rows · 4 not permitted."


@dataclass
class Surroundings:
    """Set once by the program's entry; commands read it."""

    launcher: "Launcher | None" = None
    settings: Settings = field(default_factory=read_settings)
    as_json: bool = False


SURROUNDINGS = Surroundings()


def settings() -> Settings:
    return SURROUNDINGS.settings


def launcher() -> "Launcher":
    if SURROUNDINGS.launcher is None:
        raise KelompokError("this program was started without an orchestrator")
    return SURROUNDINGS.launcher


def console(*, errors: bool = False) -> "Console":
    """Return where to print; wide enough for tables when it is no terminal."""
    from rich.console import Console

    stream = sys.stderr if errors else sys.stdout
    return Console(file=stream, width=None if stream.isatty() else 140, highlight=False)


def print_json(value: object) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def show(as_json: bool, value: Callable[[], object], render: Callable[["Console"], None]) -> None:
    """Print one result in the form asked for."""
    if as_json:
        print_json(value())
    else:
        render(console())


def table(console: "Console", columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under a plain header; cells wrap, none is cut."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        drawn.add_column(column, overflow="fold")
    for row in rows:
        drawn.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    console.print(drawn)


@contextmanager
def whole_file(path: Path, *, encoding: str = "utf-8") -> Iterator[TextIO]:
    """Give a file to write that is there only when all of it is; what was there before stays until then."""
    unfinished = path.with_name(f"{path.name}.part")
    try:
        with unfinished.open("w", encoding=encoding, newline="") as target:
            yield target
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def workbench() -> Iterator["Workbench"]:
    """Open the database for one command."""
    from kelompok_core.database.engine import open_database
    from kelompok_core.imports.workbench import Workbench

    database = open_database(settings())
    try:
        yield Workbench(database=database, settings=settings())
    finally:
        database.dispose()


def acting(bench: "Workbench", email: str | None) -> "Actor":
    """Return who acts."""
    from kelompok_core.access.actors import get_actor

    with bench.database.connect() as connection, connection.begin():
        return get_actor(connection, email=email)


@contextmanager
def blaming(option: str) -> Iterator[None]:
    """Let what is wrong be told as that option's."""
    try:
        yield
    except UsageError as error:
        raise typer.BadParameter(error.message, param_hint=option) from error


def pairs(given: Sequence[str], option: str, *, first: bool = False) -> dict[str, str]:
    """Return ``KEY=VALUE`` options as a mapping, parted at the last «=» or at the first."""
    from kelompok_core.values.pairs import read_pairs

    with blaming(option):
        return read_pairs(given, first=first)


@contextmanager
def acting_session(email: str | None) -> "Iterator[tuple[Session, Actor]]":
    """Open a session for one command that writes, and say who acts; committed when the block ends well."""
    with workbench() as bench, bench.database.session() as session:
        yield session, acting(bench, email)


def error_as_json(error: KelompokError) -> Mapping[str, Any]:
    return {"error": {"code": error.code, "message": error.message, "hint": error.hint}}


def report_error(error: KelompokError, *, as_json: bool) -> int:
    """Print the error; return its exit code."""
    if as_json:
        print_json(error_as_json(error))
    else:
        typer.secho(f"Error: {error.message}", fg=typer.colors.RED, err=True)
        if error.hint:
            typer.echo(error.hint, err=True)
    return error.exit_code
