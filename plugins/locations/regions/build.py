"""Makes ``regions.csv`` of a list of Indonesian regions with the Ministry of Home Affairs' codes.

    python plugins/locations/regions/build.py wilayah.csv

Takes provinces and regencies and cities; the columns are code, name and level, and names are as published.
"""

import csv
import sys
from pathlib import Path

SHIPPED = Path(__file__).parents[1] / "kelompok_locations" / "data" / "regions.csv"
_LEVELS = {"0": "province", "1": "regency"}


def build(source: Path) -> list[dict[str, str]]:
    """Return the rows of ``regions.csv``, by code."""
    with source.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["lvl"] in _LEVELS]
    found = [{"code": row["code"], "name": " ".join(row["name"].split()), "level": _LEVELS[row["lvl"]]} for row in rows]
    return sorted(found, key=lambda row: row["code"])


if __name__ == "__main__":
    with SHIPPED.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["code", "name", "level"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(build(Path(sys.argv[1])))
