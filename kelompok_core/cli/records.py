"""The commands of each entity, such as ``kelompok member``: its records, with where each value comes from."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kelompok_core.cli import completion, output, terminal
from kelompok_core.cli.exporting import add_export
from kelompok_core.cli.language import number, translate
from kelompok_core.cli.terminal import ActorOption, JsonOption, LimitOption
from kelompok_core.entities import OWNERS, EntityWords
from kelompok_core.issues.sentences import local_time

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from rich.console import Console
    from sqlalchemy.orm import Session

    from kelompok_core.access.actors import Actor
    from kelompok_core.audit.trail import AuditEntry
    from kelompok_core.descriptor import EntityDescriptor
    from kelompok_core.enrichment.queries import StoredSignal
    from kelompok_core.record_queries import RecordQueries
    from kelompok_core.record_service import RecordService
    from kelompok_core.sources.models import SourceRecord

SearchOption = Annotated[str | None, typer.Option(help="Only those whose name or slug contains this.")]
HomeOption = Annotated[
    str | None,
    typer.Option(
        "--organization", metavar="SLUG", help="Of this organization.", autocompletion=completion.organizations
    ),
]
SetOption = Annotated[
    list[str],
    typer.Option(
        "--set",
        metavar="FIELD=VALUE",
        help="A field's value; repeat for more. Empty clears it.",
        autocompletion=completion.fields,
    ),
]
RefArgument = Annotated[
    str,
    typer.Argument(
        help="Slug, e-mail address, or at least the last 8 digits of the id.", autocompletion=completion.records
    ),
]


@dataclass(frozen=True, kw_only=True)
class Noun:
    """An entity on the command line.

    Attributes:
        words: Its names, and the columns of a list.
    """

    words: EntityWords

    @property
    def entity(self) -> str:
        return self.words.entity

    @property
    def word(self) -> str:
        return self.words.singular

    @property
    def columns(self) -> tuple[str, ...]:
        return self.words.columns

    @property
    def article(self) -> str:
        return "an" if self.word[0] in "aeiou" else "a"

    @property
    def descriptor(self) -> "EntityDescriptor":
        from kelompok_core.records.registry import get_descriptor

        return get_descriptor(self.entity)

    def queries(self, session: "Session") -> "RecordQueries[Any]":
        from kelompok_core.records.registry import get_queries

        return get_queries(self.entity, session)

    def service(self, session: "Session", actor: "Actor") -> "RecordService[Any]":
        from kelompok_core.records.registry import get_service

        return get_service(self.entity, session, actor)


def app_of(words: EntityWords) -> typer.Typer:
    """Return the commands of one entity."""
    noun = Noun(words=words)
    app = typer.Typer(no_args_is_help=True, help=f"{noun.entity.capitalize()}, with where each value comes from.")
    _add_writing(app, noun)
    add_export(app, noun.entity)
    if noun.entity == OWNERS:
        _add_of_owners(app, noun)
    else:
        _add_of_an_organization(app, noun)
    return app


def _add_writing(app: typer.Typer, noun: Noun) -> None:
    @app.command(help=f"Change fields of {noun.article} {noun.word} by hand; imports do not replace what a person set.")
    def update(
        ref: RefArgument,
        given: SetOption,
        organization: HomeOption = None,
        actor: ActorOption = None,
        as_json: JsonOption = False,
    ) -> None:
        with terminal.acting_session(actor) as (session, who):
            found = noun.queries(session).get(ref, _home(session, organization))
            changed = noun.service(session, who).update(found.id, terminal.pairs(given, "--set", first=True))
            summary = _summary(noun, session, changed)
        output.show(
            as_json, lambda: summary, lambda _: output.print_line(f"{translate('Updated')}: {_called(summary)}")
        )

    @app.command(help=f"Show one {noun.word}: values, who said each, evidence and history.")
    def show(ref: RefArgument, organization: HomeOption = None, as_json: JsonOption = False) -> None:
        from kelompok_core.audit.trail import list_for_record
        from kelompok_core.enrichment.queries import list_signals
        from kelompok_core.sources.queries import list_source_records

        with terminal.open_installation() as installation, installation.database.session() as session:
            record = noun.queries(session).get(ref, _home(session, organization))
            evidence = list_source_records(session, record.id)
            imports = [one.import_id for one in evidence]
            shown = _Shown(
                noun=noun,
                record=record,
                summary=_summary(noun, session, record),
                values=_values(noun, session, record),
                data=getattr(record, noun.descriptor.extra_column),
                version=record.version,
                evidence=evidence,
                imports=terminal.names_of(session.connection(), "imports", imports),
                history=list_for_record(session.connection(), record.id),
                signals=list_signals(session, record.id),
            )
        output.show(as_json, shown.to_json, shown.render)


def _add_of_owners(app: typer.Typer, noun: Noun) -> None:
    @app.command("list", help=f"List {noun.entity} by name.")
    def list_all(search: SearchOption = None, limit: LimitOption = 50, as_json: JsonOption = False) -> None:
        _list(noun, None, search, limit, as_json=as_json)

    @app.command(
        help=f"Create {noun.article} {noun.word} by hand; values are normalized, and later imports respect them."
    )
    def create(given: SetOption, actor: ActorOption = None, as_json: JsonOption = False) -> None:
        _create(noun, given, None, actor, as_json=as_json)


def _add_of_an_organization(app: typer.Typer, noun: Noun) -> None:
    @app.command("list", help=f"List {noun.entity} by name or title.")
    def list_all(
        organization: HomeOption = None,
        search: SearchOption = None,
        limit: LimitOption = 50,
        as_json: JsonOption = False,
    ) -> None:
        _list(noun, organization, search, limit, as_json=as_json)

    @app.command(
        help=f"Create {noun.article} {noun.word} by hand; values are normalized, and later imports respect them."
    )
    def create(
        given: SetOption,
        organization: Annotated[
            str,
            typer.Option(
                metavar="SLUG", help="The organization it belongs to.", autocompletion=completion.organizations
            ),
        ],
        actor: ActorOption = None,
        as_json: JsonOption = False,
    ) -> None:
        _create(noun, given, organization, actor, as_json=as_json)


def _list(noun: Noun, organization: str | None, search: str | None, limit: int, *, as_json: bool) -> None:
    with terminal.open_installation() as installation, installation.database.session() as session:
        home = _home(session, organization)
        records = noun.queries(session).list(organization_id=home, search=search, limit=limit)
        summaries = [_summary(noun, session, one) for one in records]
        cells = [_cells(one, summary) for one, summary in zip(records, summaries, strict=True)]
        total = noun.queries(session).count(home)
    columns = [name for name in (summaries or [{}])[0] if name != "id" or not noun.descriptor.has_slug]

    def render(console: "Console") -> None:
        output.table(console, columns, [[one[name] for name in columns] for one in cells])
        shown, all_there = number(len(summaries)), number(total)
        output.print_line(translate("{shown} of {total}", shown=shown, total=all_there))

    output.show(as_json, lambda: summaries, render)


def _create(noun: Noun, given: list[str], organization: str | None, actor: str | None, *, as_json: bool) -> None:
    with terminal.acting_session(actor) as (session, who):
        values = terminal.pairs(given, "--set", first=True)
        made = noun.service(session, who).create(values, _home(session, organization))
        summary = _summary(noun, session, made)
    output.show(as_json, lambda: summary, lambda _: output.print_line(f"{translate('Created')}: {_called(summary)}"))


def _home(session: "Session", slug: str | None) -> "UUID | None":
    from kelompok_core.organizations.queries import get_organization

    return None if slug is None else get_organization(session, slug).id


def _summary(noun: Noun, session: "Session", record: Any) -> dict[str, Any]:
    from kelompok_core.organizations.queries import get_slug

    summary: dict[str, Any] = {"id": str(record.id)}
    if noun.descriptor.belongs:
        summary["organization"] = get_slug(session, record.organization_id)
    return summary | {name: _plain(getattr(record, name)) for name in noun.columns}


def _cells(record: Any, summary: "Mapping[str, Any]") -> dict[str, Any]:
    """Return a record's summary as a list shows it: times in the record's own zone, ids as short as possible."""
    from kelompok_core.record_queries import SHORT_ID

    shown = {name: _date_time(record, getattr(record, name, None)) or value for name, value in summary.items()}
    if output.is_for_a_person():
        shown["id"] = summary["id"][-SHORT_ID:]
    return shown


def _date_time(record: Any, value: Any) -> str | None:
    """Return a time in the zone where the record takes place, or else in this machine's zone."""
    if not isinstance(value, datetime):
        return None
    from kelompok_core.values.zones import zone_info

    zone = getattr(record, "timezone", None)
    return local_time(value, zone=zone_info(zone, zone) if zone else None)


def _called(summary: dict[str, Any]) -> str:
    return str(summary.get("slug") or summary["id"])


def _shown(record: Any, value: Any) -> object:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return _date_time(record, value) or value


def _plain(value: Any) -> Any:
    """Return a value as the terminal and JSON show it: days and dates and times in ISO 8601."""
    from kelompok_core.record_queries import plain

    return value.isoformat() if hasattr(value, "isoformat") else plain(value)


def _values(noun: Noun, session: "Session", record: Any) -> list[tuple[str, object, object]]:
    known = noun.queries(session).values(record)
    return [(name, value, record.field_origins.get(name)) for name, value in known.items()]


@dataclass(frozen=True, kw_only=True)
class _Shown:
    """One record as it is shown."""

    noun: Noun
    record: Any
    summary: dict[str, Any]
    values: list[tuple[str, object, object]]
    data: dict[str, Any]
    version: int
    evidence: "Sequence[SourceRecord]"
    imports: "Mapping[UUID, str]"
    history: "Sequence[AuditEntry]"
    signals: "Sequence[StoredSignal]"

    def to_json(self) -> dict[str, object]:
        return self.summary | {
            "values": [
                {"field": name, "value": _plain(value), "set_by": origin} for name, value, origin in self.values
            ],
            self.noun.descriptor.extra_column: self.data,
            "version": self.version,
            "evidence": [_evidence(one) for one in self.evidence],
            "history": [_entry(one) for one in self.history],
            "signals": [one.to_json() for one in self.signals],
        }

    def render(self, console: "Console") -> None:
        from kelompok_core.cli.render import quotes

        label = self.summary[self.noun.descriptor.label]
        rest = [str(value) for name, value in self.summary.items() if name in ("organization", "slug", "claim_status")]
        output.print_line(f"{label} ({', '.join(rest)})", style="bold")
        values = [(name, _shown(self.record, value), origin) for name, value, origin in self.values]
        output.table(console, ("field", "value", "set by"), values)
        console.print()
        extra = self.data.get("extra", {})
        if rows := [(source, name, value) for source, cells in extra.items() for name, value in cells.items()]:
            output.table(console, ("source", "extra column", "value"), rows)
            console.print()
        if self.signals:
            found = [(one.property, one.value, f"{one.confidence:.2f}", quotes(one.evidence), one.origin, one.status)
                     for one in self.signals]  # fmt: skip
            output.table(console, ("signal", "value", "confidence", "evidence", "by", "status"), found)
            console.print()
        seen = [
            (one.source_name, one.file_name, one.line, one.row_number, self.imports[one.import_id])
            for one in self.evidence
        ]
        output.table(console, ("evidence: source", "file", "line", "row", "import"), seen)
        console.print()
        changes = [
            (local_time(one.occurred_at), translate(one.action), one.actor, one.origin, ", ".join(one.changed()))
            for one in self.history
        ]
        output.table(console, ("history", "action", "actor", "origin", "fields"), changes)


def _evidence(one: "SourceRecord") -> dict[str, object]:
    return {
        "source": one.source_name,
        "file": one.file_name,
        "sha256": one.file_sha256.hex(),
        "row_number": one.row_number,
        "line": one.line,
        "import": str(one.import_id),
        "plugin": f"{one.plugin}@{one.plugin_version}",
        "raw": one.raw,
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
