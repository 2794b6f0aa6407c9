"""Rules for the issues that plugins return, and how they become storable."""

import re
from collections.abc import Callable

import pandas as pd

from kelompok_core.contract_rules.storable import json_problem, storable, storable_json
from kelompok_core.contracts import ISSUE_COLUMNS, Severity

_SEVERITIES = frozenset(severity.value for severity in Severity)
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_LARGEST_PARAMS = 20_000
_LONGEST_VALUE = 10_000
"""Limit in characters of an issue's value: it is for display, and the row has the full value."""


def issues_problem(issues: pd.DataFrame, records: pd.Series) -> str | None:
    """Return what is wrong with a table of issues about these rows, or None."""
    if list(issues.columns) != list(ISSUE_COLUMNS):
        return f"issues need the columns {', '.join(ISSUE_COLUMNS)}"
    if issues.empty:
        return None
    if unknown := [one for one in issues["severity"] if not isinstance(one, str) or one not in _SEVERITIES]:
        return f"there is no severity {str(unknown[0])!r}"
    if not issues["row_number"].dropna().isin(records).all():
        return "an issue refers to a row that is not in its batch"
    issues["line"].astype("Int64")  # raises unless these are numbers
    return (
        _first_problem(issues["code"], _code_problem)
        or _first_problem(issues["column"], _text_problem("column"))
        or (
            _first_problem(issues["value"], _text_problem("value")) or _first_problem(issues["params"], _params_problem)
        )
    )


def _first_problem(cells: pd.Series, problem: Callable[[object], str | None]) -> str | None:
    return next(filter(None, map(problem, cells)), None)


def _code_problem(code: object) -> str | None:
    is_code = isinstance(code, str) and _CODE.fullmatch(code)
    return None if is_code else f"the code of an issue must be a word such as row.odd, not {str(code)[:60]!r}"


def _text_problem(name: str) -> Callable[[object], str | None]:
    def problem(cell: object) -> str | None:
        is_text = isinstance(cell, str) or cell is None or cell is pd.NA or cell != cell  # noqa: PLR0124 -- not a number
        return None if is_text else f"the {name} of an issue must be text, not {type(cell).__name__}"

    return problem


def _params_problem(params: object) -> str | None:
    if params == {}:
        return None
    found = json_problem(params, _LARGEST_PARAMS)
    return None if found is None else f"the params of an issue {found}"


def storable_issues(issues: pd.DataFrame) -> pd.DataFrame:
    """Return the issues in storable form."""
    if issues.empty:
        return issues
    kept = {
        "column": [_kept(cell) for cell in issues["column"]],
        "value": [_kept(cell) for cell in issues["value"]],
        "params": [storable_json(params) if params else params for params in issues["params"]],
    }
    return issues.assign(**{name: pd.Series(cells, issues.index, "object") for name, cells in kept.items()})


def _kept(cell: object) -> object:
    return storable(cell[:_LONGEST_VALUE]) if isinstance(cell, str) else cell
