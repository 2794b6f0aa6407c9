"""dlt: Arrow tables merged into PostgreSQL by key. Takes a URL, a file and a folder; prints seconds and MB."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["RUNTIME__LOG_LEVEL"] = "ERROR"

import dlt
import pyarrow as pa
import pyarrow.csv
from measuring import tell


@dlt.resource(name="peer_members", primary_key="nomor", write_disposition="merge")
def members(file: str) -> Iterator[pa.Table]:
    with Path(file).open(encoding="utf-8") as text:
        names = text.readline().strip().split(",")
    texts = pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()))
    yield from (pa.Table.from_batches([batch]) for batch in pyarrow.csv.open_csv(file, convert_options=texts))


def main(url: str, file: str, folder: str) -> None:
    pipeline = dlt.pipeline(
        pipeline_name="peer", pipelines_dir=folder, dataset_name="peer_dlt",
        destination=dlt.destinations.postgres(url),
    )  # fmt: skip
    started = perf_counter()
    pipeline.run(members(file))
    seconds = perf_counter() - started
    tell(seconds)


if __name__ == "__main__":
    main(*sys.argv[1:])
