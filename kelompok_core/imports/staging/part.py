"""The part of a source that one machine stages, if several machines read it."""

from dataclasses import dataclass

import pandas as pd

PART_ROWS = 50_000
"""Size of the blocks of rows that are assigned to parts in turn."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """Part ``number`` of ``parts``: every n-th block of :data:`PART_ROWS` rows. A single part has all rows."""

    number: int = 1
    parts: int = 1

    @property
    def is_whole(self) -> bool:
        return self.parts == 1

    def contains(self, records: pd.Series) -> pd.Series:
        """Return which of these row numbers belong to this part."""
        return (records - 1) // PART_ROWS % self.parts == self.number - 1
