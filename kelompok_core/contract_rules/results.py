"""Rules for the results of commands."""

from collections.abc import Mapping

from kelompok_core.contract_rules.storable import read_as_problem
from kelompok_core.contracts import CommandResult

_HIGHEST_EXIT_CODE = 255


def result_problem(result: object) -> str | None:
    """Return what is wrong with the result of a command, or None."""
    import pandas as pd  # slow to import

    if not isinstance(result, CommandResult):
        return f"its command returned a {type(result).__name__}, not a CommandResult"
    if not isinstance(result.text, str):
        return "the text of a result must be text"
    if not isinstance(result.tables, Mapping) or not all(
        isinstance(title, str) and isinstance(table, pd.DataFrame) for title, table in result.tables.items()
    ):
        return "the tables of a result must be data frames by title"
    code = result.exit_code
    if not isinstance(code, int) or isinstance(code, bool) or not 0 <= code <= _HIGHEST_EXIT_CODE:
        return f"the exit code of a result must be a number from 0 to {_HIGHEST_EXIT_CODE}"
    found = read_as_problem(result.read_as)
    return None if found is None else f"read_as of a result {found}"
