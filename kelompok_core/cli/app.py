"""The ``kelompok`` program: its commands put together, its errors turned into sentences and exit codes."""

import logging
import os
import sys
import traceback
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated

import typer
from typer.main import get_command

from kelompok_core.cli import (
    admin,
    audit,
    claims,
    completion,
    database,
    enriching,
    imports,
    operating,
    output,
    plugin_commands,
    plugins,
    records,
    relationships,
    review,
    sdgs,
    surroundings,
    terminal,
    ui,
)
from kelompok_core.cli.common_options import add_common_options
from kelompok_core.cli.language import find_language, translate, translate_message, use_language
from kelompok_core.cli.launcher import Launcher
from kelompok_core.cli.visible_text import visible_streams
from kelompok_core.entities import list_words
from kelompok_core.errors import KelompokError
from kelompok_core.failures import explain
from kelompok_core.installation_home import secure_home
from kelompok_core.plugin_process.system_calls import hide_memory
from kelompok_core.settings import Settings, read_settings
from kelompok_core.working_folders import sweep

app = typer.Typer(
    name="kelompok",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    epilog=terminal.EXIT_CODES,
    help="Kelompok: any source in, audited records out. Begin with «kelompok plugin list».",
)
app.add_typer(plugins.app, name="plugin")
imports.app.add_typer(review.app, name="review")
app.add_typer(imports.app, name="import")
for words in list_words():
    app.add_typer(records.app_of(words), name=words.command)
app.add_typer(enriching.app, name="enrichment")
app.add_typer(sdgs.app, name="sdgs")
app.add_typer(claims.app, name="claim")
app.add_typer(relationships.app, name="rel")
app.add_typer(admin.app, name="admin")
app.add_typer(database.app, name="db")
app.add_typer(ui.app, name="ui")
app.command()(audit.audit)
app.command()(operating.init)
app.command()(operating.env)
app.command()(operating.up)
app.command()(operating.worker)
app.command()(operating.serve)
app.command()(operating.doctor)


def _show_version(asked: bool) -> None:
    if asked:
        output.echo(f"kelompok {version('kelompok-pipelines')}")
        raise typer.Exit


@app.callback()
def _before_all(
    *,
    _version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version and leave.")
    ] = False,
) -> None:
    """Handle options before the command."""


def run(arguments: Sequence[str], launcher: Launcher) -> int:
    """Run one command line; return its exit code. Output is escaped so that it cannot control the terminal."""
    with visible_streams():
        return _run(arguments, launcher)


def _run(arguments: Sequence[str], launcher: Launcher) -> int:
    hide_memory()
    surroundings.SURROUNDINGS.launcher = launcher
    surroundings.SURROUNDINGS.settings = settings = read_settings()
    as_json = "--json" in arguments
    try:
        use_language(find_language())
        _tell_of_the_database()
        if not completion.is_asked(os.environ):
            _tidy(settings)
            _tell_of_the_installation(settings, as_json=as_json)
        plugin_commands.add_commands(app, arguments)
        command = get_command(app)
        add_common_options(command)
        with completion.whole_words(os.environ):
            ended = command(args=list(arguments), prog_name="kelompok", standalone_mode=False)
    except SystemExit as left:
        ended = terminal.DONE if left.code is None else left.code if isinstance(left.code, int) else terminal.FAILED
    except (KeyboardInterrupt, typer.Abort):
        output.echo(translate("Interrupted."), errors=True)
        return terminal.FAILED
    except Exception as error:  # noqa: BLE001 -- the outermost handler
        return _report(error, as_json=as_json)
    return ended if isinstance(ended, int) else terminal.DONE


def _report(error: Exception, *, as_json: bool) -> int:
    """Print what went wrong; return the exit code."""
    if isinstance(error, typer.TyperException):
        from kelompok_core.cli.safe_console import show_usage_error

        return show_usage_error(error)
    if isinstance(error, KelompokError):
        from kelompok_core.cli.nearby import with_near_names  # loads the database's drivers

        return terminal.report_error(with_near_names(error), as_json=as_json)
    if (failure := explain(error)) is not None:
        return terminal.report_error(failure, as_json=as_json)
    output.echo("".join(traceback.format_exception(error)), errors=True)
    return terminal.FAILED


def _tidy(settings: Settings) -> None:
    """Tighten file permissions, and remove what dead processes left behind."""
    if settings.is_there:
        secure_home(settings)
        sweep(settings)


def _tell_of_the_installation(settings: Settings, *, as_json: bool) -> None:
    """Print on stderr which installation is used, if it is in a parent folder."""
    if settings.is_above and not as_json and sys.stderr.isatty():
        output.echo(translate("Installation: {home}", home=settings.home.parent), errors=True)


def _tell_of_the_database() -> None:
    """Print on stderr when a database is created or started, because that takes seconds and leaves a server running."""
    handler = logging.StreamHandler()
    handler.format = lambda record: translate_message(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("kelompok_core.database.embedded")
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.INFO)
