"""Rules for values that plugins return or raise: JSON, sizes, and characters that PostgreSQL can store."""

import json
import re
from collections.abc import Mapping
from typing import Any

NUL_PICTURE = "\u2400"
"""Replaces NUL, which PostgreSQL's text cannot store."""

_LONGEST_MESSAGE = 500
_LARGEST_READ_AS = 100_000
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
