"""``kelompok ui``: the Dagster UI and its logins."""

import sys
from typing import Annotated

import typer

from kelompok_core.cli import output, surroundings
from kelompok_core.cli.language import translate
from kelompok_core.cli.operating import UI_PORT, notify
from kelompok_core.cli.surroundings import settings
from kelompok_core.errors import NotFound

app = typer.Typer(no_args_is_help=True, help="The Dagster UI and its logins.")


@app.command()
def password(
    name: Annotated[str, typer.Argument(help="The name to log in with.")] = "operator",
    remove: Annotated[bool, typer.Option("--remove", help="Remove this name; it can no longer log in.")] = False,
) -> None:
    """Set the password of a name for the Dagster UI; prompts for it, or reads it from a pipe."""
    from kelompok_core.access.ui_login import remove_password, set_password

    if remove:
        if not remove_password(settings(), name):
            raise NotFound("password of", name)
        output.echo(translate("{name} no longer has a password.", name=name))
        return
    set_password(settings(), name, _ask())
    output.echo(translate("The Dagster UI now requires a name and a password; {name} can log in.", name=name))


def _ask() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password: str = typer.prompt(translate("Password"), hide_input=True, confirmation_prompt=True)
    return password


@app.command()
def serve(port: Annotated[int, typer.Option(help="Port to listen on, on this machine only.")] = UI_PORT) -> None:
    """Serve the Dagster UI alone, behind the same checks as «kelompok up»."""
    raise typer.Exit(surroundings.launcher().serve_ui(settings(), port, notify))
