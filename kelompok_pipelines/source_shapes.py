"""Error messages for tables of kelompok.toml with unknown keys or values of the wrong type."""

from collections.abc import Iterator, Sequence

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from kelompok_core.errors import SettingsError
from kelompok_core.suggestions import suggest

FOLDER_ERROR = "folder"
_LONGEST_VALUE = 80

_WITHOUT_VALUE = {
    "missing": "is missing",
    "string_too_short": "must not be empty",
    "dict_type": "must be a table",  # the value may be a secret
}


def problems_of_shape(key: str, model: type[BaseModel], errors: Sequence[ErrorDetails]) -> Iterator[SettingsError]:
    """Yield pydantic's errors, each with the key, the value and what is expected."""
    for error in errors:
        path = ".".join(map(str, (key, *error["loc"])))
        known = model.model_fields.get(str(error["loc"][0]))
        if known is None:
            hint = suggest(str(error["loc"][0]), model.model_fields, few=len(model.model_fields))
            yield SettingsError(path, "there is no such setting", hint=hint)
        else:
            yield _wrong_value(path, error, f"Meaning: {known.description}")


def _wrong_value(path: str, error: ErrorDetails, hint: str) -> SettingsError:
    kind, value = error["type"], _shown(error["input"])
    if kind == "bool_type":
        return SettingsError(path, f"must be true or false, not {value}", hint=hint)
    if kind == "string_type":
        return SettingsError(path, f"must be text, not {value}", hint=hint)
    if kind == "enum":
        return SettingsError(path, f"must be {error['ctx']['expected']}, not {value}", hint=hint)
    if kind == "string_pattern_mismatch":
        return SettingsError(path, f"{value} is not a valid name", hint=hint)
    if kind == FOLDER_ERROR:
        return SettingsError(path, f"{value} is not a folder in the inbox", hint=hint)
    return SettingsError(path, _WITHOUT_VALUE.get(kind, error["msg"]), hint=hint)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"
