"""Runs an import from the terminal: receives the file, runs the import, and shows progress and report."""

from typing import TYPE_CHECKING
from uuid import UUID

from kelompok_core.cli import output, surroundings, terminal
from kelompok_core.cli.language import translate
from kelompok_core.cli.progress import progress_bar
from kelompok_core.cli.render import Shown, render_report, report_to_json
from kelompok_core.imports.receiving.receive import ImportRequest, receive
from kelompok_core.imports.reporting.report import ImportReport, get_report
from kelompok_core.imports.running.wait_for_worker import run_on_worker
from kelompok_core.installation import Installation

if TYPE_CHECKING:
    from collections.abc import Sequence

    import sqlalchemy as sa

    from kelompok_core.imports.reporting.row_pages import DecidedRow
    from kelompok_core.imports.shared.imports import Import

PREVIEW_ROWS = 50
"""Number of rows of a plan that the report shows."""

_SHOWN_DECISIONS = ("accepted", "merged", "rejected", "review")
"""Decisions that the report of a plan shows; unchanged rows are left out."""


def run(request: ImportRequest, actor: str | None, *, as_json: bool) -> int:
    """Import and print the report; return the exit code."""
    with terminal.open_installation() as installation:
        receipt = receive(installation, request, terminal.acting(installation, actor))
        if receipt.resumed and not as_json:
            printed_id = terminal.name_of(installation, "imports", receipt.import_id)
            output.print_line(translate("Continuing import {id}.", id=printed_id), errors=True)
        return carry_out(installation, receipt.import_id, as_json=as_json)


def carry_out(installation: Installation, import_id: UUID, *, as_json: bool) -> int:
    """Run an import, on a worker if one is running, and print the report; return the exit code."""
    with progress_bar(as_json=as_json) as on_progress:
        if not run_on_worker(installation, import_id, on_progress):
            surroundings.launcher().run_import(installation, import_id, on_progress)
    return show_report(installation, import_id, as_json=as_json)


def show_report(installation: Installation, import_id: UUID, *, as_json: bool) -> int:
    """Print the report; return the matching exit code."""
    with installation.database.connect() as connection:
        shown = _gather(installation, connection, get_report(connection, import_id))
    output.show(as_json, lambda: report_to_json(shown), lambda console: render_report(console, shown))
    return exit_code(shown.report)


def _gather(installation: Installation, connection: "sa.Connection", report: ImportReport) -> Shown:
    from kelompok_core.imports.reporting.error_file import free_name, suggested_error_file
    from kelompok_core.imports.reporting.repeat_command import import_again
    from kelompok_core.imports.reporting.row_pages import list_rows

    import_ = report.import_
    rows: Sequence[DecidedRow] = ()
    if import_.waits_for_approval:
        rows = list_rows(connection, import_, after=0, limit=PREVIEW_ROWS, decisions=_SHOWN_DECISIONS)
    again, error_file = None, free_name(suggested_error_file(import_))
    if report.needs_attention:
        again = import_again(installation.settings, connection, import_, error_file, is_error_file=True)
    printed_id = terminal.names_of(connection, "imports", [import_.id])[import_.id]
    return Shown(report=report, printed_id=printed_id, rows=rows, error_file=error_file, again=again)


def exit_code(report: ImportReport) -> int:
    if _failed(report.import_):
        return terminal.FAILED
    return terminal.ATTENTION if report.needs_attention else terminal.DONE


def _failed(import_: "Import") -> bool:
    return import_.state == "failed"
