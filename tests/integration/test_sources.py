"""Sources: paths, folders, URLs and compressed files, each kept once and unchanged."""

import bz2
import gzip
import hashlib
import io
import json
import lzma
import tarfile

import fsspec
import pytest

from kelompok_core.errors import ImportFailed, UsageError
from kelompok_core.imports.receiving.receive import ImportRequest, receive
from kelompok_core.imports.shared.options import ImportOptions
from kelompok_core.imports.staging.stage import stage
from kelompok_core.sources import opening
from kelompok_core.sources.opening import media_type_of, open_source
from kelompok_core.sources.rules import FileRules

_CSV = "name,city\nSatu,Bandung\nDua,Garut\n"


def test_compressed_file_is_read_and_kept_unchanged(import_file, ask):
    packed = gzip.compress(_CSV.encode())
    report = import_file(packed, name="mitra.csv.gz")
    assert report.counts["accepted"] == 2
    assert report.import_.source_name == "mitra"
    assert ask("SELECT DISTINCT file_sha256 FROM source_records")[0][0] == hashlib.sha256(packed).digest()


def test_folder_is_one_source_with_reproducible_bytes(import_file, tmp_path):
    folder = tmp_path / "groups"
    (folder / "inner").mkdir(parents=True)
    for name in ("b", "a", ".hidden"):
        (folder / f"{name}.json").write_text(json.dumps({"id": name, "name": f"Grup {name}"}))
    (folder / "inner/c.json").write_text(json.dumps({"id": "c", "name": "Grup c"}))
    first = import_file(folder, plugin="json-import")
    assert first.counts["accepted"] == 3
    assert first.import_.source_name == "groups"
    (folder / "a.json").touch()
    again = import_file(folder, plugin="json-import")
    assert again.counts["unchanged"] == 3
    assert again.import_.file_sha256 == first.import_.file_sha256


def test_fsspec_url_is_read(import_file, settings):
    with settings.config_file.open("a") as file:
        file.write('[files]\nschemes = ["memory", "nothing-of-this-kind"]\nhosts = ["lists"]\n')
    with fsspec.open("memory://lists/mitra.csv", "w") as file:
        file.write(_CSV)
    report = import_file("memory://lists/mitra.csv", is_location=True)
    assert report.counts["accepted"] == 2
    assert (report.import_.file_name, report.import_.source_name) == ("mitra.csv", "mitra")
    with pytest.raises(UsageError, match="cannot read"):
        import_file("memory://lists/other.csv", is_location=True)
    with pytest.raises(UsageError, match="cannot read"):
        import_file("nothing-of-this-kind://lists/other.csv", is_location=True)


@pytest.mark.parametrize("content", [gzip.compress(b"x" * 5000)[:-9], b"\x1f\x8bno gzip"], ids=["cut", "no gzip"])
def test_damaged_compression_is_reported(import_file, content):
    with pytest.raises(UsageError, match="damaged"):
        import_file(content, name="list.csv.gz")


def test_decompression_bomb_is_refused(tmp_path, settings, monkeypatch):
    monkeypatch.setattr(opening, "LARGEST_DOWNLOAD", 10_000)
    file = tmp_path / "bomb.csv.gz"
    file.write_bytes(gzip.compress(b"0" * 5_000_000))
    with pytest.raises(UsageError, match="more than 10000 bytes"), open_source(str(file), FileRules(), settings):
        pass


def test_driver_copies_are_limited_like_downloads(settings, monkeypatch):
    monkeypatch.setattr(opening, "LARGEST_DOWNLOAD", 10_000)
    rules = FileRules(schemes=frozenset({"memory"}), hosts=frozenset({"lists"}))
    for size, name in ((10_000, "whole.csv"), (10_001, "large.csv")):
        with fsspec.open(f"memory://lists/{name}", "wb") as file:
            file.write(b"0" * size)
    with open_source("memory://lists/whole.csv", rules, settings) as source:
        assert source.size == 10_000
    with (
        pytest.raises(UsageError, match="it is larger than 10000 bytes") as caught,
        open_source("memory://lists/large.csv", rules, settings),
    ):
        pass
    assert (caught.value.hint, "large.csv" in caught.value.message) == ("Split the file.", True)


def test_empty_folder_and_special_file_are_reported(tmp_path, settings):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="has no files"), open_source(str(tmp_path / "empty"), FileRules(), settings):
        pass
    with pytest.raises(UsageError, match="not a regular file"), open_source("/dev/null", FileRules(), settings):
        pass


@pytest.mark.parametrize(("name", "media_type"), [
    ("a.csv", "text/csv"), ("a.CSV.gz", "text/csv"), ("a.json", "application/json"),
    ("a.jsonl", "application/x-ndjson"),
    ("a.ndjson.gz", "application/x-ndjson"), ("a.tar.gz", "application/x-tar"), ("a.tar", "application/x-tar"),
    ("a.tgz", "application/x-tar"), ("a.jsonld", "application/ld+json"),
    ("list", None),
])  # fmt: skip
def test_media_type_follows_from_the_file_name(name, media_type):
    assert media_type_of(name) == media_type


def test_unstorable_or_too_long_cells_are_row_issues(import_file, ask):
    report = import_file(f"name,history\nSa\0tu,x\nDua,{'x' * 1_000_001}\nTiga,y\n")
    assert (report.counts["accepted"], report.counts["rejected"]) == (2, 1)
    codes = {group.code for group in report.groups}
    assert {"value.control_chars", "value.too_long"} <= codes
    assert ask("SELECT raw->>'name' FROM import_rows WHERE row_number = 1")[0][0] == "Sa\u2400tu"


def test_rejected_json_rows_are_returned_unchanged_and_can_be_imported_again(
    import_file, installation, database, tmp_path
):
    import io

    from kelompok_core.imports.reporting.error_file import name_error_file, write_error_lines
    from kelompok_core.imports.staging.plugin_reading import read_originals

    text = (
        '{"id": 1, "name": "Satu"}\n{"id": 12345678901234567890, "email": "=x", "n": 1.10, "password": "geheim"}\n'
        '{"id": 3, "name": \n{"id": 4, "name": "Empat", "email": "no address"}\n'
    )
    report = import_file(text, name="list.ndjson", plugin="json-import")
    assert (report.counts["accepted"], report.counts["rejected"]) == (1, 3)
    assert name_error_file(report.import_) == "errors.ndjson"
    target = io.StringIO()
    originals = read_originals(installation.settings, report.import_)
    with database.connect() as connection:
        assert write_error_lines(connection, report.import_, originals, {"en": target}) == 3
    originals.close()
    second, broken, fourth = target.getvalue().splitlines()
    assert second.startswith('{"id": 12345678901234567890, "email": "=x", "n": 1.10, "_line": "2", ')
    assert "geheim" not in target.getvalue()
    assert json.loads(broken)["value"] == '{"id": 3, "name": '
    assert "value.email" in json.loads(fourth)["_codes"]
    corrected = fourth.replace("no address", "empat@example.org")
    again = import_file(corrected, name="list.errors.ndjson", plugin="json-import")
    assert again.counts["accepted"] == 1
    assert "_line" not in again.import_.header


def test_profile_of_a_plugin_is_used(import_file, settings, ask):
    from kelompok_core.errors import NotFound
    from kelompok_core.imports.shared.profiles import chosen_profile

    record = {
        "id": "https://ror.org/1", "links": [{"type": "wikipedia", "value": "https://w.example.org"},
                                             {"type": "website", "value": "https://a.example.org"}],
        "names": [{"types": ["label"], "value": "X"}, {"types": ["ror_display"], "value": "Pusat Studi Air"}],
        "locations": [{"geonames_details": {"country_code": "ID", "name": "Bogor"}}],
    }  # fmt: skip
    options = chosen_profile(settings, ImportOptions(profile="json-import/ror")).options
    assert (
        import_file(json.dumps([record]), name="r.json", plugin="json-import", options=options).counts["accepted"] == 1
    )
    assert tuple(ask("SELECT name, website_url, country, city FROM organizations")[0]) == (
        "Pusat Studi Air", "https://a.example.org", "ID", "Bogor",
    )  # fmt: skip
    with pytest.raises(NotFound):
        chosen_profile(settings, ImportOptions(profile="json-import/nothing"))


def test_nested_secret_is_refused_by_its_last_key(import_file, ask):
    text = json.dumps([{"name": "Satu", "contact": {"nik": "3171", "kata sandi": "rahasia"}}])
    report = import_file(text, name="x.json", plugin="json-import")
    assert report.counts["accepted"] == 1
    assert "3171" not in str(ask("SELECT raw FROM import_rows"))
    assert "rahasia" not in str(ask("SELECT raw FROM import_rows"))


def test_event_duration_sets_the_end(import_file, ask):
    import_file("name\nForum\n", name="forum.csv")
    text = json.dumps([
        {"title": "A", "start": "2025-05-01T09:00:00+07:00", "duration": "PT1H30M"},
        {"title": "B", "start": "2025-05-01T09:00:00+07:00", "duration": "PT0S"},
        {"title": "C", "start": "2025-05-01T09:00:00+07:00", "duration": "lama"},
        {"title": "D", "start": "2025-05-01T09:00:00+07:00", "end": "2025-05-01T10:00:00+07:00", "duration": "P1D"},
    ])  # fmt: skip
    report = import_file(text, name="e.json", plugin="json-import", entity="events", organization="forum")
    assert report.counts["accepted"] == 4
    lasting = dict(map(tuple, ask("SELECT title, extract(epoch FROM ends_at - starts_at)::int FROM events")))
    assert lasting == {"A": 5400, "B": None, "C": None, "D": 3600}
    assert [group.column for group in report.groups if group.code == "value.duration"] == ["duration"]


def test_json_is_not_mistaken_for_an_error_file_of_a_spreadsheet(import_file, ask):
    text = json.dumps([{"name": "'=1+1", "_line": "1", "_decision": "", "_codes": "", "_message": ""}])
    import_file(text, name="x.json", plugin="json-import", options=ImportOptions())
    assert ask("SELECT raw->>'name' FROM import_rows")[0][0] == "'=1+1"


@pytest.fixture
def archive():
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as tar:
        member = tarfile.TarInfo("a.json")
        member.size = 16
        tar.addfile(member, io.BytesIO(b'{"name": "Satu"}'))
    return target.getvalue()


@pytest.mark.parametrize("name", ["a.tar.bz2", "a.tar.xz", "a.tar", "a.json", "a.csv", "a"])
@pytest.mark.parametrize("pack", [bz2.compress, lzma.compress])
def test_compressed_archive_is_not_opened(installation, operator, tmp_path, archive, ask, pack, name):
    file = tmp_path / name
    file.write_bytes(pack(archive))
    for plugin in ("json-import", "csv-import"):
        request = ImportRequest(plugin=plugin, job="import-organizations", file=file)
        with pytest.raises(UsageError, match=r"is a (compressed file|folder)") as caught:
            receive(installation, request, operator)
        assert caught.value.hint
    assert ask("SELECT count(*) FROM imports")[0][0] == 0


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz", "a.tgz", "a.json", "a"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_folder_may_be_an_archive(import_file, installation, operator, tmp_path, archive, ask, pack, name):
    file = tmp_path / name
    file.write_bytes(pack(archive))
    request = ImportRequest(plugin="json-import", job="import-organizations", file=file)
    stage(installation, receive(installation, request, operator).import_id)
    assert ask("SELECT raw->>'name' FROM import_rows")[0][0] == "Satu"


def test_archived_folder_is_not_a_table(installation, operator, tmp_path, archive):
    (tmp_path / "a.csv").write_bytes(archive)
    request = ImportRequest(plugin="csv-import", job="import-organizations", file=tmp_path / "a.csv")
    with pytest.raises(UsageError, match="is an archive"):
        receive(installation, request, operator)


def test_names_of_subfolders_are_kept(tmp_path, settings):
    (tmp_path / "x/y").mkdir(parents=True)
    (tmp_path / "x/y/a.json").write_text("{}")
    with open_source(str(tmp_path / "x"), FileRules(), settings) as source, tarfile.open(source.path) as archive:
        assert archive.getnames() == ["y/a.json"]


def test_error_in_a_folder_names_its_file(import_file, tmp_path):
    folder = tmp_path / "groups"
    folder.mkdir()
    (folder / "a.json").write_text('{"name": "Satu"}')
    (folder / "b.json").write_text('{"name": "Dua",\n}')
    with pytest.raises(ImportFailed, match=r"groups/b\.json: Line 2, column 1"):
        import_file(folder, plugin="json-import")
