"""``kelompok org``: organizations, with where each value comes from."""

from typing import TYPE_CHECKING, Annotated

import typer

from kelompok_core.cli import terminal
from kelompok_core.cli.terminal import ActorOption, JsonOption, LimitOption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from kelompok_core.audit.trail import AuditEntry
    from kelompok_core.organizations.models import Organization
    from kelompok_core.sources.models import SourceRecord

app = typer.Typer(no_args_is_help=True, help="Organizations, with where each value comes from.")


@app.command("list")
def list_all(
    search: Annotated[str | None, typer.Option(help="Only those whose name or slug contains this.")] = None,
    limit: LimitOption = 50,
    as_json: JsonOption = False,
) -> None:
    """List organizations by name."""
    from kelompok_core.organizations.queries import count_organizations, list_organizations

    with terminal.workbench() as bench, bench.database.session() as session:
        organizations = list_organizations(session, search=search, limit=limit)
        total = count_organizations(session)
    rows = [(one.slug, one.name, one.country, one.region, one.city, one.website_url) for one in organizations]

    def render(console: "Console") -> None:
        terminal.table(console, ("slug", "name", "country", "region", "city", "website"), rows)
        console.print(f"{len(rows)} of {total:,}")

    terminal.show(as_json, lambda: [_summary(one) for one in organizations], render)


def _summary(organization: "Organization") -> dict[str, object]:
    names = ("name", "slug", "country", "region", "city", "website_url", "official_email", "claim_status")
    return {"id": str(organization.id)} | {name: getattr(organization, name) for name in names}


@app.command()
def show(slug: str, as_json: JsonOption = False) -> None:
    """Show one organization: values, who said each, evidence and history."""
    from kelompok_core.audit.trail import list_for_record
    from kelompok_core.organizations.queries import get_organization
    from kelompok_core.sources.queries import list_source_records

    with terminal.workbench() as bench, bench.database.session() as session:
        organization = get_organization(session, slug)
        evidence = list_source_records(session, organization.id)
        history = list_for_record(session.connection(), organization.id)
    terminal.show(
        as_json,
        lambda: _details(organization, evidence, history),
        lambda console: _render(console, organization, evidence, history),
    )


def _values(organization: "Organization") -> list[tuple[str, object, object]]:
    from kelompok_core.organizations.entity import DESCRIPTOR

    rows = []
    for field in DESCRIPTOR.fields:
        stored = getattr(organization, field.stored_in)
        value = stored.get(field.key) if field.key else stored
        if value is not None:
            rows.append((field.name, value, organization.field_origins.get(field.name)))
    return rows


def _details(
    organization: "Organization", evidence: "Sequence[SourceRecord]", history: "Sequence[AuditEntry]"
) -> dict[str, object]:
    return _summary(organization) | {
        "values": [{"field": name, "value": value, "set_by": origin} for name, value, origin in _values(organization)],
        "profile_data": organization.profile_data,
        "version": organization.version,
        "evidence": [
            {
                "source": one.source_name,
                "file": one.file_name,
                "sha256": one.file_sha256.hex(),
                "record": one.record,
                "line": one.line,
                "import": str(one.import_id),
                "plugin": f"{one.plugin}@{one.plugin_version}",
                "raw": one.raw,
            }
            for one in evidence
        ],
        "history": [_entry(one) for one in history],
    }


def _entry(entry: "AuditEntry") -> dict[str, object]:
    return {
        "at": entry.occurred_at.isoformat(),
        "action": entry.action,
        "actor": entry.actor,
        "origin": entry.origin,
        "import": str(entry.import_id) if entry.import_id else None,
        "changed": {name: list(pair) for name, pair in entry.changed().items()},
    }


def _render(
    console: "Console",
    organization: "Organization",
    evidence: "Sequence[SourceRecord]",
    history: "Sequence[AuditEntry]",
) -> None:
    from rich.text import Text

    console.print(Text(f"{organization.name} ({organization.slug}), {organization.claim_status}", style="bold"))
    terminal.table(console, ("field", "value", "set by"), _values(organization))
    extra = organization.profile_data.get("extra", {})
    rows = [(source, name, value) for source, cells in extra.items() for name, value in cells.items()]
    if rows:
        terminal.table(console, ("source", "extra column", "value"), rows)
    seen = [(one.source_name, one.file_name, one.line, one.record, str(one.import_id)) for one in evidence]
    terminal.table(console, ("evidence: source", "file", "line", "record", "import"), seen)
    changes = [
        (f"{one.occurred_at:%Y-%m-%d %H:%M}", one.action, one.actor, one.origin, ", ".join(one.changed()))
        for one in history
    ]
    terminal.table(console, ("history", "action", "actor", "origin", "fields"), changes)


SetOption = Annotated[
    list[str], typer.Option("--set", metavar="FIELD=VALUE", help="A field's value; repeat for more. Empty clears it.")
]


@app.command()
def create(given: SetOption, actor: ActorOption = None, as_json: JsonOption = False) -> None:
    """Create an organization by hand; values are normalized as an import's, and later imports respect them."""
    from kelompok_core.organizations.service import OrganizationService

    with terminal.acting_session(actor) as (session, who):
        made = OrganizationService(session, who).create(terminal.pairs(given, "--set", first=True))
        summary = _summary(made)
    terminal.show(as_json, lambda: summary, lambda console: console.print(f"Created: {summary['slug']}"))


@app.command()
def update(slug: str, given: SetOption, actor: ActorOption = None, as_json: JsonOption = False) -> None:
    """Change fields of an organization by hand; imports do not replace what a person set."""
    from kelompok_core.organizations.queries import get_organization
    from kelompok_core.organizations.service import OrganizationService

    with terminal.acting_session(actor) as (session, who):
        found = get_organization(session, slug)
        changed = OrganizationService(session, who).update(found.id, terminal.pairs(given, "--set", first=True))
        summary = _summary(changed)
    terminal.show(as_json, lambda: summary, lambda console: console.print(f"Updated: {summary['slug']}"))
