"""Damaged exports of sites: whatever the bytes are, the reader gives records or says what is wrong, and soon."""

import os
import random
import time
from pathlib import Path

import pytest
from kelompok_wordpress_import.plugin import WordpressImporter

from kelompok_core.contracts import PluginContext, UnreadableSource
from tests.reading import source_of

pytestmark = pytest.mark.proof

_TRIES = int(os.environ.get("KELOMPOK_DAMAGED", "150"))
_SITE = (Path(__file__).with_name("inputs") / "site.xml").read_bytes()
_PIECES = (
    b"<item>", b"</item>", b"<", b">", b"&", b"&#0;", b"&#x1F;", b"\0", b"\x0b", b"]]>", b"<![CDATA[", b"<!--",
    b"\xff\xfe",
    b"<wp:comment>", b"<wp:post_type>post</wp:post_type>", b"<category>", b'<!DOCTYPE a [<!ENTITY b "c">]>', b"&b;",
)  # fmt: skip


def _damaged(rng):
    found = bytearray(_SITE)
    for _ in range(rng.randint(1, 6)):
        at, kind = rng.randrange(len(found)), rng.randrange(4)
        if kind == 0:
            found[at:at] = rng.choice(_PIECES)
        elif kind == 1:
            del found[at : at + rng.randint(1, 200)]
        elif kind == 2:
            found[at:at] = found[at : at + rng.randint(1, 2_000)]
        else:
            found[at] = rng.randrange(256)
    return bytes(found)


@pytest.mark.parametrize("entity", ["posts", "events"])
@pytest.mark.parametrize("seed", range(_TRIES))
def test_damaged_sites(tmp_path, seed, entity):
    path = tmp_path / "site.xml"
    path.write_bytes(_damaged(random.Random(seed)))
    started = time.monotonic()
    try:
        for batch in WordpressImporter().read(source_of(path), PluginContext(entity=entity, batch_size=2)):
            assert len(batch.cells) == len(batch.locations)
            assert batch.cells.map(lambda cell: isinstance(cell, str)).all(axis=None)
    except UnreadableSource as error:
        if not error.issue.code.startswith(("file.", "wordpress.")):
            raise
    assert time.monotonic() - started < 20


def test_a_long_chain_of_nested_elements_is_read_or_refused(tmp_path):
    path = tmp_path / "site.xml"
    path.write_bytes(_SITE.replace(b"</channel>", b"<a>" * 20_000 + b"</a>" * 20_000 + b"</channel>"))
    try:
        rows = sum(
            len(batch.cells) for batch in WordpressImporter().read(source_of(path), PluginContext(entity="posts"))
        )
    except UnreadableSource as error:
        assert error.issue.code == "file.xml_invalid"  # noqa: PT017 -- either is right
    else:
        assert rows == 1
