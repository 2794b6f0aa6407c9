"""The work of the database grows linearly with the list, according to its query plans."""

import re

import pytest
import sqlalchemy as sa

from benchmarks.lists import HOME, write_list
from benchmarks.organizations import write_organizations
from kelompok_core.database import locks
from kelompok_core.imports.deciding.decide import decide
from kelompok_core.imports.receiving.receive import ImportRequest, receive
from kelompok_core.imports.staging.stage import stage
from tests.batches import smaller_batches

_ROWS = 2_000
_A_ROW = 40
"""Rows a statement may look at for each row of the list; the thriftiest square would be two thousand."""

_WRITES = re.compile(r"\s*(CREATE TEMPORARY TABLE \w+ ON COMMIT DROP AS|INSERT|DELETE|UPDATE (?!imports\b))")
_COUNTED = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Join Filter")


def _looked_at(node):
    """Return the rows that a node returns and filters, including the nodes below it."""
    own = sum(node.get(name, 0) for name in _COUNTED) * node["Actual Loops"]
    return own + sum(_looked_at(below) for below in node.get("Plans", ()))


@pytest.fixture
def work(database):
    """Return the scanned rows of each statement of a step."""
    found = {}

    def explain(_connection, _cursor, statement, parameters, _context, _executemany):
        asked = _WRITES.match(statement)
        return (f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}" if asked else statement), parameters

    def note(_connection, cursor, statement, _parameters, _context, _executemany):
        if statement.startswith("EXPLAIN"):
            words = " ".join(statement.split()[6:])
            found[words] = found.get(words, 0) + _looked_at(cursor.fetchone()[0][0]["Plan"])

    def of(step, installation, import_id):
        found.clear()
        sa.event.listen(database.engine, "before_cursor_execute", explain, retval=True)
        sa.event.listen(database.engine, "after_cursor_execute", note)
        try:
            step(installation, import_id)
        finally:
            sa.event.remove(database.engine, "before_cursor_execute", explain)
            sa.event.remove(database.engine, "after_cursor_execute", note)
        return dict(found)

    return of


@pytest.fixture
def planned(installation, operator, work):
    def run(file, entity="organizations", organization=None, source="list"):
        request = ImportRequest(
            plugin="csv-import", job=f"import-{entity}", file=file, source_name=source, dry_run=True,
            organization=organization,
        )  # fmt: skip
        import_id = receive(installation, request, operator).import_id
        stage(installation, import_id)
        return work(decide, installation, import_id)

    return run


def _is_linear(work):
    assert len(work) > 10, "statements were looked at"
    assert {words[:90]: rows for words, rows in work.items() if rows > _A_ROW * _ROWS} == {}


@pytest.fixture
def organizations(tmp_path):
    def write(name, **how):
        write_organizations(tmp_path / name, _ROWS, **how)
        return tmp_path / name

    return write


def test_plans_of_a_first_list_are_linear(planned, organizations):
    _is_linear(planned(organizations("list.csv")))


def test_plans_of_a_repeated_list_are_linear(planned, import_file, organizations):
    import_file(organizations("list.csv"), source="list")
    _is_linear(planned(organizations("list.csv")))
    other_bytes = organizations("list.csv")
    other_bytes.write_text(other_bytes.read_text("utf-8") + "\n", "utf-8")
    _is_linear(planned(other_bytes))
    _is_linear(planned(organizations("list.csv", changed=0.1)))


def test_rows_are_copied_from_an_earlier_import_in_small_steps(
    installation, operator, work, import_file, organizations
):
    import_file(organizations("list.csv"), source="list")
    request = ImportRequest(
        plugin="csv-import", job="import-organizations", file=organizations("list.csv"), source_name="list"
    )
    import_id = receive(installation, request, operator).import_id
    # Explained, it gives no count: where the import stands is not asked for here.
    with smaller_batches(_ROWS // 40):
        ((words, rows),) = work(stage, installation, import_id).items()
    assert words.startswith("INSERT INTO import_rows")
    assert rows <= _A_ROW * _ROWS


def test_plans_of_a_second_source_are_linear(planned, import_file, organizations):
    import_file(organizations("list.csv"), source="list")
    _is_linear(planned(organizations("list.csv", changed=0.1), source="other"))


def test_plans_of_a_list_with_one_name_are_linear(planned, tmp_path):
    file = tmp_path / "list.csv"
    file.write_text("id,name\n" + "".join(f"{number},Forum Air\n" for number in range(_ROWS)), "utf-8")
    _is_linear(planned(file))


def test_plans_of_a_name_common_in_other_places_are_linear(planned, import_file, tmp_path):
    def write(name, place):
        rows = "".join(f"{place}-{number},Forum Air,{place} {number}\n" for number in range(_ROWS))
        (tmp_path / name).write_text(f"id,name,city\n{rows}", "utf-8")
        return tmp_path / name

    import_file(write("there.csv", "Kota"), source="there")
    _is_linear(planned(write("here.csv", "Desa"), source="here"))


def test_plans_of_members_are_linear(planned, import_file, tmp_path):
    import_file("id,name\n1,Forum Ukur\n", source="owners")
    file = tmp_path / "people.csv"
    write_list("members", file, _ROWS)
    _is_linear(planned(file, "members", HOME))
    import_file(file, entity="members", organization=HOME, source="list")
    _is_linear(planned(file, "members", HOME))
    other_bytes = tmp_path / "changed.csv"
    other_bytes.write_text(file.read_text("utf-8").replace("5", "6"), "utf-8")
    _is_linear(planned(other_bytes, "members", HOME))


def test_statistics_of_evidence_are_refreshed_after_ten_percent_growth(import_file, ask, monkeypatch):
    monkeypatch.setattr(locks, "_FEWEST_ROWS", 1)

    def heard(numbers):
        import_file("id,name\n" + "".join(f"{number},Forum {number}\n" for number in numbers), source="list")
        ((known,),) = ask("SELECT reltuples FROM pg_class WHERE relname = 'source_records'")
        return known

    assert heard(range(30)) == 30
    assert heard(range(30, 32)) == 30
    assert heard(range(32, 37)) == 37
