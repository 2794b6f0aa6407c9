"""``kelompok sdgs``: an organization's goals, their evidence, and people's corrections."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kelompok_core.cli import output, surroundings, terminal
from kelompok_core.cli.language import number, translate
from kelompok_core.cli.terminal import ActorOption, JsonOption
from kelompok_core.cli.visible_text import data_stream

if TYPE_CHECKING:
    from kelompok_core.contracts import CommandResult
    from kelompok_core.sdgs.signals import GoalSignal

app = typer.Typer(
    no_args_is_help=True,
    help="Sustainable Development Goals of organizations. A goal shows what texts are about, not what was achieved.",
)
SlugArgument = Annotated[str, typer.Argument(metavar="SLUG", help="The organization.")]
GoalArgument = Annotated[int, typer.Argument(metavar="GOAL", min=1, max=17, help="Number of the goal.")]


@app.command()
def show(slug: SlugArgument, as_json: JsonOption = False) -> None:
    """Show an organization's goals with the evidence for each: its own texts first, then posts and events."""
    from kelompok_core.sdgs.signals import list_goals

    with terminal.open_installation() as installation, installation.database.session() as session:
        found = list_goals(session, slug)
    columns = ("goal", "", "confidence", "in", "evidence", "by", "status")
    output.show(
        as_json,
        lambda: [one.to_json() for one in found],
        lambda console: output.table(console, columns, [_row(one) for one in found]),
    )


def _row(signal: "GoalSignal") -> tuple[object, ...]:
    from kelompok_core.cli.render import quotes
    from kelompok_core.sdgs.signals import TITLES

    where = signal.entity if signal.entity == "organizations" else f"{signal.entity}: {signal.label}"
    title, confidence = TITLES[signal.goal - 1], f"{signal.confidence:.2f}"
    return signal.goal, title, confidence, where, quotes(signal.evidence), signal.origin, signal.status


@app.command()
def add(slug: SlugArgument, goal: GoalArgument, actor: ActorOption = None) -> None:
    """Set a goal of an organization. It stays, whatever is found in the organization's texts."""
    from kelompok_core.sdgs.signals import GoalService

    with terminal.acting_session(actor) as (session, acting):
        GoalService(session, acting).add(slug, goal)
    output.echo(translate("Goal {goal} is set for {organization}.", goal=goal, organization=slug))


@app.command()
def remove(
    slug: SlugArgument,
    goal: GoalArgument,
    for_good: Annotated[
        bool, typer.Option("--for-good", help="Also if the texts change; default: only while they stay the same.")
    ] = False,
    actor: ActorOption = None,
) -> None:
    """Remove a goal from an organization. It does not come back while the texts stay the same."""
    from kelompok_core.sdgs.signals import GoalService

    with terminal.acting_session(actor) as (session, acting):
        GoalService(session, acting).remove(slug, goal, for_good=for_good)
    message = (
        "Goal {goal} is removed from {organization} permanently."
        if for_good
        else "Goal {goal} is removed from {organization}."
    )
    output.echo(translate(message, goal=goal, organization=slug))


PluginOption = Annotated[str, typer.Option(help="The enricher whose fields provide the text.")]


@app.command()
def corrections(
    file: Annotated[Path | None, typer.Option("--output", help="Write to this file; default: the terminal.")] = None,
    plugin: PluginOption = "sdgs-keyword",
    force: terminal.ForceOption = False,
) -> None:
    """Write the texts whose goals people corrected as CSV, with their current goals."""
    from kelompok_core.enrichment.corrections import list_corrections, write_corrections
    from kelompok_core.plugin_host.registry import require_enabled

    with terminal.open_installation() as installation, installation.database.connect() as connection:
        found = list_corrections(connection, require_enabled(installation.settings, plugin))
        if file is None:
            write_corrections(found, data_stream())
            return
        with terminal.whole_file(file, force=force) as target:
            written = write_corrections(found, target)
    output.echo(translate("{number} texts written to {file}.", number=number(written), file=file))


@app.command()
def explain(
    slug: Annotated[str | None, typer.Argument(metavar="[SLUG]", help="The organization.")] = None,
    text: Annotated[str | None, typer.Option(help="A text, instead of an organization's.")] = None,
    plugin: Annotated[str, typer.Option(help="The enricher that explains.")] = "sdgs-keyword",
    as_json: JsonOption = False,
) -> None:
    """Explain how goals are found: terms, weights, threshold, and the text with marked evidence. Stores nothing."""
    if (slug is None) == (text is None):
        raise terminal.wrong_option("SLUG", "give either an organization or --text")
    from kelompok_core.cli.plugin_commands import show_result
    from kelompok_core.enrichment.explain import explain_organization, explain_text

    if text is not None:
        result: CommandResult = explain_text(surroundings.settings(), plugin, text)
    else:
        with terminal.open_installation() as installation:
            result = explain_organization(installation, plugin, str(slug))
    show_result(result, as_json=as_json)
