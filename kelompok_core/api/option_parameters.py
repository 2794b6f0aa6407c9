"""The options of an import as query parameters."""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints

from kelompok_core.imports.shared.option_fields import Model, with_fields
from kelompok_core.imports.shared.options import OPTIONS, ImportOption, ImportOptions

Pair = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^=\x00-\x1f][^\x00-\x1f]*=[^\x00-\x1f]*$")]


def with_option_parameters(*, text: Any) -> Callable[[type[Model]], type[Model]]:
    """Add one parameter per import option to a model of query parameters; ``text`` is the type of text values."""
    return lambda model: with_fields(model, {one.word: _parameter(one, text) for one in OPTIONS})


def given_options(parameters: BaseModel) -> ImportOptions:
    """Return the options in the query parameters.

    Raises:
        UsageError: When a value is invalid, such as an unknown merge policy.
    """
    given = {one.name: getattr(parameters, one.word) for one in OPTIONS}
    return ImportOptions(**{one.name: one.parse(given[one.name]) for one in OPTIONS if given[one.name] is not None})


def _parameter(option: ImportOption, text: Any) -> tuple[Any, Any]:
    declared = option.declared
    if option.is_mapping:
        described = f"{declared.form}: {declared.help}"
        return list[Pair], Field(default=[], max_length=declared.most, description=described)
    kind = text if option.value is str else option.value
    return kind | None, Field(default=None, description=declared.help)
