"""Reports for the terminal."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kelompok_core.cli.language import counted, language, number, translate, translate_message
from kelompok_core.cli.output import COLOURS, coloured, command, print_line, print_next, safe_text, table
from kelompok_core.cli.rows import render_rows
from kelompok_core.imports.shared.imports import DECISIONS

if TYPE_CHECKING:
    from rich.console import Console

    from kelompok_core.imports.reporting.report import ImportReport, IssueGroup
    from kelompok_core.imports.reporting.row_pages import DecidedRow
    from kelompok_core.imports.undoing.undo import UndoReport

_BAR = 30
_UNMAPPED = "header.unknown"


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A report with the other data shown in the terminal.

    Attributes:
        printed_id: The import's id as printed.
        rows: The first rows of a plan that waits for approval, without those that change nothing.
        error_file: Suggested path for the import's error file.
        again: The words of the command that imports the corrected error file, if there are rows to correct.
    """

    report: "ImportReport"
    printed_id: str
    rows: "Sequence[DecidedRow]" = ()
    error_file: str = ""
    again: Sequence[str] | None = None


def report_to_json(shown: Shown) -> dict[str, object]:
    """Return the report as JSON; for a plan, with its first rows."""
    values = shown.report.to_json()
    if shown.report.import_.waits_for_approval:
        values["plan"] = [one.to_json() for one in shown.rows]
    return values


def render_report(console: "Console", shown: Shown) -> None:
    """Print what an import did: counts, rows of a plan, findings, and next steps."""
    report = shown.report
    import_ = report.import_
    is_plan = import_.dry_run and import_.approved_by is None and import_.state != "applied"
    kind = translate("Dry run") if is_plan else translate("Import")
    state = translate("{kind} {id} is {state}", kind=kind, id=shown.printed_id, state=translate(import_.state))
    print_line(state, style="bold")
    console.print(
        safe_text(translate("{file} as source «{source}»", file=import_.file_name, source=import_.source_name))
    )
    if import_.read_as:
        console.print(safe_text(describe_reading(import_.read_as)))
    if import_.failure and not any(group.severity == "fatal" for group in report.groups):
        console.print(safe_text(translate_message(import_.failure), style="red"))
    _counts(console, report)
    _mapping(console, report)
    _plan(console, shown)
    _issues(console, shown)
    _closing(shown)


def _counts(console: "Console", report: "ImportReport") -> None:
    counts = report.counts
    most = max(counts[name] for name in DECISIONS) or 1
    width = max(map(len, (translate(name) for name in DECISIONS)))
    read = translate("row read" if counts["rows_read"] == 1 else "rows read")
    console.print(safe_text(f"\n{number(counts['rows_read']):>10} {read}{_blank_lines(report)}"))
    for name in DECISIONS:
        bar = "█" * -(-counts[name] * _BAR // most)
        line = safe_text(f"{number(counts[name]):>10} {translate(name):<{width}} ").append(bar, style=COLOURS[name])
        console.print(line)
    if report.seconds:
        speed = number(report.rows_per_second)
        sentence = "{seconds} s, {speed} row/s" if speed == "1" else "{seconds} s, {speed} rows/s"
        speed_line = translate(sentence, seconds=number(report.seconds, digits=1), speed=speed)
        console.print(safe_text(f"\n{speed_line}", style="dim"))


def _blank_lines(report: "ImportReport") -> str:
    if not report.import_.blank_lines:
        return ""
    return f" ({counted(report.import_.blank_lines, 'blank line skipped', 'blank lines skipped')})"


def _mapping(console: "Console", report: "ImportReport") -> None:
    if report.import_.mapping:
        fields = report.import_.mapping
        columns = [f"{column} → {fields[column]}" for column in report.import_.header if column in fields]
        console.print(safe_text(f"{translate('Columns')}: {', '.join(columns)}"))
    unknown = [group.column or "" for group in report.groups if group.code == _UNMAPPED]
    if unknown:
        console.print(safe_text(f"{translate('Kept as extra data')}: {', '.join(unknown)}"))


def _plan(console: "Console", shown: Shown) -> None:
    if not shown.rows:
        return
    print_line(f"\n{translate('Planned changes:')}", style="bold")
    explained_below = {group.code for group in shown.report.groups}
    render_rows(console, shown.rows, whole=False, explained_below=explained_below)
    counts = shown.report.counts
    rest = counts["rows_read"] - counts["unchanged"] - len(shown.rows)
    if rest > 0:
        more = counted(
            rest,
            "more row would change something or needs attention",
            "more rows would change something or need attention",
        )
        print_next(f"{more}:", command("import", "show", shown.printed_id, "--rows"))


def _issues(console: "Console", shown: Shown) -> None:
    groups = [group for group in shown.report.groups if group.code != _UNMAPPED]
    if not groups:
        return
    rows = [
        (
            coloured(group.severity),
            group.code,
            counted(group.count, "row", "rows") if _concerns_rows(group) else "",
            _lines(group),
            group.examples[0].message(language()),
        )
        for group in groups
    ]
    console.print()
    table(console, ("severity", "code", "rows", "lines", "first of them"), rows, heading=4)
    console.print()
    if any(group.count > len(group.examples) for group in groups):
        print_next(
            translate("To list every finding with its line:"), command("import", "errors", shown.printed_id, "--all")
        )


def _concerns_rows(group: "IssueGroup") -> bool:
    return group.examples[0].row_number is not None


def _lines(group: "IssueGroup") -> str:
    lines = [str(example.line) for example in group.examples if example.line]
    more = " …" if group.count > len(group.examples) else ""
    word = translate("line" if len(lines) == 1 and not more else "lines")
    return f"{word} {', '.join(lines)}{more}" if lines else ""


def _closing(shown: Shown) -> None:
    report, printed_id = shown.report, shown.printed_id
    import_, counts = report.import_, report.counts
    is_plan = import_.waits_for_approval
    changes = counts["accepted"] or counts["merged"]
    if not counts["rows_read"] and import_.state in ("planned", "applied"):
        print_line(translate("The file has no rows: there is nothing to import."))
    elif is_plan and changes:
        print_next(translate("Nothing was written yet. To apply this plan:"), command("import", "apply", printed_id))
    elif is_plan:
        print_line(translate("Nothing was written, and applying this plan would change nothing."))
    elif import_.state == "applied" and not changes and not report.needs_attention:
        print_line(translate("Nothing changed: all of these values are already stored."))
    if report.waiting and import_.state == "applied":
        waiting = counted(report.waiting, "row waits for review", "rows wait for review")
        print_next(f"{waiting}:", command("import", "review", "list", "--import", printed_id))
    if shown.again is not None:
        _print_correction_steps(shown)
    if import_.state == "failed" and import_.failure_trace:
        print_next(translate("To see where in the code it failed:"), command("import", "show", printed_id, "--debug"))


def _print_correction_steps(shown: Shown) -> None:
    """Print the commands that write the error file and import it again once corrected."""
    to_correct = counted(_count_to_correct(shown.report), "row to correct", "rows to correct")
    still_wait = shown.report.import_.state in ("planned", "applied")
    if still_wait and shown.report.waiting and shown.report.counts["rejected"]:  # they were listed above as well
        to_correct += f" ({translate('{number} of them wait for review', number=number(shown.report.waiting))})"
    print_next(
        translate("{rows}: write the error file, correct it, and import it again:", rows=to_correct),
        command("import", "errors", shown.printed_id, "--output", shown.error_file),
        command(*(shown.again or ())),
    )


def _count_to_correct(report: "ImportReport") -> int:
    return report.counts["rejected"] + report.waiting


_UNDONE = {
    "deleted": "created by the import: deleted",
    "restored": "fields got their old values back",
    "kept": "changed since: not changed back",
    "refused": "other records need them: not deleted",
}


def render_undo(console: "Console", report: "UndoReport", printed_id: str) -> None:
    """Print what an undo did: counts, then each record that differs from before the import."""
    print_line(_undo_headline(report, printed_id), style="bold")
    if report.again and not any(report.counts.values()):
        return
    width = max(map(len, (translate(outcome) for outcome in _UNDONE)))
    for outcome, meaning in _UNDONE.items():
        console.print(
            safe_text(f"{number(report.counts[outcome]):>10} {translate(outcome):<{width}}  {translate(meaning)}")
        )
    if report.left:
        rows = [
            (
                one.label,
                translate(one.outcome),
                translate_message(one.reason or ""),
                ", ".join(one.kept),
                ", ".join(one.restored),
            )
            for one in report.left
        ]
        table(console, ("record", "outcome", "why", "kept", "restored"), rows)
    if report.dry_run and (report.changes_something or not report.again):
        print_next(translate("Nothing was done. To do it:"), command("import", "undo", printed_id))


def describe_reading(read_as: Mapping[str, object]) -> str:
    """Return how a source was read, in the reader's language."""
    settings = [f"{translate(name.replace('_', ' '))} «{_setting(value)}»" for name, value in sorted(read_as.items())]
    return f"{translate('Read as')}: {', '.join(settings)}"


def _undo_headline(report: "UndoReport", printed_id: str) -> str:
    if report.again:
        done, remaining = report.counts["deleted"] + report.counts["restored"], len(report.left)
        if not any(report.counts.values()):
            return translate("Import {id} was already undone completely. Nothing changed.", id=printed_id)
        if report.dry_run:
            return translate("Import {id} was undone before. Undoing the rest would change:", id=printed_id)
        facts = {"id": printed_id, "done": number(done), "left": number(remaining)}
        return translate("Import {id} was undone before; {done} more records undone now, {left} remain:", **facts)
    if report.dry_run:
        return translate("Import {id} would be undone", id=printed_id)
    return translate("Import {id} is {state}", id=printed_id, state=translate(report.import_.state))


def _setting(value: object) -> str:
    """Return a setting as text; per-column settings with their columns."""
    if isinstance(value, dict):
        return ", ".join(f"{name}: {one}" for name, one in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def quotes(evidence: Iterable[Mapping[str, object]]) -> str:
    """Return the evidence of a signal, in one line."""
    return "; ".join(f"{one['field']}: «{one['quote']}»" for one in evidence)
