"""Imports the file of an earlier import again, with the same options."""

from uuid import UUID

from kelompok_core.access.actors import Actor
from kelompok_core.imports.receiving.receive import ImportRequest, Receipt, admit, open_import
from kelompok_core.imports.shared.imports import get_import
from kelompok_core.installation import Installation
from kelompok_core.sources.storage import incoming_from, local_copy


def receive_again(installation: Installation, import_id: UUID, actor: Actor, *, dry_run: bool | None = None) -> Receipt:
    """Open a new import of the file that an import read, with the same options.

    Args:
        installation: The installation.
        import_id: The import whose file is imported again.
        actor: Who imports it now.
        dry_run: Whether to stop at the plan; by default as in the earlier import.

    Raises:
        NotPermitted: When the actor may not import into the organization.
        PluginUnavailable: When the plugin is not enabled.
        StorageUnavailable: When the file is no longer in storage.
    """
    from kelompok_core.organizations.queries import get_slug  # slow to import

    with installation.database.connect() as connection:
        import_ = get_import(connection, import_id)
        organization = get_slug(connection, import_.organization_id) if import_.organization_id else None
    request = ImportRequest(
        plugin=import_.plugin,
        job=import_.job,
        file=import_.file_name,
        organization=organization,
        source_name=import_.source_name,
        dry_run=import_.dry_run if dry_run is None else dry_run,
        options=import_.options,
        media_type=import_.media_type,
    )
    admission = admit(installation, request, actor)
    with (
        local_copy(installation.settings, import_.file_sha256, import_.file_bytes) as path,
        incoming_from(str(path), installation.settings) as incoming,
    ):
        return open_import(installation, admission, incoming)
