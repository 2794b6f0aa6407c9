"""Routes of plugins: installed plugins, their jobs and states. Settings are left out, as they may be secret."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from kelompok_core.api.caller import Caller, InstallationHere
from kelompok_core.api.pages import One
from kelompok_core.api.problems import may_answer
from kelompok_core.api.words import NO_NUL
from kelompok_core.plugin_host.grants import list_asks
from kelompok_core.plugin_host.registry import PluginInfo, get_plugin, list_plugins

router = APIRouter(prefix="/api/v1/plugins", tags=["plugins"])


class JobView(BaseModel):
    """A job of a plugin."""

    name: str
    entity: str | None = Field(description="The entity it imports.")
    enriches: list[str] = Field(description="Entities it enriches.")
    inputs: list[str] = Field(description="Media types it reads.")
    summary: str


class PluginView(BaseModel):
    """An installed plugin."""

    name: str
    version: str
    state: str = Field(examples=["enabled"])
    reason: str | None = Field(description="Why it cannot run.")
    description: str | None
    capabilities: list[str] = Field(description="What it offers.", examples=[["organization_import"]])
    asks: list[str] = Field(description="What it asks for.", examples=[["propose organizations", "see its sources"]])
    granted: list[str] = Field(description="What the operator granted to it.")
    jobs: list[JobView]
    profiles: list[str] = Field(description="Import profiles of the plugin, for the parameter `profile`.")


@router.get(
    "", operation_id="list_plugins", summary="List installed plugins", responses=may_answer(401, 403, 422, 429, 503)
)
def list_all(_: Caller, installation: InstallationHere) -> One[list[PluginView]]:
    """Return the plugins in the order of their names. Runs no plugin code."""
    return One(data=[_view(one) for one in list_plugins(installation.settings)])


@router.get(
    "/{name}", operation_id="get_plugin", summary="Get a plugin", responses=may_answer(401, 403, 404, 422, 429, 503)
)
def get_one(
    name: Annotated[str, Path(max_length=100, pattern=NO_NUL)], _: Caller, installation: InstallationHere
) -> One[PluginView]:
    """Return a plugin with its jobs and profiles. Runs no plugin code."""
    return One(data=_view(get_plugin(installation.settings, name)))


def _view(plugin: PluginInfo) -> PluginView:
    manifest = plugin.manifest
    return PluginView(
        name=plugin.name,
        version=plugin.version,
        state=plugin.state.value,
        reason=plugin.reason,
        description=manifest.description if manifest else None,
        capabilities=list(manifest.capabilities) if manifest else [],
        asks=list_asks(manifest) if manifest else [],
        granted=list(plugin.grant.asks) if plugin.grant else [],
        jobs=[
            JobView(
                name=job.name, entity=job.entity, enriches=list(job.enriches), inputs=list(job.inputs),
                summary=job.summary,
            )
            for job in plugin.jobs()
        ],
        profiles=[f"{plugin.name}/{one.name}" for one in manifest.profiles] if manifest else [],
    )  # fmt: skip
