"""``kelompok claim``: claims of people who want to manage an organization, and decisions about them."""

from typing import TYPE_CHECKING, Annotated

import typer

from kelompok_core.cli import output, terminal
from kelompok_core.cli.language import translate
from kelompok_core.cli.terminal import ActorOption, JsonOption

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.orm import Session

app = typer.Typer(no_args_is_help=True, help="Claims of people who want to manage an organization.")

IdArgument = Annotated[
    str, typer.Argument(metavar="ID", help="The claim, as «claim list» shows it; «last» is the newest.")
]

_TABLE = "claim_requests"
NoteOption = Annotated[str | None, typer.Option(help="The reason; stored with the decision.")]


@app.command("list")
def list_all(
    status: Annotated[str, typer.Option(help="pending, approved, rejected, withdrawn or all.")] = "pending",
    as_json: JsonOption = False,
) -> None:
    """List claims, oldest first."""
    from kelompok_core.claims.queries import list_claims

    with terminal.open_installation() as installation, installation.database.session() as session:
        claims = [row._asdict() for row in list_claims(session, status=None if status == "all" else status)]
        printed_ids = terminal.names_of(session.connection(), _TABLE, [claim["id"] for claim in claims])
    columns = ("id", "organization", "email", "status", "message", "evidence_url", "note")
    shown = [claim | {"id": printed_ids[claim["id"]], "status": translate(claim["status"])} for claim in claims]
    rows = [tuple(claim[column] for column in columns) for claim in shown]
    output.show(as_json, lambda: claims, lambda console: output.table(console, columns, rows))


@app.command()
def request(
    slug: str,
    message: Annotated[str | None, typer.Option(help="A message to the person who decides.")] = None,
    evidence: Annotated[
        str | None, typer.Option(metavar="URL", help="A page that shows your role in the organization.")
    ] = None,
    actor: ActorOption = None,
) -> None:
    """Claim an organization as the user named with --as."""
    from kelompok_core.claims.service import ClaimService
    from kelompok_core.organizations.queries import get_organization

    with terminal.acting_session(actor) as (session, who):
        organization = get_organization(session, slug)
        service = ClaimService(session, who)
        claim = service.request(organization.id, message=message, evidence_url=evidence)
        printed_id = terminal.names_of(session.connection(), _TABLE, [claim.id])[claim.id]
        output.echo(translate("Claim {id} of {organization} waits for a decision.", id=printed_id, organization=slug))


@app.command()
def approve(claim_id: IdArgument, note: NoteOption = None, actor: ActorOption = None) -> None:
    """Make the claimant the organization's owner, and reject other claims to it."""
    from kelompok_core.claims.service import ClaimService

    with terminal.acting_session(actor) as (session, who):
        ClaimService(session, who).approve(_id(session, claim_id), note=note)
    output.echo(translate("Claim {id} is approved.", id=claim_id))


@app.command()
def reject(claim_id: IdArgument, note: NoteOption = None, actor: ActorOption = None) -> None:
    """Reject a claim."""
    from kelompok_core.claims.service import ClaimService

    with terminal.acting_session(actor) as (session, who):
        ClaimService(session, who).reject(_id(session, claim_id), note=note)
    output.echo(translate("Claim {id} is rejected.", id=claim_id))


@app.command()
def withdraw(claim_id: IdArgument, actor: ActorOption = None) -> None:
    """Withdraw your own claim."""
    from kelompok_core.claims.service import ClaimService

    with terminal.acting_session(actor) as (session, who):
        ClaimService(session, who).withdraw(_id(session, claim_id))
    output.echo(translate("Claim {id} is withdrawn.", id=claim_id))


def _id(session: "Session", given: str) -> "UUID":
    from kelompok_core.database.ids import get_id

    return get_id(session.connection(), _TABLE, given)
