"""Imports the last file of a source again, as it was imported then."""

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from kelompok_core.access.actors import Actor
from kelompok_core.imports.receive import ImportRequest, Receipt, admit, open_import
from kelompok_core.imports.records import get_import
from kelompok_core.imports.workbench import Workbench
from kelompok_core.sources.storage import incoming_from, local_copy


@dataclass(frozen=True, kw_only=True)
class SourceImport:
    """The last import of a source.

    Attributes:
        import_id: The import.
        source: The source's name.
        organization: Slug of the organization that imports of it are confined to, or None.
    """

    import_id: UUID
    source: str
    organization: str | None


def list_last_imports(connection: sa.Connection, plugin: str, job: str) -> list[SourceImport]:
    """Return the last import of each source by a job; cancelled and undone ones do not count."""
    from kelompok_core.organizations.queries import get_slug

    rows = connection.execute(_LAST, {"plugin": plugin, "job": job}).all()
    slugs = {one: get_slug(connection, one) for one in {row.organization_id for row in rows} if one is not None}
    return [
        SourceImport(import_id=row.id, source=row.source_name, organization=slugs.get(row.organization_id))
        for row in rows
    ]


def receive_again(bench: Workbench, last: SourceImport, actor: Actor, *, dry_run: bool) -> Receipt:
    """Open a new import of the file that an import read, with the same options.

    Raises:
        NotPermitted: When the actor may not import there.
        PluginUnavailable: When the plugin is not enabled.
        StorageUnavailable: When storage does not have the file any more.
    """
    with bench.database.connect() as connection:
        record = get_import(connection, last.import_id)
    request = ImportRequest(
        plugin=record.plugin,
        job=record.job,
        file=record.file_name,
        organization=last.organization,
        source_name=record.source_name,
        dry_run=dry_run,
        options=record.options,
        media_type=record.media_type,
    )
    admission = admit(bench, request, actor)
    with (
        local_copy(bench.settings, record.file_sha256, record.file_bytes) as path,
        incoming_from(str(path), bench.settings) as incoming,
    ):
        return open_import(bench, admission, incoming)


_LAST = sa.text("""
    SELECT DISTINCT ON (source_name, organization_id) id, source_name, organization_id
    FROM imports
    WHERE plugin = :plugin AND job = :job AND state NOT IN ('cancelled', 'undone')
    ORDER BY source_name, organization_id, id DESC
""")
