"""Shows what a plugin asks for, and asks the operator for it."""

import sys
from collections.abc import Iterator

import typer

from kelompok_core.cli import output
from kelompok_core.cli.language import translate
from kelompok_core.entities import list_entities
from kelompok_core.errors import UsageError
from kelompok_core.plugin_host.every_entity import EVERY
from kelompok_core.plugin_host.grants import (
    EVERY_IMPORT,
    ITS_SOURCES,
    NETWORK,
    PROPOSE,
    Grant,
    find_change,
    list_asks,
    list_missing,
    make_grant,
)
from kelompok_core.plugin_host.manifest import Manifest
from kelompok_core.plugin_host.registry import PluginInfo


def require_granted(plugin: PluginInfo, manifest: Manifest, *, is_given: bool) -> Grant:
    """Return the grant of all that a plugin asks for; ask on a terminal for what was not granted yet.

    A grant that is enough is made anew if the plugin changed since, for its present version and files.

    Raises:
        UsageError: When nobody can be asked.
        Abort: When the answer is no.
    """
    missing = list_missing(manifest, plugin.grant)
    if not missing and plugin.grant is not None:
        is_changed = find_change(plugin.grant, manifest, plugin.package) is not None
        return make_grant(manifest, plugin.package) if is_changed else plugin.grant
    if not is_given:
        if missing:
            print_asks(manifest, plugin.grant)
        else:
            output.print_line(translate("{plugin} asks for nothing; it only runs.", plugin=plugin.name))
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise UsageError(
                f"{plugin.name} was not enabled: it asks for what was not granted",
                hint=f"To grant it: kelompok plugin enable {plugin.name} --grant",
            )
        typer.confirm(translate("Grant this to {plugin}?", plugin=plugin.name), abort=True)
    return make_grant(manifest, plugin.package)


def print_asks(manifest: Manifest, grant: Grant | None) -> None:
    """Print what a plugin asks for, and what of it is granted."""
    missing = set(list_missing(manifest, grant))
    rows = [(line, translate("no") if ask in missing else translate("yes")) for ask, line in _described(manifest)]
    if rows:
        output.console().print()
        output.table(output.console(), ("asks to", "granted"), rows)


def _described(manifest: Manifest) -> Iterator[tuple[str, str]]:
    for ask in list_asks(manifest):
        kind, _, what = ask.partition(" ")
        if kind == PROPOSE:
            yield ask, _describe_proposing(what)
        elif what == ITS_SOURCES:
            yield ask, translate("read the files that it imports, whole")
        elif what == EVERY_IMPORT:
            yield ask, translate("read and rewrite every row of every import, personal data included")
        elif kind == NETWORK:
            yield ask, translate("connect to {host}", host=what)
        elif "." in what:
            yield ask, translate("read the public text {field} of all records", field=what)
        else:
            yield ask, translate("get the secret {name}", name=what)


def _describe_proposing(entity: str) -> str:
    if entity == EVERY:
        personal = "; ".join(f"{translate(one)}: {fields}" for one in list_entities() if (fields := _personal(one)))
        return translate(
            "propose rows for every entity, also those added later, with personal data: {fields}", fields=personal
        )
    if not (fields := _personal(entity)):
        return translate("propose rows for {entity}", entity=translate(entity))
    return translate("propose rows for {entity}, with personal data: {fields}", entity=translate(entity), fields=fields)


def _personal(entity: str) -> str:
    """Return the fields of an entity that are about a person, or nothing."""
    from kelompok_core.records.registry import get_descriptor

    return ", ".join(get_descriptor(entity).personal_fields)
