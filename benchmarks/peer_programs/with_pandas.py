"""pandas: read_csv and to_sql, which replaces the table each time. Takes a URL and a file; prints seconds and MB."""

import json
import sys
from pathlib import Path
from time import perf_counter

import pandas as pd
import sqlalchemy as sa


def peak_memory() -> float:
    """Return the most memory this program had, in MB; what the process was before it began does not count."""
    line = next(one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def main(url: str, file: str) -> None:
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    started = perf_counter()
    frame = pd.read_csv(file, dtype="str", keep_default_na=False)
    frame.to_sql("peer_members", engine, if_exists="replace", index=False, method="multi", chunksize=5_000)
    seconds = perf_counter() - started
    print(json.dumps({"seconds": seconds, "mb": peak_memory()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
