"""Handing rows back: an import's error file in the form its source came in, whoever asks for it."""

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
    """Write the rejected rows and the rows in review, as CSV or as lines of JSON; return how many there are.

    ``targets`` are the outputs by language. For JSON, a plugin returns the records: its code runs here.
    """
    if not is_json(import_.media_type):
        return write_error_file(connection, import_, targets)
    with closing(read_originals(settings, import_)) as originals:
        return write_error_lines(connection, import_, originals, targets)
