"""Sentences about what is wrong in a manifest: the place in the file, what was expected, and what was found."""

import json
from collections.abc import Collection, Mapping

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from kelompok_core.contracts import JsonValue
from kelompok_core.plugin_host.capabilities import without_commands_of_jobs
from kelompok_core.plugin_host.every_entity import with_every_entity
from kelompok_core.suggestions import suggest

_LONGEST_SHOWN = 60

_EXPECTED = {
    "string_type": "text",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
}
"""What pydantic's errors about types expect, in the words of JSON."""


def describe_error(
    error: ValidationError, written: Mapping[str, JsonValue], known_keys: Mapping[str, Collection[str]]
) -> str:
    """Return a sentence for the first problem.

    Args:
        error: What pydantic found.
        written: The manifest as its author wrote it.
        known_keys: The keys of the manifest, by "", and of the objects in it, by the key that has them.
    """
    first = error.errors(include_url=False)[0]
    places = [*first["loc"]]
    if len(places) > 1 and isinstance(places[1], int):
        places[1] = _written_at(written, str(places[0]), places[1])
    return f"{'.'.join(map(str, places))}: {_sentence(first, known_keys)}".removeprefix(": ")


def _written_at(manifest: Mapping[str, JsonValue], key: str, position: int) -> int:
    """Return where in a list the author wrote what is at this position after the manifest was expanded."""
    listed = manifest.get(key)
    if not isinstance(listed, list):
        return position
    jobs = with_every_entity(manifest).get("jobs")
    origins: list[int] = []
    for index, one in enumerate(listed):
        expanded = with_every_entity({key: [one]})[key]
        several = expanded if isinstance(expanded, list) else [expanded]
        kept = without_commands_of_jobs(several, jobs) if key == "commands" else several
        origins += [index] * len(kept)
    return origins[position] if position < len(origins) else position


def _sentence(error: ErrorDetails, known_keys: Mapping[str, Collection[str]]) -> str:
    kind = error["type"]
    if kind == "extra_forbidden":
        place = str(error["loc"][0]) if len(error["loc"]) > 1 else ""
        known = known_keys.get(place, ())
        return f"there is no such key. {suggest(str(error['loc'][-1]), known, few=len(known)) or ''}".rstrip()
    if kind == "missing":
        return "this key is missing"
    if kind == "value_error":
        return error["msg"].removeprefix("Value error, ")
    if kind in _EXPECTED:
        return f"must be {_EXPECTED[kind]}, not {describe_value(error['input'])}"
    return f"{error['msg']}; found {describe_value(error['input'])}"


def describe_value(value: object) -> str:
    """Return what a JSON value is: «a list», or the value itself, shortened if it is long."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    shown = json.dumps(value, default=str)
    return shown if len(shown) <= _LONGEST_SHOWN else shown[:_LONGEST_SHOWN] + "…"
