"""What the terminal tells of an import: counts, findings, the plan's first rows, and what to do next."""

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
def told(capsys):
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
def test_a_dry_run_is_called_so_until_somebody_approves_it(told, facts, first):
    assert told(**facts).splitlines()[:2] == [first, "a.csv as source «sensus»"]


def test_the_counts_stand_below_each_other_with_bars_as_long_as_they_are(told):
    lines = told({"rows_read": 1600, "accepted": 1200, "merged": 1, "rejected": 399}).splitlines()
    assert "     1,600 rows read" in lines
    bars = {line.split()[1]: line.count("█") for line in lines if line.strip()[:1].isdigit() and "read" not in line}
    assert bars == {"accepted": 30, "merged": 1, "unchanged": 0, "rejected": 10, "review": 0}


def test_one_row_is_a_row_and_blank_lines_are_counted(told):
    assert "         1 row read (2 blank lines skipped)\n" in told({"rows_read": 1}, blank_lines=2)
    assert "(1 blank line skipped)" in told({"rows_read": 1}, blank_lines=1)
    assert "blank" not in told({"rows_read": 1})


def test_the_time_is_told_where_it_was_measured(told):
    assert "2.5 s, 40 rows/s" in told({"rows_read": 100}, durations={"stage": 2.0, "apply": 0.5})
    assert "2.0 s, 1 row/s" in told({"rows_read": 2}, durations={"stage": 2.0})
    assert "row/s" not in told({"rows_read": 100})


def test_columns_are_told_with_their_fields_in_the_order_of_the_file(told):
    unknown = _group(code="header.unknown", severity="warning", column="Warna", row=None)
    said = told(header=("Nama", "Warna", "Surel"), mapping={"Surel": "email", "Nama": "name"}, groups=[unknown])
    assert "Columns: Nama → name, Surel → email\n" in said
    assert "Kept as extra data: Warna\n" in said
    assert "header.unknown" not in said
    assert "severity" not in said
    assert not {"Columns:", "Kept"} & set(told().split())


def test_how_a_source_was_read_is_told_by_setting():
    read = {"delimiter": ";", "date_order": {"Lahir": "dmy", "Masuk": "mdy"}, "title_lines": [1, 2]}
    assert describe_reading(read) == "Read as: date order «Lahir: dmy, Masuk: mdy», delimiter «;», title lines «1, 2»"


def test_a_failure_is_told_unless_a_finding_tells_it(told):
    failed = {"state": ImportState.FAILED, "failure": "it stopped", "failure_trace": "ValueError"}
    assert "it stopped" in told(**failed)
    assert "kelompok import show 7f3a --debug" in told(**failed)
    fatal = _group(code="header.missing", severity="fatal", params={"field": "name"}, row=None)
    assert "it stopped" not in told(groups=[fatal], **failed)
    assert "--debug" not in told(**failed | {"failure_trace": None})


def test_findings_are_told_with_their_lines_and_where_to_see_the_rest(told):
    said = told(groups=[_group(5, _issue(line=3), _issue(line=9)), _group(1, _issue(line=4, severity="warning"))])
    assert "error     value.email_invalid  5 rows  lines 3, 9 …" in said
    assert "warning   value.email_invalid  1 row   line 4" in said
    assert "kelompok import errors 7f3a --all" in said
    assert "--all" not in told(groups=[_group(1)])


def test_a_finding_about_the_file_has_no_rows(told):
    (line,) = [line for line in told(groups=[_group(row=None, line=None)]).splitlines() if "email_invalid" in line]
    assert " row" not in line.partition("email_invalid")[2][:20]


@pytest.mark.parametrize(("counts", "facts", "said"), [
    ({}, {}, "The file has no rows: there is nothing to import."),
    ({}, _DRY, "The file has no rows: there is nothing to import."),
    ({"rows_read": 1, "accepted": 1}, _DRY, "kelompok import apply 7f3a"),
    ({"rows_read": 1, "merged": 1}, _DRY, "kelompok import apply 7f3a"),
    ({"rows_read": 1, "unchanged": 1}, _DRY, "applying this plan would change nothing"),
    ({"rows_read": 1, "unchanged": 1}, {}, "Nothing changed: all of these values are already stored."),
])  # fmt: skip
def test_the_last_words_say_what_to_do_or_that_there_is_nothing(told, counts, facts, said):
    assert said in told(counts, **facts)


def test_nothing_is_called_done_while_rows_need_attention(told):
    assert "Nothing changed" not in told({"rows_read": 2, "unchanged": 1, "rejected": 1})
    assert "nothing to import" not in told(state=ImportState.FAILED)


def test_rows_that_wait_are_listed_once_they_are_applied(told):
    counts = {"rows_read": 3, "accepted": 1, "review": 2}
    assert "2 rows wait for review:\n  kelompok import review list --import 7f3a" in told(counts)
    assert "1 row waits for review:" in told(counts, reviewed=1)
    assert "review list" not in told(counts, reviewed=2)
    assert "review list" not in told(counts, **_DRY)


def test_rows_to_correct_come_back_in_a_file(told):
    again = ["plugin", "run", "csv-import", "--file", "a.errors.csv"]
    counts = {"rows_read": 4, "accepted": 1, "rejected": 1, "review": 2}
    said = told(counts, again=again)
    assert "3 rows to correct (2 of them wait for review): write the error file" in said
    assert "\n  kelompok import errors 7f3a --output a.errors.csv\n  kelompok plugin run csv-import --file" in said
    assert "1 row to correct: write" in told({"rows_read": 1, "rejected": 1}, again=again)
    assert "of them wait" not in told({"rows_read": 2, "review": 2}, again=again)
    assert "of them wait" not in told(counts, again=again, state=ImportState.UNDONE)
    assert "to correct" not in told(counts)


def test_a_plan_shows_its_first_rows_and_how_many_more_there_are(told):
    counts = {"rows_read": 10, "accepted": 4, "unchanged": 5, "rejected": 1}
    rows = [_row(decision="accepted", changes={"name": [None, "Ani"], "city": [None, "Ambon"]}),
            _row(decision="rejected", reason="value.email_invalid")]  # fmt: skip
    said = told(counts, rows=rows, groups=[_group()], **_DRY)
    assert "Planned changes:" in said
    assert "line  decision  record  what changes" in said
    assert "2     accepted  Ani     new: city: Ambon" in said
    assert "new: city: Ambon" in said
    assert "value.email_invalid (see below)" in said
    assert "3 more rows would change something or need attention:\n  kelompok import show 7f3a --rows" in said
    assert "more row" not in told({"rows_read": 7, "accepted": 2, "unchanged": 5}, rows=rows, **_DRY)
    assert "1 more row would change something" in told({"rows_read": 3, "accepted": 3}, rows=rows, **_DRY)
    assert "Planned changes" not in told(counts, **_DRY)


def test_only_a_plan_that_waits_has_rows_in_json():
    rows = [_row()]
    assert report_to_json(_shown(rows=rows, **_DRY))["plan"] == [rows[0].to_json()]
    assert "plan" not in report_to_json(_shown(rows=rows))


def test_what_changes_in_a_row_is_told_field_by_field():
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


def test_a_row_without_changes_tells_its_reason_unless_it_is_unchanged():
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
    told = [one.to_json() for one in rows]
    assert json.loads(_written("rows.json", *rows)) == told
    assert json.loads(_written("rows.JSON")) == []
    for ending in ("ndjson", "jsonl"):
        lines = _written(f"rows.{ending}", *rows).splitlines()
        assert [json.loads(line) for line in lines] == told
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
def test_an_undo_says_what_it_did_and_what_would_do_it(capsys, undone, first, offers):
    render_undo(output.console(), undone, "7f3a")
    said = capsys.readouterr().out
    assert said.splitlines()[0] == first
    assert ("kelompok import undo 7f3a" in said) == offers
    assert "refused" in said


def test_an_undo_with_nothing_left_says_only_that(capsys):
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
