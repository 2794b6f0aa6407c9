"""What a plugin returns or raises, held against what can be kept and shown: types, sizes, JSON, characters."""

import json
import re
from collections.abc import Mapping
from typing import Any

from kelompok_core.contracts import CommandResult
from kelompok_core.errors import KelompokError

NUL_PICTURE = "\u2400"
"""Stands for a NUL, which PostgreSQL's text cannot hold."""

_LONGEST_MESSAGE = 500
_LARGEST_READ_AS = 100_000
_HIGHEST_EXIT_CODE = 255
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def is_storable(text: str) -> bool:
    """Return whether PostgreSQL can hold the text: it has no NUL, and no half of a surrogate pair."""
    return _UNSTORABLE.search(text) is None


def storable(text: str) -> str:
    """Return the text with a picture of each NUL, and a sign for each half of a surrogate pair."""
    return _UNSTORABLE.sub(lambda found: NUL_PICTURE if found[0] == "\0" else "\N{REPLACEMENT CHARACTER}", text)


def storable_json(value: Any) -> Any:
    """Return a value of JSON with all its texts storable."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, Mapping):
        return {storable(str(key)): storable_json(one) for key, one in value.items()}
    return [storable_json(one) for one in value] if isinstance(value, list | tuple) else value


def json_problem(value: object, largest: int) -> str | None:
    """Return why a value cannot be kept as an object of JSON of so many characters, or None."""
    if not isinstance(value, Mapping):
        return f"must be a dict, not {type(value).__name__}"
    try:
        written = json.dumps(dict(value), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        return f"must be JSON ({type(error).__name__}: {error})"
    return None if len(written) <= largest else f"must be at most {largest} characters of JSON, not {len(written)}"


def read_as_problem(value: object) -> str | None:
    """Return what is wrong with how a plugin says it read a source, or None."""
    return json_problem(value, _LARGEST_READ_AS)


def said_by(error: BaseException) -> str:
    """Return an exception of a plugin in words that can be kept: its class, and what it says, cut where it is long."""
    try:
        said = str(error)
    except Exception:  # noqa: BLE001 -- what a plugin's exception says is the plugin's code too
        said = "no readable message"
    cut = said if len(said) <= _LONGEST_MESSAGE else said[:_LONGEST_MESSAGE] + "…"
    return f"{type(error).__name__}: {storable(cut)}"


def checked_result(result: object, label: str, failure: type[KelompokError]) -> CommandResult:
    """Return what a command of a plugin gave, if it is what a command may give.

    Raises:
        KelompokError: The failure, naming the plugin and what is wrong.
    """
    problem = _result_problem(result)
    if problem is not None or not isinstance(result, CommandResult):
        raise failure(f"{label} broke its contract: {problem}", hint="Report it to its maintainer.")
    return result


def _result_problem(result: object) -> str | None:
    import pandas as pd  # not before it is needed: it takes a while

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
