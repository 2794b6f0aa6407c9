"""A large file with errors keeps all invariants, even with kills and concurrent imports."""

import csv
import io
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
import sqlalchemy as sa

from benchmarks.organizations import write_organizations
from kelompok_core.imports.applying import invariants
from kelompok_core.imports.applying.apply import apply
from kelompok_core.imports.deciding.decide import decide
from kelompok_core.imports.receiving.receive import ImportRequest, receive
from kelompok_core.imports.reporting.error_file import write_error_file
from kelompok_core.imports.reporting.report import iter_row_issues
from kelompok_core.imports.shared.options import ImportOptions
from kelompok_core.imports.staging.stage import stage

_MAPPING = {"Kode": "external_id"}


@pytest.mark.proof
def test_large_file_with_three_percent_invalid_rows_keeps_all_invariants(import_file, database, ask, tmp_path):
    file = tmp_path / "list.csv"
    expected = write_organizations(file, 100_000, seed=3)
    report = import_file(file)
    bad = sum(expected.rejected.values())
    assert dict(report.counts) == {
        "rows_read": 100_000, "accepted": expected.organizations, "merged": 0, "unchanged": expected.repeated,
        "rejected": bad, "review": 0,
    }  # fmt: skip
    # P1: one decision a row; P2: as many entries as writes; P3: each write has its evidence.
    with database.connect() as connection:
        assert invariants.count_invalid_rows(connection, report.import_.id) == bad
        assert invariants.count_undecided_rows(connection, report.import_.id) == 0
        assert invariants.count_unaudited_writes(connection, report.import_.id) == 0
        assert invariants.count_writes_without_evidence(connection, report.import_.id) == 0
    assert ask("SELECT count(*) AS number FROM organizations")[0].number == expected.organizations
    assert (
        ask("SELECT count(*) AS number FROM audit_logs WHERE entity = 'organizations'")[0].number
        == expected.organizations
    )
    assert ask("SELECT count(*) AS number FROM source_records")[0].number == expected.organizations
    assert not ask("""
        SELECT FROM organizations o CROSS JOIN LATERAL jsonb_object_keys(o.field_origins) f
        WHERE o.field_origins->>f <> 'source:list' LIMIT 1""")
    # Each rejected row is listed with everything a person needs.
    with database.connect() as connection:
        errors = [one for one in iter_row_issues(connection, report.import_) if one.severity == "error"]
    assert len({one.row_number for one in errors}) == bad
    for one in errors:
        assert one.line
        assert one.message()
        assert one.column is not None or one.code == "row.too_many_cells"
    assert {one.code for one in errors} == set(expected.rejected)
    # The same file once more: not one write.
    before = ask("SELECT max(id) AS id FROM audit_logs WHERE entity <> 'imports'")
    again = import_file(file)
    assert again.counts["unchanged"] == 100_000 - bad
    assert again.counts["rejected"] == bad
    assert ask("SELECT max(id) AS id FROM audit_logs WHERE entity <> 'imports'") == before
    # The error file, corrected, brings in the rest.
    target = io.StringIO(newline="")
    with database.connect() as connection:
        assert write_error_file(connection, report.import_, {"en": target}) == bad
    target.seek(0)
    header, *rows = csv.reader(target)
    for row in rows:
        row[1] = row[1].strip() or f"Nama {row[0]}"
        row[7] = "" if "(at)" in row[7] else row[7]
        row[6] = "" if row[6].startswith("ftp") else row[6]
    corrected = tmp_path / "list.errors.csv"
    with corrected.open("w", newline="", encoding="utf-8") as handle:
        csv.writer(handle).writerows([header, *rows])
    rest = import_file(corrected)
    assert rest.counts["accepted"] == bad
    assert ask("SELECT count(*) AS number FROM organizations")[0].number == expected.organizations + bad


_STATE = """
    SELECT slug, name, city, phone, version, field_origins, profile_data FROM organizations ORDER BY slug"""
_EVIDENCE = "SELECT identity, raw, row_number, line FROM source_records ORDER BY identity, row_number"
_ENTRIES = "SELECT entity, action, count(*) FROM audit_logs WHERE import_id IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2"


def _everything(ask):
    return ask(_STATE), ask(_EVIDENCE), ask(_ENTRIES)


_WORKER = """
import sys
from pathlib import Path
from uuid import UUID
from kelompok_core.database.engine import Addresses, Database
from kelompok_core.imports.applying.apply import apply
from kelompok_core.imports.deciding.decide import decide
from kelompok_core.imports.staging.stage import stage
from kelompok_core.installation import Installation
from kelompok_core.settings import Settings
home, config, runtime, import_id = sys.argv[1:]
settings = Settings(home=Path(home), config_file=Path(config), database_url=runtime, owner_database_url=None,
                    dagster_database_url=None)
installation = Installation(database=Database(Addresses(runtime=runtime, dagster=None)), settings=settings)
for step in (stage, decide, apply):
    print(step.__name__, flush=True)
    step(installation, UUID(import_id))
print("done", flush=True)
"""


@pytest.mark.proof
@pytest.mark.parametrize(("step", "after"), [
    ("stage", 0.05), ("stage", 0.8), ("decide", 0.0), ("decide", 0.4), ("apply", 0.0), ("apply", 0.3), ("apply", 0.6),
])  # fmt: skip
def test_killed_and_repeated_import_ends_as_an_undisturbed_one(
    installation, settings, operator, ask, tmp_path, step, after
):
    """The worker is killed some time into a step, such as 0.8 s; the result does not depend on its progress."""
    file = tmp_path / "list.csv"
    expected = write_organizations(file, 12_000, seed=5)
    request = ImportRequest(plugin="csv-import", job="import-organizations", file=file)
    import_id = receive(installation, request, operator).import_id
    worker = subprocess.Popen(
        [sys.executable, "-c", _WORKER, str(settings.home), str(settings.config_file), str(settings.database_url),
         str(import_id)],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    for line in worker.stdout:
        if line.strip() == step:
            break
    time.sleep(after)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    worker.stdout.close()
    resumed = receive(installation, request, operator)
    if ask("SELECT state FROM imports WHERE id = :id", id=import_id)[0].state != "applied":
        assert resumed.import_id == import_id
        assert resumed.resumed
    stage(installation, import_id)
    decide(installation, import_id)
    apply(installation, import_id)
    (row,) = ask("SELECT * FROM imports WHERE id = :id", id=import_id)
    assert row.state == "applied"
    assert (row.rows_read, row.accepted, row.unchanged) == (12_000, expected.organizations, expected.repeated)
    assert row.rejected == sum(expected.rejected.values())
    organizations, evidence, entries = _everything(ask)
    assert len(organizations) == len(evidence) == entries[0].count == expected.organizations
    assert {one.version for one in organizations} == {1}
    assert len(ask("SELECT FROM import_rows WHERE import_id = :id", id=import_id)) == 12_000
    with installation.database.connect() as connection:
        assert invariants.count_unaudited_writes(connection, import_id) == 0
        assert invariants.count_writes_without_evidence(connection, import_id) == 0


def test_imports_of_the_same_rows_in_opposite_order_both_succeed(installation, operator, ask, tmp_path):
    forward, backward = tmp_path / "a.csv", tmp_path / "b.csv"
    write_organizations(forward, 4_000, seed=7, bad=0, repeated=0)
    with forward.open(newline="", encoding="utf-8") as handle:
        header, *rows = csv.reader(handle)
    for row in rows:
        row[9] = "2001"
    with backward.open("w", newline="", encoding="utf-8") as handle:
        csv.writer(handle).writerows([header, *reversed(rows)])
    ids = [
        receive(
            installation,
            ImportRequest(
                plugin="csv-import", job="import-organizations", file=file, source_name="list",
                options=ImportOptions(mapping=_MAPPING),
            ),
            operator,
        ).import_id
        for file in (forward, backward)
    ]  # fmt: skip
    failures = []

    def run(import_id):
        try:
            for step in (stage, decide, apply):
                step(installation, import_id)
        except Exception as error:  # noqa: BLE001  (seen below, in the test's own thread)
            failures.append(error)

    threads = [threading.Thread(target=run, args=[one]) for one in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not failures
    assert not any(thread.is_alive() for thread in threads)
    imports = ask("SELECT * FROM imports")
    assert {row.state for row in imports} == {"applied"}
    assert sorted(row.accepted for row in imports) == [0, 4_000]
    assert ask("SELECT count(*) AS number FROM organizations")[0].number == 4_000
    with installation.database.connect() as connection:
        for import_id in ids:
            assert invariants.count_undecided_rows(connection, import_id) == 0
            assert invariants.count_unaudited_writes(connection, import_id) == 0
            assert invariants.count_writes_without_evidence(connection, import_id) == 0


def test_two_workers_on_one_import_apply_it_once(installation, operator, ask, tmp_path):
    file = tmp_path / "list.csv"
    write_organizations(file, 2_000, seed=8)
    import_id = receive(
        installation, ImportRequest(plugin="csv-import", job="import-organizations", file=file), operator
    ).import_id
    threads = [
        threading.Thread(target=lambda: [step(installation, import_id) for step in (stage, decide, apply)])
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    (row,) = ask("SELECT * FROM imports")
    assert row.state == "applied"
    assert ask("SELECT count(*) AS number FROM import_rows")[0].number == 2_000
    assert ask("SELECT count(*) AS number FROM audit_logs WHERE import_id IS NOT NULL")[0].number == row.accepted


def test_deadlocked_or_outdated_apply_is_retried_and_its_reason_kept(installation, operator, import_file, monkeypatch):
    from kelompok_core.errors import ImportFailed
    from kelompok_core.imports.applying import apply as module

    planned = import_file("name\nSatu\n", dry_run=True)
    module.approve(installation, planned.import_.id, operator)

    def change(*args):
        raise module._RecordsChanged

    monkeypatch.setattr(module, "_write", change)
    with pytest.raises(ImportFailed, match=r"5 attempts.*records changed"):
        apply(installation, planned.import_.id)
    monkeypatch.undo()
    apply(installation, planned.import_.id)
    with installation.database.connect() as connection:
        assert connection.scalar(sa.text("SELECT state FROM imports")) == "applied"
