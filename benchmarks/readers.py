"""Reading speed: our readers beside the standard library, pandas, polars and DuckDB on the same file, in one run.

polars, DuckDB and ijson are no dependency; those that are not there are left out (``pip install polars duckdb ijson``).
All read text as text: no types are guessed, and every cell is there at the end.
"""

import csv
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

import pandas as pd
from kelompok_csv_import.plugin import CsvImporter
from kelompok_json_import.plugin import JsonImporter
from lists import write_list

from kelompok_core.contracts import PluginContext, Source

_ROWS = 1_000_000 if os.environ.get("BENCH") == "full" else 100_000
_TURNS = 3
_FURTHER = ("polars", "duckdb", "ijson")


def _ours(importer: CsvImporter | JsonImporter, file: Path) -> int:
    source = Source(path=file, file_name=file.name, media_type="text/csv", sha256="", size=file.stat().st_size)
    return sum(len(batch.cells) for batch in importer.read(source, PluginContext()))


def _csv_module(file: Path) -> int:
    with file.open(encoding="utf-8", newline="") as text:
        return len(list(csv.reader(text))) - 1


def _polars(file: Path) -> int:
    import polars as pl

    return pl.read_csv(file, infer_schema=False).height


def _duckdb(file: Path) -> int:
    import duckdb

    return len(duckdb.sql(f"SELECT * FROM read_csv('{file}', all_varchar = true)").to_arrow_table())


def _json_module(file: Path) -> int:
    return len(json.loads(file.read_text("utf-8")))


def _ijson(file: Path) -> int:
    import ijson

    with file.open("rb") as binary:
        return sum(1 for _ in ijson.items(binary, "item"))


def _duckdb_json(file: Path) -> int:
    import duckdb

    return len(duckdb.sql(f"SELECT * FROM read_json('{file}', maximum_object_size = 1000000)").to_arrow_table())


_CSV: dict[str, Callable[[Path], int]] = {
    "csv-import": lambda file: _ours(CsvImporter(), file),
    "csv module, rows in a list": _csv_module,
    "pandas.read_csv, text": lambda file: len(pd.read_csv(file, dtype=str, keep_default_na=False)),
    "polars": _polars,
    "duckdb": _duckdb,
}
_JSON: dict[str, Callable[[Path], int]] = {
    "json-import": lambda file: _ours(JsonImporter(), file),
    "json module, whole file": _json_module,
    "pandas.read_json": lambda file: len(pd.read_json(file, dtype=False)),
    "ijson": _ijson,
    "duckdb": _duckdb_json,
}


def _measure(title: str, file: Path, readers: dict[str, Callable[[Path], int]]) -> None:
    taken: dict[str, list[float]] = {}
    for _ in range(_TURNS):
        for name, read in readers.items():
            if name.partition(" ")[0] in _FURTHER and find_spec(name) is None:
                continue
            started = perf_counter()
            assert read(file) == _ROWS, name
            taken.setdefault(name, []).append(perf_counter() - started)
    size = file.stat().st_size / 1e6
    floor = statistics.median(taken[next(name for name in taken if name.endswith(("list", "whole file")))])
    print(f"\n{title}: {_ROWS:,} rows, {size:.0f} MB, median of {_TURNS}\n")
    print("| reader | seconds | rows/s | MB/s | / the standard library |\n|---|---|---|---|---|")
    for name, times in taken.items():
        median = statistics.median(times)
        print(f"| {name} | {median:.2f} | {_ROWS / median:,.0f} | {size / median:.0f} | {median / floor:.2f} |")


def main() -> None:
    """Make the files, and measure."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for entity in ("members", "posts"):
            table = folder / f"{entity}.csv"
            write_list(entity, table, _ROWS)
            _measure(f"CSV, {entity}", table, _CSV)
            records = folder / f"{entity}.json"
            with table.open(encoding="utf-8", newline="") as rows, records.open("w", encoding="utf-8") as target:
                target.write("[" + ",\n".join(json.dumps(row) for row in csv.DictReader(rows)) + "]")
            _measure(f"JSON, {entity}", records, _JSON)


if __name__ == "__main__":
    sys.exit(main())
