"""Cells that a spreadsheet would run as formulas, in files written for one: a mark before them, and off again."""

import re

_FORMULA = re.compile(r"^'*[=+\-@\t\r]")

GUARDED = re.compile(r"^'('*[=+\-@\t\r])")
"""A cell with the mark; its group is the cell."""


def guard_formula(cell: str | None) -> str:
    """Return the cell so that a spreadsheet takes it for text; :func:`unguard_formula` takes that back."""
    if cell is None:
        return ""
    return "'" + cell if _FORMULA.match(cell) else cell


def unguard_formula(cell: str) -> str:
    """Return a cell of an error file as it was in the original."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell[1:]) else cell
