"""Posts and events of WordPress exports: what each becomes, what is left and said, and what never gets out."""

import json
import os
import time
from pathlib import Path

import pytest
from kelompok_wordpress_import.plugin import WordpressImporter
from kelompok_wordpress_import.texts import as_html, short_codes

from kelompok_core.contracts import PluginContext, UnreadableSource
from tests.reading import Read, source_of

_DATA = os.environ.get("KELOMPOK_TEST_DATA")
_WITH_DATA = pytest.mark.skipif(not _DATA, reason="KELOMPOK_TEST_DATA names no folder")
_START = (
    '<rss xmlns:wp="http://wordpress.org/export/{version}/" xmlns:content="http://purl.org/rss/1.0/modules/content/" '
    'xmlns:excerpt="http://wordpress.org/export/{version}/excerpt/" xmlns:dc="http://purl.org/dc/elements/1.1/">'
    "<channel><wp:wxr_version>{version}</wp:wxr_version>"
)


@pytest.fixture
def read(tmp_path):
    def run(content, entity="posts", *, batch_size=1_000, **config):
        path = content
        if not isinstance(content, Path):
            path = tmp_path / "site.xml"
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        context = PluginContext(entity=entity, config=config, batch_size=batch_size)
        return Read(list(WordpressImporter().read(source_of(path, media_type="application/xml"), context)))

    return run


def _export(*items, version="1.2"):
    return _START.format(version=version) + "".join(f"<item>{item}</item>" for item in items) + "</channel></rss>"


def _post(number=1, title="Judul", kind="post", **fields):
    inside = "".join(f"<wp:{name}>{value}</wp:{name}>" for name, value in fields.items() if name != "content")
    content = f"<content:encoded><![CDATA[{fields.get('content', '')}]]></content:encoded>"
    return (
        f"<title>{title}</title><wp:post_id>{number}</wp:post_id><wp:post_type>{kind}</wp:post_type>{content}{inside}"
    )


@_WITH_DATA
@pytest.mark.parametrize("batch_size", [1, 100])
def test_posts_of_an_export(read, batch_size):
    path = Path(str(_DATA)) / "documents-made-here/files/wordpress.xml"
    found = read(path, batch_size=batch_size)
    posts = {post["external_id"]: post for post in found.records}
    assert list(posts) == ["11", "12", "13", "14"]
    air = posts["11"]
    assert (air["status"], air["published_at"], air["written_on"]) == (
        "published",
        "2023-05-17T03:00:00Z",
        "2023-05-17",
    )
    assert (air["slug"], air["category"], json.loads(air["tags"])) == ("air-untuk-semua", "Berita", ["air", "sanitasi"])
    assert (air["author"], air["canonical_url"]) == ("Siti Rahmawati", "https://forumair.example/air-untuk-semua/")
    assert air["content"].count("<p>") == 2
    assert [(posts[one]["status"], posts[one]["published_at"]) for one in ("12", "13", "14")] == [
        ("draft", ""), ("draft", ""), ("archived", ""),
    ]  # fmt: skip
    assert posts["14"]["author"] == "hapus"
    said = {code: found.said(code) for code in set(found.codes)}
    assert said["wordpress.items_left"][0][3]["kinds"] == "attachment (1), page (1), tribe_events (1), tribe_venue (1)"
    assert said["wordpress.short_codes"][0][3] == {"codes": "gallery"}
    others = {"wordpress.comments_left", "wordpress.pictures_left", "wordpress.protected", "value.control_chars"}
    assert others <= set(said)
    assert len(read(path, types="post,page").rows) == 5


@_WITH_DATA
def test_events_of_an_export(read):
    (event,) = read(Path(str(_DATA)) / "documents-made-here/files/wordpress.xml", "events").records
    assert (event["starts_at"], event["timezone"], event["location_name"], event["city"]) == (
        "2023-07-01 09:00:00", "Asia/Makassar", "Lapangan Karebosi", "Makassar",
    )  # fmt: skip


@_WITH_DATA
def test_no_password_comment_or_address_gets_out(read):
    found = read(Path(str(_DATA)) / "documents-made-here/files/wordpress.xml", types="post,page,attachment")
    everything = f"{found.records} {found.issues.to_dict('records')}"
    for secret in ("kunci", "Bagus", "orang@contoh.example", "siti@contoh.example"):
        assert secret not in everything


@_WITH_DATA
def test_other_small_exports(read):
    folder = Path(str(_DATA)) / "post-wxr-small" / "files"
    kinds = "post,page,testpostmeta,postmetachanged,hasnocategories"
    items = [len(read(path, types=kinds).rows) for path in sorted(folder.iterdir()) if path.suffix == ".xml"]
    assert sum(items) == 10


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2"])
def test_every_version_of_the_format(read, version):
    assert read(_export(_post(), version=version)).records[0]["title"] == "Judul"


@pytest.mark.parametrize("content", [
    "<rss><channel><item><title>A</title></item></channel></rss>", '<feed xmlns="http://www.w3.org/2005/Atom"/>',
    "<rss/>", "<html/>",
])  # fmt: skip
def test_a_feed_is_no_export(read, content):
    with pytest.raises(UnreadableSource, match="not_an_export"):
        read(content)


@pytest.mark.parametrize(("content", "code"), [
    (_export(_post())[:-40], "file.xml_invalid"),
    ('<!DOCTYPE rss [<!ENTITY a "b">]>' + _export(_post()), "file.xml_document_type"),
    ("", "file.xml_invalid"),
])  # fmt: skip
def test_what_cannot_be_read_is_said(read, content, code):
    with pytest.raises(UnreadableSource) as refused:
        read(content)
    assert refused.value.issue.code == code


def test_control_characters_are_taken_out_wherever_chunks_end(read):
    for blanks in range(65_100, 65_500, 9):
        body = _export(_post(title="A\x0bB&#11;C&#x1F;D&#10;E"))
        found = read(body.replace("<channel>", "<channel>" + " " * blanks))
        assert found.records[0]["title"] == "ABCD\nE"
        assert len(found.said("value.control_chars")) == 1


def test_categories_that_mean_nothing_and_further_ones(read):
    def category(domain, name):
        return f'<category domain="{domain}" nicename="{name.lower()}"><![CDATA[{name}]]></category>'

    tags = category("category", "Uncategorized") + category("category", "Berita") + category("category", "Air")
    found = read(_export(_post() + tags + category("post_tag", "a, b")))
    assert (found.records[0]["category"], json.loads(found.records[0]["tags"])) == ("Berita", ["a, b", "Air"])


@pytest.mark.parametrize(("content", "html"), [
    ("Satu.\r\n\r\nDua\nbaris.", "<p>Satu.</p>\n<p>Dua<br>\nbaris.</p>"),
    ('<!-- wp:paragraph {"a":1} --><p>x</p><!-- /wp:paragraph -->', "<p>x</p>"),
    ("<strong>x</strong>", "<p><strong>x</strong></p>"),
    ("<ul><li>x</li></ul>\n\ny", "<ul><li>x</li></ul>\n\ny"),
    ("", ""),
])  # fmt: skip
def test_paragraphs(content, html):
    assert as_html(content) == html


def test_names_of_short_codes():
    assert short_codes('[gallery ids="1"] [caption a=b]x[/caption] [1] [a] text [gallery]') == ["gallery", "caption"]


def test_a_large_export_is_read_in_a_stream(tmp_path):
    path = tmp_path / "large.xml"
    with path.open("w") as file:
        file.write(_START.format(version="1.2"))
        for number in range(2_000):
            file.write(f"<item>{_post(number, content='x' * 2_000)}</item>")
        file.write("</channel></rss>")
    started, rows = time.process_time(), 0
    for batch in WordpressImporter().read(source_of(path), PluginContext(entity="posts", batch_size=100)):
        assert len(batch.cells) <= 100
        rows += len(batch.cells)
    assert rows == 2_000
    assert time.process_time() - started < 10
