"""Validates what plugins return or raise before it is stored or shown: types, sizes, JSON, characters."""

import json
import re
from collections.abc import Mapping
from typing import Any

from kelompok_core.contracts import CommandResult
from kelompok_core.errors import KelompokError

NUL_PICTURE = "\u2400"
"""Replaces NUL, which PostgreSQL's text cannot store."""

_LONGEST_MESSAGE = 500
_LARGEST_READ_AS = 100_000
_HIGHEST_EXIT_CODE = 255
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def is_storable(text: str) -> bool:
    """Return whether PostgreSQL can store the text: no NUL and no unpaired surrogate."""
    return _UNSTORABLE.search(text) is None


def storable(text: str) -> str:
    """Return the text with NULs and unpaired surrogates replaced by visible characters."""
    return _UNSTORABLE.sub(lambda found: NUL_PICTURE if found[0] == "\0" else "\N{REPLACEMENT CHARACTER}", text)


def storable_json(value: Any) -> Any:
    """Return a JSON value with all its strings storable."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, Mapping):
        return {storable(str(key)): storable_json(one) for key, one in value.items()}
    return [storable_json(one) for one in value] if isinstance(value, list | tuple) else value


def json_problem(value: object, largest: int) -> str | None:
    """Return why a value cannot be stored as a JSON object of at most this size, or None."""
    if not isinstance(value, Mapping):
        return f"must be a dict, not {type(value).__name__}"
    try:
        written = json.dumps(dict(value), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        return f"must be JSON ({type(error).__name__}: {error})"
    return None if len(written) <= largest else f"must be at most {largest} characters of JSON, not {len(written)}"


def read_as_problem(value: object) -> str | None:
    """Return the problem with a plugin's ``read_as``, or None."""
    return json_problem(value, _LARGEST_READ_AS)


def describe_exception(error: BaseException) -> str:
    """Describe a plugin's exception in storable form: its class and its truncated message."""
    try:
        message = str(error)
    except Exception:  # noqa: BLE001 -- the exception's __str__ is plugin code, too
        message = "no readable message"
    shown = message if len(message) <= _LONGEST_MESSAGE else message[:_LONGEST_MESSAGE] + "…"
    return f"{type(error).__name__}: {storable(shown)}"


def checked_result(result: object, label: str, failure: type[KelompokError]) -> CommandResult:
    """Return the result of a plugin's command if it is valid.

    Raises:
        KelompokError: An instance of ``failure``, naming the plugin and the problem.
    """
    problem = _result_problem(result)
    if problem is not None or not isinstance(result, CommandResult):
        raise failure(f"{label} broke its contract: {problem}", hint="Report it to its maintainer.")
    return result


def _result_problem(result: object) -> str | None:
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
