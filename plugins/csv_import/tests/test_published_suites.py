"""The reader on published suites, read from the folder KELOMPOK_TEST_DATA names; skipped where there is none."""

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from time import monotonic

import pytest
from kelompok_csv_import.commands import CsvCommands
from kelompok_csv_import.plugin import CsvImporter

from kelompok_core.contracts import PluginContext, UnreadableSource
from tests.reading import Read, read_with, source_of

_DATA = os.environ.get("KELOMPOK_TEST_DATA")
pytestmark = [pytest.mark.proof, pytest.mark.skipif(not _DATA, reason="KELOMPOK_TEST_DATA names no folder")]

_LONGEST = 20
"""Seconds for one file of a suite; the largest has a million lines."""


def _folder(name: str) -> Path:
    return Path(str(_DATA)) / name


def _expected(name: str) -> dict:
    return json.loads((_folder(name) / "expected.json").read_text("utf-8"))


def _read(path: Path, **config) -> Read:
    return read_with(CsvImporter(), source_of(path), **config)


def _given(folder: Path, name: str) -> dict[str, object]:
    """Return the settings that say what the benchmark's own parameters say."""
    said = json.loads((folder / "parameters" / f"{name}_parameters.json").read_text("utf-8"))
    escape, quote = said["escapechar"], said["quotechar"]
    given = {
        "encoding": said["encoding"],
        "quote": quote or "none",
        "escape": "double" if escape in ("", quote) else escape,
        "header_line": said["preamble_lines"] + 1,
        "header_rows": said["header_lines"],
    }
    return given | ({"delimiter": said["delimiter"]} if said["delimiter"] else {})


def _score(folder: Path, dumps: Path, *, weights: Path | None = None, hints: bool = False) -> dict[str, float]:
    for file in sorted((folder / "csv").iterdir()):
        target = dumps / f"{file.name}_converted.csv"
        context = PluginContext(config=_given(folder, file.name) if hints else {})
        try:
            CsvCommands().run_command("convert", {"file": source_of(file), "to": str(target)}, context)
        except UnreadableSource:
            target.write_text("Application Error\n")
    script = _folder("pollock-shared") / "score.py"
    arguments = [str(script), str(folder / "clean"), str(dumps), *([str(weights)] if weights else [])]
    said = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True).stdout
    words = [line.split() for line in said.splitlines()]
    return {name: float(number) for name, number in (one for one in words if len(one) == 2)}


@pytest.fixture
def unpacked(tmp_path):
    def run(folder: str, name: str) -> Path:
        with tarfile.open(_folder(folder) / "files" / name) as archive:
            # Python 3.11 has filters from 3.11.4 on.
            safely = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
            archive.extractall(tmp_path / folder, **safely)
        (tmp_path / "dumps").mkdir()
        return tmp_path / folder

    return run


@pytest.mark.parametrize(("hints", "simple", "weighted"), [(False, 9.98, 9.95), (True, 9.98, 9.95)])
def test_pollock(unpacked, tmp_path, hints, simple, weighted):
    folder = unpacked("pollock-shared", "polluted_subset.tar.xz")
    weights = _folder("pollock-shared") / "files/weights_subset.json"
    scores = _score(folder, tmp_path / "dumps", weights=weights, hints=hints)
    assert scores["success"] == 1
    assert scores["simple"] >= simple
    assert scores["weighted"] >= weighted


def test_pollocks_real_files(unpacked, tmp_path):
    scores = _score(unpacked("pollock-real-files", "real_files.tar.xz"), tmp_path / "dumps")
    assert scores["success"] == 1
    assert scores["simple"] >= 9.55


def test_annotated_dialects():
    words = {"comma": ",", "semicolon": ";", "tab": "tab", "vslash": "|", "space": "space", "doublequote": '"'}
    annotated = {name: one for name, one in _expected("csv-dialects").items() if isinstance(one, dict)}
    found = 0
    for name, one in annotated.items():
        read_as = _read(_folder("csv-dialects") / "files" / name).read_as
        quote = words.get(one.get("quote"), one.get("quote"))
        found += read_as["delimiter"] == words[one["delimiter"]] and read_as["quote"] == quote
    assert len(annotated) == 159
    assert found / len(annotated) >= 0.99


def test_the_known_edge_cases_with_their_right_answers():
    files = _folder("csv-spectrum") / "files"
    for file in sorted(files.rglob("*.csv")):
        (answer,) = files.rglob(f"{file.stem}.json")
        rows = _read(file).records
        if file.stem not in ("location_coordinates", "newlines_crlf"):  # the two slips of the collection itself
            assert rows == json.loads(answer.read_text("utf-8")), file.stem


def test_one_table_in_every_encoding():
    files = _folder("csv-dataloader-encodings") / "files"
    plain = _read(files / "csvtext.csv").rows
    for name in ("csvtext_BOM_UTF8.csv", "csvtext_BOM_UTF16LE.csv", "csvtext_BOM_UTF16BE.csv"):
        assert _read(files / name).rows == plain
    for name in ("csvtext_BOM_UTF32LE.csv", "csvtext_BOM_UTF32BE.csv"):
        with pytest.raises(UnreadableSource) as caught:
            _read(files / name)
        assert caught.value.issue.code == "file.not_text"
    assert len(_read(files / "20kRows.csv").cells) == 20_000


@pytest.mark.parametrize("suite", [
    "csv-spectrum", "csv-dataloader-encodings", "csv-small-suites", "csv-frictionless", "csv-duckdb", "csv-dialects",
])  # fmt: skip
def test_no_file_crashes_or_hangs(suite):
    for file in sorted((_folder(suite) / "files").rglob("*")):
        if not file.is_file():
            continue
        started = monotonic()
        try:
            found = _read(file)
        except UnreadableSource as error:
            assert error.issue.code.startswith(("file.", "header."))  # noqa: PT017  (one of two good ends)
        else:
            assert len(found.cells) == len(found.locations)
            assert found.cells.columns.is_unique
        assert monotonic() - started < _LONGEST, file


@pytest.mark.parametrize("suite", ["csv-small-suites", "csv-frictionless", "csv-duckdb"])
def test_regular_files_give_as_many_records_as_a_plain_count(suite):
    """Where nothing was passed over or repaired, and a header was found, the counts are those of the suite."""
    compared = 0
    for name, one in _expected(suite).items():
        file = _folder(suite) / "files" / name
        if not isinstance(one, dict) or one.get("records") is None or not file.is_file():
            continue
        try:
            found = _read(file)
        except UnreadableSource:
            continue
        if found.codes or found.blank_lines or found.read_as["quote"] != '"':
            continue
        compared += 1
        assert len(found.cells) == one["records"], name
    assert compared > 30


def test_a_validators_tables_have_the_faults_they_are_named_for():
    def codes(name):
        found = _read(_folder("csv-frictionless") / "files" / name)
        return found, set(found.codes)

    assert "header.blank" in codes("blank-headers.csv")[1]
    assert list(codes("issue-1138.csv")[0].cells.columns) == ["Zeit [MEZ]", "Wasserstand", "Status"]  # ends in «;»
    assert "header.duplicate" in codes("duplicate-headers.csv")[1]
    assert codes("blank-rows-no-fields.csv")[0].blank_lines == 1
    assert "file.empty" in codes("empty.csv")[1]
    for name in ("latin1.csv", "table-infer-iso-8859-7.csv", "table-with-accents.csv"):
        assert "file.encoding_guessed" in codes(name)[1]
    ragged = {"row.too_few_cells", "row.too_many_cells"}
    for name in ("countries.csv", "dialect.csv", "issue-1004-data1.csv", "structure-errors.csv"):
        assert codes(name)[1] & ragged, name
    assert "header.none" in codes("without-headers.csv")[1]


def test_hxl_tags_are_no_record():
    for file in sorted((_folder("csv-small-suites") / "files/hxl").glob("input-valid*.csv")):
        for row in _read(file).rows:
            assert not row[0].startswith("#")
