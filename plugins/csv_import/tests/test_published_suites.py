"""The reader on published suites, read from the folder KELOMPOK_TEST_DATA names; skipped where there is none."""

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from time import monotonic

import pandas as pd
import pytest
from kelompok_csv_import.commands import CsvCommands
from kelompok_csv_import.plugin import CsvImporter

from kelompok_core.contracts import PluginContext, Source, UnreadableSource

_DATA = os.environ.get("KELOMPOK_TEST_DATA")
pytestmark = pytest.mark.skipif(not _DATA, reason="KELOMPOK_TEST_DATA names no folder")

_LONGEST = 20
"""Seconds for one file of a suite; the largest has a million lines."""


def _folder(name: str) -> Path:
    return Path(str(_DATA)) / name


def _expected(name: str) -> dict:
    return json.loads((_folder(name) / "expected.json").read_text("utf-8"))


def _source(path: Path) -> Source:
    return Source(path=path, file_name=path.name, media_type="text/csv", sha256="", size=path.stat().st_size)


def _read(path: Path, **config):
    return list(CsvImporter().read(_source(path), PluginContext(config=config)))


def _rows(batches) -> list[list[str]]:
    cells = pd.concat([batch.cells for batch in batches], ignore_index=True)
    return [[cell for cell in row if not pd.isna(cell)] for row in cells.itertuples(index=False)]


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
            CsvCommands().run_command("convert", {"file": _source(file), "to": str(target)}, context)
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
            archive.extractall(tmp_path / folder, filter="data")
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
        read_as = _read(_folder("csv-dialects") / "files" / name)[0].read_as
        quote = words.get(one.get("quote"), one.get("quote"))
        found += read_as["delimiter"] == words[one["delimiter"]] and read_as["quote"] == quote
    assert len(annotated) == 159
    assert found / len(annotated) >= 0.99


def test_the_known_edge_cases_with_their_right_answers():
    files = _folder("csv-spectrum") / "files"
    for file in sorted(files.rglob("*.csv")):
        (answer,) = files.rglob(f"{file.stem}.json")
        (batch,) = _read(file)
        rows = batch.cells.to_dict("records")
        if file.stem not in ("location_coordinates", "newlines_crlf"):  # the two slips of the collection itself
            assert rows == json.loads(answer.read_text("utf-8")), file.stem


def test_one_table_in_every_encoding():
    files = _folder("csv-dataloader-encodings") / "files"
    plain = _rows(_read(files / "csvtext.csv"))
    for name in ("csvtext_BOM_UTF8.csv", "csvtext_BOM_UTF16LE.csv", "csvtext_BOM_UTF16BE.csv"):
        assert _rows(_read(files / name)) == plain
    for name in ("csvtext_BOM_UTF32LE.csv", "csvtext_BOM_UTF32BE.csv"):
        with pytest.raises(UnreadableSource) as caught:
            _read(files / name)
        assert caught.value.issue.code == "file.not_text"
    assert sum(len(batch.cells) for batch in _read(files / "20kRows.csv")) == 20_000


@pytest.mark.parametrize("suite", [
    "csv-spectrum", "csv-dataloader-encodings", "csv-small-suites", "csv-frictionless", "csv-duckdb", "csv-dialects",
])  # fmt: skip
def test_no_file_crashes_or_hangs(suite):
    for file in sorted((_folder(suite) / "files").rglob("*")):
        if not file.is_file():
            continue
        started = monotonic()
        try:
            batches = _read(file)
        except UnreadableSource as error:
            assert error.issue.code.startswith(("file.", "header."))  # noqa: PT017  (one of two good ends)
        else:
            for batch in batches:
                assert len(batch.cells) == len(batch.locations) or not len(batch.cells.columns)
                assert batch.cells.columns.is_unique
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
            batches = _read(file)
        except UnreadableSource:
            continue
        codes = {code for batch in batches for code in batch.issues["code"]}
        blank = sum(batch.blank_lines for batch in batches)
        if codes or blank or batches[-1].read_as["quote"] != '"':
            continue
        compared += 1
        assert sum(len(batch.cells) for batch in batches) == one["records"], name
    assert compared > 30


def test_hxl_tags_are_no_record():
    for file in sorted((_folder("csv-small-suites") / "files/hxl").glob("input-valid*.csv")):
        for row in _rows(_read(file)):
            assert not row[0].startswith("#")
