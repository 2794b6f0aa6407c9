"""Asking an enricher how it comes to its signals; nothing is stored."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pandas as pd
import sqlalchemy as sa

from kelompok_core.contracts import CommandResult, Explains, text_table
from kelompok_core.enrichment.choose import iter_pages, require_public
from kelompok_core.enrichment.records import Enrichment, EnrichmentState
from kelompok_core.enrichment.run import CONTRACT
from kelompok_core.errors import NotFound, PluginUnavailable
from kelompok_core.imports.registry import get_descriptor
from kelompok_core.imports.workbench import Workbench
from kelompok_core.plugin_host.loading import load, plugin_context
from kelompok_core.plugin_host.registry import PluginInfo, require_enabled
from kelompok_core.settings import Settings

_HOMES = "organizations"


def explain_text(settings: Settings, plugin: str, text: str) -> CommandResult:
    """Return how a plugin would see a text.

    Raises:
        PluginUnavailable: When it is not enabled, or explains nothing.
    """
    return _explained(require_enabled(settings, plugin), text_table({"record": ["-"], "text": [text]}))


def explain_organization(bench: Workbench, plugin: str, slug: str) -> CommandResult:
    """Return how a plugin sees an organization's own public text.

    Raises:
        PluginUnavailable: When it is not enabled, or explains nothing.
        NotFound: When there is no such organization.
    """
    info = require_enabled(bench.settings, plugin)
    descriptor = get_descriptor(_HOMES)
    fields = next((job.enriches[_HOMES] for job in info.jobs() if _HOMES in job.enriches), ())
    require_public(descriptor, fields, plugin)
    with bench.database.connect() as connection:
        found = connection.scalar(sa.text(f"SELECT id FROM {_HOMES} WHERE slug = :slug"), {"slug": slug})
        if found is None:
            raise NotFound("organization", slug)
        asked = replace(_NOTHING, plugin=plugin, organization_id=found, again=True)
        pages = [page.texts for page in iter_pages(connection, descriptor, fields, asked, "")]
    return _explained(info, pages[0])


def _explained(plugin: PluginInfo, texts: pd.DataFrame) -> CommandResult:
    enricher = load(plugin, CONTRACT)
    if not isinstance(enricher, Explains):
        raise PluginUnavailable(plugin.name, "it does not explain its signals")
    with plugin_context(plugin, config=plugin.config, dry_run=True) as context:
        return enricher.explain(texts, context)


_NOTHING = Enrichment(
    id=UUID(int=0),
    state=EnrichmentState.RECEIVED,
    plugin="",
    plugin_version="",
    job="",
    actor_id=UUID(int=0),
    organization_id=None,
    import_id=None,
    changed_since=None,
    dry_run=True,
    again=True,
    failure=None,
    created_at=datetime.fromtimestamp(0, UTC),
    finished_at=None,
)
