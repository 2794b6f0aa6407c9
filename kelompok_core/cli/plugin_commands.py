"""The commands of plugins, ``kelompok PLUGIN COMMAND``, built from their manifests."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypedDict

import typer

from kelompok_core.cli import output, previews, surroundings, terminal
from kelompok_core.cli.import_options import WrittenOptions, annotation_of
from kelompok_core.cli.language import language, translate, translate_message
from kelompok_core.errors import KelompokError, SettingsError
from kelompok_core.plugin_host.manifest import Command
from kelompok_core.plugin_host.registry import PluginInfo, PluginState, list_plugins, require_usable

if TYPE_CHECKING:
    import pandas as pd

    from kelompok_core.contracts import CommandResult

_ENTITY = "entity"
"""The argument of a preview that names the entity of the file's records."""

_TYPES: Mapping[str, type] = {"string": str, "integer": int, "number": float, "boolean": bool}


class _Argument(TypedDict, total=False):
    """What the manifest says of an argument, as JSON Schema."""

    type: str
    format: str
    enum: list[str]
    description: str
    default: object


def add_commands(app: typer.Typer, arguments: Sequence[str]) -> None:
    """Add the commands of enabled plugins, unless the command is a built-in one. Runs no plugin code."""
    known = {group.name for group in app.registered_groups} | {
        command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands
    }
    words = [word for word in arguments if not word.startswith("-")]
    if words and words[0] in known:
        return
    try:
        plugins = list_plugins(surroundings.settings())
    except SettingsError:
        if words:
            raise
        return  # show the help even if kelompok.toml is invalid
    for found in plugins:
        is_named = words[:1] == [found.name]
        plugin = require_usable(surroundings.settings(), found.name) if is_named else found
        if plugin.state is PluginState.ENABLED and plugin.manifest and plugin.manifest.commands:
            app.add_typer(_app_of(plugin), name=plugin.name)


def _app_of(plugin: PluginInfo) -> typer.Typer:
    app = typer.Typer(no_args_is_help=True, help=_plain(plugin.manifest.description if plugin.manifest else ""))
    for command in plugin.manifest.commands if plugin.manifest else ():
        app.command(command.name, help=_plain(command.summary))(_callback(plugin, command))
    app.callback()(lambda: None)  # make it a group even if it has one command
    return app


def _plain(text: str) -> str:
    """Escape a plugin's text for Typer's help, which would read brackets as markup."""
    if "[" not in text:
        return text
    from rich.markup import escape

    return escape(text)


def _callback(plugin: PluginInfo, command: Command) -> Callable[..., None]:
    """Return a function with the parameters that the manifest describes."""
    properties = _arguments(command)
    required = command.arguments_schema.get("required", [])

    def run(**given: object) -> None:
        written = WrittenOptions(values={"config": given["setting"], "mapping": given.get("mapping")})
        call = _Call(
            arguments={key: given[key] for key in properties},
            settings=written.read_one("config"),
            mapping=written.read_one("mapping"),
        )
        _require_free(command, given)
        _run(plugin, command, call, as_json=bool(given["as_json"]))

    parameters = [
        _parameter(name, one, is_required=name in required, is_detected=name == _ENTITY and _previews(command))
        for name, one in properties.items()
    ]
    if _previews(command):
        parameters.append(_keyword("mapping", annotation_of("mapping")))
    if _output_arguments(command):
        parameters.append(_keyword("force", terminal.ForceOption, default=False))
    parameters.append(_keyword("setting", annotation_of("config")))
    parameters.append(_keyword("as_json", terminal.JsonOption, default=False))
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return run


def _arguments(command: Command) -> Mapping[str, _Argument]:
    """Return the JSON Schema of each argument by name."""
    described: Mapping[str, _Argument] = command.arguments_schema.get("properties", {})
    return described


def _previews(command: Command) -> bool:
    """Whether a command previews how a file would be imported: it takes a file and an entity."""
    return {"file", _ENTITY} <= set(_arguments(command))


def _output_arguments(command: Command) -> list[str]:
    """Return the names of the arguments that are files to write."""
    return [name for name, one in _arguments(command).items() if one.get("format") == "path"]


def _require_free(command: Command, given: Mapping[str, object]) -> None:
    """Check that files to write do not exist already, and are not files to read.

    Raises:
        UsageError: When one does, or is.
    """
    described = _arguments(command).items()
    read = [Path(str(given[name])) for name, one in described if one.get("format") == "source" and given[name]]
    for name in _output_arguments(command):
        if given[name] is None:
            continue
        path = Path(str(given[name]))
        terminal.require_free(path, name.upper(), force=bool(given["force"]))
        if path.exists() and any(one.exists() and one.samefile(path) for one in read):
            raise terminal.wrong_option(name.upper(), f"{path} is the file to read", hint="Give another name.")


@dataclass(frozen=True, kw_only=True)
class _Call:
    """One call of a plugin's command: its arguments and options."""

    arguments: Mapping[str, Any]
    settings: Mapping[str, str]
    mapping: Mapping[str, str]


def _keyword(name: str, annotation: object, *, default: object = None) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


def _parameter(name: str, described: _Argument, *, is_required: bool, is_detected: bool = False) -> inspect.Parameter:
    kind: Any = Literal[tuple(described["enum"])] if "enum" in described else _TYPES[described.get("type", "string")]
    help_text = _plain(str(described.get("description", "")))
    if is_detected:
        help_text = f"{help_text} Default: the one that fits the columns best."
        described = {**described, "default": None}
        kind = kind | None
    if is_required:
        annotation: object = Annotated[kind, typer.Argument(help=help_text)]
        return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation)
    annotation = Annotated[kind, typer.Option(f"--{name.replace('_', '-')}", help=help_text)]
    return _keyword(name, annotation, default=described.get("default"))


def _run(plugin: PluginInfo, command: Command, call: _Call, *, as_json: bool) -> None:
    from kelompok_core.plugin_host.processes import prepare_processes

    prepare_processes()
    from kelompok_core.imports.receiving.file_rules import operator_rules
    from kelompok_core.imports.staging.plugin_reading import as_our_errors, reading_context
    from kelompok_core.plugin_host.checked_results import checked_result
    from kelompok_core.plugin_host.running import start_plugin
    from kelompok_core.sources.opening import open_source

    here = surroundings.settings()
    config = {**plugin.config, **call.settings}
    properties, rules = _arguments(command), operator_rules(here)
    with ExitStack() as stack:
        arguments = {
            name: stack.enter_context(open_source(str(value), rules, here)) if _is_source(properties[name]) else value
            for name, value in call.arguments.items()
        }
        context = reading_context(here, plugin, config=config, mapping=call.mapping)
        stack.enter_context(as_our_errors(plugin.name, str(call.arguments.get("file", command.name))))
        reads = [one.path for name, one in arguments.items() if _is_source(properties[name])]
        provider = stack.enter_context(start_plugin(here, plugin, "cli_command_provider", context, reads=reads))
        if not _previews(command):
            writes = {name: Path(str(arguments.pop(name))) for name in _output_arguments(command) if arguments[name]}
            result = checked_result(provider.run_command(command.name, arguments, writes), plugin.name, KelompokError)
            show_result(result, as_json=as_json)
            return
        file = str(call.arguments["file"])
        entity = call.arguments[_ENTITY] or _first_entity(properties[_ENTITY])
        previews.require_reader(plugin, entity, file, arguments["file"])
        preview = previews.look(
            entity,
            lambda one: checked_result(
                provider.run_command(command.name, {**arguments, _ENTITY: one}), plugin.name, KelompokError
            ),
            is_asked=call.arguments[_ENTITY] is not None,
        )
    following = previews.following(plugin, command.name, preview, file, mapping=call.mapping, settings=call.settings)
    _show_preview(preview, following, as_json=as_json)


def _is_source(described: _Argument) -> bool:
    return described.get("format") == "source"


def _first_entity(described: _Argument) -> str:
    return str(described.get("default", described["enum"][0]))


def _show_preview(preview: previews.Preview, following: Sequence[str] | None, *, as_json: bool) -> None:
    """Print a preview, the entity of the file, and the next command; exit with an error if the file is unreadable."""
    tables = _readable_tables(preview.result)
    if as_json:
        values = _to_json(preview.result, tables) | {"entity": preview.entity}
        output.print_json(values | ({} if following is None else {"next": output.command(*following)}))
    else:
        _print_tables(preview.result, tables)
        output.console().print()
        if preview.has_rows:
            entity = translate(preview.entity)
            output.print_line(
                translate("This looks like a list of {entity}. If it is not, set --entity.", entity=entity)
            )
        if following is not None:
            output.print_next(translate("Next:"), output.command(*following))
    if preview.result.exit_code or not preview.is_readable:
        raise typer.Exit(preview.result.exit_code or terminal.FAILED)


def show_result(result: "CommandResult", *, as_json: bool) -> None:
    """Print the result of a plugin's command; exit with its exit code if that is not 0."""
    tables = _readable_tables(result)
    if as_json:
        output.print_json(_to_json(result, tables))
    else:
        _print_tables(result, tables)
    if result.exit_code:
        raise typer.Exit(result.exit_code)


def _readable_tables(result: "CommandResult") -> "Mapping[str, pd.DataFrame]":
    return {title: _readable(table) for title, table in result.tables.items()}


def _to_json(result: "CommandResult", tables: "Mapping[str, pd.DataFrame]") -> dict[str, object]:
    return {"text": result.text, "tables": {title: one.to_dict("records") for title, one in tables.items()}}


def _print_tables(result: "CommandResult", tables: "Mapping[str, pd.DataFrame]") -> None:
    from kelompok_core.cli.render import describe_reading

    text = describe_reading(result.read_as) if result.read_as else translate_message(result.text)
    if text:
        output.console().print(output.safe_text(text))
    for title, one in tables.items():
        output.print_line(f"\n{translate(title)}", style="bold")
        _show_table(one)


_BECOMES = "becomes"


def _describe_field(field: str) -> str:
    """Return the name of a field, or the translated note on a column that is not read as a field."""
    return translate(field) if field.startswith("(") else field


def _show_table(shown: "pd.DataFrame") -> None:
    rows: list[list[object]] = shown.to_numpy().tolist()
    if _BECOMES in shown.columns:
        at = list(shown.columns).index(_BECOMES)
        rows = [[*row[:at], _describe_field(str(row[at])), *row[at + 1 :]] for row in rows]
    if list(shown.columns) == _FINDINGS:
        rows = [[output.coloured(str(row[0])), *row[1:]] for row in rows]
        output.table(output.console(), _FINDINGS, rows, heading=3)
    else:
        output.table(output.console(), list(map(str, shown.columns)), rows)


_FINDINGS = ["severity", "code", "line", "finding"]


def _readable(table: "pd.DataFrame") -> "pd.DataFrame":
    """Return a table with nulls as None, and findings as sentences."""
    from kelompok_core.contracts import ISSUE_COLUMNS
    from kelompok_core.issues.sentences import describe

    plain = table.astype("object").where(table.notna(), None)
    if tuple(table.columns) != ISSUE_COLUMNS:
        return plain
    keys = ("column", "value", "line", "row_number", "params")
    findings: Any = plain.to_dict("records")
    sentences = [describe(one["code"], language=language(), **{key: one[key] for key in keys}) for one in findings]
    return plain[["severity", "code", "line"]].assign(finding=sentences)
