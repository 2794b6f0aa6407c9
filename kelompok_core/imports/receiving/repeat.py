"""Imports the file of an earlier import again, as it was imported then."""

from uuid import UUID

from kelompok_core.access.actors import Actor
from kelompok_core.imports.receiving.receive import ImportRequest, Receipt, admit, open_import
from kelompok_core.imports.shared.imports import get_import
from kelompok_core.installation import Workbench
from kelompok_core.sources.storage import incoming_from, local_copy


def receive_again(bench: Workbench, import_id: UUID, actor: Actor, *, dry_run: bool | None = None) -> Receipt:
    """Open a new import of the file that an import read, with the same options.

    Args:
        bench: The core's workbench.
        import_id: The import whose file is imported again.
        actor: Who imports it now.
        dry_run: Whether to stop at the plan; by default as then.

    Raises:
        NotPermitted: When the actor may not import there.
        PluginUnavailable: When the plugin is not enabled.
        StorageUnavailable: When the file is no longer in storage.
    """
    from kelompok_core.organizations.queries import get_slug  # loads what an entity is made of

    with bench.database.connect() as connection:
        record = get_import(connection, import_id)
        organization = get_slug(connection, record.organization_id) if record.organization_id else None
    request = ImportRequest(
        plugin=record.plugin,
        job=record.job,
        file=record.file_name,
        organization=organization,
        source_name=record.source_name,
        dry_run=record.dry_run if dry_run is None else dry_run,
        options=record.options,
        media_type=record.media_type,
    )
    admission = admit(bench, request, actor)
    with (
        local_copy(bench.settings, record.file_sha256, record.file_bytes) as path,
        incoming_from(str(path), bench.settings) as incoming,
    ):
        return open_import(bench, admission, incoming)
