"""What one machine stages of a source that several read."""

from dataclasses import dataclass

import pandas as pd

PART_ROWS = 50_000
"""Rows in a row that one part of an import takes, before the next part's turn."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """Blocks of :data:`PART_ROWS` rows, turn and turn about; alone it takes all."""

    number: int = 1
    parts: int = 1

    @property
    def is_whole(self) -> bool:
        return self.parts == 1

    def takes(self, records: pd.Series) -> pd.Series:
        """Return which of these record numbers are this part's."""
        return (records - 1) // PART_ROWS % self.parts == self.number - 1
