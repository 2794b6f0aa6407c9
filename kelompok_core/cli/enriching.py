"""Runs an enricher from the command line, and shows its report."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import typer

from kelompok_core.cli import output, surroundings, terminal
from kelompok_core.cli.language import translate, translate_message
from kelompok_core.cli.progress import progress_bar
from kelompok_core.issues.sentences import local_time

if TYPE_CHECKING:
    from rich.console import Console

    from kelompok_core.enrichment.records import Enrichment
    from kelompok_core.enrichment.run import EnrichmentRequest
    from kelompok_core.installation import Installation


@dataclass(frozen=True, kw_only=True)
class EnrichmentOptions:
    """The options of an enricher's run.

    Attributes:
        only_import: An import's id, or its beginning or end; None for all imports.
        since: A time; UTC if it has no time zone.
    """

    plugin: str
    job: str
    organization: str | None
    only_import: str | None
    since: datetime | None
    again: bool
    dry_run: bool
    config: Mapping[str, str]


def run(options: EnrichmentOptions, actor: str | None, *, as_json: bool) -> int:
    """Run an enricher and show its report; return the exit code."""
    from kelompok_core.enrichment.run import request_enrichment

    with terminal.open_installation() as installation:
        enrichment_id = request_enrichment(
            installation, _request(installation, options), terminal.acting(installation, actor)
        )
        with progress_bar(as_json=as_json) as on_progress:
            surroundings.launcher().run_enrichment(installation, enrichment_id, on_progress)
        show(installation, _get(installation, enrichment_id), as_json=as_json)
    return terminal.DONE


def _request(installation: "Installation", options: EnrichmentOptions) -> "EnrichmentRequest":
    from kelompok_core.cli.imports import find_import
    from kelompok_core.enrichment.run import EnrichmentRequest

    since = options.since
    return EnrichmentRequest(
        plugin=options.plugin,
        job=options.job,
        organization=options.organization,
        import_id=None if options.only_import is None else find_import(installation, options.only_import),
        changed_since=since.replace(tzinfo=UTC) if since is not None and since.tzinfo is None else since,
        again=options.again,
        dry_run=options.dry_run,
        config=options.config,
    )


def show(installation: "Installation", enrichment: "Enrichment", *, as_json: bool) -> None:
    printed_id = terminal.name_of(installation, "enrichments", enrichment.id)
    output.show(as_json, enrichment.to_json, lambda console: _render(console, enrichment, printed_id))


def _render(console: "Console", enrichment: "Enrichment", printed_id: str) -> None:
    from kelompok_core.enrichment.records import COUNTS

    dry_run_note = f" ({translate('dry run: nothing was written')})" if enrichment.dry_run else ""
    state = translate(
        "Enrichment {id} by {plugin}: {state}",
        id=printed_id,
        plugin=enrichment.plugin_label,
        state=translate(enrichment.state),
    )
    output.print_line(state + dry_run_note, style="bold")
    if enrichment.failure:
        console.print(output.safe_text(translate_message(enrichment.failure), style="red"))
    if surroundings.SURROUNDINGS.debug and enrichment.failure_trace:
        console.print(output.safe_text(enrichment.failure_trace))
    rows = [(translate(entity), *(counts[name] for name in COUNTS)) for entity, counts in enrichment.counts.items()]
    output.table(console, ("", *(name.replace("_", " ") for name in COUNTS)), rows)
    values: dict[str, int] = {}
    for counts in enrichment.counts.values():
        for value, number in counts.get("values", {}).items():
            values[value] = values.get(value, 0) + number
    if values:
        ordered = sorted(values.items(), key=lambda item: (-item[1], item[0]))
        output.table(console, ("signal", "records"), ordered)


def _find(installation: "Installation", prefix: str) -> UUID:
    """Return the id of the run with this prefix or suffix."""
    from kelompok_core.database.ids import get_id

    with installation.database.connect() as connection:
        return get_id(connection, "enrichments", prefix)


def _get(installation: "Installation", enrichment_id: UUID) -> "Enrichment":
    from kelompok_core.enrichment.records import get_enrichment

    with installation.database.connect() as connection:
        return get_enrichment(connection, enrichment_id)


app = typer.Typer(no_args_is_help=True, help="Runs of enrichers: list, inspect, undo.")


@app.command("list")
def list_all(limit: terminal.LimitOption = 20, as_json: terminal.JsonOption = False) -> None:
    """List the latest runs of enrichers, newest first."""
    from kelompok_core.enrichment.records import list_enrichments

    with terminal.open_installation() as installation, installation.database.connect() as connection:
        found = list_enrichments(connection, limit=limit)
        printed_ids = terminal.names_of(connection, "enrichments", [one.id for one in found])
    rows = [
        (printed_ids[one.id], local_time(one.created_at), one.plugin_label, one.job, translate(one.state),
         sum(counts["with_signals"] for counts in one.counts.values()))
        for one in found
    ]  # fmt: skip
    output.show(
        as_json,
        lambda: [one.to_json() for one in found],
        lambda console: output.table(console, ("id", "when", "plugin", "job", "state", "with signals"), rows),
    )


_IdArgument = typer.Argument(help="The run's id, or its beginning or end; «last» is the newest.")


@app.command("show")
def show_one(enrichment: str = _IdArgument, as_json: terminal.JsonOption = False) -> None:
    """Show what a run found and wrote."""
    with terminal.open_installation() as installation:
        show(installation, _get(installation, _find(installation, enrichment)), as_json=as_json)


@app.command(epilog=terminal.EXIT_CODES)
def undo(
    enrichment: str = _IdArgument,
    dry_run: bool = typer.Option(False, "--dry-run", help="Only show what would be undone."),
    actor: terminal.ActorOption = None,
    as_json: terminal.JsonOption = False,
) -> None:
    """Undo a run: remove its signals. Later changes are kept. To redo it: «plugin run … --again»."""
    from kelompok_core.enrichment.undo import undo_enrichment

    with terminal.open_installation() as installation:
        report = undo_enrichment(
            installation, _find(installation, enrichment), terminal.acting(installation, actor), dry_run=dry_run
        )
    rows = [(translate(outcome), number) for outcome, number in report.counts.items()]
    output.show(as_json, report.to_json, lambda console: output.table(console, ("signals", "number"), rows))
    raise typer.Exit(terminal.ATTENTION if report.counts["kept"] else terminal.DONE)
