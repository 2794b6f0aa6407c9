"""Commands that plugins bring along: ``kelompok PLUGIN COMMAND``, made of what manifests say of them."""

import inspect
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from kelompok_core.cli import terminal
from kelompok_core.errors import SettingsError
from kelompok_core.plugin_host.manifest import Command
from kelompok_core.plugin_host.registry import PluginInfo, PluginState, list_plugins, require_enabled

if TYPE_CHECKING:
    import pandas as pd

    from kelompok_core.contracts import CommandResult

_TYPES: Mapping[str, type] = {"string": str, "integer": int, "number": float, "boolean": bool}


def add_commands(app: typer.Typer, arguments: Sequence[str]) -> None:
    """Add the commands of enabled plugins, if the command line may speak of one. Runs no plugin code."""
    known = {group.name for group in app.registered_groups} | {
        command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands
    }
    words = [word for word in arguments if not word.startswith("-")]
    if words and words[0] in known:
        return
    try:
        plugins = list_plugins(terminal.settings())
    except SettingsError:
        if words:
            raise
        return  # the help must show even then
    for plugin in plugins:
        if words[:1] == [plugin.name]:
            require_enabled(terminal.settings(), plugin.name)
        if plugin.state is PluginState.ENABLED and plugin.manifest and plugin.manifest.commands:
            app.add_typer(_app_of(plugin), name=plugin.name)


def _app_of(plugin: PluginInfo) -> typer.Typer:
    app = typer.Typer(no_args_is_help=True, help=plugin.manifest.description if plugin.manifest else "")
    for command in plugin.manifest.commands if plugin.manifest else ():
        app.command(command.name, help=command.summary)(_callback(plugin, command))
    app.callback()(lambda: None)  # a group even when there is one command
    return app


def _callback(plugin: PluginInfo, command: Command) -> Any:
    """Return a function whose parameters are those the manifest describes."""
    properties: Mapping[str, Mapping[str, Any]] = command.arguments_schema.get("properties", {})
    required = command.arguments_schema.get("required", [])

    def run(**given: Any) -> None:
        setting, as_json = given.pop("setting"), given.pop("as_json")
        _run(plugin, command, {key: given[key] for key in properties}, setting or [], as_json=as_json)

    parameters = [_parameter(name, one, is_required=name in required) for name, one in properties.items()]
    parameters += [_further("setting", _SettingOption), _further("as_json", terminal.JsonOption, default=False)]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return run


_SettingOption = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A setting of the plugin, this once.")
]


def _further(name: str, annotation: Any, *, default: object = None) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


def _parameter(name: str, described: Mapping[str, Any], *, is_required: bool) -> inspect.Parameter:
    kind: Any = Literal[tuple(described["enum"])] if "enum" in described else _TYPES[described.get("type", "string")]
    help_text = described.get("description", "")
    if is_required:
        annotation: Any = Annotated[kind, typer.Argument(help=help_text)]
        return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation)
    annotation = Annotated[kind, typer.Option(f"--{name.replace('_', '-')}", help=help_text)]
    return _further(name, annotation, default=described.get("default"))


def _run(
    plugin: PluginInfo, command: Command, given: Mapping[str, Any], setting: Sequence[str], *, as_json: bool
) -> None:
    from kelompok_core.imports.reading import as_our_errors, reading_context
    from kelompok_core.plugin_host.loading import load
    from kelompok_core.sources.opening import open_source

    config = {**plugin.config, **terminal.pairs(setting, "--set", first=True)}
    properties = command.arguments_schema.get("properties", {})
    with ExitStack() as stack:
        arguments = {
            name: stack.enter_context(open_source(str(value))) if properties[name].get("format") == "source" else value
            for name, value in given.items()
        }
        context = stack.enter_context(reading_context(plugin, config=config))
        stack.enter_context(as_our_errors(plugin.name, str(given.get("file", command.name))))
        result = load(plugin, "cli_command_provider").run_command(command.name, arguments, context)
    show_result(result, as_json=as_json)


def show_result(result: "CommandResult", *, as_json: bool) -> None:
    """Print what a plugin's command has to show; end with its exit code if that is not 0."""
    tables = {title: _readable(table) for title, table in result.tables.items()}
    if as_json:
        terminal.print_json(
            {"text": result.text, "tables": {title: one.to_dict("records") for title, one in tables.items()}}
        )
    else:
        terminal.console().print(result.text, markup=False)
        for title, one in tables.items():
            terminal.console().print(title, style="bold", markup=False)
            terminal.table(terminal.console(), list(map(str, one.columns)), one.to_numpy().tolist())
    if result.exit_code:
        raise typer.Exit(result.exit_code)


def _readable(table: "pd.DataFrame") -> "pd.DataFrame":
    """Return a table with nulls as None, and findings as sentences."""
    from kelompok_core.contracts import ISSUE_COLUMNS
    from kelompok_core.issues.sentences import describe

    plain = table.astype("object").where(table.notna(), None)
    if tuple(table.columns) != ISSUE_COLUMNS:
        return plain
    keys = ("column", "value", "line", "record", "params")
    findings: Any = plain.to_dict("records")
    sentences = [describe(one["code"], **{key: one[key] for key in keys}) for one in findings]
    return plain[["severity", "line", "code"]].assign(finding=sentences)
