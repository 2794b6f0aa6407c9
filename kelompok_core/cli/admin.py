"""``kelompok admin``: users, their roles in organizations, and keys for programs."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from kelompok_core.cli import output, terminal
from kelompok_core.cli.language import translate
from kelompok_core.cli.terminal import ActorOption, JsonOption
from kelompok_core.issues.sentences import local_time

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.orm import Session

app = typer.Typer(no_args_is_help=True, help="Users, their roles, and keys for programs.")
user = typer.Typer(no_args_is_help=True, help="User accounts.")
role = typer.Typer(no_args_is_help=True, help="Roles of users in organizations.")
key = typer.Typer(no_args_is_help=True, help="Keys for programs that act as a user, with some of the user's rights.")
app.add_typer(user, name="user")
app.add_typer(role, name="role")
app.add_typer(key, name="key")

EmailArgument = Annotated[str, typer.Argument(metavar="EMAIL", help="The user's e-mail address.")]
OrganizationOption = Annotated[str, typer.Option("--organization", metavar="SLUG", help="The organization.")]


@user.command("create")
def create_user(
    email: EmailArgument,
    name: Annotated[str, typer.Option(help="The name; default: the address.")] = "",
    platform_role: Annotated[
        str | None, typer.Option("--role", help="admin or steward, for rights everywhere; default: none.")
    ] = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Create a user. A role in an organization gives the user rights there."""
    from kelompok_core.access.service import AccessService

    with terminal.acting_session(actor) as (session, who):
        service = AccessService(session, who)
        made = service.create_user(email, name, platform_role=platform_role)
        shown = {"email": made.email, "name": made.name, "role": made.platform_role}
    output.show(
        as_json,
        lambda: shown,
        lambda _: output.print_line(translate("Created the user {email}.", email=shown["email"])),
    )


@user.command("list")
def list_all_users(as_json: JsonOption = False) -> None:
    """List users with their platform role and their roles in organizations."""
    from kelompok_core.access.service import list_roles, list_users

    with terminal.open_installation() as installation, installation.database.session() as session:
        roles = list_roles(session)
        users = list_users(session)
    roles_by_user = {
        one.email: {row.organization: row.role for row in roles if row.email == one.email} for one in users
    }
    shown = [
        {"email": one.email, "name": one.name, "role": one.platform_role, "status": one.status,
         "organizations": roles_by_user[one.email]}
        for one in users
    ]  # fmt: skip
    rows = [
        (one.email, one.name, translate(one.platform_role or ""), translate(one.status),
         ", ".join(f"{slug}: {translate(role)}" for slug, role in roles_by_user[one.email].items()))
        for one in users
    ]  # fmt: skip
    output.show(
        as_json,
        lambda: shown,
        lambda console: output.table(console, ("e-mail", "name", "role", "status", "organizations"), rows),
    )


@user.command()
def suspend(email: EmailArgument, actor: ActorOption = None) -> None:
    """Suspend an account. Its running imports stop before they apply."""
    _set_status(email, "suspended", actor)
    output.echo(translate("{email} is suspended.", email=email))


@user.command()
def resume(email: EmailArgument, actor: ActorOption = None) -> None:
    """Reactivate a suspended account."""
    _set_status(email, "active", actor)
    output.echo(translate("{email} is active again.", email=email))


def _set_status(email: str, status: str, actor: str | None) -> None:
    from kelompok_core.access.service import AccessService

    with terminal.acting_session(actor) as (session, who):
        AccessService(session, who).set_status(email, status)


@role.command()
def grant(
    email: EmailArgument,
    granted: Annotated[str, typer.Argument(metavar="ROLE", help="owner, editor or viewer.")],
    organization: OrganizationOption,
    actor: ActorOption = None,
) -> None:
    """Give a user a role in an organization; it replaces the role they have there."""
    from kelompok_core.access.service import AccessService

    with terminal.acting_session(actor) as (session, who):
        service = AccessService(session, who)
        service.grant(email, _organization_id(session, organization), granted)
    output.echo(
        translate(
            "{email} is {role} of {organization}.", email=email, role=translate(granted), organization=organization
        )
    )


@role.command("revoke")
def revoke_role(email: EmailArgument, organization: OrganizationOption, actor: ActorOption = None) -> None:
    """Remove a user's role in an organization."""
    from kelompok_core.access.service import AccessService

    with terminal.acting_session(actor) as (session, who):
        AccessService(session, who).revoke(email, _organization_id(session, organization))
    output.echo(translate("{email} has no role in {organization} any more.", email=email, organization=organization))


@key.command("create")
def create_key(
    email: EmailArgument,
    name: Annotated[str, typer.Option(help="What the key is for.")],
    scope: Annotated[
        list[str],
        typer.Option(help="import.submit, import.submit:members …; repeat for more."),
    ],
    organization: Annotated[
        str | None,
        typer.Option(metavar="SLUG", help="Valid only for this organization; default: wherever its user has rights."),
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=366, help="Days until the key expires.")] = 90,
    actor: ActorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Create a key. It is shown only once, because only its hash is stored."""
    from kelompok_core.access.keys import KeyService

    with terminal.acting_session(actor) as (session, who):
        bound = _organization_id(session, organization) if organization else None
        service = KeyService(session, who)
        made = service.create(email, name, scopes=scope, organization_id=bound, days=days)
    shown = {"key": made.token, "prefix": made.prefix, "expires_at": made.expires_at.isoformat(timespec="seconds")}
    output.show(
        as_json,
        lambda: shown,
        lambda _: output.print_line(f"{made.token}\n{translate('Save this key now: it is not shown again.')}"),
    )


@key.command("list")
def list_all_keys(as_json: JsonOption = False) -> None:
    """List keys with their users, purposes and expiry dates, but not the keys themselves."""
    from kelompok_core.access.keys import list_keys

    with terminal.open_installation() as installation, installation.database.session() as session:
        keys = [row._asdict() for row in list_keys(session)]
    columns = ("prefix", "email", "name", "organization", "scopes", "expires_at", "revoked_at")
    rows = [tuple(_cell(one[column]) for column in columns) for one in keys]
    output.show(as_json, lambda: keys, lambda console: output.table(console, columns, rows))


def _cell(value: object) -> object:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return local_time(value) if isinstance(value, datetime) else value


@key.command("revoke")
def revoke_key(
    prefix: Annotated[str, typer.Argument(metavar="PREFIX", help="As «key list» shows it.")], actor: ActorOption = None
) -> None:
    """Revoke a key at once."""
    from kelompok_core.access.keys import KeyService

    with terminal.acting_session(actor) as (session, who):
        KeyService(session, who).revoke(prefix)
    output.echo(translate("{key} is revoked.", key=prefix))


def _organization_id(session: "Session", slug: str) -> "UUID":
    from kelompok_core.organizations.queries import get_organization

    return get_organization(session, slug).id
