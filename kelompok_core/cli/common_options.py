"""Options that every command has: ``--language`` and ``--debug``."""

from typing import Any

from typer.core import TyperGroup, TyperOption

from kelompok_core.cli import surroundings, terminal
from kelompok_core.cli.language import use_language
from kelompok_core.issues.entries import LANGUAGES


def add_common_options(command: Any) -> None:
    """Add the options to a command, or to every command of a group."""
    if isinstance(command, TyperGroup):
        for child in command.commands.values():
            add_common_options(child)
    command.params += [_language(), _debug()]


def _language() -> TyperOption:
    return TyperOption(
        param_decls=["--language"],
        type=str,
        metavar="en|id",
        expose_value=False,
        is_eager=True,
        callback=_choose,
        autocompletion=lambda _context, _arguments, _incomplete: list(LANGUAGES),
        help="Language of the output. Default: from the environment (KELOMPOK_LANGUAGE, LANG).",
    )


def _choose(_context: object, _parameter: object, value: str | None) -> None:
    if value is None:
        return
    if value not in LANGUAGES:
        raise terminal.none_of("--language", value, LANGUAGES)
    use_language(value)


def _debug() -> TyperOption:
    return TyperOption(
        param_decls=["--debug"],
        type=bool,
        is_flag=True,
        default=False,
        expose_value=False,
        is_eager=True,
        callback=_show_details,
        help="Show where in the code an error happened.",
    )


def _show_details(_context: object, _parameter: object, value: bool) -> None:
    if value:
        surroundings.SURROUNDINGS.debug = True
