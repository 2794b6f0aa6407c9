"""Names in Dagster: asset keys, jobs and ops, all made from a plugin, a job and an entity."""

import dagster as dg


def _identifier(name: str) -> str:
    return name.replace("-", "_")


def source_records_key(plugin: str, entity: str) -> dg.AssetKey:
    return dg.AssetKey([_identifier(plugin), entity, "source_records"])


def candidates_key(plugin: str, entity: str) -> dg.AssetKey:
    return dg.AssetKey([_identifier(plugin), entity, "candidates"])


def decisions_key(plugin: str, entity: str) -> dg.AssetKey:
    return dg.AssetKey([_identifier(plugin), entity, "decisions"])


def core_key(entity: str) -> dg.AssetKey:
    return dg.AssetKey(["core", entity])


def group_name(plugin: str) -> str:
    return _identifier(plugin)


def stage_op(plugin: str, entity: str) -> str:
    return f"{_identifier(plugin)}__{entity}__stage"


def apply_op(entity: str) -> str:
    return f"core__{entity}__apply"


def plugin_job(plugin: str, job: str) -> str:
    return f"{_identifier(plugin)}__{_identifier(job)}"


def apply_job(entity: str) -> str:
    return f"core__apply_{entity}"


def parts_job(plugin: str, job: str) -> str:
    return f"{plugin_job(plugin, job)}__in_parts"


def open_op(plugin: str, entity: str) -> str:
    return f"{_identifier(plugin)}__{entity}__open"


def part_op(plugin: str, entity: str, number: int) -> str:
    return f"{_identifier(plugin)}__{entity}__part_{number}"


def step_op(plugin: str, entity: str, step: str) -> str:
    """The ops that follow the parts: ``join``, ``decide`` and ``apply``."""
    return f"{_identifier(plugin)}__{entity}__{step}"


def inbox_sensor(plugin: str, job: str) -> str:
    return f"{plugin_job(plugin, job)}__inbox"


def signals_key(plugin: str, entity: str) -> dg.AssetKey:
    return dg.AssetKey([_identifier(plugin), entity, "signals"])


def enrich_op(plugin: str, job: str) -> str:
    return f"{plugin_job(plugin, job)}__enrich"
