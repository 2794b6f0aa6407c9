"""Row order, file splits, format, batch size and number of workers do not change the result."""

import csv
import json
import random
import threading
from uuid import uuid4

import pytest

from benchmarks.lists import HOME, write_list
from benchmarks.organizations import write_organizations
from kelompok_core.imports.applying.apply import apply
from kelompok_core.imports.deciding.decide import decide
from kelompok_core.imports.receiving.receive import ImportRequest, receive
from kelompok_core.imports.running.queue import claim, enqueue, finish
from kelompok_core.imports.running.workers import Presence
from kelompok_core.imports.staging.stage import stage
from tests.batches import smaller_batches

pytestmark = pytest.mark.proof

_ROWS = 600

# Everything the core and the evidence say, but for ids, times and places in the file; slugs go by who came first.
_STATE = """
    SELECT (SELECT jsonb_agg(x ORDER BY x) FROM (
              SELECT to_jsonb(t) - '{id,slug,created_at,updated_at,organization_id}'::text[] AS x
              FROM %(entity)s t) o) AS records,
           (SELECT jsonb_agg(x ORDER BY x) FROM (
              SELECT jsonb_build_array(source_name, external_id, raw) AS x FROM source_records
              WHERE entity = '%(entity)s') s) AS evidence,
           (SELECT count(*) FROM audit_logs WHERE entity = '%(entity)s') AS changes"""


@pytest.fixture
def state(ask):
    """Return the content of the core tables after an import, and empty them for the next."""

    def look(entity="organizations"):
        return ask(_STATE % {"entity": entity})[0]

    return look


def _rows(file):
    with file.open(encoding="utf-8", newline="") as text:
        header, *rows = csv.reader(text)
    return header, rows


def _write(file, header, rows):
    with file.open("w", encoding="utf-8", newline="") as text:
        csv.writer(text).writerows([header, *rows])
    return file


@pytest.fixture
def organizations(tmp_path):
    file = tmp_path / "whole.csv"
    expected = write_organizations(file, _ROWS, seed=11)
    assert expected.rejected
    return file


def test_row_order_does_not_change_the_result(organizations, import_file, state, forget, tmp_path):
    first = import_file(organizations, source="list")
    expected = state()
    forget()
    header, rows = _rows(organizations)
    random.Random(5).shuffle(rows)  # noqa: S311 -- no secret
    shuffled = import_file(_write(tmp_path / "shuffled.csv", header, rows), source="list")
    assert dict(shuffled.counts) == dict(first.counts)
    assert state() == expected


def test_splitting_a_file_does_not_change_the_result(organizations, import_file, state, forget, tmp_path):
    first = import_file(organizations, source="list")
    expected = state()
    forget()
    header, rows = _rows(organizations)
    halves = [
        import_file(_write(tmp_path / f"{number}.csv", header, part), source="list")
        for number, part in enumerate((rows[: _ROWS // 3], rows[_ROWS // 3 :]))
    ]
    for name in ("rows_read", "accepted", "rejected"):
        assert sum(half.counts[name] for half in halves) == first.counts[name], name
    assert state() == expected


def test_format_does_not_change_the_result(import_file, state, forget, tmp_path):
    file = tmp_path / "list.csv"
    write_organizations(file, _ROWS, seed=12, bad=0.0)
    first = import_file(file, source="list")
    expected = state()
    header, rows = _rows(file)
    objects = [dict(zip(header, row, strict=True)) for row in rows]
    forms = {
        "list.json": json.dumps(objects, ensure_ascii=False),
        "list.ndjson": "\n".join(json.dumps(one) for one in objects),
        "nested.json": json.dumps({"data": {"items": objects}}),
    }
    for name, text in forms.items():
        forget()
        again = import_file(text, name=name, source="list", plugin="json-import")
        assert dict(again.counts) == dict(first.counts), name
        assert state() == expected, name


@pytest.mark.parametrize("size", [1, 7])
def test_batch_size_does_not_change_the_result(organizations, import_file, state, forget, size):
    first = import_file(organizations, source="list")
    expected = state()
    forget()
    with smaller_batches(size):
        again = import_file(organizations, source="list")
    assert dict(again.counts) == dict(first.counts)
    assert state() == expected


def test_number_of_workers_does_not_change_the_result(
    import_file, installation, operator, state, forget, tmp_path, database
):
    """Import eight lists of members of one organization: with one worker, or with four concurrently."""
    file = tmp_path / "members.csv"
    write_list("members", file, _ROWS, seed=3)
    header, rows = _rows(file)
    parts = [_write(tmp_path / f"part{number}.csv", header, rows[number::8]) for number in range(8)]
    results = []
    for workers in (1, 4):
        forget()
        import_file(f"name,slug\n{HOME},{HOME}\n", source="owners")
        for number, part in enumerate(parts):
            request = ImportRequest(
                plugin="csv-import", job="import-members", file=part, organization=HOME, source_name=f"part {number}"
            )
            import_id = receive(installation, request, operator).import_id
            with database.connect() as connection, connection.begin():
                enqueue(connection, import_id)
        threads = [threading.Thread(target=_work, args=(installation,)) for _ in range(workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        results.append(state("members"))
    assert results[0].changes > _ROWS // 2
    assert results[0] == results[1]


def _work(installation):
    """Run waiting imports until none is left, as a worker does."""
    with Presence(installation.database, uuid4()) as worker:
        while True:
            with installation.database.connect() as connection, connection.begin():
                claimed = claim(connection, worker.id)
                waiting = connection.exec_driver_sql("SELECT FROM imports WHERE queued_at IS NOT NULL").first()
            if claimed is None and waiting is None:
                return
            if claimed is None:
                continue
            for step in (stage, decide, apply):
                step(installation, claimed.import_id)
            with installation.database.connect() as connection, connection.begin():
                finish(connection, claimed)
