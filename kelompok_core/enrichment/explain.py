"""Explains the signals that an enricher finds, without storing them."""

import pandas as pd

from kelompok_core.contracts import CommandResult, text_table
from kelompok_core.enrichment.choose import Scope, iter_pages, require_public
from kelompok_core.enrichment.run import CONTRACT
from kelompok_core.errors import EnrichmentFailed, PluginUnavailable
from kelompok_core.installation import Installation
from kelompok_core.organizations.queries import get_organization_id
from kelompok_core.plugin_host.checked_results import checked_result
from kelompok_core.plugin_host.loading import failing_as, plugin_context
from kelompok_core.plugin_host.registry import PluginInfo, require_enabled, require_usable
from kelompok_core.plugin_host.running import start_plugin
from kelompok_core.records.registry import get_descriptor
from kelompok_core.settings import Settings

_ORGANIZATIONS = "organizations"


def explain_text(settings: Settings, plugin: str, text: str) -> CommandResult:
    """Return a plugin's explanation of the signals it finds in a text.

    Raises:
        PluginUnavailable: When the plugin is not enabled, or cannot explain its signals.
    """
    return _explained(settings, require_usable(settings, plugin), text_table({"record": ["-"], "text": [text]}))


def explain_organization(installation: Installation, plugin: str, slug: str) -> CommandResult:
    """Return a plugin's explanation of the signals it finds in an organization's own public text.

    Raises:
        PluginUnavailable: When the plugin is not enabled, or cannot explain its signals.
        NotFound: When there is no such organization.
    """
    info = require_enabled(installation.settings, plugin)
    descriptor = get_descriptor(_ORGANIZATIONS)
    fields = next((job.enriches[_ORGANIZATIONS] for job in info.jobs() if _ORGANIZATIONS in job.enriches), ())
    require_public(descriptor, fields, plugin)
    with installation.database.connect() as connection:
        scope = Scope(organization_id=get_organization_id(connection, slug))
        page = next(iter_pages(connection, descriptor, fields, scope))
    return _explained(installation.settings, info, page.texts)


def _explained(settings: Settings, plugin: PluginInfo, texts: pd.DataFrame) -> CommandResult:
    context = plugin_context(plugin, config=plugin.config, dry_run=True)
    with (
        failing_as(EnrichmentFailed, plugin.name, "explaining"),
        start_plugin(settings, plugin, CONTRACT, context) as enricher,
    ):
        if "explain" not in enricher.has:
            raise PluginUnavailable(plugin.name, "it does not explain its signals")
        return checked_result(enricher.explain(texts), plugin.name, EnrichmentFailed)
