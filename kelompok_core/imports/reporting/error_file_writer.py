"""Writes an import's error file in the format of its source: CSV or lines of JSON."""

from collections.abc import Mapping
from contextlib import closing
from typing import TextIO

import sqlalchemy as sa

from kelompok_core.imports.reporting.error_file import write_error_file, write_error_lines
from kelompok_core.imports.shared.imports import Import
from kelompok_core.imports.staging.plugin_reading import read_originals
from kelompok_core.imports.staging.returned_files import is_json
from kelompok_core.settings import Settings


def write_errors(settings: Settings, connection: sa.Connection, import_: Import, targets: Mapping[str, TextIO]) -> int:
    """Write the rejected rows and the rows in review, as CSV or as lines of JSON; return their number.

    ``targets`` are the outputs by language. For JSON, this process runs the plugin's code to get the original records.
    """
    if not is_json(import_.media_type):
        return write_error_file(connection, import_, targets)
    with closing(read_originals(settings, import_)) as originals:
        return write_error_lines(connection, import_, originals, targets)
