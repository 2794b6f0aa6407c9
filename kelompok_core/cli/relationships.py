"""``kelompok rel``: relations between organizations."""

from typing import TYPE_CHECKING, Annotated

import typer

from kelompok_core.cli import output, terminal
from kelompok_core.cli.language import translate
from kelompok_core.cli.terminal import ActorOption, JsonOption

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.orm import Session

    from kelompok_core.access.actors import Actor
    from kelompok_core.organizations.relationships import RelationshipService

app = typer.Typer(no_args_is_help=True, help="Relations between organizations: «FROM is KIND of TO».")

FromArgument = Annotated[str, typer.Argument(metavar="FROM", help="Slug of the first organization.")]
KindArgument = Annotated[str, typer.Argument(metavar="KIND", help="parent, member, partner or predecessor.")]
ToArgument = Annotated[str, typer.Argument(metavar="TO", help="Slug of the second organization.")]


@app.command("list")
def list_all(
    organization: Annotated[
        str | None, typer.Option(metavar="SLUG", help="Only relations of this organization.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List relations."""
    from kelompok_core.organizations.relationships import list_relationships

    with terminal.open_installation() as installation, installation.database.session() as session:
        found = [
            {"from": row.from_slug, "kind": row.kind, "to": row.to_slug}
            for row in list_relationships(session, slug=organization)
        ]
    rows = [(one["from"], translate(one["kind"]), one["to"]) for one in found]
    output.show(as_json, lambda: found, lambda console: output.table(console, ("from", "is … of", "to"), rows))


@app.command()
def create(one: FromArgument, kind: KindArgument, other: ToArgument, actor: ActorOption = None) -> None:
    """Set one organization as the parent, a member, a partner or the predecessor of another."""
    with terminal.acting_session(actor) as (session, who):
        service, from_id, to_id = _open(session, who, one, other)
        service.create(from_id, kind, to_id)
    output.echo(translate("{one} is {kind} of {other}.", one=one, kind=translate(kind), other=other))


@app.command()
def remove(one: FromArgument, kind: KindArgument, other: ToArgument, actor: ActorOption = None) -> None:
    """Remove a relation."""
    with terminal.acting_session(actor) as (session, who):
        service, from_id, to_id = _open(session, who, one, other)
        service.remove(from_id, kind, to_id)
    output.echo(translate("{one} is not {kind} of {other} any more.", one=one, kind=translate(kind), other=other))


def _open(session: "Session", actor: "Actor", one: str, other: str) -> "tuple[RelationshipService, UUID, UUID]":
    from kelompok_core.organizations.queries import get_organization
    from kelompok_core.organizations.relationships import RelationshipService

    from_id, to_id = (get_organization(session, slug).id for slug in (one, other))
    return RelationshipService(session, actor), from_id, to_id
