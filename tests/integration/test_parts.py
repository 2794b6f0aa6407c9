"""An import staged in parts has the same result as a normal one, for any workers and interruptions."""

import json
import threading
from dataclasses import replace

import pytest

from benchmarks.organizations import write_organizations
from kelompok_core.errors import ImportFailed
from kelompok_core.imports.applying.apply import apply
from kelompok_core.imports.deciding.decide import decide
from kelompok_core.imports.receiving.receive import ImportRequest, receive
from kelompok_core.imports.shared.imports import get_import
from kelompok_core.imports.staging import part
from kelompok_core.imports.staging.part import Part
from kelompok_core.imports.staging.parts import join_parts, stage_part
from kelompok_core.imports.staging.stage import stage
from tests.batches import smaller_batches

pytestmark = pytest.mark.proof

_STAGED = """
    SELECT row_number, line, raw, encode(raw_sha256, 'hex') AS sha, identity, external_id, candidate, verdict, reason,
           issues
    FROM import_rows WHERE import_id = :import ORDER BY row_number"""
_OF_THE_IMPORT = (
    "SELECT state, rows_staged, blank_lines, header, mapping, encode(reading_sha256, 'hex') AS reading, read_as, "
    "needs, issues FROM imports WHERE id = :import"
)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Parts of 100 rows and batches of 70, so that parts begin and end within batches."""
    monkeypatch.setattr(part, "PART_ROWS", 100)
    with smaller_batches(70):
        yield


@pytest.fixture
def received(installation, operator):
    def run(file, source, plugin="csv-import"):
        request = ImportRequest(plugin=plugin, job="import-organizations", file=file, source_name=source)
        return receive(installation, request, operator).import_id

    return run


@pytest.fixture
def staged(ask):
    def look(import_id):
        return ask(_STAGED, **{"import": import_id}), ask(_OF_THE_IMPORT, **{"import": import_id})

    return look


@pytest.fixture
def organizations(tmp_path):
    file = tmp_path / "list.csv"
    write_organizations(file, 640, seed=4)
    return file


def _dated(path):
    """Dates whose order only the last rows prove, and a column that only those have."""
    rows = [{"id": str(n), "name": f"Lembaga {n}", "founded": f"0{n % 9 + 1}/0{n % 7 + 1}/2001"} for n in range(250)]
    rows += [{"id": "900", "name": "Lembaga Akhir", "founded": "25/01/2001", "City": "Garut"}]
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return path


@pytest.mark.parametrize("parts", [1, 2, 3, 9])
def test_concurrent_parts_equal_one_staging_pass(installation, received, staged, organizations, parts):
    whole, split = received(organizations, "whole"), received(organizations, "split")
    stage(installation, whole)
    working = [
        threading.Thread(target=stage_part, args=(installation, split, Part(number=number, parts=parts)))
        for number in range(1, parts + 1)
    ]
    for one in working:
        one.start()
    for one in working:
        one.join(60)
    join_parts(installation, split, parts)
    assert staged(split) == staged(whole)


def test_facts_known_only_at_the_end_of_the_source_apply_to_all_parts(installation, received, staged, tmp_path):
    file = _dated(tmp_path / "list.ndjson")
    whole, split = received(file, "whole", "json-import"), received(file, "split", "json-import")
    stage(installation, whole)
    for number in (2, 1):
        stage_part(installation, split, Part(number=number, parts=2))
    join_parts(installation, split, 2)
    assert staged(split) == staged(whole)
    assert staged(split)[1][0].read_as["date_order"] == {"founded": "dmy"}


def test_interrupted_part_continues(installation, received, staged, organizations):
    whole, split = received(organizations, "whole"), received(organizations, "split")
    stage(installation, whole)

    class Died(Exception):
        pass

    seen = []

    def die(progress):
        seen.append(progress)
        if len(seen) == 3:
            raise Died

    with pytest.raises(Died):
        stage_part(replace(installation, on_progress=die), split, Part(number=1, parts=2))
    stage_part(installation, split, Part(number=2, parts=2))
    with pytest.raises(ImportFailed, match="part 1 of 2 is not finished"):
        join_parts(installation, split, 2)
    stage_part(installation, split, Part(number=1, parts=2))
    join_parts(installation, split, 2)
    assert staged(split) == staged(whole)


def test_single_pass_continues_after_parts(installation, received, staged, organizations, database):
    whole, split = received(organizations, "whole"), received(organizations, "split")
    stage(installation, whole)
    stage_part(installation, split, Part(number=2, parts=3))
    stage(installation, split)
    assert staged(split) == staged(whole)
    decide(installation, split)
    apply(installation, split)
    with database.connect() as connection:
        assert get_import(connection, split).counts["rows_read"] == 640


def test_parts_that_read_different_rows_are_reported(installation, received, organizations, ask, database):
    split = received(organizations, "split")
    for number in (1, 2):
        stage_part(installation, split, Part(number=number, parts=2))
    with database.connect() as connection, connection.begin():
        connection.exec_driver_sql("UPDATE import_parts SET rows_read = 641 WHERE number = 2")
    with pytest.raises(ImportFailed, match="does not read the same twice"):
        join_parts(installation, split, 2)
    assert ask("SELECT state FROM imports")[0].state == "staging"


def test_unreadable_source_fails_all_parts_once(installation, received, tmp_path, ask):
    file = tmp_path / "list.csv"
    file.write_text("kota,telepon\nGarut,1\n")
    split = received(file, "split")
    with pytest.raises(ImportFailed):
        stage_part(installation, split, Part(number=1, parts=2))
    assert stage_part(installation, split, Part(number=2, parts=2)) == 0
    assert join_parts(installation, split, 2).state == "failed"
    assert ask("SELECT state FROM imports")[0].state == "failed"
