"""Reads error files and exports that are imported again: removes the marks that disable formulas in spreadsheets."""

from dataclasses import replace

from kelompok_core.contracts import FOLDER_TYPE, SourceBatch
from kelompok_core.headers.mapping import ERROR_FILE_COLUMNS, RECORD_ID
from kelompok_core.records.formulas import unguard_formula


def restore_cells(batch: SourceBatch, media_type: str) -> SourceBatch:
    """Return a batch of an error file or an export with its original cells; return any other batch unchanged."""
    columns = set(batch.cells.columns)
    if is_json(media_type) or not (set(ERROR_FILE_COLUMNS) <= columns or RECORD_ID in columns):
        return batch
    cells = batch.cells.apply(lambda column: column.map(unguard_formula, na_action="ignore").astype(column.dtype))
    names = [unguard_formula(name) for name in cells.columns]
    if len(set(names)) == len(names):  # otherwise the source itself has both names, one with a mark
        cells = cells.set_axis(names, axis="columns")
    return replace(batch, cells=cells)


def is_json(media_type: str) -> bool:
    """Return whether the error file of a source has lines of JSON, which have no formulas; also for folders."""
    return media_type.endswith("json") or media_type == FOLDER_TYPE
