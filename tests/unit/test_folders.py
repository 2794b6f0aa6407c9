"""Folder archives: the host reads the archives that it made, and refuses others."""

import io
import os
import tarfile
from time import process_time

import pytest

from kelompok_core.contracts import UnreadableSource, iter_folder, read_folder_file
from kelompok_core.contracts import folders as limits
from kelompok_core.errors import UsageError
from kelompok_core.settings import read_settings
from kelompok_core.sources import opening
from kelompok_core.sources.opening import open_source
from kelompok_core.sources.rules import FileRules

_END = bytes(1_024)


@pytest.fixture
def settings(tmp_path):
    return read_settings({"KELOMPOK_HOME": str(tmp_path / "home")})


def _member(name, content, *, kind=tarfile.REGTYPE, size=None, form=tarfile.USTAR_FORMAT):
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(content) if size is None else size
    return info.tobuf(form) + content + bytes(-len(content) % 512)


def _files(packed):
    file = io.BytesIO(packed)
    return {one.name: read_folder_file(file, one) for one in iter_folder(file)}


@pytest.mark.parametrize("name", [
    "a.json", "dalam/folder lain/b.json", "n" * 99, "n" * 100, "n" * 101, "/".join(["panjang" * 20] * 10),
    "ö/éè.json", "日本語.json", os.fsdecode(b"da\xff.json"), "new\nline=1.json",
])  # fmt: skip
def test_file_names_round_trip(tmp_path, settings, name):
    file = tmp_path / "x" / name
    file.parent.mkdir(parents=True)
    file.write_bytes(b"x" * 513)
    (tmp_path / "x" / "zz.json").write_bytes(b"")
    with open_source(str(tmp_path / "x"), FileRules(), settings) as source:
        assert _files(source.path.read_bytes()) == {name: b"x" * 513, "zz.json": b""}


@pytest.mark.parametrize("more", [
    _member("x", b"1" * 1_000, kind=tarfile.XHDTYPE),
    _member("x", b"1" * 1_000_000, kind=tarfile.XHDTYPE),
    _member("x", b"0 path=a\n", kind=tarfile.XHDTYPE),
    _member("x", b"99 path=a\n", kind=tarfile.XHDTYPE),
    _member("x", b"22 GNU.sparse.major=1\n", kind=tarfile.XHDTYPE),
    _member("x", b"13 size=-123\n", kind=tarfile.XHDTYPE) + _member("a.json", b"{}"),
    _member("x", b"13 size=9999\n", kind=tarfile.XHDTYPE) + _member("a.json", b"{}"),
    _member("x", b"", kind=tarfile.XHDTYPE, size=1 << 30),
    _member("x", b"10 path=a\n" * 4_000, kind=tarfile.XHDTYPE) + _member("a.json", b"{}"),
    _member("x", b"", kind=tarfile.GNUTYPE_SPARSE),
    _member("x", b"a" * 40_000, kind=tarfile.GNUTYPE_LONGNAME),
    _member("x", b"a" * 40_000, kind=tarfile.XGLTYPE),
    _member("a.json", b"{}", kind=b"Z"),
    _member("a.json", b"{}", size=3_000_000),
    _member("a.json", b"{}").replace(b"a.json", b"b.json"),
    b"x" * 512,
])  # fmt: skip
def test_unsupported_archives_are_refused(more):
    before = process_time()
    with pytest.raises(UnreadableSource) as caught:
        _files(_member("first.json", b"{}") + more + _END)
    assert caught.value.issue.code == "file.folder_damaged"
    assert process_time() - before < 1


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_archives_of_other_programs_are_read(form):
    target = io.BytesIO()
    names = ["a.json", "x/" + "dalam/" * 20 + "b.json", "y/c.json"]
    pax = {"comment": "ours"} if form == tarfile.PAX_FORMAT else {}
    with tarfile.open(fileobj=target, mode="w", format=form, pax_headers=pax) as archive:
        for kind in (tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE):
            info = tarfile.TarInfo("kind")
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
        for name in names:
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(name), 1.5 if form == tarfile.PAX_FORMAT else 1
            archive.addfile(info, io.BytesIO(name.encode()))
    assert _files(target.getvalue()) == {name: name.encode() for name in names}


def test_truncated_archive_is_damaged():
    whole = _member("a.json", b"{}") + _member("b.json", b"x" * 600) + _END
    assert list(_files(whole)) == ["a.json", "b.json"]
    for size in (0, 511, 600, 1_024, 1_600, 2_047, len(whole) - len(_END)):
        with pytest.raises(UnreadableSource):
            _files(whole[:size])


@pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w:xz"])
def test_archives_are_not_extracted(mode):
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode=mode) as archive:
        archive.addfile(tarfile.TarInfo("a.json"))
    with pytest.raises(UnreadableSource):
        _files(target.getvalue())


def test_number_of_files_is_limited(tmp_path, settings, monkeypatch):
    folder = tmp_path / "x"
    folder.mkdir()
    for number in range(4):
        (folder / f"{number}.json").write_text("{}")
    with open_source(str(folder), FileRules(), settings) as source:
        packed = source.path.read_bytes()
    monkeypatch.setattr(limits, "MOST_FILES", 3)
    with pytest.raises(UnreadableSource) as caught:
        _files(packed)
    assert (caught.value.issue.code, caught.value.issue.params) == ("file.folder_too_large", {"limit": 3})
    monkeypatch.setattr(opening, "MOST_FILES", 3)
    with pytest.raises(UsageError, match="more than 3 files"), open_source(str(folder), FileRules(), settings):
        pass
