"""Running an import from the terminal: received, handed to the orchestrator, shown while it goes on."""

from typing import TYPE_CHECKING
from uuid import UUID

from kelompok_core.cli import terminal
from kelompok_core.cli.progress import progress_bar
from kelompok_core.cli.render import render_report
from kelompok_core.imports.handover import hand_over
from kelompok_core.imports.receive import ImportRequest, receive
from kelompok_core.imports.report import ImportReport, get_report
from kelompok_core.imports.workbench import Workbench

if TYPE_CHECKING:
    from kelompok_core.imports.records import ImportRecord


def run(request: ImportRequest, actor: str | None, *, as_json: bool) -> int:
    """Import and print the report; return the exit code."""
    with terminal.workbench() as bench:
        receipt = receive(bench, request, terminal.acting(bench, actor))
        if receipt.resumed and not as_json:
            terminal.console(errors=True).print(f"Going on with import {receipt.import_id}.")
        return carry_out(bench, receipt.import_id, as_json=as_json)


def carry_out(bench: Workbench, import_id: UUID, *, as_json: bool) -> int:
    """Take an import as far as it goes, by a worker where one lives, and print the report; return the exit code."""
    with progress_bar(as_json=as_json) as tell:
        if not hand_over(bench, import_id, tell):
            terminal.launcher().run_import(bench, import_id, tell)
    return show_report(bench, import_id, as_json=as_json)


def show_report(bench: Workbench, import_id: UUID, *, as_json: bool, language: str = "en") -> int:
    """Print the report; return the exit code it stands for."""
    with bench.database.connect() as connection:
        report = get_report(connection, import_id)
    terminal.show(as_json, report.to_json, lambda console: render_report(console, report, language))
    return exit_code(report)


def exit_code(report: ImportReport) -> int:
    if _failed(report.record):
        return terminal.FAILED
    return terminal.ATTENTION if report.needs_attention else terminal.DONE


def _failed(record: "ImportRecord") -> bool:
    return record.state == "failed"
