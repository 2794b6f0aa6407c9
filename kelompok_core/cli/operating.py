"""``kelompok init | env | up | doctor``: the installation as a whole."""

import os
import shlex
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kelompok_core.cli import output, surroundings, terminal
from kelompok_core.cli.language import translate, translate_message
from kelompok_core.cli.launcher import ServiceOptions
from kelompok_core.cli.surroundings import settings
from kelompok_core.cli.terminal import JsonOption
from kelompok_core.errors import KelompokError
from kelompok_core.installation_home import make_installation, make_way
from kelompok_core.settings import Settings, read_settings, require_installation

if TYPE_CHECKING:
    from rich.text import Text

API_PORT, UI_PORT = 4621, 3000

_HAS_TOO_MANY_RIGHTS = """
    SELECT rolsuper OR has_table_privilege('audit_logs', 'DELETE') FROM pg_roles WHERE rolname = current_user"""

Finding = tuple[str, str | None]
"""What was checked, and the problem found, or None."""


def init(
    folder: Annotated[Path, typer.Argument(help="Where to create it; default: the current folder.")] = Path(),
    as_json: JsonOption = False,
) -> None:
    """Create an installation: a folder for its files and its database, and a file for its settings."""
    from kelompok_core.database import engine
    from kelompok_core.database.server_files import find_server_files

    made = replace(read_settings(folder=folder, above=False), is_there=True)
    if made.database_url is None:
        find_server_files(made)  # fail before anything is created
    make_way(folder)
    is_new = make_installation(made)
    engine.migrate(engine.find_owner_url(made))
    output.show(
        as_json,
        lambda: {"home": str(made.home.resolve()), "settings": str(made.config_file.resolve()), "made": is_new},
        lambda _: _show_installation(made, is_new=is_new),
    )


def _show_installation(made: Settings, *, is_new: bool) -> None:
    home, file = made.home.resolve(), made.config_file.resolve()
    if is_new:
        output.print_line(
            translate("Your installation is in {home}, its settings are in {file}.", home=home, file=file)
        )
    else:
        output.print_line(translate("There is an installation in {home} already; nothing changed.", home=home))
    output.print_next(
        translate("Next, enable the plugin that reads your files, preview a file, and import it:"),
        output.command("plugin", "enable", "csv-import"),
        output.command("csv-import", "show", "FILE.csv"),
        output.command("plugin", "run", "csv-import", "--job", "import-organizations", "--file", "FILE.csv"),
    )


def env(as_json: JsonOption = False) -> None:
    """Print the variables that Dagster's own commands need: eval "$(kelompok env)"."""
    variables = surroundings.launcher().environment(settings())
    if as_json:
        output.print_json(dict(variables))
        return
    for name, value in variables.items():
        output.echo(f"export {name}={shlex.quote(value)}")


def up(
    port: Annotated[int, typer.Option(help="Port of the Dagster UI, on this machine only.")] = UI_PORT,
    api_port: Annotated[int, typer.Option(help="Port of the HTTP API, on this machine only.")] = API_PORT,
    workers: Annotated[int, typer.Option(min=1, max=32, help="Number of imports that run at the same time.")] = 2,
) -> None:
    """Start the database, Dagster UI, daemon, workers and HTTP API. Ctrl-C stops all but the database."""
    if port == api_port:
        raise terminal.wrong_option(
            "--api-port", f"{port} is the port of the Dagster UI", hint="Give each a port of its own."
        )
    options = ServiceOptions(port=port, api_port=api_port, workers=workers)
    raise typer.Exit(surroundings.launcher().up(settings(), options, notify))


def notify(text: str) -> None:
    output.echo(translate_message(text))


def worker() -> None:
    """Run queued imports, one after the other. «kelompok up» starts two workers."""
    raise typer.Exit(surroundings.launcher().work(settings(), notify))


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = API_PORT,
) -> None:
    """Serve the HTTP API alone. Imports wait until a worker runs."""
    from kelompok_core.api.server import serve as serve_api

    serve_api(settings(), host=host, port=port, notify=notify)


def doctor(as_json: JsonOption = False) -> None:
    """Check this installation, and show what is wrong and how to fix it."""
    checks = (
        (_python, _home, _plugins, _isolation, _database, _received_files, _sources, _inboxes, _orchestrator)
        if settings().is_there
        else (_python, _home)
    )
    findings = [finding for check in checks for finding in _run_check(check)]
    wrong = [finding for finding in findings if finding[1] is not None]
    rows = [
        (_verdict(problem), translate_message(what), output.as_typed(translate_message(problem or "")))
        for what, problem in findings
    ]
    output.show(
        as_json,
        lambda: [{"what": what, "ok": problem is None, "problem": problem} for what, problem in findings],
        lambda console: output.table(console, ("", "what", "what to do"), rows),
    )
    raise typer.Exit(terminal.FAILED if wrong else terminal.DONE)


def _verdict(problem: str | None) -> "Text":
    word, style = ("ok", "green") if problem is None else ("WRONG", "bold red")
    return output.safe_text(translate(word), style=style)


def _run_check(check: Callable[[], list[Finding]]) -> list[Finding]:
    try:
        return check()
    except KelompokError as error:
        return [(check.__name__.strip("_"), _sentences(error))]


def _sentences(error: KelompokError) -> str:
    return ". ".join(translate_message(one).rstrip(".") for one in (error.message, error.hint) if one)


def _python() -> list[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    problem = None if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed."
    return [(f"Python {version}", problem)]


def _home() -> list[Finding]:
    require_installation(settings())
    home = settings().home
    folder = next(one for one in (home, *home.resolve().parents) if one.exists())
    problem = None if os.access(folder, os.W_OK) else f"{folder} cannot be written to."
    return [(f"home {home}", problem)]


def _plugins() -> list[Finding]:
    from kelompok_core.plugin_host.registry import PluginState, list_plugins

    fine = (PluginState.ENABLED, PluginState.DISABLED)
    plugins = list_plugins(settings())
    found: list[Finding] = [
        (f"plugin {one.name}", None if one.state in fine else f"{one.state}: {one.reason}") for one in plugins
    ]
    if not any(one.state is PluginState.ENABLED for one in plugins):
        found.append(("plugins", "No plugin is enabled: kelompok plugin enable csv-import"))
    return found


def _isolation() -> list[Finding]:
    from kelompok_core.cli.isolation import find_isolation_problem

    return [find_isolation_problem()]


def _database() -> list[Finding]:
    import sqlalchemy as sa

    from kelompok_core.database.engine import SCHEMA_REVISION
    from kelompok_core.database.server_log import list_loose_settings

    with terminal.open_installation() as installation, installation.database.connect() as connection:
        server = connection.scalar(sa.text("SHOW server_version"))
        has_too_many_rights = connection.scalar(sa.text(_HAS_TOO_MANY_RIGHTS))
        is_original = connection.scalar(sa.text("SELECT current_epoch()")) is not None
        loose = ", ".join(list_loose_settings(connection))
    role = (
        "The runtime role can change the audit log: connect as a role that owns no tables."
        if has_too_many_rights
        else None
    )
    moved = None if is_original else "It was copied from another server: run «kelompok db migrate»."
    log = (
        f"It may contain row values: {loose}. See «What the server's log has» in docs/operating.md." if loose else None
    )
    return [(f"PostgreSQL {server}, schema {SCHEMA_REVISION}", moved), ("runtime role", role), ("server's log", log)]


def _received_files() -> list[Finding]:
    from kelompok_core.sources.kept import list_missing

    with terminal.open_installation() as installation, installation.database.connect() as connection:
        missing = list_missing(connection, settings().storage_url)
    place = settings().storage_url
    some = f"Received files are missing: {len(missing)}, such as {missing[0]}. Copy them there." if missing else None
    return [(f"received files in {place}", some)]


def _sources() -> list[Finding]:
    """Return the scheduled and watched sources of kelompok.toml; invalid ones are not imported."""
    found = surroundings.launcher().check_sources(settings())
    return [(name, ". ".join(map(_sentences, problems)) or None) for name, problems in found]


def _inbox_folders(inboxes: Path) -> list[Path]:
    """Return the watched folders, and the folders of jobs that are no longer enabled."""
    watched = surroundings.launcher().list_inboxes(settings())
    left = [one for one in inboxes.glob("*/*") if not any(one.is_relative_to(folder) for folder in watched)]
    return sorted(one for one in {*watched, *left} if one.is_dir())


def _inboxes() -> list[Finding]:
    """Return the watched folders' files that were not imported."""
    from kelompok_core.sources.inbox import list_left, list_stuck
    from kelompok_core.sources.inbox_places import list_failed
    from kelompok_core.sources.watched import FAILED_FOLDER, list_passed_over

    inboxes = settings().inbox_folder.resolve()
    found: list[Finding] = []
    for folder in _inbox_folders(inboxes):
        if failed := list_failed(folder):
            what = f"{len(failed)} could not be imported: see {folder / FAILED_FOLDER}, each with a message beside it."
            found.append((f"inbox {folder.relative_to(inboxes)}", what))
        found += [(f"inbox {folder.relative_to(inboxes)}", f"{one}.") for one in list_passed_over(folder)]
    with terminal.open_installation() as installation, installation.database.connect() as connection:
        left, stuck = list_left(connection), list_stuck(connection)
    found += [("inbox", f"{path} was moved but never imported: put it back into its folder.") for path in left]
    found += [
        ("inbox", f"{path} has been waiting for an hour: «kelompok up» is not running, or cannot read it.")
        for path in stuck
    ]
    return found or [("inbox", None)]


def _orchestrator() -> list[Finding]:
    return list(surroundings.launcher().diagnose(settings()))
