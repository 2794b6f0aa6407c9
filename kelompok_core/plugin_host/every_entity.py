"""Expands a manifest's declarations for every entity: jobs, permissions, capabilities and choices of commands."""

from collections.abc import Iterator, Mapping, Sequence

from kelompok_core.contracts import JsonValue
from kelompok_core.entities import list_entities, list_words

EVERY = "*"
"""All entities, in a job's ``entity`` and in ``permissions.propose``."""

PLACE = "{entity}"
"""Placeholder of the entity in the name and summary of a job for all entities, and in a capability."""

SINGULAR = "{singular}"
"""Placeholder of the word for one record of the entity in a capability."""

ENTITY_FORMAT = "entity"
"""The ``format`` of a command's argument whose value is an entity."""


def with_every_entity(manifest: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return the manifest with one job, permission, capability and choice for each entity.

    Values of a wrong type stay unchanged; the validation refuses them.
    """
    given = dict(manifest)
    if isinstance(jobs := given.get("jobs"), list):
        given["jobs"] = [each for job in jobs for each in _jobs(job)]
    if isinstance(capabilities := given.get("capabilities"), list):
        given["capabilities"] = [each for one in capabilities for each in _filled(one)]
    if isinstance(commands := given.get("commands"), list):
        given["commands"] = [_with_choices(one) for one in commands]
    permissions = given.get("permissions")
    if isinstance(permissions, dict) and permissions.get("propose") == [EVERY]:
        given["permissions"] = {**permissions, "propose": [*list_entities()], "every_entity": True}
    return given


def _jobs(job: JsonValue) -> Iterator[JsonValue]:
    if not isinstance(job, dict) or job.get("entity") != EVERY:
        yield job
        return
    for entity in list_entities():
        texts = {
            key: value.replace(PLACE, entity)
            for key in ("name", "summary")
            if isinstance(value := job.get(key), str)
        }  # fmt: skip
        yield {**job, **texts, "entity": entity}


def _filled(text: JsonValue) -> Sequence[JsonValue]:
    if isinstance(text, str) and (PLACE in text or SINGULAR in text):
        return [text.replace(PLACE, words.entity).replace(SINGULAR, words.singular) for words in list_words()]
    return [text]


def _with_choices(command: JsonValue) -> JsonValue:
    """Return the command with the entities as choices of each argument whose value is an entity."""
    if not isinstance(command, dict) or not isinstance(schema := command.get("arguments_schema"), dict):
        return command
    if not isinstance(arguments := schema.get("properties"), dict):
        return command
    described: dict[str, JsonValue] = {
        name: {**one, "enum": [*list_entities()]}
        if isinstance(one, dict) and one.get("format") == ENTITY_FORMAT
        else one
        for name, one in arguments.items()
    }
    return {**command, "arguments_schema": {**schema, "properties": described}}
