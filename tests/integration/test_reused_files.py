"""A file received again reuses the rows of the import that read it, if it would be read the same way."""

import csv
import io
from itertools import count

import pytest

from kelompok_core.access.rules import Action
from kelompok_core.errors import ImportFailed
from kelompok_core.fail_points import FailPoint
from kelompok_core.imports.applying.apply import apply
from kelompok_core.imports.deciding.decide import decide
from kelompok_core.imports.receiving.receive import ImportRequest, receive
from kelompok_core.imports.reporting.error_file import write_error_file
from kelompok_core.imports.shared.imports import ImportState, get_import, update_held
from kelompok_core.imports.shared.options import ImportOptions
from kelompok_core.imports.shared.rights import StagingRights
from kelompok_core.imports.staging import reused_files
from kelompok_core.imports.staging import stage as staging
from kelompok_core.imports.staging.stage import stage
from kelompok_core.plugin_host import code
from kelompok_core.plugin_host.configuration import read_document
from kelompok_core.values.conventions import DateOrder
from tests.batches import smaller_batches
from tests.enabling import set_enabled

_LIST = (
    "id,name,email,founded,warna\n"
    "1,Forum Air,a@a.or.id,17 Agustus 1998,biru\n"
    "2,Forum Api,rusak,,\n"
    ",Forum Angin,,2001,\n"
    "3,,c@c.or.id,,\n"
    "\n"
    "1,Forum Air Lain,,,merah\n"
)
_ROWS = """
    SELECT r.row_number, r.line, r.selector, coalesce(r.raw, o.raw) AS raw, encode(r.raw_sha256, 'hex') AS sha,
           r.identity,
           r.external_id, coalesce(r.candidate, o.candidate) AS candidate, r.verdict, r.reason, r.issues
    FROM import_rows r LEFT JOIN import_rows o ON o.import_id = r.as_import AND o.row_number = r.as_row_number
    WHERE r.import_id = :import ORDER BY r.row_number"""
_SAID_OF_THE_FILE = """
    SELECT rows_staged, blank_lines, header, mapping, encode(reading_sha256, 'hex') AS reading, needs,
           read_as - 'read_in_import' AS read_as
    FROM imports WHERE id = :import"""


@pytest.fixture
def rows(ask):
    return lambda report: [row._asdict() for row in ask(_ROWS, **{"import": report.import_.id})]


@pytest.fixture
def received(installation, operator, tmp_path):
    def run(content, **further):
        file = tmp_path / "list.csv"
        file.write_text(content)
        request = ImportRequest(plugin="csv-import", job="import-organizations", file=file, **further)
        return receive(installation, request, operator).import_id

    return run


def _read_in(report):
    return report.import_.read_as.get("read_in_import")


def test_rows_equal_those_of_the_import_that_read_the_file(import_file, rows, ask):
    first, again = import_file(_LIST), import_file(_LIST)
    assert (_read_in(first), _read_in(again)) == (None, str(first.import_.id))
    assert rows(again) == rows(first)
    stored = [ask(_SAID_OF_THE_FILE, **{"import": one.import_.id})[0] for one in (first, again)]
    assert stored[0] == stored[1]
    assert {**again.counts} == {
        "rows_read": 5, "accepted": 0, "merged": 0, "unchanged": 2, "rejected": 3, "review": 0
    }  # fmt: skip


def test_third_import_reuses_the_rows_of_the_first(import_file, rows, ask):
    first, second, third = (import_file(_LIST) for _ in range(3))
    assert _read_in(third) == str(first.import_.id)
    assert rows(third) == rows(first)
    led_to = ask(
        "SELECT DISTINCT as_import FROM import_rows WHERE import_id = :id AND raw IS NULL", id=third.import_.id
    )
    assert [row.as_import for row in led_to] == [first.import_.id]
    notes = [issue for issue in third.import_.issues if issue["code"] == "file.already_imported"]
    assert [note["params"]["import"] for note in notes] == [str(second.import_.id)], "one note, and of the last"


def test_file_issues_are_repeated(import_file):
    content = "id,name,name\n1,Forum Air,Lain\n"
    first, again = import_file(content), import_file(content)
    assert _read_in(again) == str(first.import_.id)
    codes = [sorted(issue["code"] for issue in one.import_.issues) for one in (first, again)]
    assert codes[1] == sorted([*codes[0], "file.already_imported"])
    assert codes[0]


def test_file_without_rows_is_reused(import_file):
    first, again = import_file("id,name\n"), import_file("id,name\n")
    assert _read_in(again) == str(first.import_.id)
    assert again.counts["rows_read"] == 0
    assert again.import_.header == ("id", "name")


def test_file_is_not_read_again_after_a_dry_run(import_file, rows, ask):
    planned = import_file(_LIST, dry_run=True)
    done = import_file(_LIST)
    assert _read_in(done) == str(planned.import_.id)
    assert rows(done) == rows(planned)
    assert done.counts == planned.counts
    brought = ask("SELECT new_record_id FROM import_rows WHERE import_id = :id", id=done.import_.id)
    assert [row.new_record_id for row in brought] == [None] * 5  # the plan's own ids stay the plan's
    assert ask("SELECT count(*) AS number FROM source_records")[0].number == 2
    stored = ask("SELECT profile_data->'extra'->'list' AS extra FROM organizations WHERE name = 'Forum Air'")
    assert [row.extra for row in stored] == [{"warna": "biru"}]


def test_evidence_of_reused_rows_belongs_to_the_new_import(import_file, ask):
    import_file(_LIST)
    again = import_file(_LIST)
    assert {row.last_import_id for row in ask("SELECT last_import_id FROM evidence")} == {again.import_.id}


def test_error_file_of_a_reused_file_is_the_same(import_file, installation):
    files = []
    for _ in range(2):
        report = import_file(_LIST)
        sink = io.StringIO()
        with installation.database.connect() as connection:
            write_error_file(connection, report.import_, {"en": sink})
        files.append(list(csv.reader(io.StringIO(sink.getvalue()))))
    assert files[0] == files[1]
    assert len(files[0]) == 1 + 3


@pytest.mark.parametrize(
    "other",
    [
        {"name": "other.csv"},
        {"source": "elsewhere"},
        {"options": ImportOptions(mapping={"warna": "category"})},
        {"options": ImportOptions(phone_country="MY")},
        {"options": ImportOptions(timezone="Asia/Makassar")},
        {"options": ImportOptions(date_order=DateOrder.DAY_FIRST)},
        {"options": ImportOptions(config={"encoding": "utf-8"})},
    ],
    ids=["name", "source", "mapping", "country", "zone", "order of dates", "setting"],
)
def test_file_is_read_again_with_other_options(import_file, other):
    import_file(_LIST, name="list.csv", source="list")
    assert _read_in(import_file(_LIST, **{"name": "list.csv", "source": "list"} | other)) is None


def test_file_is_read_again_with_other_plugin_settings(import_file, settings):
    import_file(_LIST)
    document = settings.config_file.read_text("utf-8")
    settings.config_file.write_text(
        document.replace("[plugins.csv-import]", '[plugins.csv-import]\nencoding = "utf-8"')
    )
    assert read_document(settings)["plugins"]["csv-import"]["encoding"] == "utf-8"
    assert _read_in(import_file(_LIST)) is None


def test_file_is_read_again_with_another_normalizer(import_file, settings):
    import_file(_LIST)
    set_enabled(settings, "locations", enabled=True)
    assert _read_in(import_file(_LIST)) is None
    assert _read_in(import_file(_LIST)) is not None


def test_file_is_read_again_with_other_rights(import_file, monkeypatch, operator):
    import_file(_LIST)
    others = StagingRights(granted=frozenset(list(Action)[:1]), sees=None, actor_id=operator.id)
    monkeypatch.setattr(staging, "staging_rights", lambda *_: others)
    assert _read_in(import_file(_LIST)) is None


def test_file_is_read_again_with_other_code(import_file, monkeypatch):
    import_file(_LIST)
    monkeypatch.setattr(reused_files, "digest_code", lambda *_: "otherwise")
    assert _read_in(import_file(_LIST)) is None


def test_reused_rows_that_name_their_organization_are_decided_as_if_read(import_file, rows, ask):
    import_file("id,name\n1,Forum Air\n2,Forum Api\n", source="owners")
    content = "id,nama,organisasi\n1,Ani,Forum Air\n1,Budi,Forum Api\n3,Cici,Tidak Ada\n"
    first, again = (import_file(content, entity="members", source="people") for _ in range(2))
    assert _read_in(again) == str(first.import_.id)
    assert rows(again) == rows(first)
    assert (again.counts["unchanged"], again.counts["rejected"] + again.counts["review"]) == (2, 1)
    owners = """
        SELECT organization_id FROM import_decisions WHERE import_id = :id AND target_id IS NOT NULL
        ORDER BY row_number"""
    assert ask(owners, id=again.import_.id) == ask(owners, id=first.import_.id)
    assert None not in {row.organization_id for row in ask(owners, id=again.import_.id)}


def test_interrupted_reuse_copies_the_missing_rows(import_file, received, installation, rows, ask, monkeypatch):
    first = import_file(_LIST)
    import_id = received(_LIST)
    passings = count(1)

    class Interrupted(Exception):
        pass

    def interrupt_all_but_one(point):
        if point is FailPoint.STAGE_COPIED and next(passings) > 1:
            raise Interrupted

    with smaller_batches(1):
        with monkeypatch.context() as patched:
            patched.setattr(reused_files, "reach", interrupt_all_but_one)
            with pytest.raises(Interrupted):
                stage(installation, import_id)
        with installation.database.connect() as connection:
            stopped = get_import(connection, import_id)
        assert (stopped.state, stopped.rows_staged) == (ImportState.STAGING, 1)
        assert len(ask(_ROWS, **{"import": import_id})) == 1
        done = stage(installation, import_id)
    assert (done.state, done.rows_staged) == (ImportState.STAGED, 5)
    decide(installation, import_id)
    apply(installation, import_id)
    staged = [row._asdict() for row in ask(_ROWS, **{"import": import_id})]
    assert staged == rows(first)


def test_unfinished_import_is_not_reused(import_file, received, installation, ask):
    begun = received(_LIST)
    with installation.database.connect() as connection, connection.begin():
        update_held(connection, get_import(connection, begun), state=ImportState.STAGING, rows_staged=0)
    assert _read_in(import_file(_LIST)) is None


def test_unreadable_source_is_read_again(import_file):
    content = "id,kota\n1,Garut\n"
    for _ in range(2):
        with pytest.raises(ImportFailed, match="name"):
            import_file(content)


def test_code_digest_changes_with_a_file_or_an_installed_package(tmp_path, monkeypatch):
    folder = tmp_path / "kelompok_made_up"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)

    def digest():
        code.digest_code.cache_clear()
        return code.digest_code("kelompok_made_up")

    try:
        found = [digest(), digest()]
        (folder / "words.csv").write_text("a\n")
        found.append(digest())
        (tmp_path / "pandas-99.0.dist-info").mkdir()
        found.append(digest())
        (folder / "__pycache__").mkdir()
        (folder / "__pycache__" / "x.pyc").write_bytes(b"x")
        found.append(digest())
    finally:
        code.digest_code.cache_clear()
    assert found[0] == found[1]
    assert found[3] == found[4]
    assert len(set(found)) == 3
