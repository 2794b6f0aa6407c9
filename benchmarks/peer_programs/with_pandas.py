"""pandas: read_csv and to_sql, which replaces the table each time. Takes a URL and a file; prints seconds and MB."""

import sys
from time import perf_counter

import pandas as pd
import sqlalchemy as sa
from measuring import tell


def main(url: str, file: str) -> None:
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    started = perf_counter()
    frame = pd.read_csv(file, dtype="str", keep_default_na=False)
    frame.to_sql("peer_members", engine, if_exists="replace", index=False, method="multi", chunksize=5_000)
    seconds = perf_counter() - started
    tell(seconds)


if __name__ == "__main__":
    main(*sys.argv[1:])
