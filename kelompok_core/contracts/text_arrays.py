"""Text columns as Arrow arrays."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # slow to import, so functions that create tables import it themselves
    import pandas as pd
    import pyarrow as pa


def to_arrow(values: "pd.Series") -> "pa.Array":
    """Return the column as an Arrow array; nulls stay null."""
    import pyarrow as pa

    array = pa.array(values, type=pa.large_string(), from_pandas=True)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
