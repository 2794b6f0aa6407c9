"""Damaged workbooks: whatever the bytes are, the reader gives records or says what is wrong, and soon."""

import io
import os
import random
import time
import zipfile
from pathlib import Path

import pytest
from kelompok_spreadsheet_import.plugin import SpreadsheetImporter

from kelompok_core.contracts import ConfigurationError, UnreadableSource
from plugins.spreadsheet_import.tests.writing import write_fods, write_html, write_spreadsheetml, write_xlsx
from tests.reading import host_context, source_of

pytestmark = pytest.mark.proof

_TRIES = int(os.environ.get("KELOMPOK_DAMAGED", "150"))
_ROWS = [
    ["name", "city", "seen", "share"],
    *([f"A{at}", "Bandung", (45000 + at, "yyyy-mm-dd"), 0.5] for at in range(30)),
]
_TEXTS = [[cell[0] if isinstance(cell, tuple) else cell for cell in row] for row in _ROWS]
_WORDS = (
    b"<",
    b">",
    b"&",
    b'"',
    b"\0",
    b"</row>",
    b"<row>",
    b'r="XFD1"',
    b'r="A99999999"',
    b"<![CDATA[",
    b"-1",
    b"1e999",
)


@pytest.fixture
def survives(tmp_path):
    """Read a file; whatever is wrong with it has to be said in a coded issue."""

    def run(content, name):
        path = tmp_path / name
        path.write_bytes(content)
        started = time.monotonic()
        try:
            for _ in SpreadsheetImporter().read(source_of(path), host_context(tmp_path, entity="organizations")):
                pass
        except (UnreadableSource, ConfigurationError):
            pass
        assert time.monotonic() - started < 20

    return run


def _damaged(content, rng):
    """Return bytes with a few places changed, cut out, doubled or replaced."""
    found = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        at, length = rng.randrange(max(1, len(found))), rng.randint(1, 40)
        what = rng.randrange(4)
        if what == 0:
            found[at : at + 1] = bytes([rng.randrange(256)])
        elif what == 1:
            del found[at : at + length]
        elif what == 2:
            found[at:at] = found[at : at + length]
        else:
            found[at:at] = rng.choice(_WORDS)
    return bytes(found)


@pytest.mark.parametrize("seed", range(_TRIES))
def test_bytes_of_every_format(survives, tmp_path, seed):
    rng = random.Random(seed)
    write = rng.choice([
        lambda: write_xlsx(tmp_path / "a.xlsx", {"S": _ROWS, "T": _ROWS[:3]}),
        lambda: write_fods(tmp_path / "a.fods", "S", _TEXTS),
        lambda: write_html(tmp_path / "a.xls", _TEXTS),
        lambda: write_spreadsheetml(tmp_path / "a.xml", "S", _TEXTS),
    ])  # fmt: skip
    path = write()
    survives(_damaged(path.read_bytes(), rng), path.name)


@pytest.mark.parametrize("seed", range(_TRIES))
def test_parts_of_a_package(survives, tmp_path, seed):
    rng = random.Random(seed)
    source = write_xlsx(tmp_path / "a.xlsx", {"S": _ROWS, "T": _ROWS[:3]})
    written = io.BytesIO()
    with zipfile.ZipFile(source) as parts, zipfile.ZipFile(written, "w") as target:
        victim = rng.choice(parts.namelist())
        for name in parts.namelist():
            content = parts.read(name)
            target.writestr(name, _damaged(content, rng) if name == victim else content)
    survives(written.getvalue(), "b.xlsx")


@pytest.mark.skipif("KELOMPOK_TEST_DATA" not in os.environ, reason="KELOMPOK_TEST_DATA names no folder")
@pytest.mark.parametrize("seed", range(_TRIES))
def test_old_workbooks(survives, seed):
    rng = random.Random(seed)
    folder = Path(os.environ["KELOMPOK_TEST_DATA"], "xls-calamine", "files")
    paths = sorted(path for path in folder.iterdir() if path.suffix in (".xls", ".ods"))
    survives(_damaged(rng.choice(paths).read_bytes(), rng), "a.xls")
