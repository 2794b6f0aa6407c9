"""``kelompok plugin``: list, inspect, enable and run plugins."""

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from kelompok_core.cli import completion, output, plugin_authoring, terminal
from kelompok_core.cli.import_options import WrittenOptions, with_import_options
from kelompok_core.cli.language import translate, translate_message
from kelompok_core.cli.surroundings import settings
from kelompok_core.cli.terminal import ActorOption, JsonOption
from kelompok_core.errors import PluginUnavailable
from kelompok_core.plugin_host.capabilities import find_capability_problems, find_old_capabilities
from kelompok_core.plugin_host.configuration import write_disabled, write_enabled
from kelompok_core.plugin_host.grants import find_change, list_asks
from kelompok_core.plugin_host.processes import prepare_processes
from kelompok_core.plugin_host.registry import (
    PluginInfo,
    PluginState,
    find_job,
    get_plugin,
    list_plugins,
    require_enabled,
)

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from kelompok_core.plugin_host.isolation_probe import Isolation

_COLOURS = {
    PluginState.ENABLED: "green",
    PluginState.DISABLED: "dim",
    PluginState.UNGRANTED: "yellow",
    PluginState.MISCONFIGURED: "red",
    PluginState.INCOMPATIBLE: "red",
    PluginState.BROKEN: "red",
}

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The plugin.", autocompletion=completion.plugins)]

app = typer.Typer(no_args_is_help=True, help="List, inspect, enable and run plugins.")


app.command("new")(plugin_authoring.new)
app.command("lint")(plugin_authoring.lint)
app.command("test")(plugin_authoring.test)


@app.command("list")
def list_all(as_json: JsonOption = False) -> None:
    """List installed plugins with their state. Runs no plugin code."""
    plugins = list_plugins(settings())
    rows = [(one.name, one.version, _state(one), _reason_or_description(one)) for one in plugins]
    output.show(
        as_json,
        lambda: [_summary(one) for one in plugins],
        lambda console: output.table(console, ("plugin", "version", "state", ""), rows),
    )


def _state(plugin: PluginInfo) -> "Text":
    return output.safe_text(translate(plugin.state), style=_COLOURS[plugin.state])


def _reason_or_description(plugin: PluginInfo) -> str:
    return translate_message(plugin.reason or "") or (plugin.manifest.description if plugin.manifest else "")


def _summary(plugin: PluginInfo) -> dict[str, object]:
    return {
        "name": plugin.name,
        "version": plugin.version,
        "state": plugin.state.value,
        "reason": plugin.reason,
        "description": plugin.manifest.description if plugin.manifest else None,
        "jobs": [job.name for job in plugin.jobs()],
    }


@app.command()
def info(name: NameArgument, as_json: JsonOption = False) -> None:
    """Show a plugin's jobs, profiles and settings, and how plugins are walled off. Runs no plugin code."""
    from kelompok_core.cli.isolation import isolation_json
    from kelompok_core.plugin_host.isolation_probe import measure_isolation

    plugin, measured = get_plugin(settings(), name), measure_isolation(settings())
    output.show(
        as_json,
        lambda: _details(plugin) | {"isolation": isolation_json(measured)},
        lambda console: _render_info(console, plugin, measured),
    )


def _details(plugin: PluginInfo) -> dict[str, object]:
    manifest = plugin.manifest.model_dump(mode="json", by_alias=True) if plugin.manifest else None
    asks = list_asks(plugin.manifest) if plugin.manifest else []
    granted = plugin.grant.to_json() if plugin.grant else None
    known = {"package": plugin.package, "config": dict(plugin.config), "manifest": manifest}
    return _summary(plugin) | known | {"asks": asks, "granted": granted, "warnings": _warnings(plugin)}


def _warnings(plugin: PluginInfo) -> list[str]:
    """Return what is odd about a plugin that works."""
    if plugin.manifest is None:
        return []
    capabilities = plugin.manifest.capabilities
    found = [*find_capability_problems(capabilities), *find_old_capabilities(capabilities)]
    if plugin.grant is not None and (change := find_change(plugin.grant, plugin.manifest, plugin.package)):
        found.append(change)
    return found


def _render_info(console: "Console", plugin: PluginInfo, measured: "Isolation") -> None:
    from kelompok_core.cli.granting import print_asks
    from kelompok_core.cli.isolation import print_isolation

    output.print_line(output.safe_text(f"{plugin.name} {plugin.version}: ", style="bold").append_text(_state(plugin)))
    console.print(output.safe_text(_reason_or_description(plugin)))
    if plugin.manifest is None:
        return
    for warning in _warnings(plugin):
        output.print_line(translate_message(warning), style="yellow")
    console.print(output.safe_text(f"{translate('Offers:')} {', '.join(plugin.manifest.capabilities)}"))
    print_asks(plugin.manifest, plugin.grant)
    jobs = [
        (job.name, job.entity or ", ".join(job.enriches), ", ".join(job.inputs), job.summary) for job in plugin.jobs()
    ]
    console.print()
    output.table(console, ("job", "into", "reads", "summary"), jobs)
    if plugin.manifest.profiles:
        profiles = [(f"{plugin.name}/{one.name}", one.job, one.summary) for one in plugin.manifest.profiles]
        console.print()
        output.table(console, ("profile", "for", "summary"), profiles)
    properties = plugin.manifest.config_schema.get("properties", {})
    rows = [
        (key, plugin.config.get(key, one.get("default", "")), one.get("description", ""))
        for key, one in properties.items()
    ]
    if rows:
        console.print()
        output.table(console, ("setting", "value", "meaning"), rows)
    print_isolation(measured)


@app.command()
def enable(
    name: NameArgument,
    grant: Annotated[bool, typer.Option("--grant", help="Grant what it asks for, without a question.")] = False,
) -> None:
    """Enable a plugin in kelompok.toml: shows what it asks for, and grants that. Its code is loaded once as a check."""
    from kelompok_core.cli.granting import require_granted
    from kelompok_core.plugin_host.running import try_loading

    plugin = get_plugin(settings(), name)
    if plugin.manifest is None or plugin.state is PluginState.INCOMPATIBLE:
        raise PluginUnavailable(name, f"it is {plugin.state}: {plugin.reason}", hint="The plugin was not enabled.")
    was_enabled = plugin.state is PluginState.ENABLED
    granted = require_granted(plugin, plugin.manifest, is_given=grant)
    for contract in plugin.manifest.implements:
        try_loading(settings(), plugin, contract)
    if not was_enabled or granted != plugin.grant:
        write_enabled(settings(), name, granted.to_json())
    if not was_enabled:
        output.print_line(translate("{plugin} is enabled.", plugin=name))
    elif granted == plugin.grant:
        output.print_line(translate("{plugin} was enabled already; nothing changed.", plugin=name))
    else:
        output.print_line(translate("{plugin}: its present version and files were recorded.", plugin=name))
    now = get_plugin(settings(), name)
    if now.state is PluginState.MISCONFIGURED:
        output.print_line(
            translate("It cannot run yet: {reason}", reason=translate_message(now.reason or "")),
            style="yellow",
            errors=True,
        )


@app.command()
def disable(name: NameArgument) -> None:
    """Disable a plugin in kelompok.toml. What was granted to it stays granted."""
    get_plugin(settings(), name)
    changed = write_disabled(settings(), name)
    message = "{plugin} is disabled." if changed else "{plugin} was disabled already; nothing changed."
    output.print_line(translate(message, plugin=name))


JobOption = Annotated[
    str, typer.Option(help="The plugin's job to run; see «kelompok plugin info».", autocompletion=completion.jobs)
]
FileOption = Annotated[
    str | None, typer.Option(help="The file to import: a path, a folder of files, or a URL with an allowed scheme.")
]
ImportOption = Annotated[
    str | None,
    typer.Option(
        "--import",
        metavar="ID",
        help="Enrichers: only records that this import wrote.",
        autocompletion=completion.imports,
    ),
]
SinceOption = Annotated[
    datetime | None,
    typer.Option("--since", help="Enrichers: only records changed since this time; UTC if it has no time zone."),
]
AgainOption = Annotated[
    bool, typer.Option("--again", help="Enrichers: also records whose text has not changed since the last run.")
]
OrganizationOption = Annotated[
    str | None,
    typer.Option(
        metavar="SLUG",
        help="Limit the run to this organization; all rows of a file belong to it.",
        autocompletion=completion.organizations,
    ),
]
SourceOption = Annotated[
    str | None,
    typer.Option(help="Name of the list. Importing the same list again updates its records. Default: the file's name."),
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Make a plan without writing any records.")]
SaveOption = Annotated[str | None, typer.Option("--save-profile", help="Save these options as a profile.")]
KeyOption = Annotated[
    str | None, typer.Option("--idempotency-key", help="Repeating a command with the same key returns the same import.")
]


@app.command(epilog=terminal.EXIT_CODES)
@with_import_options
def run(
    name: NameArgument,
    job: JobOption,
    file: FileOption = None,
    organization: OrganizationOption = None,
    source: SourceOption = None,
    dry_run: DryRunOption = False,
    *,
    options: WrittenOptions,
    save: SaveOption = None,
    key: KeyOption = None,
    only_import: ImportOption = None,
    since: SinceOption = None,
    again: AgainOption = False,
    actor: ActorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run a job: import a file (read, normalize, validate, decide, apply), or enrich stored records."""
    prepare_processes()  # they load their libraries while this process loads its own
    from kelompok_core.cli import enriching, run_import

    if find_job(require_enabled(settings(), name), job).uses == "profile_enricher":
        if file is not None:
            raise terminal.wrong_option("--file", f"{job} enriches stored records and takes no file")
        enrichment_options = enriching.EnrichmentOptions(
            plugin=name,
            job=job,
            organization=organization,
            only_import=only_import,
            since=since,
            again=again,
            dry_run=dry_run,
            config=options.read_one("config"),
        )
        raise typer.Exit(enriching.run(enrichment_options, actor, as_json=as_json))
    if file is None:
        raise terminal.wrong_option("--file", f"{job} imports a file: give its path")
    from kelompok_core.imports.receiving.receive import ImportRequest, source_of
    from kelompok_core.imports.shared.profiles import chosen_profile, save_profile

    chosen = chosen_profile(settings(), options.read())
    chosen = replace(chosen, source_name=source or chosen.source_name)
    request = ImportRequest(
        plugin=name,
        job=job,
        file=file,
        organization=organization,
        source_name=chosen.source_name,
        dry_run=dry_run,
        options=replace(chosen.options, profile=save) if save else chosen.options,
        idempotency_key=key,
    )
    if save:
        save_profile(settings(), save, replace(chosen, source_name=source_of(request)))
    raise typer.Exit(run_import.run(request, actor, as_json=as_json))
