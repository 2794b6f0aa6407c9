"""Reports as Dagster metadata: counts to plot, tables and a small chart. They contain only public values of rows."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from kelompok_core.enrichment.records import COUNTS as ENRICHMENT_COUNTS
from kelompok_core.enrichment.records import Enrichment
from kelompok_core.imports.reporting.disclosure import HIDDEN, Disclosure, show_code
from kelompok_core.imports.reporting.error_file import suggested_error_file
from kelompok_core.imports.reporting.public_changes import PublicChange
from kelompok_core.imports.reporting.report import ImportReport
from kelompok_core.imports.shared.imports import DECISIONS

_BAR_WIDTH = 40
_MOST_GROUPS = 50
_PROPERTY = re.compile(r"[a-z][a-z0-9_]{0,40}(?: \d{1,2})?")
"""Names of signals, such as a goal with its number. Other names may be text of a record and are left out."""


def staged_metadata(report: ImportReport, disclosure: Disclosure, invalid_rows: int) -> dict[str, Any]:
    """Return the metadata of source records and candidates: what was read, and how."""
    import_ = report.import_
    seconds = import_.durations.get("stage", 0.0)
    return {
        "import": str(import_.id),
        "file": import_.file_name,
        "sha256": import_.file_sha256,
        "rows": import_.rows_staged,
        "invalid_rows": invalid_rows,
        "blank_lines": import_.blank_lines,
        **_speed(import_.rows_staged, seconds),
        "read_as": dg.MetadataValue.json(disclosure.reading()),
        "mapping": dg.MetadataValue.json(disclosure.mapping()),
    }


def decided_metadata(
    report: ImportReport, disclosure: Disclosure, changes: Sequence[PublicChange] = ()
) -> dict[str, Any]:
    """Return the metadata of decisions: counts, a chart, reasons, the changes of the plan, and issues."""
    return {
        "import": str(report.import_.id),
        "dry_run": report.import_.dry_run,
        **_counts(report),
        "rows_read": report.counts["rows_read"],
        **_speed(report.counts["rows_read"], report.import_.durations.get("decide", 0.0)),
        "decisions": dg.MetadataValue.md(decision_chart(report.counts)),
        "reasons": dg.MetadataValue.table(_reason_records(report.reasons), _REASON_SCHEMA),
        "changes": change_table(changes),
        "issues": issue_table(report, disclosure),
        "report": f"kelompok import show {report.import_.id}",
    }


def applied_metadata(report: ImportReport) -> dict[str, Any]:
    """Return the metadata of a core table: what was written, and the speed of the whole import."""
    return {
        "import": str(report.import_.id),
        "source": report.import_.source_name,
        **_counts(report),
        "seconds": report.seconds,
        "rows_per_second": report.rows_per_second,
        "decisions": dg.MetadataValue.md(decision_chart(report.counts)),
        "error_file": f"kelompok import errors {report.import_.id} --output {suggested_error_file(report.import_)}",
    }


def enriched_metadata(enrichment: Enrichment, entity: str, previous: Enrichment | None) -> dict[str, Any]:
    """Return the metadata of signals: counts to plot over runs, and a chart of records per signal."""
    counts = enrichment.counts[entity]
    values = {name: number for name, number in counts["values"].items() if _PROPERTY.fullmatch(name)}
    before = previous.counts.get(entity) if previous else None
    return {
        "signals": dg.MetadataValue.md(bar_chart(dict(sorted(values.items(), key=_by_number)))),
        "enrichment": str(enrichment.id),
        "dry_run": enrichment.dry_run,
        **{name: dg.MetadataValue.int(counts[name]) for name in ENRICHMENT_COUNTS},
        **{name: dg.MetadataValue.int(number) for name, number in sorted(values.items(), key=_by_number)},
        "share_with_signals": share_with_signals(counts),
        **({"share_last_time": share_with_signals(before)} if before else {}),
    }


def _counts(report: ImportReport) -> dict[str, int]:
    return {"rows": report.counts["rows_read"], **{name: report.counts[name] for name in DECISIONS}}


def _speed(rows: int, seconds: float) -> dict[str, float]:
    """Return how long a step took, and its rows per second; 0 if it did nothing."""
    return {"seconds": float(seconds), "rows_per_second": round(rows / seconds, 1) if seconds else 0.0}


def share_with_signals(counts: Mapping[str, Any]) -> float:
    """Return the share of the records enriched in this run that have signals."""
    return round(counts["with_signals"] / counts["enriched"], 4) if counts["enriched"] else 0.0


def _by_number(item: tuple[str, int]) -> tuple[int, str]:
    digits = "".join(character for character in item[0] if character.isdigit())
    return int(digits or 0), item[0]


def decision_chart(counts: Mapping[str, int]) -> str:
    """Return the five counts as bars, in Markdown."""
    return bar_chart({name: counts[name] for name in DECISIONS})


def bar_chart(counts: Mapping[str, int]) -> str:
    """Return counts as bars, in Markdown, in the order given."""
    most = max(counts.values(), default=0) or 1
    width = max(map(len, counts), default=0) + 2
    bars = [
        f"{name:<{width}}{'█' * -(-number * _BAR_WIDTH // most):<{_BAR_WIDTH}} {number:>9,}"
        for name, number in counts.items()
    ]
    return "\n".join(["```", *bars, "```"])


def _schema(**columns: str) -> dg.TableSchema:
    return dg.TableSchema([dg.TableColumn(name, kind) for name, kind in columns.items()])


_CHANGE_SCHEMA = dg.TableSchema(
    [
        dg.TableColumn("record", "string", f"The record's name if it is public, otherwise {HIDDEN}."),
        dg.TableColumn("line", "string", "The line where the row starts in the file."),
        dg.TableColumn("field", "string", "The field that changes; «extra» has the columns that are not mapped."),
        dg.TableColumn(
            "from", "string",
            f"The current value. {HIDDEN} hides values that are not public or in doubt.",
        ),
        dg.TableColumn("to", "string", f"The new value. {HIDDEN} hides the same values; long texts are cut."),
    ]
)  # fmt: skip
_REASON_SCHEMA = _schema(decision="string", rows="int")
_ISSUE_SCHEMA = _schema(code="string", severity="string", column="string", count="int", line="string")


def _reason_records(reasons: Mapping[str, int]) -> list[dg.TableRecord]:
    rows: dict[str, int] = {}
    for key, number in reasons.items():
        decision, _, reason = key.partition(": ")
        shown = f"{decision}: {show_code(reason)}"
        rows[shown] = rows.get(shown, 0) + number
    return [dg.TableRecord({"decision": reason, "rows": number}) for reason, number in rows.items()]


def change_table(changes: Sequence[PublicChange]) -> dg.TableMetadataValue:
    """Return the first changes of a plan, one row per field; for a new record, all its fields."""
    rows = [
        dg.TableRecord(
            {
                "record": f"new: {one.record}" if one.is_new else one.record,
                "line": str(one.line or ""),
                "field": one.field,
                "from": one.before,
                "to": one.after,
            }
        )
        for one in changes
    ]
    return dg.MetadataValue.table(rows, _CHANGE_SCHEMA)


def issue_table(report: ImportReport, disclosure: Disclosure) -> dg.TableMetadataValue:
    """Return the issue groups with their counts and first lines; the import's report has the values."""
    rows = [
        dg.TableRecord(
            {
                "code": show_code(group.code),
                "severity": group.severity,
                "column": disclosure.column(group.column) or "",
                "count": group.count,
                "line": str(group.examples[0].line or ""),
            }
        )
        for group in report.groups[:_MOST_GROUPS]
    ]
    return dg.MetadataValue.table(rows, _ISSUE_SCHEMA)
