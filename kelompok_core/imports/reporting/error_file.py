"""Writes error files: the rejected rows and the rows in review as the source had them, with their issues."""

import json
from collections.abc import Iterator, Mapping
from itertools import chain, count
from pathlib import Path
from typing import Any, TextIO

import sqlalchemy as sa

from kelompok_core.errors import ImportFailed
from kelompok_core.headers.mapping import ERROR_FILE_COLUMNS
from kelompok_core.imports.shared.imports import Import
from kelompok_core.imports.shared.superseded_rows import UNDECIDED
from kelompok_core.imports.staging.returned_files import is_json
from kelompok_core.issues.sentences import describe
from kelompok_core.records.formulas import SafeWriter
from kelompok_core.sources.storage import source_name_of

_DELIMITERS = {",": ",", ";": ";", "|": "|", "tab": "\t", "\t": "\t"}


def write_error_file(connection: sa.Connection, import_: Import, targets: Mapping[str, TextIO]) -> int:
    """Write the rejected rows and the rows in review of a table as CSV; return their number.

    ``targets`` are the outputs by language of the findings.
    """
    delimiter = _delimiter_of(import_)
    writers = [(language, SafeWriter(target, delimiter=delimiter)) for language, target in targets.items()]
    for _, writer in writers:
        writer.writerow([*import_.header, *ERROR_FILE_COLUMNS])
    number = 0
    for row in _iter_rows(connection, import_):
        cells = [row.raw.get(name) for name in import_.header]
        for language, writer in writers:
            writer.writerow([*cells, *_findings(row, language)])
        number += 1
    return number


def _delimiter_of(import_: Import) -> str:
    """Return the delimiter of the source, so that the same spreadsheet program opens the file; by default a comma."""
    written = import_.read_as.get("delimiter")
    return _DELIMITERS.get(str(written), ",")


def write_error_lines(
    connection: sa.Connection, import_: Import, originals: Iterator[str], targets: Mapping[str, TextIO]
) -> int:
    """Write the rejected rows and the rows in review as lines of JSON, with their findings; return their number.

    ``originals`` are all records of the source in reading order; ``targets`` the outputs by language.
    """
    number, at = 0, 0
    for row in _iter_rows(connection, import_):
        original = ""
        while at < row.row_number:
            original, at = _next(originals, import_), at + 1
        for language, target in targets.items():
            findings = dict(zip(ERROR_FILE_COLUMNS, _findings(row, language), strict=True))
            target.write(_with_findings(original, findings) + "\n")
        number += 1
    return number


def _next(originals: Iterator[str], import_: Import) -> str:
    original = next(originals, None)
    if original is None:
        raise ImportFailed(f"{import_.plugin_label} broke its contract: originals() yielded fewer records than read()")
    return original


def _with_findings(original: str, findings: dict[str, str]) -> str:
    """Return a JSON object with the findings added; any other value becomes the member ``value`` of an object.

    Findings are added to the text itself: parsing and writing it again could change the digits of numbers.
    """
    added = json.dumps(findings, ensure_ascii=False)
    bare = original.strip()
    try:
        is_object = isinstance(json.loads(bare), dict)
    except ValueError:  # invalid JSON: keep the line as text, to be corrected
        return json.dumps({"value": original} | findings, ensure_ascii=False)
    if not is_object:
        return f'{{"value": {bare}, {added[1:]}'
    return added if bare[1:-1].strip() == "" else f"{bare[:-1].rstrip()}, {added[1:]}"


def encoding_of(import_: Import) -> str:
    """Return the encoding of an import's error file; spreadsheets need a byte order mark in tables."""
    return "utf-8" if is_json(import_.media_type) else "utf-8-sig"


def name_error_file(import_: Import) -> str:
    """Return the file name of an import's error file."""
    return "errors.ndjson" if is_json(import_.media_type) else "errors.csv"


def suggested_error_file(import_: Import) -> str:
    """Return a name for an import's error file that includes the name of the imported file."""
    return f"{source_name_of(import_.file_name)}.{name_error_file(import_)}"


def free_name(name: str, folder: Path = Path()) -> str:
    """Return the name, with a number before its extension if the folder already has a file with this name."""
    stem, ending = Path(name).stem, Path(name).suffix
    numbered = (f"{stem}-{number}{ending}" for number in count(2))
    return next(one for one in chain([name], numbered) if not (folder / one).exists())


def _findings(row: sa.Row[Any], language: str) -> tuple[str, str, str, str]:
    issues = [*(row.issues or ()), *(row.more or ())]
    shown = [issue for issue in issues if issue["severity"] in ("error", "review")]
    messages = [
        describe(
            issue["code"],
            language=language,
            column=issue.get("column"),
            value=issue.get("value"),
            line=row.line,
            row_number=row.row_number,
            params=issue.get("params") or {},
        )
        for issue in shown
    ]
    codes = " ".join(dict.fromkeys(issue["code"] for issue in shown))
    return str(row.line or ""), row.decision, codes, " ".join(messages)


def _iter_rows(connection: sa.Connection, import_: Import) -> Iterator[sa.Row[Any]]:
    params = {"import": import_.id, "revision": import_.plan_revision}
    yield from connection.execution_options(stream_results=True).execute(_ROWS, params)


_ROWS = sa.text(f"""
    SELECT r.row_number, r.line, r.raw, r.issues, d.decision, d.issues AS more
    FROM import_decisions d JOIN import_rows r ON r.import_id = d.import_id AND r.row_number = d.row_number
    WHERE d.import_id = :import AND d.revision = :revision AND d.decision IN ('rejected', 'review')
      AND {UNDECIDED}
    ORDER BY r.row_number
""")
