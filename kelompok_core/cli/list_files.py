"""Lists written to files: CSV for spreadsheets, JSON or JSON Lines for programs, by the file extension."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TextIO, TypeVar

from kelompok_core.records.formulas import SafeWriter

Item = TypeVar("Item")

_JSON, _LINES = ".json", (".ndjson", ".jsonl")


def encoding_of(path: Path) -> str:
    """Return a listing's encoding: spreadsheets need a byte-order mark, JSON must not have one."""
    return "utf-8" if path.suffix.lower() in (_JSON, *_LINES) else "utf-8-sig"


@dataclass(frozen=True, kw_only=True)
class Form(Generic[Item]):
    """The format of one kind of items.

    Attributes:
        columns: Header of the CSV file.
        lines: Returns the CSV lines of an item.
        to_json: Returns an item as a JSON object.
    """

    columns: Sequence[str]
    lines: Callable[[Item], Iterable[Sequence[object]]]
    to_json: Callable[[Item], Mapping[str, object]]


def write_listing(items: Iterable[Item], form: Form[Item], target: TextIO, path: Path) -> int:
    """Write items in the format of ``path``'s extension, encoded as by :func:`encoding_of`; return their number."""
    ending = path.suffix.lower()
    if ending == _JSON:
        return _write_array(map(form.to_json, items), target)
    if ending in _LINES:
        return _write_lines(map(form.to_json, items), target)
    writer = SafeWriter(target)
    writer.writerow(form.columns)
    number = 0
    for item in items:
        number += 1
        for line in form.lines(item):
            writer.writerow(line)
    return number


def _write_array(objects: Iterable[Mapping[str, object]], target: TextIO) -> int:
    number = 0
    target.write("[")
    for one in objects:
        target.write((",\n" if number else "\n") + json.dumps(one, ensure_ascii=False))
        number += 1
    target.write("\n]\n")
    return number


def _write_lines(objects: Iterable[Mapping[str, object]], target: TextIO) -> int:
    number = 0
    for one in objects:
        target.write(json.dumps(one, ensure_ascii=False) + "\n")
        number += 1
    return number
