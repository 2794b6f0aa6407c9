"""The inbox takes each complete file once."""

import os
import secrets
from pathlib import Path

import pytest
import sqlalchemy as sa

from kelompok_core.cli import operating, surroundings
from kelompok_core.errors import NotFound
from kelompok_core.imports.receiving.receive import ImportRequest, receive
from kelompok_core.sources.inbox import Inbox, put_aside, take_files
from kelompok_core.sources.inbox_places import list_failed
from kelompok_core.sources.watched import list_passed_over, time_of
from kelompok_pipelines.launcher import DagsterLauncher


@pytest.fixture(autouse=True)
def orchestrator(monkeypatch):
    """Provide the watched folders for the doctor."""
    monkeypatch.setattr(surroundings.SURROUNDINGS, "launcher", DagsterLauncher())


@pytest.fixture
def inbox(tmp_path):
    return Inbox(plugin="csv-import", job="import-organizations", folder=tmp_path / "inbox")


@pytest.fixture
def look(database, inbox):
    def run():
        with database.connect() as connection, connection.begin():
            return take_files(connection, inbox)

    return run


def test_file_is_taken_once_at_the_second_scan(look, inbox):
    assert look() == []
    (inbox.folder / "list.csv").write_text("name\nSatu\n")
    assert look() == []
    (taken,) = look()
    assert taken.file_name == "list.csv"
    assert taken.path.read_text() == "name\nSatu\n"
    assert not (inbox.folder / "list.csv").exists()


def test_taken_file_is_returned_until_it_is_imported(look, inbox, installation, operator):
    look()
    (inbox.folder / "list.csv").write_text("name\nSatu\n")
    look()
    (first,) = look()
    (again,) = look()
    assert again == first
    request = ImportRequest(
        plugin=inbox.plugin, job=inbox.job, file=first.path, idempotency_key=f"inbox:{first.id}"
    )  # fmt: skip
    receive(installation, request, operator)
    assert look() == []


def test_scan_that_dies_between_moving_and_committing_loses_nothing(database, look, inbox):
    look()
    (inbox.folder / "list.csv").write_text("name\nSatu\n")
    look()
    with database.connect() as connection:
        (lost,) = take_files(connection, inbox)
        connection.rollback()
    (found,) = look()
    assert found == lost


def test_growing_file_is_not_taken(look, inbox):
    look()
    file = inbox.folder / "list.csv"
    file.write_text("name\n")
    look()
    file.write_text("name\nSatu\n")
    assert look() == []
    assert len(look()) == 1


def test_later_file_with_the_same_name_is_taken_again(look, inbox):
    look()
    ids = set()
    for content in ("name\nSatu\n", "name\nDua\n"):
        (inbox.folder / "list.csv").write_text(content)
        look()
        ids.update(taken.id for taken in look())
    assert len(ids) == 2


def test_hidden_unfinished_and_special_files_are_not_taken(look, inbox, tmp_path):
    look()
    for name in (".hidden.csv", "~$list.csv", "list.csv.part", "list.csv.crdownload"):
        (inbox.folder / name).write_text("x")
    (inbox.folder / "folder.csv").mkdir()
    (tmp_path / "secret.csv").write_text("x")
    (inbox.folder / "link.csv").symlink_to(tmp_path / "secret.csv")
    os.mkfifo(inbox.folder / "pipe.csv")
    look()
    assert look() == []
    assert len(list(inbox.folder.iterdir())) == 7


def test_removed_file_is_failed_and_taken_again_if_it_returns(look, inbox, ask):
    look()
    file = inbox.folder / "list.csv"
    file.write_text("name\n")
    look()
    file.unlink()
    assert look() == []
    assert ask("SELECT state FROM inbox_files")[0].state == "failed"
    file.write_text("name\nSatu\n")
    assert look() == []
    assert len(look()) == 1


def test_file_that_cannot_be_imported_is_moved_to_failed_with_a_message(look, inbox, database, ask):
    look()
    (inbox.folder / "forum-air").mkdir()
    file = inbox.folder / "forum-air" / "list.csv"
    file.write_text("name\nAni\n")
    look()
    (taken,) = look()
    for expected in (inbox.folder / "failed" / str(taken.id) / "forum-air" / "list.csv", None):
        with database.connect() as connection, connection.begin():
            assert put_aside(connection, taken.id, NotFound("organization", "forum-air", hint="Make it.")) == expected
    (lying,) = list_failed(inbox.folder)
    assert lying.read_text() == "name\nAni\n"
    message = lying.with_name("list.csv.message.txt").read_text()
    assert message.startswith("no organization 'forum-air'.\nMake it.\n")
    assert not taken.path.exists()
    assert ask("SELECT state FROM inbox_files")[0].state == "failed"
    assert look() == []
    assert look() == [], "what lies there is not taken again"
    lying.rename(file)
    look()
    assert [one.organization for one in look()] == ["forum-air"]


_NO_TEXT = os.fsdecode(b"\xff.csv")


@pytest.mark.parametrize("odd", [_NO_TEXT, os.fsdecode(b"\xff"), "a" * 250 + ".csv", "closed", "sealed", "taken"])
def test_file_with_an_invalid_name_does_not_block_others(database, inbox, odd, monkeypatch):
    """Undecodable names, folders that cannot be read or moved from, and a target that cannot be moved to."""
    is_file = odd.endswith(".csv")
    inbox.folder.mkdir()
    for path in ([inbox.folder / odd] if is_file else [inbox.folder / odd / "list.csv"]) + [inbox.folder / "good.csv"]:
        path.parent.mkdir(exist_ok=True)
        path.write_text("name\nSatu\n")
    for call, name in (("scandir", "closed"), ("access", "sealed")):
        _deny(monkeypatch, call, inbox.folder / name)
    passed = []

    def look():
        passed.clear()
        with database.connect() as connection, connection.begin():
            return {one.file_name for one in take_files(connection, inbox, passed.append)}

    look()
    taken = look()
    assert "good.csv" in taken
    is_taken = len(odd) > 200
    assert (odd in taken) == is_taken
    assert len(passed) == (0 if is_taken or odd == "taken" else 1)
    assert all(str(one).isprintable() and str(one).encode() for one in passed)
    assert passed == list_passed_over(inbox.folder)


def test_unreadable_watched_folder_is_reported(database, look, inbox, monkeypatch):
    assert look() == []
    _deny(monkeypatch, "scandir", inbox.folder)
    passed = []
    with database.connect() as connection, connection.begin():
        assert take_files(connection, inbox, passed.append) == []
    assert [str(one) for one in passed] == [
        f"{inbox.folder} was not taken: the operating system reports «Permission denied»"
    ]


def _deny(monkeypatch, call, folder):
    real = getattr(os, call)

    def denied(path, *arguments):
        if Path(path) == folder and call == "scandir":
            raise PermissionError(13, "Permission denied")
        return Path(path) != folder and real(path, *arguments)

    monkeypatch.setattr(os, call, denied)


def test_file_that_cannot_be_moved_does_not_block_others(database, look, inbox, monkeypatch):
    look()
    for name in ("a.csv", "b.csv"):
        (inbox.folder / name).write_text("name\nSatu\n")
    look()
    rename = Path.rename

    def refusing(path, target):
        if path.name == "a.csv":
            raise PermissionError(1, "Operation not permitted")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refusing)
    passed = []
    with database.connect() as connection, connection.begin():
        assert [one.file_name for one in take_files(connection, inbox, passed.append)] == ["b.csv"]
    assert [str(one) for one in passed] == [
        f"{inbox.folder / 'a.csv'} was not taken: the operating system reports «Operation not permitted»"
    ]
    monkeypatch.undo()
    assert sorted(one.file_name for one in look()) == ["a.csv", "b.csv"]


def test_path_that_the_database_cannot_store_does_not_block_others(database, tmp_path):
    """An index entry has at most 2,704 bytes: use random letters, because repeated ones are compressed."""
    folder = tmp_path / "/".join(secrets.token_hex(100) for _ in range(11))
    inbox = Inbox(plugin="csv-import", job="import-organizations", folder=folder)
    for path in (folder / secrets.token_hex(120) / f"{secrets.token_hex(120)}.csv", folder / "good.csv"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("name\nSatu\n")
    passed = []
    for _ in range(2):
        with database.connect() as connection, connection.begin():
            taken = take_files(connection, inbox, passed.append)
    assert [one.file_name for one in taken] == ["good.csv"]
    assert [one.reason for one in passed] == ["the database cannot hold its path. Give it a shorter name"] * 2


@pytest.mark.parametrize("seconds", [-1e15, -62135596800.0, 253402300800.0, 1e15])
def test_any_file_time_has_a_date_in_every_zone(database, seconds):
    with database.connect() as connection:
        connection.execute(sa.text("SET LOCAL timezone = 'Pacific/Kiritimati'"))
        date_time = time_of(seconds)
        assert connection.scalar(sa.text("SELECT CAST(:one AS timestamptz)"), {"one": date_time}) == date_time


def test_message_file_name_fits_the_longest_file_name(database, look, inbox):
    look()
    name = "ä" * 125 + ".csv"
    (inbox.folder / name).write_text("name\nAni\n")
    look()
    (taken,) = look()
    with database.connect() as connection, connection.begin():
        target = put_aside(connection, taken.id, NotFound("organization", "x"))
    assert target.name == name
    assert target.read_text() == "name\nAni\n"
    (message,) = [one for one in target.parent.iterdir() if one != target]
    assert message.read_text().startswith("no organization 'x'")
    assert list_failed(inbox.folder) == [target]


def test_taken_file_of_any_age_is_returned(database, look, inbox):
    look()
    (inbox.folder / "list.csv").write_text("name\nSatu\n")
    look()
    first = look()
    with database.connect() as connection, connection.begin():
        connection.execute(sa.text("UPDATE inbox_files SET updated_at = now() - interval '40 days'"))
    assert look() == first
    first[0].path.unlink()
    assert look() == [], "there is nothing left to import"


def test_file_recorded_under_an_earlier_home_blocks_nothing(database, look, inbox, ask):
    look()
    (inbox.folder / "list.csv").write_text("name\nSatu\n")
    look()
    with database.connect() as connection, connection.begin():
        connection.execute(sa.text("UPDATE inbox_files SET path = '/elsewhere/inbox/list.csv'"))
    look()
    assert [one.file_name for one in look()] == ["list.csv"]


def test_doctor_names_files_that_are_not_taken(look, inbox, database, settings, monkeypatch):
    monkeypatch.setattr(surroundings.SURROUNDINGS, "settings", settings)
    folder = settings.home.resolve() / "inbox" / "csv-import" / "import-organizations"
    folder.mkdir(parents=True)
    (folder / _NO_TEXT).write_text("name\nSatu\n")
    (folder / "list.csv").write_text("name\nSatu\n")
    with database.connect() as connection, connection.begin():
        take_files(connection, Inbox(plugin="csv-import", job="import-organizations", folder=folder))
        connection.execute(sa.text("UPDATE inbox_files SET updated_at = now() - interval '2 hours'"))
    assert operating._inboxes() == [
        (
            "inbox csv-import/import-organizations",
            rf"{folder}/\xff.csv was not taken: its name is not UTF-8. Rename it.",
        ),
        ("inbox", f"{folder}/list.csv has been waiting for an hour: «kelompok up» is not running, or cannot read it."),
    ]


def test_doctor_names_files_that_were_not_imported(look, database, settings, monkeypatch, ask):
    monkeypatch.setattr(surroundings.SURROUNDINGS, "settings", settings)
    assert operating._inboxes() == [("inbox", None)]
    folder = settings.home.resolve() / "inbox" / "csv-import" / "import-organizations"
    inbox = Inbox(plugin="csv-import", job="import-organizations", folder=folder)

    def take(name):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("name\nSatu\n")
        for _ in range(2):
            with database.connect() as connection, connection.begin():
                taken = [one for one in take_files(connection, inbox) if one.file_name == name]
        return taken[0]

    failed, left = take("a.csv"), take("b.csv")
    with database.connect() as connection, connection.begin():
        put_aside(connection, failed.id, NotFound("organization", "x"))
        connection.execute(sa.text("UPDATE inbox_files SET updated_at = now() - interval '2 hours'"))
    (first, second) = operating._inboxes()
    assert first[0] == "inbox csv-import/import-organizations"
    assert f"1 could not be imported: see {folder / 'failed'}" in first[1]
    assert f"{left.path} was moved but never imported" in second[1]


def test_concurrent_scans_take_a_file_once(database, inbox):
    inbox.folder.mkdir()
    (inbox.folder / "list.csv").write_text("name\nSatu\n")
    with database.connect() as connection, connection.begin():
        take_files(connection, inbox)
    with database.connect() as connection, connection.begin():
        first = take_files(connection, inbox)
    with database.connect() as connection, connection.begin():
        second = take_files(connection, inbox)
    assert first == second, "given again, with the same id"
    assert Path(first[0].path).exists()


def test_file_in_an_inbox_folder_is_for_the_organization_of_that_name(look, inbox):
    look()
    for folder in ("forum-air", "forum-air/deeper", "taken"):
        (inbox.folder / folder).mkdir(exist_ok=True)
        (inbox.folder / folder / "list.csv").write_text("name\nAni\n")
    (inbox.folder / "list.csv").write_text("name\nAni\n")
    look()
    taken = look()
    assert sorted(str(one.organization) for one in taken) == ["None", "forum-air"]
    assert all(one.path.exists() for one in taken)
    assert sorted(str(one.organization) for one in look()) == ["None", "forum-air"], "given again, for the same"
