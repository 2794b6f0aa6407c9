"""Text columns between pandas and Arrow, whose kernels work on a column at once."""

import pandas as pd
import pyarrow as pa


def to_arrow(values: pd.Series) -> pa.Array:
    """Return the column as one Arrow array, nulls as nulls."""
    array = pa.array(values, type=pa.large_string(), from_pandas=True)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def to_series(array: pa.Array, index: pd.Index) -> pd.Series:
    """Return the Arrow text as pandas text with this index."""
    return pd.Series(pd.array(array, dtype="str"), index=index)
