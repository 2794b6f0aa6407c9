"""A site moves in: posts and events of a WordPress export through the core, twice."""

import os
from pathlib import Path

import pytest

from tests.counting import codes_of, decided

_DATA = os.environ.get("KELOMPOK_TEST_DATA")
pytestmark = pytest.mark.skipif(not _DATA, reason="KELOMPOK_TEST_DATA names no folder")


@pytest.fixture
def take(import_file, grant):
    import_file("name,slug\nForum Air,forum-air\n")
    grant("wordpress-import")
    path = Path(str(_DATA)) / "documents-made-here/files/wordpress.xml"

    def run(entity):
        return import_file(path, entity=entity, plugin="wordpress-import", organization="forum-air")

    return run


def test_posts(take, ask):
    report = take("posts")
    assert decided(report) == {"rows_read": 4, "accepted": 4}
    assert "header.unknown" not in codes_of(report)
    posts = {row.title: row for row in ask("SELECT p.*, p.post_data->>'author' AS author FROM posts p")}
    air = posts["Air untuk semua"]
    assert (air.status, str(air.written_on), air.slug, air.author) == (
        "published", "2023-05-17", "air-untuk-semua", "Siti Rahmawati",
    )  # fmt: skip
    assert air.published_at.isoformat().startswith("2023-05-17T03:00:00")
    assert [posts[title].status for title in ("Konsep", "Hanya anggota", "Pribadi")] == ["draft", "draft", "archived"]
    stored = str(
        ask("SELECT (SELECT json_agg(e) FROM import_rows e)::text AS rows, (SELECT json_agg(p) FROM posts p)::text")
    )
    for secret in ("kunci", "orang@contoh.example", "Bagus"):
        assert secret not in stored
    assert decided(take("posts")) == {"rows_read": 4, "unchanged": 4}


def test_events(take, ask):
    assert decided(take("events")) == {"rows_read": 1, "accepted": 1}
    (event,) = ask("SELECT * FROM events")
    assert event.starts_at.isoformat().startswith("2023-07-01T01:00:00")
    assert event.ends_at.isoformat().startswith("2023-07-02T09:00:00")
    assert (event.timezone, event.location_name, event.city) == ("Asia/Makassar", "Lapangan Karebosi", "Makassar")
    assert decided(take("events")) == {"rows_read": 1, "unchanged": 1}
