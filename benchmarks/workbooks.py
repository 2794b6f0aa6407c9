"""Workbooks: reading speed by format beside CSV, memory, and whole imports beside the same list as CSV, in one run.

``python -m benchmarks.workbooks [ROWS]``, by default 100,000 rows of nine columns; ``.xls`` only if xlwt is installed.
"""

import csv
import os
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from time import monotonic

import xlsxwriter

PROJECT = Path(__file__).parents[1]
_TURNS = 3
_PAIRS = 3
_MOST_OF_XLS = 65_000
_SOME_REVIEWED = 3
_HEADER = ["id", "name", "email", "phone", "city", "founded on", "category", "address", "description"]
_CITIES = ("Kota Bandung", "Kabupaten Sleman", "Kota Denpasar", "Kota Makassar")

_MAIN = "import sys; from kelompok_pipelines.launcher import main; sys.argv[0] = 'kelompok'; sys.exit(main())"
_READ = """
import sys, resource, time, tempfile
from pathlib import Path
from kelompok_core.contracts import PluginContext, Source
from kelompok_csv_import.plugin import CsvImporter
from kelompok_spreadsheet_import.plugin import SpreadsheetImporter
path = Path(sys.argv[1])
importer = CsvImporter() if path.suffix == ".csv" else SpreadsheetImporter()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with tempfile.TemporaryDirectory() as folder:
    source = Source(path=path, file_name=path.name, media_type="x", sha256="", size=path.stat().st_size)
    begun = time.process_time()
    rows = sum(len(batch.cells) for batch in importer.read(source, PluginContext(workdir=Path(folder))))
    took = time.process_time() - begun
print(rows, took, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


def _row(at: int) -> list[str]:
    return [
        f"{at:07d}", f"Lembaga Nomor {at}", f"l{at}@contoh.org", f"+62812{at:08d}", _CITIES[at % 4],
        f"20{at % 20:02d}-{at % 12 + 1:02d}-{at % 28 + 1:02d}", "yayasan", f"Jalan Mawar {at % 977}",
        "Bekerja di bidang air.",
    ]  # fmt: skip


def write_csv(path: Path, rows: int) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_HEADER)
        writer.writerows(map(_row, range(rows)))


def write_xlsx(path: Path, rows: int) -> None:
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("Daftar")
        for at, row in enumerate([_HEADER, *map(_row, range(rows))]):
            for column, cell in enumerate(row):
                sheet.write_string(at, column, cell)


def write_ods(path: Path, rows: int) -> None:
    space = "urn:oasis:names:tc:opendocument:xmlns:"
    start = '<table:table-cell office:value-type="string"><text:p>'
    lines = (
        "<table:table-row>"
        + "".join(f"{start}{cell}</text:p></table:table-cell>" for cell in row)
        + "</table:table-row>"
        for row in [_HEADER, *map(_row, range(rows))]
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("content.xml", "w") as part:
        names = " ".join(f'xmlns:{one}="{space}{one}:1.0"' for one in ("office", "table", "text"))
        part.write(
            f'<office:document-content {names}><office:body><office:spreadsheet><table:table table:name="D">'.encode()
        )
        for line in lines:
            part.write(line.encode())
        part.write(b"</table:table></office:spreadsheet></office:body></office:document-content>")


def write_xls(path: Path, rows: int) -> None:
    import xlwt

    book = xlwt.Workbook()
    sheet = book.add_sheet("Daftar")
    for at, row in enumerate([_HEADER, *map(_row, range(rows))]):
        for column, cell in enumerate(row):
            sheet.write(at, column, cell)
    book.save(str(path))


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (PROJECT, *sorted((PROJECT / "plugins").iterdir()))))}


def _reading(path: Path) -> tuple[float, float]:
    """Return rows a second of CPU time, and the megabytes more than after the imports."""
    done = subprocess.run(
        [sys.executable, "-c", _READ, str(path)], env=_environment(), capture_output=True, text=True, check=True
    )
    rows, took, more = done.stdout.split()
    return int(rows) / float(took), float(more)


def _importing(folder: Path, plugin: str, file: Path) -> float:
    begun = monotonic()
    arguments = ["plugin", "run", plugin, "--job", "import-organizations", "--file", str(file)]
    done = subprocess.run(
        [sys.executable, "-c", _MAIN, *arguments],
        cwd=folder,
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in (0, _SOME_REVIEWED):
        raise SystemExit(done.stderr)
    return monotonic() - begun


def measure_reading(folder: Path, rows: int) -> None:
    """Print the reading speed of each format, the median of some turns in alternation."""
    files = {"csv": write_csv, "xlsx": write_xlsx, "ods": write_ods}
    if find_spec("xlwt") is not None:
        files["xls"] = write_xls
    paths = {}
    for kind, write in files.items():
        paths[kind] = folder / f"list.{kind}"
        write(paths[kind], min(rows, _MOST_OF_XLS) if kind == "xls" else rows)
    found: dict[str, list[tuple[float, float]]] = {kind: [] for kind in paths}
    for _ in range(_TURNS):
        for kind, path in paths.items():
            found[kind].append(_reading(path))
    for kind, each in found.items():
        speed, more = (statistics.median(values) for values in zip(*each, strict=True))
        print(f"{kind:>5}: {speed:9,.0f} rows/s, {more:5.0f} MB more than after the imports", flush=True)


def _kelompok(home: Path, *arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-c", _MAIN, *arguments], cwd=home, env=_environment(), check=True, capture_output=True
    )


@contextmanager
def _installation(home: Path) -> Iterator[None]:
    """Provide a fresh installation, so that each import is a first one."""
    _kelompok(home, "init")
    try:
        for plugin in ("csv-import", "spreadsheet-import"):
            _kelompok(home, "plugin", "enable", plugin, "--grant")
        yield
    finally:
        _kelompok(home, "db", "remove", "--yes")


def measure_importing(folder: Path, rows: int) -> None:
    """Print how long a first import of a workbook takes beside the same list as CSV."""
    write = {"csv": write_csv, "xlsx": write_xlsx}
    plugins = {"csv": "csv-import", "xlsx": "spreadsheet-import"}
    seconds: dict[str, list[float]] = {kind: [] for kind in write}
    for pair in range(_PAIRS + 1):
        for kind in list(write) if pair % 2 else reversed(write):
            home = folder / f"{kind}-{pair}"
            home.mkdir()
            write[kind](home / f"list.{kind}", rows)
            with _installation(home):
                took = _importing(home, plugins[kind], home / f"list.{kind}")
            if pair:  # the first warms up
                seconds[kind].append(took)
    as_csv, as_xlsx = (statistics.median(seconds[kind]) for kind in write)
    print(
        f"import of {rows:,} rows: csv {as_csv:.2f} s, xlsx {as_xlsx:.2f} s, ratio {as_xlsx / as_csv:.2f}", flush=True
    )


if __name__ == "__main__":
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as temporary:
        Path(temporary).chmod(0o755)
        measure_reading(Path(temporary), number)
        measure_importing(Path(temporary), number)
