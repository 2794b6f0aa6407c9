"""Names in Dagster: asset keys, groups, jobs and ops, built from plugin, job and entity."""

from enum import StrEnum

import dagster as dg

CORE_GROUP = "core"
_IN_PARTS = "__in_parts"


class Layer(StrEnum):
    """The layers of data, which the asset graph shows from left to right."""

    SOURCE_RECORDS = "source_records"
    CANDIDATES = "candidates"
    DECISIONS = "decisions"
    CORE = "core"
    SIGNALS = "signals"


def identifier(name: str) -> str:
    return name.replace("-", "_")


def layer_key(plugin: str, subject: str, layer: Layer) -> dg.AssetKey:
    """Return the key of a plugin's asset. The asset graph shows only the last part, so it contains the entity.

    Args:
        plugin: The plugin's name.
        subject: The entity, or the job's name if several jobs of the plugin are for the same entity.
        layer: The asset's layer.
    """
    return dg.AssetKey([identifier(plugin), f"{identifier(subject)}_{layer}"])


def core_key(entity: str) -> dg.AssetKey:
    return dg.AssetKey([CORE_GROUP, entity])


def signals_key(plugin: str, entity: str) -> dg.AssetKey:
    return layer_key(plugin, entity, Layer.SIGNALS)


def import_group(plugin: str) -> str:
    return identifier(plugin)


def signals_group(plugin: str) -> str:
    """Return an enricher's group. With one group for both, a plugin that imports and enriches would form a cycle."""
    return f"{identifier(plugin)}_signals"


def sources(plugin: str, job: str) -> str:
    """Return the name of the dynamic partitions of a job's assets: one partition for each source."""
    return sources_of(plugin_job(plugin, job))


def sources_of(job: str) -> str:
    """Return the name of the dynamic partitions of a Dagster job."""
    return f"{job}__sources"


def plugin_job(plugin: str, job: str) -> str:
    return f"{identifier(plugin)}__{identifier(job)}"


def stage_op(plugin: str, job: str) -> str:
    return f"{plugin_job(plugin, job)}__stage"


def decide_op(plugin: str, job: str) -> str:
    return f"{plugin_job(plugin, job)}__decide"


def enrich_op(plugin: str, job: str) -> str:
    return f"{plugin_job(plugin, job)}__enrich"


def inbox_sensor(plugin: str, job: str) -> str:
    return f"{plugin_job(plugin, job)}__inbox"


def named_inbox_sensor(name: str) -> str:
    return f"{name}__inbox"


def apply_op(entity: str) -> str:
    return f"core__{entity}__apply"


def apply_job(entity: str) -> str:
    return f"core__apply_{entity}"


def parts_job(plugin: str, job: str) -> str:
    return in_parts(plugin_job(plugin, job))


def in_parts(job: str) -> str:
    return f"{job}{_IN_PARTS}"


def usual_job(job: str) -> str:
    """Return the name of the job without parts."""
    return job.removesuffix(_IN_PARTS)


def parts_op(plugin: str, job: str, step: str) -> str:
    """Return the name of an op of the job in parts: ``open``, ``part_1`` …, ``join``, ``decide`` or ``apply``."""
    return f"{parts_job(plugin, job)}__{step}"
