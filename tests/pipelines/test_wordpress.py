"""A site's export as a run: posts of an organization, and a feed that is none."""

from pathlib import Path

import pytest

_SITE = Path(__file__).parents[2] / "plugins/wordpress_import/tests/inputs/site.xml"
_JOB = "wordpress_import__import_posts"
_STAGE = f"{_JOB}__stage"


@pytest.fixture
def home(import_file, grant):
    import_file("name,slug\nRumah Baca,rumah-baca\n")
    grant("wordpress-import")


def test_a_run_imports_the_posts(execute, home, tmp_path, ask):
    (tmp_path / "site.xml").write_bytes(_SITE.read_bytes())
    run = {"file": str(tmp_path / "site.xml"), "organization": "rumah-baca"}
    assert execute(_JOB, _STAGE, **run).success
    (post,) = ask("SELECT title, status FROM posts")
    assert (post.title, post.status) == ("Kelas menulis", "published")
    (stored,) = ask("SELECT selector, line FROM import_rows WHERE raw ? 'content'")
    assert (stored.selector, stored.line) == ("#item=1", 5)


def test_a_run_of_a_feed_fails_with_what_to_do(execute, home, tmp_path, ask):
    (tmp_path / "feed.xml").write_text("<rss><channel><item><title>A</title></item></channel></rss>")
    assert not execute(_JOB, _STAGE, file=str(tmp_path / "feed.xml"), organization="rumah-baca").success
    assert "export" in ask("SELECT failure FROM imports ORDER BY created_at DESC LIMIT 1")[0].failure
