"""The manifest: the description of a plugin in ``kelompok-plugin.json``, read without running the plugin."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema

from kelompok_core.control_characters import STEERING
from kelompok_core.entities import list_entities
from kelompok_core.errors import KelompokError
from kelompok_core.plugin_host.capabilities import with_derived_jobs, without_commands_of_jobs
from kelompok_core.plugin_host.contract_names import is_importer, list_contract_names
from kelompok_core.plugin_host.every_entity import EVERY, with_every_entity
from kelompok_core.plugin_host.manifest_errors import describe_error, describe_value
from kelompok_core.plugin_host.per_request import require_harmless
from kelompok_core.suggestions import suggest

HOST_API = "1"
"""The version of this host's contracts; a plugin written for another version is incompatible."""

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=60)]
_JobName = Annotated[Name, WithJsonSchema({"type": "string", "pattern": r"^[a-z]([a-z0-9{}-]*)$", "maxLength": 60})]
Target = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")]


_STEERING = re.compile(f"[{STEERING}]")
"""Characters not allowed in a manifest."""


def _texts(value: object) -> Iterator[str]:
    """Yield every string in a JSON value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from (key, *_texts(one))
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


class BrokenManifest(KelompokError):
    """A manifest cannot be read. Only its plugin is unavailable."""

    code = "plugin.broken"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Job(_Part):
    """A job that the plugin can run."""

    name: _JobName = Field(description="Contains `{entity}` if `entity` is `*`.")
    uses: str = Field(description="The contract that runs it, one of `implements`.")
    entity: str | None = Field(
        default=None, description="The entity it proposes rows for; `*` makes one job for each entity."
    )
    inputs: tuple[str, ...] = Field(default=(), description="Media types it reads.")
    gives_way: bool = Field(
        default=False, description="Whether a job of another plugin is used if both read a file and none is named."
    )
    enriches: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="For an enricher: entities, and the fields of each whose text it reads."
    )
    summary: str = ""
    params_schema: dict[str, Any] = Field(default_factory=dict, description="JSON Schema of its parameters.")

    @property
    def is_importer(self) -> bool:
        """Whether it imports rows into an entity."""
        return is_importer(self.uses)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.is_importer and (self.entity is None or not self.inputs):
            raise ValueError(f"job {self.name!r} imports, so it needs entity and inputs")
        if self.uses == "profile_enricher" and not self.enriches:
            raise ValueError(f"job {self.name!r} enriches, so it needs to say what in enriches")
        return self


class Command(_Part):
    """A command that the plugin adds to the command line."""

    name: Name
    summary: str = ""
    arguments_schema: dict[str, Any] = Field(default_factory=dict)


_Command = Annotated[Command, BeforeValidator(lambda given: given, json_schema_input_type=_JobName | Command)]
"""A command. An author may write the name of a job or a command alone."""


class ReadyProfile(_Part):
    """A profile that comes with the plugin: how to read files of a known program or standard."""

    name: Name
    job: Name = Field(description="The job it is for.")
    summary: str = ""
    source: str | None = Field(
        default=None, description="Name of the source, so that the ids of one program meet in all its files."
    )
    mapping: dict[str, str] = Field(default_factory=dict, description="Field of each column or path, as in `--map`.")
    settings: dict[str, Any] = Field(default_factory=dict, description="Settings of the plugin, as in `--set`.")


class Permissions(_Part):
    """What the plugin may access. It cannot write records, only propose rows."""

    propose: tuple[str, ...] = Field(default=(), description="Entities it proposes rows for, or only `*` for all.")
    every_entity: SkipJsonSchema[bool] = Field(default=False, exclude=True)
    network: tuple[str, ...] = Field(default=(), description="Hosts it talks to, as host:port.")
    secrets: tuple[str, ...] = Field(default=(), description="Settings that are references to secrets.")


class Manifest(_Part):
    """A plugin's manifest. A plugin without code needs only name and version."""

    schema_: str | None = Field(default=None, alias="$schema")
    name: Name
    version: str = Field(min_length=1)
    description: str = ""
    capabilities: tuple[str, ...] = ()
    commands: tuple[_Command, ...] = ()
    api: str = HOST_API
    implements: dict[str, Target] = Field(default_factory=dict)
    jobs: tuple[Job, ...] = ()
    profiles: tuple[ReadyProfile, ...] = ()
    permissions: Permissions = Permissions()
    config_schema: dict[str, Any] = Field(
        default_factory=lambda: {"type": "object"},
        description="JSON Schema of its settings. Requests may set those with `per_request: true`; only the operator "
        "sets the others, and always secrets and addresses.",
    )

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, given: Any) -> Any:
        """Refuse unsafe texts, accept commands given by name only, and expand declarations for every entity."""
        if steering := next(filter(None, map(_STEERING.search, _texts(given))), None):
            raise ValueError(f"a text has the control character U+{ord(steering[0]):04X}")
        if not isinstance(given, dict):
            return given
        given = with_every_entity(given)
        if isinstance(given.get("commands"), list):
            given["commands"] = without_commands_of_jobs(given["commands"], given.get("jobs"))
        return given

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if unknown := sorted(set(self.implements) - set(list_contract_names())):
            raise ValueError(f"implements: there is no contract {unknown[0]!r}")
        if EVERY in self.permissions.propose:
            raise ValueError(f"permissions.propose: {EVERY!r} stands alone, for all entities")
        self._require_sensible_jobs()
        for entity in self._named_entities():
            require_entity(entity)
        for profile in self.profiles:
            if profile.job not in {job.name for job in self.jobs}:
                raise ValueError(f"profile {profile.name!r} is for {profile.job!r}, which is no job")
        require_harmless(self.config_schema, {*self.permissions.secrets, *self.permissions.network})
        return self

    def _require_sensible_jobs(self) -> None:
        for job in self.jobs:
            if job.uses not in self.implements:
                raise ValueError(f"job {job.name!r} uses {job.uses!r}, which implements does not have")
            if job.entity is not None and job.entity not in self.permissions.propose:
                raise ValueError(
                    f"job {job.name!r} proposes {job.entity}, which permissions.propose does not name: "
                    f'write "permissions": {{"propose": ["{job.entity}"]}}'
                )
        if len({job.name for job in self.jobs}) != len(self.jobs):
            raise ValueError("two jobs have one name")

    def _named_entities(self) -> Iterator[str]:
        """Yield the entities that the manifest names."""
        yield from self.permissions.propose
        for job in self.jobs:
            yield from job.enriches


def require_entity(name: str) -> None:
    """Require that there is an entity of this name.

    Raises:
        ValueError: With a suggestion.
    """
    if name not in list_entities():
        raise ValueError(f"there is no entity {name!r}. {suggest(name, list_entities()) or ''}".rstrip())


def parse_manifest(text: str, package: str = "") -> Manifest:
    """Return the manifest of a plugin's package.

    Raises:
        BrokenManifest: When it is no JSON or not a manifest, with the place, what was expected and what was found.
    """
    try:
        given = json.loads(text)
    except json.JSONDecodeError as error:
        raise BrokenManifest(f"line {error.lineno}, column {error.colno}: no JSON: {error.msg}") from error
    except RecursionError as error:
        raise BrokenManifest("it is nested too deeply") from error
    except ValueError as error:  # Python refuses to read a number of thousands of digits
        raise BrokenManifest("it has a number that is too long") from error
    if not isinstance(given, dict):
        raise BrokenManifest(f"it must be a JSON object, not {describe_value(given)}")
    try:
        return Manifest.model_validate(with_derived_jobs(given, package))
    except ValidationError as error:
        raise BrokenManifest(describe_error(error, given, _known_keys())) from error


def _known_keys() -> Mapping[str, Sequence[str]]:
    """Return the keys of a manifest, by "", and of the objects in it, by the key that has them."""
    parts: Mapping[str, type[_Part]] = {
        "": Manifest, "jobs": Job, "commands": Command, "profiles": ReadyProfile, "permissions": Permissions,
    }  # fmt: skip
    return {
        place: [field.alias or name for name, field in part.model_fields.items() if not field.exclude]
        for place, part in parts.items()
    }


def manifest_json_schema() -> str:
    """Return the JSON Schema of a manifest, as published in the documentation."""
    schema = Manifest.model_json_schema()
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema, indent=2) + "\n"
