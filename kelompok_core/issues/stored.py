"""Findings in their stored form."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

from kelompok_core.contracts import JsonValue


class StoredFinding(TypedDict):
    """A finding without its row number: it is stored with its row, or with its import."""

    code: str
    severity: str
    column: NotRequired[str | None]
    value: NotRequired[str | None]
    params: NotRequired[Mapping[str, JsonValue] | None]


def params_of(finding: StoredFinding) -> Mapping[str, JsonValue]:
    """Return the facts of a finding; empty if it has none."""
    return finding.get("params") or {}


def line_of(finding: StoredFinding) -> int | None:
    """Return the line that a finding about a file names, or None."""
    line = params_of(finding).get("line")
    return line if isinstance(line, int) else None
