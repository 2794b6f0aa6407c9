"""The SQL of addresses: each new record gets a free slug, its own or with a number behind it."""

from collections.abc import Iterator

from kelompok_core.descriptor import EntityDescriptor


def assign_slugs(descriptor: EntityDescriptor) -> str:
    """Return what makes ``deciding_slugs``: of each accepted row in ``deciding_final`` its own slug if that is free."""
    if not descriptor.has_slug:
        return "CREATE TEMPORARY TABLE deciding_slugs (row_number integer, slug text) ON COMMIT DROP"
    taken = f"SELECT FROM {descriptor.entity} t WHERE t.slug = k.slug_base{_here(descriptor, 'k')}"
    return f"""
        CREATE TEMPORARY TABLE deciding_slugs ON COMMIT DROP AS
        SELECT f.row_number, k.owner, k.slug_base COLLATE "C" AS base,
               CASE WHEN row_number() OVER (PARTITION BY k.slug_base, k.owner ORDER BY f.row_number) = 1
                    AND NOT EXISTS ({taken}) THEN k.slug_base END COLLATE "C" AS slug
        FROM deciding_final f JOIN deciding_keys k ON k.row_number = f.row_number
        WHERE f.decision = 'accepted'"""


SOME_TAKEN = "SELECT EXISTS (SELECT FROM deciding_slugs WHERE slug IS NULL)"


def number_slugs(descriptor: EntityDescriptor) -> Iterator[str]:
    """Yield what gives rows whose slug is taken that slug with the next number behind it.

    The table is made anew and not updated: most rows of a long list may have names that others have.
    """
    yield "CREATE INDEX ON deciding_slugs (slug)"
    # Behind «base-» only digits count; the range scan keeps to slugs that start with it («.» follows «-»). Asked once
    # for all rows of one base: there may be as many such slugs as rows.
    yield f"""
        CREATE TEMPORARY TABLE deciding_numbered ON COMMIT DROP AS
        SELECT row_number, slug FROM deciding_slugs WHERE slug IS NOT NULL
        UNION ALL
        SELECT n.row_number, n.base || '-' || (coalesce(n.highest, 1) + n.place)
        FROM (
          SELECT p.row_number, p.base, p.place, max(top.number) OVER (PARTITION BY p.base, p.owner) AS highest
          FROM (SELECT row_number, owner, base,
                       row_number() OVER (PARTITION BY base, owner ORDER BY row_number) AS place
                FROM deciding_slugs WHERE slug IS NULL) p
          CROSS JOIN LATERAL (
            SELECT max(substring(x.slug FROM length(p.base) + 2)::integer) AS number
            FROM (SELECT t.slug FROM {descriptor.entity} t
                  WHERE t.slug >= p.base || '-' AND t.slug < p.base || '.'{_here(descriptor, "p")}
                  UNION ALL
                  SELECT o.slug FROM deciding_slugs o
                  WHERE o.slug >= p.base || '-' AND o.slug < p.base || '.'
                    AND o.owner IS NOT DISTINCT FROM p.owner) x
            WHERE p.place = 1 AND substring(x.slug FROM length(p.base) + 2) ~ '^[1-9][0-9]{{0,7}}$') top) n"""
    yield "DROP TABLE deciding_slugs"
    yield "ALTER TABLE deciding_numbered RENAME TO deciding_slugs"


def _here(descriptor: EntityDescriptor, row: str) -> str:
    return f" AND t.{descriptor.organization_column} = {row}.owner" if descriptor.belongs else ""
