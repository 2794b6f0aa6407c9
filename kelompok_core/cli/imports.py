"""``kelompok import``: look at imports, take their error files, apply reviewed plans."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kelompok_core.cli import terminal
from kelompok_core.cli.terminal import ActorOption, JsonOption, LimitOption

if TYPE_CHECKING:
    from uuid import UUID

    import sqlalchemy as sa

    from kelompok_core.imports.records import ImportRecord
    from kelompok_core.imports.workbench import Workbench

app = typer.Typer(no_args_is_help=True, help="Look at imports, take their error files, apply reviewed plans.")

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="The import's id, or how it begins.")]
LanguageOption = Annotated[str, typer.Option(help="Language of messages: en or id.")]


@app.command("list")
def list_all(limit: LimitOption = 20, as_json: JsonOption = False) -> None:
    """List the newest imports."""
    from kelompok_core.imports.records import DECISIONS, list_imports

    with terminal.workbench() as bench, bench.database.connect() as connection:
        records = list_imports(connection, limit=limit)
    names = ("rows_read", *DECISIONS)
    rows = [
        (
            str(one.id),
            f"{one.created_at:%Y-%m-%d %H:%M}",
            one.state,
            one.source_name,
            *((one.counts or {}).get(name) for name in names),
        )
        for one in records
    ]
    terminal.show(
        as_json,
        lambda: [_summary(one) for one in records],
        lambda console: terminal.table(console, ("import", "at", "state", "source", *names), rows),
    )


def _summary(record: "ImportRecord") -> dict[str, object]:
    return {
        "import": str(record.id),
        "created_at": record.created_at.isoformat(),
        "state": record.state.value,
        "dry_run": record.dry_run,
        "plugin": record.plugin_label,
        "job": record.job,
        "entity": record.entity,
        "source": record.source_name,
        "file": record.file_name,
        "run_id": record.run_id,
        "counts": dict(record.counts) if record.counts else None,
    }


@app.command(epilog=terminal.EXIT_CODES)
def show(import_id: IdArgument, language: LanguageOption = "en", as_json: JsonOption = False) -> None:
    """Show an import's report: counts, findings, what to do."""
    from kelompok_core.cli.importing import show_report

    with terminal.workbench() as bench:
        found = find_import(bench, import_id)
        raise typer.Exit(show_report(bench, found, as_json=as_json, language=_language(language)))


@app.command()
def errors(
    import_id: IdArgument,
    output: Annotated[
        Path | None, typer.Option(help="Write the error file here; corrected, it can be imported again.")
    ] = None,
    language: LanguageOption = "en",
    as_json: JsonOption = False,
) -> None:
    """List every finding about rows that were rejected or wait for a person, or write the error file."""
    from kelompok_core.imports.error_file import is_json
    from kelompok_core.imports.handing_back import write_errors
    from kelompok_core.imports.records import get_import

    with terminal.workbench() as bench:
        found = find_import(bench, import_id)
        with bench.database.connect() as connection:
            record = get_import(connection, found)
            if output is None:
                _list_errors(connection, record, _language(language), as_json=as_json)
                return
            # A spreadsheet needs the mark in front; JSON must not have it.
            encoding = "utf-8" if is_json(record.media_type) else "utf-8-sig"
            with terminal.whole_file(output, encoding=encoding) as target:
                number = write_errors(bench.settings, connection, record, target, language=_language(language))
    typer.echo(f"{number} rows written to {output}. Correct them and import the file again:")
    typer.echo(
        f"  kelompok plugin run {record.plugin} --job {record.job} --file {output} --source {record.source_name}"
    )


def _list_errors(connection: "sa.Connection", record: "ImportRecord", language: str, *, as_json: bool) -> None:
    from kelompok_core.imports.report import iter_row_issues

    found = [one for one in iter_row_issues(connection, record) if one.severity in ("error", "review")]
    rows = [(one.line, one.column, one.value, one.code, one.message(language)) for one in found]
    terminal.show(
        as_json,
        lambda: [one.to_json() for one in found],
        lambda console: terminal.table(console, ("line", "column", "value", "code", "message"), rows),
    )


@app.command("apply", epilog=terminal.EXIT_CODES)
def apply_plan(import_id: IdArgument, actor: ActorOption = None, as_json: JsonOption = False) -> None:
    """Apply the plan of a dry run: exactly that; rows whose record changed since go to review."""
    from kelompok_core.cli.importing import carry_out, show_report
    from kelompok_core.imports.apply import approve

    with terminal.workbench() as bench:
        found = find_import(bench, import_id)
        record = approve(bench, found, terminal.acting(bench, actor))
        if record.state == "applied":
            terminal.console(errors=True).print("This import is applied already; nothing was done.")
            raise typer.Exit(show_report(bench, found, as_json=as_json))
        raise typer.Exit(carry_out(bench, found, as_json=as_json))


def find_import(bench: "Workbench", prefix: str) -> "UUID":
    """Return the id of the import a person means."""
    from kelompok_core.database.ids import get_id

    with bench.database.connect() as connection:
        return get_id(connection, "imports", prefix)


def _language(given: str) -> str:
    from kelompok_core.issues.sentences import LANGUAGES

    if given not in LANGUAGES:
        raise typer.BadParameter(f"{given!r} is none of {', '.join(LANGUAGES)}", param_hint="--language")
    return given


@app.command()
def cancel(import_id: IdArgument, actor: ActorOption = None, as_json: JsonOption = False) -> None:
    """Give up an import that has not written anything yet: one that waits, one that is read, or a plan."""
    from kelompok_core.imports.cancel import cancel

    with terminal.workbench() as bench:
        record = cancel(bench, find_import(bench, import_id), terminal.acting(bench, actor))
    terminal.show(as_json, lambda: _summary(record), lambda console: console.print(f"Import {record.id} is cancelled."))


@app.command("undo", epilog=terminal.EXIT_CODES)
def undo_import(
    import_id: IdArgument,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be taken back.")] = False,
    actor: ActorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take an applied import back. What was changed since is kept, and listed. To redo, import the file again."""
    from kelompok_core.cli.render import render_undo
    from kelompok_core.imports.undo import undo

    with terminal.workbench() as bench:
        report = undo(bench, find_import(bench, import_id), terminal.acting(bench, actor), dry_run=dry_run)
    terminal.show(as_json, report.to_json, lambda console: render_undo(console, report))
    raise typer.Exit(terminal.ATTENTION if report.left else terminal.DONE)
