"""ZIP archives of strangers: parts by name, within limits, and never a path."""

import io
import struct
import zipfile

import pytest

from kelompok_core.contracts import UnreadableSource
from kelompok_core.plugin_kit.reading import archives
from kelompok_core.plugin_kit.reading.archives import open_archive


def _write(path, entries, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def _refusal(path, read=None):
    with pytest.raises(UnreadableSource) as refused, open_archive(path) as archive:
        if read is not None:
            archive.read(read)
    return refused.value.issue


def test_parts_are_found_in_whatever_case_and_with_backslashes(tmp_path):
    path = _write(tmp_path / "a.zip", {"XL\\Sheet1.XML": b"one", "docs/": b"", "docs/b.txt": b"two"})
    with open_archive(path) as archive:
        assert archive.names == ["XL/Sheet1.XML", "docs/b.txt"]
        assert archive.read("xl/sheet1.xml") == b"one"
        assert archive.read("/docs/B.txt") == b"two"
        assert archive.has("docs/b.txt")
        assert not archive.has("docs")


def test_missing_part_is_named(tmp_path):
    issue = _refusal(_write(tmp_path / "a.zip", {"a": b"x"}), "b")
    assert (issue.code, issue.params["place"]) == ("file.archive_damaged", "b")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"PK\x05\x06", b"no archive", b"PK\x03\x04" + b"\0" * 5000])
def test_what_is_no_archive(tmp_path, content):
    (tmp_path / "a.zip").write_bytes(content)
    assert _refusal(tmp_path / "a.zip").code == "file.archive_damaged"


def test_cut_archive_and_wrong_checksum(tmp_path):
    whole = _write(tmp_path / "a.zip", {"a": b"x" * 5000}).read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[:60])
    assert _refusal(tmp_path / "cut.zip").code == "file.archive_damaged"
    damaged = bytearray(_write(tmp_path / "b.zip", {"a": b"x" * 5000}, zipfile.ZIP_STORED).read_bytes())
    damaged[1000] ^= 1
    (tmp_path / "b.zip").write_bytes(damaged)
    assert _refusal(tmp_path / "b.zip", "a").params == {"place": "a", "problem": "BadZipFile"}


def test_protected_part(tmp_path):
    content = bytearray(_write(tmp_path / "a.zip", {"a": b"x"}).read_bytes())
    content[6] |= 1
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "a.zip").write_bytes(content)
    assert _refusal(tmp_path / "a.zip", "a").code == "file.encrypted"


def test_part_that_grows_too_much_is_refused_early(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "_LEAST_LIMIT", 1 << 20)
    path = _write(tmp_path / "a.zip", {"a": b"\0" * (20 << 20), "b": b"\0" * (1 << 20)})
    read = 0
    with pytest.raises(UnreadableSource) as refused, open_archive(path) as archive:
        for chunk in archive.chunks("a"):
            read += len(chunk)
    assert refused.value.issue.code == "file.archive_too_large"
    assert read < 5 << 20
    with open_archive(path) as archive:
        assert len(archive.read("b")) == 1 << 20


def test_all_parts_together_have_a_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "_MOST_IN_ALL", 1 << 20)
    path = _write(tmp_path / "a.zip", {str(number): b"\0" * (1 << 19) for number in range(4)})
    with pytest.raises(UnreadableSource, match="too_large"), open_archive(path) as archive:
        for name in archive.names:
            archive.read(name)


def test_number_of_entries_is_read_before_the_directory(tmp_path, monkeypatch):
    path = _write(tmp_path / "a.zip", {str(number): b"" for number in range(30)})
    monkeypatch.setattr(archives, "MOST_ENTRIES", 20)
    monkeypatch.setattr(archives.zipfile, "ZipFile", None)
    assert _refusal(path).params == {"limit": 20}


def test_number_of_entries_of_a_large_archive(tmp_path, monkeypatch):
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 70_000, 70_000, 0, 0)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0, 0, 0)
    assert archives._count_entries(io.BytesIO(record + locator + end)) == 70_000
    assert archives._count_entries(io.BytesIO(end)) == 0xFFFF
    assert archives._count_entries(io.BytesIO(b"")) == 0
