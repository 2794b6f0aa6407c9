"""``kelompok import``: list, inspect, apply, cancel and undo imports, and write their error files."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kelompok_core.cli import completion, output, surroundings, terminal
from kelompok_core.cli.language import counted, language, number, translate
from kelompok_core.cli.terminal import ActorOption, ForceOption, JsonOption, LimitOption
from kelompok_core.issues.sentences import local_time

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    import sqlalchemy as sa

    from kelompok_core.imports.reporting.report import RowIssue
    from kelompok_core.imports.shared.imports import Import
    from kelompok_core.installation import Installation

app = typer.Typer(
    no_args_is_help=True, help="List, inspect, apply, cancel and undo imports, and write their error files."
)

IdArgument = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="The import's id, or its beginning or end; «last» is the newest.",
        autocompletion=completion.imports,
    ),
]


@app.command("list")
def list_all(limit: LimitOption = 20, as_json: JsonOption = False) -> None:
    """List the newest imports."""
    from kelompok_core.imports.shared.imports import list_imports

    with terminal.open_installation() as installation, installation.database.connect() as connection:
        imports = list_imports(connection, limit=limit)
        printed_ids = terminal.names_of(connection, "imports", [one.id for one in imports])
    rows = [
        (printed_ids[one.id], local_time(one.created_at), translate(one.state), one.source_name, _counts(one))
        for one in imports
    ]
    output.show(
        as_json,
        lambda: [_summary(one) for one in imports],
        lambda console: output.table(console, ("import", "at", "state", "source", "rows"), rows),
    )


def _counts(import_: "Import") -> str:
    """Return a short text of the counts that are not 0."""
    from kelompok_core.imports.shared.imports import DECISIONS

    counts = import_.counts or {}
    return ", ".join(f"{number(counts[name])} {translate(name)}" for name in DECISIONS if counts.get(name))


def _summary(import_: "Import") -> dict[str, object]:
    return {
        "import": str(import_.id),
        "created_at": import_.created_at.isoformat(),
        "state": import_.state.value,
        "dry_run": import_.dry_run,
        "plugin": import_.plugin_label,
        "job": import_.job,
        "entity": import_.entity,
        "source": import_.source_name,
        "file": import_.file_name,
        "run_id": import_.run_id,
        "counts": dict(import_.counts) if import_.counts else None,
    }


RowsOption = Annotated[
    bool,
    typer.Option("--rows", help="Show every row: its decision, and the old and new value of each field that changes."),
]
RowsFileOption = Annotated[
    Path | None, typer.Option("--output", help="Write the rows to this file: CSV, or JSON by its extension.")
]


@app.command(epilog=terminal.EXIT_CODES)
def show(
    import_id: IdArgument,
    rows: RowsOption = False,
    target: RowsFileOption = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show an import's report (counts, findings, next steps) or all its rows."""
    from kelompok_core.cli.run_import import show_report

    with terminal.open_installation() as installation:
        found = find_import(installation, import_id)
        if rows or target is not None:
            _show_rows(installation, found, target, force=force, as_json=as_json)
            return
        code = show_report(installation, found, as_json=as_json)
        if surroundings.SURROUNDINGS.debug and not as_json:
            _show_trace(installation, found)
    raise typer.Exit(code)


def _show_rows(
    installation: "Installation", import_id: "UUID", target: Path | None, *, force: bool, as_json: bool
) -> None:
    from kelompok_core.cli.list_files import encoding_of
    from kelompok_core.cli.rows import render_rows, write_rows
    from kelompok_core.imports.reporting.row_pages import iter_rows
    from kelompok_core.imports.shared.imports import get_import

    with installation.database.connect() as connection:
        import_ = get_import(connection, import_id)
        if target is None:
            found = list(iter_rows(connection, import_))
            output.show(
                as_json,
                lambda: [one.to_json() for one in found],
                lambda console: render_rows(console, found, whole=True),
            )
            return
        with terminal.whole_file(target, force=force, encoding=encoding_of(target)) as file:
            written = write_rows(iter_rows(connection, import_), file, target)
    output.echo(translate("{rows} written to {file}.", rows=counted(written, "row", "rows"), file=target))


def _show_trace(installation: "Installation", import_id: "UUID") -> None:
    from kelompok_core.imports.shared.imports import get_import

    with installation.database.connect() as connection:
        trace = get_import(connection, import_id).failure_trace
    output.echo(trace or translate("No code failed in this import."), errors=True)


@app.command()
def errors(
    import_id: IdArgument,
    target: Annotated[
        Path | None,
        typer.Option("--output", help="Write the error file to this path. You can correct and import it again."),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="List every finding, including warnings about imported rows.")
    ] = False,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """List the findings about rows that were rejected or wait for review, or write the error file."""
    from kelompok_core.imports.shared.imports import get_import

    with terminal.open_installation() as installation, installation.database.connect() as connection:
        import_ = get_import(connection, find_import(installation, import_id))
        if target is None:
            _list_errors(connection, import_, everything=everything, as_json=as_json)
        elif everything:
            _write_findings(connection, import_, target, force=force)
        else:
            _write_error_file(installation, connection, import_, target, force=force)


def _write_error_file(
    installation: "Installation", connection: "sa.Connection", import_: "Import", target: Path, *, force: bool
) -> None:
    from kelompok_core.imports.reporting.error_file import encoding_of
    from kelompok_core.imports.reporting.error_file_writer import write_errors
    from kelompok_core.imports.reporting.repeat_command import import_again

    with terminal.whole_file(target, force=force, encoding=encoding_of(import_)) as file:
        written = write_errors(installation.settings, connection, import_, {language(): file})
    rows = counted(written, "row", "rows")
    if not written:
        output.print_line(translate("No row needs correcting; {file} contains only the header.", file=target))
        return
    again = import_again(installation.settings, connection, import_, target, is_error_file=True)
    message = translate("{rows} written to {file}. Correct the file and import it again:", rows=rows, file=target)
    output.print_next(message, output.command(*again))


def _findings(connection: "sa.Connection", import_: "Import", *, everything: bool) -> "Iterator[RowIssue]":
    from kelompok_core.imports.reporting.report import iter_file_issues, iter_row_issues

    if everything:
        yield from iter_file_issues(import_)
    for one in iter_row_issues(connection, import_):
        if everything or one.severity in ("error", "review"):
            yield one


def _list_errors(connection: "sa.Connection", import_: "Import", *, everything: bool, as_json: bool) -> None:
    found = list(_findings(connection, import_, everything=everything))
    rows = [
        (one.line, output.coloured(one.severity), one.code, one.column, one.value, one.message(language()))
        for one in found
    ]
    columns = ("line", "severity", "code", "column", "value", "message")
    output.show(
        as_json,
        lambda: [one.to_json() for one in found],
        lambda console: output.table(console, columns, rows, heading=3),
    )


def _write_findings(connection: "sa.Connection", import_: "Import", target: Path, *, force: bool) -> None:
    from kelompok_core.cli.list_files import Form, encoding_of, write_listing

    form: Form[RowIssue] = Form(
        columns=("line", "row_number", "severity", "code", "column", "value", "message"),
        lines=lambda one: [
            (one.line, one.row_number, one.severity, one.code, one.column, one.value, one.message(language()))
        ],
        to_json=lambda one: one.to_json(),
    )
    with terminal.whole_file(target, force=force, encoding=encoding_of(target)) as file:
        written = write_listing(_findings(connection, import_, everything=True), form, file, target)
    output.echo(
        translate("{findings} written to {file}.", findings=counted(written, "finding", "findings"), file=target)
    )


@app.command("apply", epilog=terminal.EXIT_CODES)
def apply_plan(import_id: IdArgument, actor: ActorOption = None, as_json: JsonOption = False) -> None:
    """Apply the plan of a dry run as planned. Rows whose record has changed since go to review."""
    from kelompok_core.cli.run_import import carry_out, show_report
    from kelompok_core.imports.applying.apply import approve

    with terminal.open_installation() as installation:
        found = find_import(installation, import_id, newest="mode = 'dry_run' AND state IN ('planned', 'applied')")
        import_ = approve(installation, found, terminal.acting(installation, actor))
        if import_.state == "applied":
            output.print_line(translate("This import is applied already; nothing was done."), errors=True)
            raise typer.Exit(show_report(installation, found, as_json=as_json))
        raise typer.Exit(carry_out(installation, found, as_json=as_json))


def find_import(installation: "Installation", prefix: str, *, newest: str = "true") -> "UUID":
    """Return the id of the import with this prefix or suffix; «last» is the newest that meets ``newest``, if any.

    The condition lets «last» skip failed imports for an undo. It should not skip imports that are already undone:
    repeating the command must not undo the import before.
    """
    from kelompok_core.database.ids import get_id

    with installation.database.connect() as connection:
        return get_id(connection, "imports", prefix, newest=newest)


@app.command()
def cancel(import_id: IdArgument, actor: ActorOption = None, as_json: JsonOption = False) -> None:
    """Cancel an import that has not written anything yet: a queued one, one that is being read, or a plan."""
    from kelompok_core.imports.running.cancel import cancel

    with terminal.open_installation() as installation:
        import_ = cancel(installation, find_import(installation, import_id), terminal.acting(installation, actor))
        printed_id = terminal.name_of(installation, "imports", import_.id)
    output.show(
        as_json,
        lambda: _summary(import_),
        lambda _: output.print_line(translate("Import {id} is cancelled.", id=printed_id)),
    )


@app.command("undo", epilog=terminal.EXIT_CODES)
def undo_import(
    import_id: IdArgument,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be undone.")] = False,
    actor: ActorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Undo an applied import. Later changes are kept, and listed. To redo it, import the file again."""
    from kelompok_core.cli.render import render_undo
    from kelompok_core.imports.undoing.undo import undo

    with terminal.open_installation() as installation:
        found = find_import(installation, import_id, newest="state IN ('applied', 'undone')")
        report = undo(installation, found, terminal.acting(installation, actor), dry_run=dry_run)
        printed_id = terminal.name_of(installation, "imports", report.import_.id)
    output.show(as_json, report.to_json, lambda console: render_undo(console, report, printed_id))
    raise typer.Exit(terminal.ATTENTION if report.left else terminal.DONE)
