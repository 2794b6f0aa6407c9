"""The options of an import as fields of pydantic models: tables of kelompok.toml and Dagster's run config."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, Field, create_model

from kelompok_core.imports.shared.options import OPTIONS, ImportOption, ImportOptions

Model = TypeVar("Model", bound=BaseModel)


def with_option_fields(
    options: Sequence[ImportOption] = OPTIONS, *, text: Any = str, anything: Any = Any
) -> Callable[[type[Model]], type[Model]]:
    """Return a decorator that adds a field for each option to a model, named by its key in kelompok.toml.

    Args:
        options: The options.
        text: The type of text values.
        anything: The type of values of any type.
    """
    kinds = {str: text, Any: anything}
    return lambda model: with_fields(model, {one.key: _field(one, kinds.get(one.value, one.value)) for one in options})


def with_fields(model: type[Model], new: dict[str, Any]) -> type[Model]:
    """Return the model with more fields, each given as a type and a pydantic ``Field``."""
    return create_model(model.__name__, __base__=model, __module__=model.__module__, __doc__=model.__doc__, **new)


def options_of(model: BaseModel) -> ImportOptions:
    """Return the options in a model that got its fields from :func:`with_option_fields`."""
    there = type(model).model_fields
    return ImportOptions(**{one.name: getattr(model, one.key) for one in OPTIONS if one.key in there})


def _field(option: ImportOption, kind: Any) -> tuple[Any, Any]:
    described = option.declared.help
    if option.is_mapping:
        return dict[str, kind], Field(default={}, description=described)
    return kind | None, Field(default=None, description=described)
