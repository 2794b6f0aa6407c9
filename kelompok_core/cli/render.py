"""Reports for the terminal."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kelompok_core.cli.terminal import table
from kelompok_core.imports.error_file import name_error_file

if TYPE_CHECKING:
    from rich.console import Console

    from kelompok_core.imports.report import ImportReport, IssueGroup
    from kelompok_core.imports.undo import UndoReport

_COLOURS = {"accepted": "green", "merged": "cyan", "unchanged": "dim", "rejected": "red", "review": "yellow"}
_BAR = 30
_UNMAPPED = "header.unknown"


def render_report(console: "Console", report: "ImportReport", language: str = "en") -> None:
    """Print what an import did: counts, then findings, then what to do next."""
    from rich.text import Text

    record = report.record
    kind = "Dry run" if record.dry_run and record.state != "applied" else "Import"
    console.print(Text(f"{kind} {record.id} is {record.state}", style="bold"))
    console.print(Text(f"{record.file_name} as source «{record.source_name}»"))
    if record.read_as:
        settings = [f"{name.replace('_', ' ')} «{_setting(value)}»" for name, value in sorted(record.read_as.items())]
        console.print(Text(f"Read as: {', '.join(settings)}"))
    if record.failure:
        console.print(Text(record.failure, style="red"))
    _counts(console, report)
    _mapping(console, report)
    _issues(console, report.groups, language)
    console.print(Text(_closing(report)))


def _counts(console: "Console", report: "ImportReport") -> None:
    from rich.text import Text

    counts = report.counts
    most = max(counts[name] for name in _COLOURS) or 1
    console.print(Text(f"\n{counts['rows_read']:>10,} rows read" + _blank_lines(report)))
    for name, colour in _COLOURS.items():
        bar = "█" * -(-counts[name] * _BAR // most)
        console.print(Text(f"{counts[name]:>10,} {name:<10} ").append(bar, style=colour))
    if report.seconds:
        console.print(Text(f"\n{report.seconds:.1f} s, {report.rows_per_second:,.0f} rows/s", style="dim"))


def _blank_lines(report: "ImportReport") -> str:
    number = report.record.blank_lines
    return f" ({number:,} blank line{'s' if number > 1 else ''} passed over)" if number else ""


def _mapping(console: "Console", report: "ImportReport") -> None:
    from rich.text import Text

    if report.record.mapping:
        fields = report.record.mapping
        columns = [f"{column} → {fields[column]}" for column in report.record.header if column in fields]
        console.print(Text(f"Columns: {', '.join(columns)}"))
    unknown = [group.column or "" for group in report.groups if group.code == _UNMAPPED]
    if unknown:
        console.print(Text(f"Kept as extra data: {', '.join(unknown)}"))


def _issues(console: "Console", groups: "Sequence[IssueGroup]", language: str) -> None:
    shown = [group for group in groups if group.code != _UNMAPPED]
    if not shown:
        return
    rows = [
        (group.count, group.severity, group.code, _lines(group), group.examples[0].message(language)) for group in shown
    ]
    table(console, ("rows", "severity", "code", "lines", "first of them"), rows)


def _lines(group: "IssueGroup") -> str:
    lines = ", ".join(str(example.line) for example in group.examples if example.line)
    return lines + (" …" if group.count > len(group.examples) else "")


def _closing(report: "ImportReport") -> str:
    record, counts = report.record, report.counts
    short = str(record.id)
    if record.state == "planned":
        return f"Nothing was written. To do exactly this: kelompok import apply {short}"
    said = []
    if record.state == "applied" and not counts["accepted"] and not counts["merged"]:
        said.append("Nothing changed: the core already says all of this.")
    if report.waiting and record.state == "applied":
        said.append(f"Waiting for a person to decide, {report.waiting:,}: kelompok import review list --import {short}")
    if report.needs_attention:
        file = name_error_file(record)
        said.append(f"Rows to correct, ready to be sent again: kelompok import errors {short} --output {file}")
    return "\n".join(said) or f"Look at it again: kelompok import show {short}"


_UNDONE = {
    "deleted": "the import had made them: gone",
    "restored": "fields have their old value again",
    "kept": "changed since: left as they are",
    "refused": "others need them: left as they are",
}


def render_undo(console: "Console", report: "UndoReport") -> None:
    """Print what an undo did: counts, then every record that is not as it was before the import."""
    from rich.text import Text

    what = "would be undone" if report.dry_run else f"is {report.record.state}"
    console.print(Text(f"Import {report.record.id} {what}", style="bold"))
    for outcome, meaning in _UNDONE.items():
        console.print(Text(f"{report.counts[outcome]:>10,} {outcome:<10} {meaning}"))
    if report.left:
        rows = [
            (one.label, one.outcome, one.reason, ", ".join(one.kept), ", ".join(one.restored)) for one in report.left
        ]
        table(console, ("record", "outcome", "why", "kept", "restored"), rows)
    if report.dry_run:
        console.print(Text(f"Nothing was done. To do it: kelompok import undo {report.record.id}"))


def _setting(value: object) -> str:
    """A setting as text; of one a column, each with its column."""
    if isinstance(value, dict):
        return ", ".join(f"{name}: {one}" for name, one in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def quotes(evidence: Iterable[Mapping[str, Any]]) -> str:
    """The places that show a signal, in one line."""
    return "; ".join(f"{one['field']}: «{one['quote']}»" for one in evidence)
