"""Which comes first in dates of three numbers: asked for, or proven by the whole source, column by column."""

from collections.abc import Callable, Generator, Mapping
from contextlib import closing

from kelompok_core.contracts import SourceBatch
from kelompok_core.imports.boundary import accept_batch
from kelompok_core.imports.records import ImportRecord
from kelompok_core.values.arrow import matching
from kelompok_core.values.conventions import DateOrder
from kelompok_core.values.dates import NUMERIC_DATE, proven_orders


class DateOrders:
    """The orders of one import's columns, as far as they are known; those of an interrupted run are taken over."""

    def __init__(self, record: ImportRecord, read: Callable[[], Generator[SourceBatch]]) -> None:
        self._record = record
        self._read = read
        self._orders = {column: DateOrder(order) for column, order in record.read_as.get("date_order", {}).items()}
        self._surveyed = set(self._orders)

    def of(self, batch: SourceBatch, columns: set[str]) -> Mapping[str, DateOrder]:
        """Return the orders to read a batch by, after looking at these columns of it, or of the whole source."""
        asked = self._record.options.date_order
        if asked is not None:
            self._orders |= dict.fromkeys(columns, asked)
        elif any(matching(batch.cells[column], NUMERIC_DATE).any() for column in columns - self._surveyed):
            self._survey(columns - self._surveyed)
        return dict(self._orders)

    def to_json(self) -> dict[str, str]:
        return {column: order.value for column, order in sorted(self._orders.items())}

    def _survey(self, columns: set[str]) -> None:
        """Read the source once more for the columns whose dates only their order tells, and keep what is proven."""
        proven: dict[str, set[DateOrder]] = {column: set() for column in columns}
        read = 0
        with closing(self._read()) as batches:
            for yielded in batches:
                batch = accept_batch(yielded, after=read, plugin=self._record.plugin_label)
                read += len(batch.cells)
                for column in columns & set(batch.cells.columns):
                    proven[column] |= proven_orders(batch.cells[column])
        self._surveyed |= columns
        self._orders |= {column: next(iter(orders)) for column, orders in proven.items() if len(orders) == 1}
