"""Column names from a header as written: unique and never empty, each change said."""

from collections.abc import Sequence
from dataclasses import dataclass

from kelompok_core.contracts import Issue, Severity


@dataclass(frozen=True, kw_only=True)
class Header:
    """Names of the columns, and findings about them."""

    names: tuple[str, ...]
    issues: tuple[Issue, ...]


def name_columns(written: Sequence[str], line: int) -> Header:
    """Return names for the cells of a header; a blank one becomes ``column N``, a repeated one gets a number."""
    cells = list(written)
    while len(cells) > 1 and not cells[-1].strip():
        cells.pop()  # delimiters behind the last header are no columns; cells under them still count
    names: list[str] = []
    issues: list[Issue] = []
    for number, cell in enumerate(cells, start=1):
        bare = cell.strip()
        name = _free(bare or f"column {number}", names)
        if not bare:
            issues.append(_issue("header.blank", line, name, None, number))
        elif name != bare:
            issues.append(_issue("header.duplicate", line, name, bare, number))
        names.append(name)
    return Header(names=tuple(names), issues=tuple(issues))


def further_columns(names: Sequence[str], width: int) -> tuple[str, ...]:
    """Return the names and, for cells behind the last header, ``column N`` up to that width."""
    longer = list(names)
    for number in range(len(names) + 1, width + 1):
        longer.append(_free(f"column {number}", longer))
    return tuple(longer)


def _free(name: str, taken: Sequence[str]) -> str:
    free, number = name, 2
    while free in taken:
        free, number = f"{name} ({number})", number + 1
    return free


def _issue(code: str, line: int, column: str, value: str | None, number: int) -> Issue:
    return Issue(code=code, severity=Severity.WARNING, line=line, column=column, value=value, params={"number": number})
