"""The options of an import on the command line."""

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from kelompok_core.cli import completion, terminal
from kelompok_core.imports.shared.options import OPTIONS, ImportOption, ImportOptions, get_option

_COMPLETIONS: Mapping[str, Callable[..., object]] = {
    "mapping": completion.mapping,
    "policies": completion.policies,
    "config": completion.settings_of_plugin,
    "profile": completion.profiles,
}


@dataclass(frozen=True, kw_only=True)
class WrittenOptions:
    """The options as written on the command line, by field; None where one is not given."""

    values: Mapping[str, object]

    def read(self) -> ImportOptions:
        """Return all options.

        Raises:
            UsageError: When a value is invalid, with the option.
        """
        return ImportOptions(**{name: self.read_one(name) for name, value in self.values.items() if value is not None})

    def read_one(self, name: str) -> Any:
        """Return the value of one option: None, or an empty mapping, if it is not given.

        For an option with fixed choices, an empty text counts as not given, so that scripts can pass an empty variable.

        Raises:
            UsageError: When the value is invalid, with the option.
        """
        option, written = get_option(name), self.values[name]
        if written is None or (option.choices is not None and not written):
            return {} if option.is_mapping else None
        with terminal.naming_option(option.flag):
            return option.parse(written)


def annotation_of(name: str) -> object:
    """Return the annotation of a command's parameter for this option."""
    return _annotation(get_option(name))


def with_import_options(command: Callable[..., None]) -> Callable[..., None]:
    """Replace the parameter ``options`` of a command with one parameter per option.

    The command still receives ``options``, as :class:`WrittenOptions`.
    """
    signature = inspect.signature(command, eval_str=True)
    parameters: list[inspect.Parameter] = []
    for one in signature.parameters.values():
        parameters += [_parameter(option) for option in OPTIONS] if one.name == "options" else [one]
    names = [option.name for option in OPTIONS]

    @functools.wraps(command)
    def run(**given: object) -> None:
        written = WrittenOptions(values={name: given.pop(name) for name in names})
        command(**given, options=written)

    run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return run


def _parameter(option: ImportOption) -> inspect.Parameter:
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(option.name, kind, annotation=_annotation(option), default=None)


def _annotation(option: ImportOption) -> object:
    flag = f"{option.flag}/{option.no_flag}" if option.value is bool else option.flag
    described = typer.Option(
        flag, metavar=option.declared.form, help=option.declared.help, autocompletion=_COMPLETIONS.get(option.name)
    )
    if option.is_mapping:
        return Annotated[list[str] | None, described]
    kind: Any = str if option.choices else option.value
    return Annotated[kind | None, described]
