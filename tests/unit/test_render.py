"""What the terminal prints about an import: counts, findings, the first rows of a plan, and next steps."""

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from kelompok_core.cli import output
from kelompok_core.cli.language import use_language
from kelompok_core.cli.list_files import encoding_of
from kelompok_core.cli.render import Shown, describe_reading, quotes, render_report, render_undo, report_to_json
from kelompok_core.cli.rows import COLUMNS, changes_of, describe_row, write_rows
from kelompok_core.imports.reporting.report import ImportReport, IssueGroup, RowIssue
from kelompok_core.imports.reporting.row_pages import DecidedRow
from kelompok_core.imports.shared.imports import Import, ImportState
from kelompok_core.imports.shared.options import ImportOptions
from kelompok_core.imports.undoing.undo import Reversal, UndoReport

_NOBODY = UUID(int=1)
_NONE = dict.fromkeys(("rows_read", "accepted", "merged", "unchanged", "rejected", "review"), 0)


@pytest.fixture(autouse=True)
def _english(monkeypatch):
    use_language("en")
    monkeypatch.setattr(output, "program", lambda: "kelompok")


def _import(**facts):
    known = {
        "id": _NOBODY, "state": ImportState.APPLIED, "mode": "apply", "entity": "members", "plugin": "csv-import",
        "plugin_version": "1.0", "job": "members", "source_name": "sensus", "file_name": "a.csv",
        "file_sha256": "0" * 64, "file_bytes": 1, "media_type": "text/csv", "actor_id": _NOBODY,
        "organization_id": None, "key_id": None, "approved_by": None, "approved_key_id": None,
        "options": ImportOptions(), "needs": (), "header": (), "mapping": {}, "read_as": {}, "issues": [],
        "rows_staged": 0, "blank_lines": 0, "plan_revision": 1, "counts": None, "run_id": None, "failure": None,
        "failure_code": None, "failure_hint": None, "failure_trace": None, "durations": {},
        "created_at": datetime(2031, 1, 5, tzinfo=UTC), "planned_at": None, "applied_at": None, "queued_at": None,
        "leased_by": None, "fence": 0,
    }  # fmt: skip
    return Import(**known | facts)


_DRY = {"state": ImportState.PLANNED, "mode": "dry_run"}


def _shown(counts=(), *, groups=(), reviewed=0, rows=(), again=None, **facts):
    import_ = _import(counts=_NONE | dict(counts), **facts)
    report = ImportReport(import_=import_, groups=groups, reasons={}, reviewed=reviewed)
    return Shown(report=report, printed_id="7f3a", rows=rows, error_file="a.errors.csv", again=again)


@pytest.fixture
def printed(capsys):
    """Return what is printed of a report."""

    def print_report(*arguments, **facts):
        render_report(output.console(), _shown(*arguments, **facts))
        return capsys.readouterr().out

    return print_report


def _issue(code="value.email_invalid", *, severity="error", line=3, row=2, **facts):
    known = {"column": "Email", "value": "x@", "params": {}} | facts
    return RowIssue(row_number=row, line=line, code=code, severity=severity, **known)


def _group(count=1, *examples, **facts):
    first = (examples or (_issue(**facts),))[0]
    return IssueGroup(
        code=first.code, severity=first.severity, column=first.column, count=count, examples=examples or (first,)
    )


def _row(**facts):
    known = {
        "row_number": 1, "line": 2, "raw": {}, "decision": "merged", "reason": None, "target_id": None, "name": "Ani",
        "ref": None, "changes": None,
    }  # fmt: skip
    return DecidedRow(**known | facts)


@pytest.mark.parametrize(("facts", "first"), [
    ({}, "Import 7f3a is applied"), (_DRY, "Dry run 7f3a is planned"),
    (_DRY | {"state": ImportState.APPLIED}, "Import 7f3a is applied"),
    (_DRY | {"approved_by": _NOBODY}, "Import 7f3a is planned"),
])  # fmt: skip
def test_a_dry_run_is_called_a_dry_run_until_somebody_approves_it(printed, facts, first):
    assert printed(**facts).splitlines()[:2] == [first, "a.csv as source «sensus»"]


def test_the_counts_stand_below_each_other_with_bars_as_long_as_they_are(printed):
    lines = printed({"rows_read": 1600, "accepted": 1200, "merged": 1, "rejected": 399}).splitlines()
    assert "     1,600 rows read" in lines
    bars = {line.split()[1]: line.count("█") for line in lines if line.strip()[:1].isdigit() and "read" not in line}
    assert bars == {"accepted": 30, "merged": 1, "unchanged": 0, "rejected": 10, "review": 0}


def test_one_row_is_a_row_and_blank_lines_are_counted(printed):
    assert "         1 row read (2 blank lines skipped)\n" in printed({"rows_read": 1}, blank_lines=2)
    assert "(1 blank line skipped)" in printed({"rows_read": 1}, blank_lines=1)
    assert "blank" not in printed({"rows_read": 1})


def test_the_speed_is_printed_if_it_was_measured(printed):
    assert "2.5 s, 40 rows/s" in printed({"rows_read": 100}, durations={"stage": 2.0, "apply": 0.5})
    assert "2.0 s, 1 row/s" in printed({"rows_read": 2}, durations={"stage": 2.0})
    assert "row/s" not in printed({"rows_read": 100})


def test_columns_are_printed_with_their_fields_in_the_order_of_the_file(printed):
    unknown = _group(code="header.unknown", severity="warning", column="Warna", row=None)
    output_text = printed(
        header=("Nama", "Warna", "Surel"), mapping={"Surel": "email", "Nama": "name"}, groups=[unknown]
    )
    assert "Columns: Nama → name, Surel → email\n" in output_text
    assert "Kept as extra data: Warna\n" in output_text
    assert "header.unknown" not in output_text
    assert "severity" not in output_text
    assert not {"Columns:", "Kept"} & set(printed().split())


def test_how_a_source_was_read_is_described_by_setting():
    read = {"delimiter": ";", "date_order": {"Lahir": "dmy", "Masuk": "mdy"}, "title_lines": [1, 2]}
    assert describe_reading(read) == "Read as: date order «Lahir: dmy, Masuk: mdy», delimiter «;», title lines «1, 2»"


def test_a_failure_is_printed_unless_a_finding_explains_it(printed):
    failed = {"state": ImportState.FAILED, "failure": "it stopped", "failure_trace": "ValueError"}
    assert "it stopped" in printed(**failed)
    assert "kelompok import show 7f3a --debug" in printed(**failed)
    fatal = _group(code="header.missing", severity="fatal", params={"field": "name"}, row=None)
    assert "it stopped" not in printed(groups=[fatal], **failed)
    assert "--debug" not in printed(**failed | {"failure_trace": None})


def test_findings_are_printed_with_their_lines_and_a_command_for_the_rest(printed):
    output_text = printed(
        groups=[_group(5, _issue(line=3), _issue(line=9)), _group(1, _issue(line=4, severity="warning"))]
    )
    assert "error     value.email_invalid  5 rows  lines 3, 9 …" in output_text
    assert "warning   value.email_invalid  1 row   line 4" in output_text
    assert "kelompok import errors 7f3a --all" in output_text
    assert "--all" not in printed(groups=[_group(1)])


def test_a_finding_about_the_file_has_no_rows(printed):
    (line,) = [line for line in printed(groups=[_group(row=None, line=None)]).splitlines() if "email_invalid" in line]
    assert " row" not in line.partition("email_invalid")[2][:20]


@pytest.mark.parametrize(("counts", "facts", "output_text"), [
    ({}, {}, "The file has no rows: there is nothing to import."),
    ({}, _DRY, "The file has no rows: there is nothing to import."),
    ({"rows_read": 1, "accepted": 1}, _DRY, "kelompok import apply 7f3a"),
    ({"rows_read": 1, "merged": 1}, _DRY, "kelompok import apply 7f3a"),
    ({"rows_read": 1, "unchanged": 1}, _DRY, "applying this plan would change nothing"),
    ({"rows_read": 1, "unchanged": 1}, {}, "Nothing changed: all of these values are already stored."),
])  # fmt: skip
def test_the_last_lines_name_the_next_step_if_there_is_one(printed, counts, facts, output_text):
    assert output_text in printed(counts, **facts)


def test_nothing_is_called_unchanged_while_rows_need_attention(printed):
    assert "Nothing changed" not in printed({"rows_read": 2, "unchanged": 1, "rejected": 1})
    assert "nothing to import" not in printed(state=ImportState.FAILED)


def test_rows_that_wait_are_listed_once_they_are_applied(printed):
    counts = {"rows_read": 3, "accepted": 1, "review": 2}
    assert "2 rows wait for review:\n  kelompok import review list --import 7f3a" in printed(counts)
    assert "1 row waits for review:" in printed(counts, reviewed=1)
    assert "review list" not in printed(counts, reviewed=2)
    assert "review list" not in printed(counts, **_DRY)


def test_rows_to_correct_come_back_in_a_file(printed):
    again = ["plugin", "run", "csv-import", "--file", "a.errors.csv"]
    counts = {"rows_read": 4, "accepted": 1, "rejected": 1, "review": 2}
    output_text = printed(counts, again=again)
    assert "3 rows to correct (2 of them wait for review): write the error file" in output_text
    assert (
        "\n  kelompok import errors 7f3a --output a.errors.csv\n  kelompok plugin run csv-import --file" in output_text
    )
    assert "1 row to correct: write" in printed({"rows_read": 1, "rejected": 1}, again=again)
    assert "of them wait" not in printed({"rows_read": 2, "review": 2}, again=again)
    assert "of them wait" not in printed(counts, again=again, state=ImportState.UNDONE)
    assert "to correct" not in printed(counts)


def test_a_plan_shows_its_first_rows_and_how_many_more_there_are(printed):
    counts = {"rows_read": 10, "accepted": 4, "unchanged": 5, "rejected": 1}
    rows = [_row(decision="accepted", changes={"name": [None, "Ani"], "city": [None, "Ambon"]}),
            _row(decision="rejected", reason="value.email_invalid")]  # fmt: skip
    output_text = printed(counts, rows=rows, groups=[_group()], **_DRY)
    assert "Planned changes:" in output_text
    assert "line  decision  record  what changes" in output_text
    assert "2     accepted  Ani     new: city: Ambon" in output_text
    assert "new: city: Ambon" in output_text
    assert "value.email_invalid (see below)" in output_text
    assert "3 more rows would change something or need attention:\n  kelompok import show 7f3a --rows" in output_text
    assert "more row" not in printed({"rows_read": 7, "accepted": 2, "unchanged": 5}, rows=rows, **_DRY)
    assert "1 more row would change something" in printed({"rows_read": 3, "accepted": 3}, rows=rows, **_DRY)
    assert "Planned changes" not in printed(counts, **_DRY)


def test_only_a_plan_that_waits_has_rows_in_json():
    rows = [_row()]
    assert report_to_json(_shown(rows=rows, **_DRY))["plan"] == [rows[0].to_json()]
    assert "plan" not in report_to_json(_shown(rows=rows))


def test_what_changes_in_a_row_is_described_field_by_field():
    changes = {
        "name": ["Ani", "Anita"],
        "tags": [None, '["a", "b"]'],
        "extra": [{"x": "1", "y": "2"}, {"x": "1", "y": "3"}],
    }
    row = _row(changes=changes)
    assert list(changes_of(row))[2:] == [("extra[y]", "2", "3")]
    assert describe_row(row, whole=True) == "name: Ani → Anita; tags: nothing → a, b; extra[y]: 2 → 3"
    long = _row(changes={"notes": ["x" * 60, "y" * 61]})
    assert describe_row(long, whole=False) == f"notes: {'x' * 60} → {'y' * 59}…"
    assert describe_row(long, whole=True) == f"notes: {'x' * 60} → {'y' * 61}"


def test_a_row_without_changes_shows_its_reason_unless_it_is_unchanged():
    assert describe_row(_row(decision="review", reason="match.name"), whole=True) == "match.name"
    assert describe_row(_row(decision="unchanged", reason="row.same"), whole=True) == ""


_CHANGED = _row(changes={"name": ["Ani", "Anita"], "place": [None, {"city": "Ambon"}], "extra": [{"x": "1"}, None]})


def _written(name, *rows):
    target = io.StringIO()
    assert write_rows(rows, target, Path(name)) == len(rows)
    return target.getvalue()


def test_a_file_of_rows_has_a_line_for_each_change_and_one_for_a_row_without():
    same = _row(row_number=2, line=3, decision="unchanged", reason="row.same", name="Budi", ref="budi")
    assert list(csv.reader(io.StringIO(_written("rows.csv", _CHANGED, same)))) == [
        list(COLUMNS),
        ["2", "1", "merged", "", "Ani", "", "name", "Ani", "Anita"],
        ["2", "1", "merged", "", "Ani", "", "place", "", '{"city": "Ambon"}'],
        ["3", "2", "unchanged", "row.same", "Budi", "budi", "", "", ""],
    ]


def test_a_file_of_rows_can_be_json_or_a_json_object_on_each_line():
    rows = [_CHANGED, _row(name="Né")]
    printed = [one.to_json() for one in rows]
    assert json.loads(_written("rows.json", *rows)) == printed
    assert json.loads(_written("rows.JSON")) == []
    for ending in ("ndjson", "jsonl"):
        lines = _written(f"rows.{ending}", *rows).splitlines()
        assert [json.loads(line) for line in lines] == printed
        assert "Né" in lines[1]
    assert [encoding_of(Path(name)) for name in ("a.csv", "a.json", "a.JSONL")] == ["utf-8-sig", "utf-8", "utf-8"]


def _undo(counts, *, left=(), dry_run=False, again=False):
    known = dict.fromkeys(("deleted", "restored", "kept", "refused"), 0)
    import_ = _import(state=ImportState.APPLIED if dry_run else ImportState.UNDONE)
    return UndoReport(import_=import_, counts=known | counts, left=left, dry_run=dry_run, again=again)


_LEFT = Reversal(
    record_id=_NOBODY, label="Ani", outcome="kept", reason=None, restored=["city", "phone"], kept=["name", "email"]
)


@pytest.mark.parametrize(("undone", "first", "offers"), [
    (_undo({"deleted": 1}), "Import 7f3a is undone", False),
    (_undo({"deleted": 1}, dry_run=True), "Import 7f3a would be undone", True),
    (_undo({}, dry_run=True), "Import 7f3a would be undone", True),
    (_undo({"restored": 2, "deleted": 1, "kept": 1}, again=True, left=[_LEFT]),
     "Import 7f3a was undone before; 3 more records undone now, 1 remain:", False),
    (_undo({"restored": 1}, again=True, dry_run=True),
     "Import 7f3a was undone before. Undoing the rest would change:", True),
    (_undo({"kept": 1}, again=True, dry_run=True, left=[_LEFT]),
     "Import 7f3a was undone before. Undoing the rest would change:", False),
])  # fmt: skip
def test_an_undo_shows_what_it_did_and_a_dry_run_the_command(capsys, undone, first, offers):
    render_undo(output.console(), undone, "7f3a")
    output_text = capsys.readouterr().out
    assert output_text.splitlines()[0] == first
    assert ("kelompok import undo 7f3a" in output_text) == offers
    assert "refused" in output_text


def test_an_undo_with_nothing_left_prints_one_line(capsys):
    render_undo(output.console(), _undo({}, again=True), "7f3a")
    assert capsys.readouterr().out == ("Import 7f3a was already undone completely. Nothing changed.\n")


def test_an_undo_lists_the_records_that_differ_from_before(capsys):
    render_undo(
        output.console(), _undo({"deleted": 1200, "kept": 1}, left=[replace(_LEFT, reason="later edit")]), "7f3a"
    )
    lines = capsys.readouterr().out.splitlines()
    assert "     1,200 deleted   created by the import: deleted" in lines
    assert "Ani     kept     later edit  name, email  city, phone" in lines


def test_evidence_is_quoted_in_one_line():
    evidence = [{"field": "mission", "quote": "air bersih"}, {"field": "name", "quote": "Tirta"}]
    assert quotes(evidence) == "mission: «air bersih»; name: «Tirta»"
