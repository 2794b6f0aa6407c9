"""``kelompok import review``: list and decide the rows that wait for review."""

from typing import TYPE_CHECKING, Annotated

import typer

from kelompok_core.cli import completion, output, terminal
from kelompok_core.cli.language import language, translate
from kelompok_core.cli.terminal import ActorOption, JsonOption, LimitOption
from kelompok_core.issues.entries import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from rich.console import Console

    from kelompok_core.imports.reviewing.review import Verdict
    from kelompok_core.imports.reviewing.review_items import Comparison, ReviewItem
    from kelompok_core.installation import Installation

app = typer.Typer(no_args_is_help=True, help="Decide the rows that wait for review.")

RefArgument = Annotated[
    str,
    typer.Argument(metavar="ID:RECORD", help="The row, as «review list» shows it.", autocompletion=completion.item),
]
NoteOption = Annotated[str | None, typer.Option(help="The reason; stored with the decision.")]


@app.command("list")
def list_all(
    import_id: Annotated[
        str | None,
        typer.Option("--import", metavar="ID", help="Only the rows of this import.", autocompletion=completion.imports),
    ] = None,
    limit: LimitOption = 100,
    actor: ActorOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the waiting rows with their reasons."""
    from kelompok_core.access.rules import Action, list_organizations_where, list_visible_organizations
    from kelompok_core.database.ids import get_id
    from kelompok_core.imports.reviewing.review_items import list_review_items

    with terminal.open_installation() as installation, installation.database.connect() as connection:
        reader = terminal.acting(installation, actor)
        wanted = get_id(connection, "imports", import_id) if import_id else None
        owners = list_organizations_where(connection, reader, Action.IMPORT_READ)
        sees = list_visible_organizations(connection, reader)
        items = list_review_items(connection, import_id=wanted, organizations=owners, limit=limit, sees=sees)
        import_names = terminal.names_of(connection, "imports", [one.import_id for one in items])
    rows = [
        (_ref(one, import_names), one.source_name, one.line, one.label, one.reason, len(one.may_be)) for one in items
    ]

    def render(console: "Console") -> None:
        if not rows:
            output.print_line(translate("No row waits for review."))
            return
        output.table(console, ("row", "source", "line", "name", "why", "candidates"), rows)
        shown = rows[0][0]
        output.print_next(
            translate("To compare one with the records it may match:"),
            output.command("import", "review", "show", shown),
        )

    output.show(as_json, lambda: [_to_json(one) for one in items], render)


def _ref(item: "ReviewItem", import_names: "Mapping[UUID, str]") -> str:
    return f"{import_names[item.import_id]}:{item.row_number}"


@app.command()
def show(ref: RefArgument, actor: ActorOption = None, as_json: JsonOption = False) -> None:
    """Show a row side by side with each record it may match."""
    from kelompok_core.access.rules import Action, authorize, list_visible_organizations
    from kelompok_core.imports.reviewing.review_items import compare, get_owner, get_review_item, list_candidates

    with terminal.open_installation() as installation, installation.database.connect() as connection:
        reader, row = terminal.acting(installation, actor), _split(installation, ref)
        authorize(connection, reader, Action.IMPORT_READ, get_owner(connection, *row))
        item = get_review_item(connection, *row, sees=list_visible_organizations(connection, reader))
        candidates = list_candidates(connection, item)
        beside = {slug: compare(connection, item, record_id) for slug, record_id in candidates.items()}
        shown_ref = _ref(item, terminal.names_of(connection, "imports", [item.import_id]))
    output.show(
        as_json,
        lambda: _to_json(item) | {"beside": {slug: [vars(pair) for pair in pairs] for slug, pairs in beside.items()}},
        lambda console: _render(console, item, beside, shown_ref),
    )


def _render(console: "Console", item: "ReviewItem", beside: "Mapping[str, list[Comparison]]", shown_ref: str) -> None:
    where = translate("{row}, line {line} of «{source}»", row=shown_ref, line=item.line, source=item.source_name)
    output.print_line(where, style="bold")
    console.print(output.safe_text(item.message(language())))
    for slug, pairs in beside.items():
        output.table(console, ("field", "the row", slug, "set by"), _pairs(pairs))
    if not beside:
        output.table(console, ("field", "the row"), _values(item))
    output.print_next(
        translate("To merge it into a record, accept it as a new record, or reject it:")
        if beside
        else translate("To accept it as a new record, or reject it:"),
        *(output.command("import", "review", "accept", shown_ref, "--merge-into", slug) for slug in beside),
        output.command("import", "review", "accept", shown_ref, "--as-new"),
        output.command("import", "review", "reject", shown_ref),
    )


def _values(item: "ReviewItem") -> list[tuple[str, object]]:
    """Return the row's values by field, without those derived only for matching."""
    from kelompok_core.records.registry import get_descriptor

    values = [(one.name, item.candidate.get(one.name)) for one in get_descriptor(item.entity).fields]
    return [(name, value) for name, value in values if value is not None]


@app.command()
def accept(
    ref: RefArgument,
    merge_into: Annotated[
        str | None,
        typer.Option(
            metavar="REF",
            help="Merge into this record, named by its slug or the last digits of its id.",
            autocompletion=completion.candidates,
        ),
    ] = None,
    as_new: Annotated[
        bool, typer.Option("--as-new", help="Create a new record: the row matches none of them.")
    ] = False,
    field: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD=incoming|existing", help="Which value to use; repeat for more fields."),
    ] = None,
    note: NoteOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Accept the row: merge it into the record it may match or the one named, or create a new record."""
    from kelompok_core.access.rules import list_visible_organizations
    from kelompok_core.imports.reviewing.review import Reviewer
    from kelompok_core.imports.reviewing.review_items import find_by_ref, get_review_item

    if as_new and (merge_into or field):
        raise terminal.wrong_option("--as-new", "a new record is not merged with another one")
    choices = terminal.pairs(field or [], "--field")
    with terminal.open_installation() as installation:
        import_id, row_number = _split(installation, ref)
        reader = terminal.acting(installation, actor)
        reviewer = Reviewer(installation, reader)
        if as_new:
            verdict = reviewer.accept_as_new(import_id, row_number, note=note)
        else:
            target = None
            if merge_into:
                with installation.database.connect() as connection:
                    sees = list_visible_organizations(connection, reader)
                    item = get_review_item(connection, import_id, row_number, sees=sees)
                    target = find_by_ref(connection, item, merge_into, sees=sees)
            verdict = reviewer.accept_into(import_id, row_number, target, choices=choices, note=note)
    _show_verdict(verdict, as_json=as_json)


@app.command()
def reject(ref: RefArgument, note: NoteOption = None, actor: ActorOption = None, as_json: JsonOption = False) -> None:
    """Reject the row. If imported again unchanged, it is rejected automatically."""
    from kelompok_core.imports.reviewing.review import Reviewer

    with terminal.open_installation() as installation:
        verdict = Reviewer(installation, terminal.acting(installation, actor)).reject(
            *_split(installation, ref), note=note
        )
    _show_verdict(verdict, as_json=as_json)


def _show_verdict(verdict: "Verdict", *, as_json: bool) -> None:
    changed = f": {', '.join(verdict.changed)}" if verdict.changed else ""
    line = f"{verdict.ref} {translate(verdict.decision)}{changed}"
    shown = {"row": verdict.ref, "decision": verdict.decision, "record": verdict.target_id, "changed": verdict.changed}
    output.show(as_json, lambda: shown, lambda _: output.print_line(line))


def _split(installation: "Installation", ref: str) -> "tuple[UUID, int]":
    from kelompok_core.database.ids import get_id

    prefix, colon, row_number = ref.rpartition(":")
    if not colon or not row_number.isdecimal():
        raise terminal.wrong_option("ID:RECORD", f"{ref!r} is not ID:RECORD")
    with installation.database.connect() as connection:
        return get_id(connection, "imports", prefix), int(row_number)


def _to_json(item: "ReviewItem") -> dict[str, object]:
    return {
        "row": item.ref, "source": item.source_name, "line": item.line, "name": item.label,
        "reason": item.reason, "message": {one: item.message(one) for one in LANGUAGES},
        "candidates": list(item.may_be), "raw": dict(item.raw),
    }  # fmt: skip


def _pairs(pairs: "list[Comparison]") -> list[tuple[object, ...]]:
    marked = [("≠ " if one.incoming not in (None, one.existing) else "  ") + one.field for one in pairs]
    return [(name, one.incoming, one.existing, one.set_by) for name, one in zip(marked, pairs, strict=True)]
