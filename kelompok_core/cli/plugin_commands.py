"""Commands that plugins bring along: ``kelompok PLUGIN COMMAND``, made of what manifests say of them."""

import inspect
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from kelompok_core.cli import completion, output, surroundings, terminal
from kelompok_core.cli.language import language, say, translate
from kelompok_core.errors import SettingsError
from kelompok_core.plugin_host.manifest import Command
from kelompok_core.plugin_host.registry import PluginInfo, PluginState, list_plugins, require_enabled

if TYPE_CHECKING:
    import pandas as pd

    from kelompok_core.contracts import CommandResult, Source

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
        plugins = list_plugins(surroundings.settings())
    except SettingsError:
        if words:
            raise
        return  # the help must show even then
    for plugin in plugins:
        if words[:1] == [plugin.name]:
            require_enabled(surroundings.settings(), plugin.name)
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
        asked = _Asked(
            arguments={key: given[key] for key in properties},
            settings=terminal.pairs(given["setting"] or [], "--set", first=True),
            mapping=terminal.pairs(given.get("mapping") or [], "--map"),
        )
        _require_free(command, given)
        _run(plugin, command, asked, as_json=given["as_json"])

    parameters = [_parameter(name, one, is_required=name in required) for name, one in properties.items()]
    if _previews(command):
        parameters.append(_further("mapping", _MapOption))
    if _written(command):
        parameters.append(_further("force", terminal.ForceOption, default=False))
    parameters += [_further("setting", _SettingOption), _further("as_json", terminal.JsonOption, default=False)]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return run


def _previews(command: Command) -> bool:
    """Whether a command shows how a file would be imported: it asks for the file, and for what its records are."""
    return {"file", "entity"} <= set(command.arguments_schema.get("properties", {}))


def _written(command: Command) -> list[str]:
    """Return the arguments that name a file the command writes."""
    properties: Mapping[str, Mapping[str, Any]] = command.arguments_schema.get("properties", {})
    return [name for name, one in properties.items() if one.get("format") == "path"]


def _require_free(command: Command, given: Mapping[str, Any]) -> None:
    """See that no file the command writes is there already, or is one that it reads."""
    properties: Mapping[str, Mapping[str, Any]] = command.arguments_schema.get("properties", {})
    read = [Path(given[name]) for name, one in properties.items() if one.get("format") == "source" and given[name]]
    for name in _written(command):
        if given[name] is None:
            continue
        path = Path(given[name])
        terminal.require_free(path, name.upper(), force=given["force"])
        if path.exists() and any(one.exists() and one.samefile(path) for one in read):
            raise terminal.wrong_option(name.upper(), f"{path} is the file to read", hint="Give another name.")


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """What the command line says to a plugin's command."""

    arguments: Mapping[str, Any]
    settings: Mapping[str, str]
    mapping: Mapping[str, str]

    def options(self, mapping: Mapping[str, str]) -> list[str]:
        """Return settings and mapping as words of a command line."""
        mapped = (word for header, field in mapping.items() for word in ("--map", f"{header}={field}"))
        set_so = (word for key, value in self.settings.items() for word in ("--set", f"{key}={value}"))
        return [*mapped, *set_so]


_MapOption = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="HEADER=FIELD",
        help="Which field a column is; «-» leaves out, «extra» keeps.",
        autocompletion=completion.mapping,
    ),
]
_SettingOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="A setting of the plugin, this once.",
        autocompletion=completion.settings_of_plugin,
    ),
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


def _run(plugin: PluginInfo, command: Command, asked: _Asked, *, as_json: bool) -> None:
    from kelompok_core.imports.reading import as_our_errors, reading_context
    from kelompok_core.plugin_host.loading import load
    from kelompok_core.sources.opening import open_source

    config = {**plugin.config, **asked.settings}
    properties = command.arguments_schema.get("properties", {})
    with ExitStack() as stack:
        arguments = {
            name: stack.enter_context(open_source(str(value))) if properties[name].get("format") == "source" else value
            for name, value in asked.arguments.items()
        }
        if _previews(command):
            _require_reader(plugin, asked, arguments["file"])
        context = stack.enter_context(reading_context(plugin, config=config, mapping=asked.mapping))
        stack.enter_context(as_our_errors(plugin.name, str(asked.arguments.get("file", command.name))))
        result = load(plugin, "cli_command_provider").run_command(command.name, arguments, context)
    show_result(
        result, as_json=as_json, following=_next(plugin, command, asked, result) if _previews(command) else None
    )


def _require_reader(plugin: PluginInfo, asked: _Asked, source: "Source") -> None:
    from kelompok_core.contracts import FOLDER_TYPE
    from kelompok_core.imports.right_plugin import Arrived, find_media_type
    from kelompok_core.sources.forms import HEAD_BYTES

    job = next((one for one in plugin.jobs() if one.entity == asked.arguments["entity"]), None)
    if job is None or source.media_type == FOLDER_TYPE:
        return
    with source.path.open("rb") as file:
        arrived = Arrived(location=str(asked.arguments["file"]), declared=None, head=file.read(HEAD_BYTES))
    find_media_type(surroundings.settings(), plugin, job, arrived)


def _next(plugin: PluginInfo, command: Command, asked: _Asked, result: "CommandResult") -> Sequence[str] | None:
    """Return the words of the command to give after a preview: the import, or the preview of what fits better."""
    from kelompok_core.imports.likely_columns import OTHER_ENTITY, suggested_mapping

    issues = result.tables.get("Findings")
    found: list[dict[str, Any]] = [] if issues is None else issues.to_dict("records")  # type: ignore[assignment]
    codes = {one["code"]: one for one in found}
    file, entity = str(asked.arguments["file"]), str(asked.arguments["entity"])
    if OTHER_ENTITY in codes:
        better = codes[OTHER_ENTITY]["params"]["entity"]
        return [plugin.name, command.name, file, "--entity", better, *asked.options(asked.mapping)]
    job = next((one.name for one in plugin.jobs() if one.entity == entity), None)
    if job is None:
        return None
    home = ["--organization", "SLUG"] if "header.organization_missing" in codes else []
    options = asked.options({**asked.mapping, **suggested_mapping(found)})
    return ["plugin", "run", plugin.name, "--job", job, "--file", file, *options, *home, "--dry-run"]


def show_result(result: "CommandResult", *, as_json: bool, following: Sequence[str] | None = None) -> None:
    """Print what a plugin's command has to show, and the command to follow; end with its exit code if that is not 0."""
    tables = {title: _readable(table) for title, table in result.tables.items()}
    if as_json:
        output.print_json(
            {"text": result.text, "tables": {title: one.to_dict("records") for title, one in tables.items()}}
            | ({} if following is None else {"next": output.command(*following)})
        )
    else:
        output.console().print(translate(result.text), markup=False)
        for title, one in tables.items():
            output.print_line(f"\n{say(title)}", style="bold")
            _show_table(one)
        if following is not None:
            output.console().print()
            output.print_next(say("Next:"), output.command(*following))
    if result.exit_code:
        raise typer.Exit(result.exit_code)


def _show_table(shown: "pd.DataFrame") -> None:
    rows: list[list[Any]] = shown.to_numpy().tolist()
    if list(shown.columns) == _FINDINGS:
        rows = [[output.coloured(row[0]), *row[1:]] for row in rows]
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
    keys = ("column", "value", "line", "record", "params")
    findings: Any = plain.to_dict("records")
    sentences = [describe(one["code"], language=language(), **{key: one[key] for key in keys}) for one in findings]
    return plain[["severity", "code", "line"]].assign(finding=sentences)
