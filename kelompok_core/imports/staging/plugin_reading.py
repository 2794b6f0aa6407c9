"""Runs a plugin's reader on a source: provides its context, and turns its exceptions into errors of the core."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from kelompok_core.contracts import (
    Issue,
    JsonValue,
    PluginContext,
    Source,
    SourceBatch,
    UnreadableSource,
    require_columns,
)
from kelompok_core.errors import ImportFailed, SourceUnreadable
from kelompok_core.imports.shared.columns import header_words, map_columns
from kelompok_core.imports.shared.imports import Import
from kelompok_core.imports.staging.likely_columns import judge_columns
from kelompok_core.imports.staging.plugin_output import checked_issue
from kelompok_core.imports.staging.row_tables import issue_dict
from kelompok_core.issues.sentences import describe_at_place
from kelompok_core.plugin_host.limits import read_limits
from kelompok_core.plugin_host.loading import failing_as, plugin_context
from kelompok_core.plugin_host.registry import PluginInfo, find_job, require_enabled
from kelompok_core.plugin_host.running import start_plugin
from kelompok_core.plugin_host.running_plugin import RunningPlugin
from kelompok_core.records.registry import find_entity_by_list_name, get_descriptor
from kelompok_core.settings import Settings
from kelompok_core.sources.opening import unpacked
from kelompok_core.sources.storage import local_copy

if TYPE_CHECKING:
    import pandas as pd

_ADDED = 2
"""Factor on the column limit for the number of columns that a plugin may ask about."""


def reading_context(  # noqa: PLR0913  (everything that a reader may depend on)
    settings: Settings,
    plugin: PluginInfo,
    *,
    config: Mapping[str, JsonValue],
    mapping: Mapping[str, str] | None = None,
    dry_run: bool = True,
    entity: str | None = None,
) -> PluginContext:
    """Return the context of a plugin that reads: its settings, and functions that judge headers."""
    given, most = mapping or {}, read_limits(settings).columns
    further = {
        "columns": tuple(given),
        "map_headers": partial(_map_headers, given=given, most=most),
        "header_words": header_words,
        "judge_columns": partial(_judge_columns, given=given, most=most),
        "find_entity": find_entity_by_list_name,
        "entity": entity,
        "max_columns": most,
    }
    return plugin_context(plugin, config=config, dry_run=dry_run, **further)


def _judge_columns(entity: str, cells: "pd.DataFrame", *, given: Mapping[str, str], most: int) -> Sequence[Issue]:
    _require_few(len(cells.columns), most)
    return judge_columns(entity, cells, given)


def _require_few(columns: int, most: int) -> None:
    """Check that a plugin does not ask about far more columns than the limit; each costs time to judge.

    Some more are allowed: mappings and normalizers add columns.

    Raises:
        UnreadableSource: ``header.too_many_columns``.
    """
    if columns > _ADDED * most:
        require_columns(columns, most, line=1)


def _map_headers(entity: str, columns: Sequence[str], *, given: Mapping[str, str], most: int) -> Mapping[str, str]:
    _require_few(len(columns), most)
    there = {header: field for header, field in given.items() if header in columns}
    mapping = map_columns(get_descriptor(entity), list(columns), there, scoped=False)
    kept = dict.fromkeys(mapping.extra, "(extra)") | dict.fromkeys(mapping.dropped, "(left out)")
    return kept | dict.fromkeys(mapping.ignored, "(left out)") | dict(mapping.targets)


@contextmanager
def as_our_errors(label: str, file_name: str) -> Iterator[None]:
    """Turn a plugin's exception into an error that fails the import.

    Raises:
        ImportFailed: Describing the unreadable source, or naming the plugin and its exception.
        SettingsError: Naming an invalid setting.
    """
    with failing_as(ImportFailed, label, "reading"):
        try:
            yield
        except UnreadableSource as error:
            raise unreadable(file_name, [checked_issue(error.issue, label)]) from error


def unreadable(file_name: str, issues: Sequence[Issue]) -> SourceUnreadable:
    """Return the failure for fatal issues, each with the name of the file, or of the file in its folder."""
    findings = []
    for one in issues:
        place = "/".join(filter(None, (file_name, one.params.get("file"))))
        line = {} if one.line is None else {"line": one.line}
        findings.append(issue_dict(replace(one, params={**line, **one.params, "place": place})))
    return SourceUnreadable("\n".join(describe_at_place(one) for one in findings), findings)


@contextmanager
def opened(settings: Settings, import_: Import) -> Iterator[tuple[RunningPlugin, Source]]:
    """Provide an import's reader and its source; turn the plugin's exceptions into errors of the core."""
    plugin = require_enabled(settings, import_.plugin)
    contract = find_job(plugin, import_.job).uses
    context = reading_context(
        settings,
        plugin,
        config={**plugin.config, **import_.options.config},
        mapping=import_.options.mapping,
        dry_run=import_.dry_run,
        entity=import_.entity,
    )
    with (
        as_our_errors(import_.plugin_label, import_.file_name),
        local_copy(settings, import_.file_sha256, import_.file_bytes) as kept,
        unpacked(kept, settings) as path,
        start_plugin(settings, plugin, contract, context, reads=[path]) as importer,
    ):
        source = Source(
            path=path,
            file_name=import_.file_name,
            media_type=import_.media_type,
            sha256=import_.file_sha256,
            size=path.stat().st_size,
        )
        yield importer, source


def read_batches(settings: Settings, import_: Import) -> Generator[SourceBatch]:
    """Yield the batches that the plugin reads from an import's source."""
    with opened(settings, import_) as (importer, source):
        yield from importer.read(source)


def read_originals(settings: Settings, import_: Import) -> Generator[str]:
    """Yield the original rows of an import's source, each as one line of JSON.

    Raises:
        ImportFailed: When the plugin cannot return them.
    """
    with opened(settings, import_) as (importer, source):
        if "originals" not in importer.has:
            raise ImportFailed(f"{import_.plugin_label} cannot return the original rows")
        yield from importer.originals(source)
