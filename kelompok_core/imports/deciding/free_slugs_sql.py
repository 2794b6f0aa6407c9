"""SQL for the slugs of an import: the table ``deciding_slugs`` with a free slug for each new record."""

from collections.abc import Iterator

from kelompok_core.descriptor import EntityDescriptor
from kelompok_core.free_slugs import free_slugs, own_slugs


def assign_slugs(descriptor: EntityDescriptor) -> str:
    """Create ``deciding_slugs``: the accepted rows of ``deciding_final``, with their own slug if it is free."""
    if not descriptor.has_slug:
        return "CREATE TEMPORARY TABLE deciding_slugs (row_number integer, slug text) ON COMMIT DROP"
    wanted = """
        SELECT f.row_number, k.owner, k.slug_base AS base
        FROM deciding_final f JOIN deciding_keys k ON k.row_number = f.row_number
        WHERE f.decision = 'accepted'"""
    return f"CREATE TEMPORARY TABLE deciding_slugs ON COMMIT DROP AS {own_slugs(descriptor, wanted)}"


SOME_TAKEN = "SELECT EXISTS (SELECT FROM deciding_slugs WHERE slug IS NULL)"


def number_slugs(descriptor: EntityDescriptor) -> Iterator[str]:
    """Yield the statements that give a free slug to each row whose own slug is taken.

    They replace the table instead of updating it, because in a long list most rows may need another slug.
    """
    yield "CREATE INDEX ON deciding_slugs (slug)"
    yield f"""
        CREATE TEMPORARY TABLE deciding_free_slugs ON COMMIT DROP AS
        {free_slugs(descriptor, "deciding_slugs")}"""
    yield "DROP TABLE deciding_slugs"
    yield "ALTER TABLE deciding_free_slugs RENAME TO deciding_slugs"
