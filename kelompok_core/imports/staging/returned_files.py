"""Reads error files and exports that come back: removes the marks that keep spreadsheets from running formulas."""

from dataclasses import replace

from kelompok_core.contracts import FOLDER_TYPE, SourceBatch
from kelompok_core.headers.mapping import OUR_COLUMNS, RECORD_ID
from kelompok_core.records.formulas import unguard_formula


def restore_cells(batch: SourceBatch, media_type: str) -> SourceBatch:
    """Return a batch of an error file or an export with its cells as they were; any other batch as it is."""
    columns = set(batch.cells.columns)
    if is_json(media_type) or not (set(OUR_COLUMNS) <= columns or RECORD_ID in columns):
        return batch
    cells = batch.cells.apply(lambda column: column.map(unguard_formula, na_action="ignore").astype(column.dtype))
    names = [unguard_formula(name) for name in cells.columns]
    if len(set(names)) == len(names):  # otherwise the source itself had a mark, and both names are its own
        cells = cells.set_axis(names, axis="columns")
    return replace(batch, cells=cells)


def is_json(media_type: str) -> bool:
    """Return whether rows of such a source go back as lines of JSON, which no spreadsheet runs; so do a folder's."""
    return media_type.endswith("json") or media_type == FOLDER_TYPE
