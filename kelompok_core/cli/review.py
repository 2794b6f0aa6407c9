"""``kelompok import review``: the rows that wait for a person."""

from typing import TYPE_CHECKING, Annotated

import typer

from kelompok_core.cli import terminal
from kelompok_core.cli.terminal import ActorOption, JsonOption, LimitOption

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from rich.console import Console

    from kelompok_core.imports.parked import Comparison, ParkedRow
    from kelompok_core.imports.review import Verdict
    from kelompok_core.imports.workbench import Workbench

app = typer.Typer(no_args_is_help=True, help="Decide the rows an import parked.")

RefArgument = Annotated[str, typer.Argument(metavar="ID:RECORD", help="The row, as «review list» shows it.")]
NoteOption = Annotated[str | None, typer.Option(help="Why; kept with the decision.")]


@app.command("list")
def list_all(
    import_id: Annotated[str | None, typer.Option("--import", metavar="ID", help="Only of this import.")] = None,
    limit: LimitOption = 100,
    as_json: JsonOption = False,
) -> None:
    """List the rows that wait, with the reason."""
    from kelompok_core.database.ids import get_id
    from kelompok_core.imports.parked import list_parked

    with terminal.workbench() as bench, bench.database.connect() as connection:
        wanted = get_id(connection, "imports", import_id) if import_id else None
        parked = list_parked(connection, import_id=wanted, limit=limit)
    rows = [(one.ref, one.source_name, one.line, one.label, one.reason, len(one.candidates)) for one in parked]
    terminal.show(
        as_json,
        lambda: [_to_json(one) for one in parked],
        lambda console: terminal.table(console, ("row", "source", "line", "name", "why", "candidates"), rows),
    )


@app.command()
def show(ref: RefArgument, as_json: JsonOption = False) -> None:
    """Show a row side by side with each record it may be."""
    from kelompok_core.imports.parked import compare, get_parked, list_candidates

    with terminal.workbench() as bench, bench.database.connect() as connection:
        parked = get_parked(connection, *_split(bench, ref))
        candidates = list_candidates(connection, parked)
        beside = {slug: compare(connection, parked, record_id) for slug, record_id in candidates.items()}
    terminal.show(
        as_json,
        lambda: _to_json(parked) | {"beside": {slug: [vars(pair) for pair in pairs] for slug, pairs in beside.items()}},
        lambda console: _render(console, parked, beside),
    )


def _render(console: "Console", parked: "ParkedRow", beside: "Mapping[str, list[Comparison]]") -> None:
    from rich.text import Text

    from kelompok_core.issues.sentences import describe

    console.print(Text(f"{parked.ref}, line {parked.line} of «{parked.source_name}»", style="bold"))
    console.print(Text(describe(parked.reason, record=parked.record, line=parked.line)))
    for slug, pairs in beside.items():
        terminal.table(console, ("field", "the row", slug, "set by"), _pairs(pairs))
    if not beside:
        said = [(name, value) for name, value in parked.candidate.items() if value is not None and name != "extra"]
        terminal.table(console, ("field", "the row"), said)
    console.print(Text(f"To decide: kelompok import review accept {parked.ref} [--merge-into REF | --as-new]"))


@app.command()
def accept(
    ref: RefArgument,
    merge_into: Annotated[
        str | None, typer.Option(metavar="REF", help="It is this record: its slug, or the last digits of its id.")
    ] = None,
    as_new: Annotated[bool, typer.Option("--as-new", help="It is none of them: a record of its own.")] = False,
    field: Annotated[
        list[str] | None, typer.Option(metavar="FIELD=incoming|existing", help="Whose value stays; repeat for more.")
    ] = None,
    note: NoteOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take the row: into the record it may be, into the one named, or as a new one."""
    from kelompok_core.imports.parked import find_by_ref, get_parked
    from kelompok_core.imports.review import Reviewer

    if as_new and (merge_into or field):
        raise typer.BadParameter("a record of its own has nothing to merge with", param_hint="--as-new")
    choices = terminal.pairs(field or [], "--field")
    with terminal.workbench() as bench:
        import_id, record = _split(bench, ref)
        reviewer = Reviewer(bench, terminal.acting(bench, actor))
        if as_new:
            verdict = reviewer.accept_as_new(import_id, record, note=note)
        else:
            target = None
            if merge_into:
                with bench.database.connect() as connection:
                    target = find_by_ref(connection, get_parked(connection, import_id, record), merge_into)
            verdict = reviewer.accept_into(import_id, record, target, choices=choices, note=note)
    _say(verdict, as_json=as_json)


@app.command()
def reject(ref: RefArgument, note: NoteOption = None, actor: ActorOption = None, as_json: JsonOption = False) -> None:
    """Leave the row out. Sent again unchanged, it is rejected without asking."""
    from kelompok_core.imports.review import Reviewer

    with terminal.workbench() as bench:
        verdict = Reviewer(bench, terminal.acting(bench, actor)).reject(*_split(bench, ref), note=note)
    _say(verdict, as_json=as_json)


def _say(verdict: "Verdict", *, as_json: bool) -> None:
    changed = f": {', '.join(verdict.changed)}" if verdict.changed else ""
    shown = {"row": verdict.ref, "decision": verdict.decision, "record": verdict.target_id, "changed": verdict.changed}
    terminal.show(as_json, lambda: shown, lambda console: console.print(f"{verdict.ref} {verdict.decision}{changed}"))


def _split(bench: "Workbench", ref: str) -> "tuple[UUID, int]":
    from kelompok_core.database.ids import get_id

    prefix, colon, record = ref.rpartition(":")
    if not colon or not record.isdecimal():
        raise typer.BadParameter(f"{ref!r} is not ID:RECORD", param_hint="ID:RECORD")
    with bench.database.connect() as connection:
        return get_id(connection, "imports", prefix), int(record)


def _to_json(parked: "ParkedRow") -> dict[str, object]:
    return {
        "row": parked.ref, "source": parked.source_name, "line": parked.line, "name": parked.label,
        "reason": parked.reason, "candidates": list(parked.candidates), "raw": dict(parked.raw),
    }  # fmt: skip


def _pairs(pairs: "list[Comparison]") -> list[tuple[object, ...]]:
    marked = [("≠ " if one.incoming not in (None, one.existing) else "  ") + one.field for one in pairs]
    return [(name, one.incoming, one.existing, one.set_by) for name, one in zip(marked, pairs, strict=True)]
