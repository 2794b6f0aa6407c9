"""Parts of asset specs: group, layer, owner, code version, columns, and a link to the documentation."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import dagster as dg

import kelompok_pipelines
from kelompok_core.plugin_host.manifest import Job
from kelompok_pipelines import names
from kelompok_pipelines.names import Layer
from kelompok_pipelines.plugin_jobs import PluginJob

_DOCS = Path(kelompok_pipelines.__file__).parent.parent / "docs"
_PAGES = {Layer.CORE: "data-model.md", Layer.SIGNALS: "enriching.md"}


def layer_spec(
    one: PluginJob, layer: Layer, description: str, *, deps: Iterable[dg.AssetKey] = (),
    schema: dg.TableSchema | None = None,
) -> dg.AssetSpec:  # fmt: skip
    """Return the spec of an asset of a job that imports."""
    return dg.AssetSpec(
        one.key(layer),
        deps=deps,
        description=description,
        group_name=names.import_group(one.plugin),
        kinds=_kinds(one, layer),
        owners=owners(one.plugin),
        code_version=one.version,
        tags=tags(layer, one.entity, one.plugin),
        metadata={**docs(layer), **columns(schema=schema)},
    )


def columns(*, schema: dg.TableSchema | None = None, lineage: dg.TableColumnLineage | None = None) -> dict[str, Any]:
    """Return metadata that Dagster shows as an asset's columns and column lineage."""
    metadata = {"dagster/column_schema": schema, "dagster/column_lineage": lineage}
    return {name: one for name, one in metadata.items() if one is not None}


def owners(plugin: str) -> list[str]:
    return [f"team:{names.identifier(plugin)}"]


def tags(layer: Layer, entity: str, plugin: str | None = None) -> dict[str, str]:
    found = {"kelompok/layer": layer.value, "kelompok/entity": entity}
    return found if plugin is None else {**found, "kelompok/plugin": plugin}


def docs(layer: Layer) -> dict[str, dg.MetadataValue[Any]]:
    """Return the path of the page that explains the asset, if the project is a checkout."""
    page = _DOCS / _PAGES.get(layer, "importing.md")
    return {"docs": dg.MetadataValue.path(page)} if page.is_file() else {}


def _kinds(one: PluginJob, layer: Layer) -> set[str]:
    if layer is Layer.SOURCE_RECORDS:
        return {_format_of(one.job), "postgres"}
    return {"pandas" if layer is Layer.CANDIDATES else "sql", "postgres"}


def _format_of(job: Job) -> str:
    """Return the type of file a job reads as an asset kind, such as ``csv`` for ``text/csv``."""
    return job.inputs[0].rpartition("/")[2].rpartition(".")[2].rpartition("+")[2]
