"""Checks the results of plugins' commands."""

from kelompok_core.contract_rules.results import result_problem
from kelompok_core.contracts import CommandResult
from kelompok_core.errors import KelompokError


def checked_result(result: object, label: str, failure: type[KelompokError]) -> CommandResult:
    """Return the result of a plugin's command if it is valid.

    Raises:
        KelompokError: An instance of ``failure``, naming the plugin and the problem.
    """
    problem = result_problem(result)
    if problem is not None or not isinstance(result, CommandResult):
        raise failure(f"{label} broke its contract: {problem}", hint="Report it to its maintainer.")
    return result
