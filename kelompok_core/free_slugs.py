"""Which slug a new record gets: the one rule, as SQL that imports, reviewers and people use.

A record keeps its own slug if that is free. Else it gets the first free number from 2 upwards: ``a-2`` if ``a`` and
``a-3`` are taken.
"""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kelompok_core.descriptor import EntityDescriptor
from kelompok_core.values.slug import LONGEST_BEFORE_NUMBER


def own_slugs(descriptor: EntityDescriptor, wanted: str) -> str:
    """Return a query that gives rows their own slug if it is free.

    Args:
        descriptor: The entity, which has slugs.
        wanted: A query of row_number, owner and base, the slug that each new record asks for.

    Returns:
        A query of row_number, owner, base and slug. The slug is null if a record has it, or an earlier row asks for it.
    """
    return f"""
        SELECT w.row_number, w.owner, w.base COLLATE "C" AS base,
               CASE WHEN row_number() OVER (PARTITION BY w.base, w.owner ORDER BY w.row_number) = 1
                    AND NOT EXISTS (SELECT FROM {descriptor.entity} t WHERE t.slug = w.base{_of_owner(descriptor, "w")})
                    THEN w.base END COLLATE "C" AS slug
        FROM ({wanted}) w"""


def free_slugs(descriptor: EntityDescriptor, own: str) -> str:
    """Return a query that gives all rows a free slug, in the order of their numbers.

    Rows that have their own slug keep it, wherever they stand: so the order of a file does not change which slugs its
    records get. The stem before a number is short enough for the number, and one stem has one sequence of numbers, so
    two bases that are cut to the same stem do not clash.

    Args:
        descriptor: The entity, which has slugs.
        own: The name of a table with the columns of ``own_slugs``.

    Returns:
        A query of row_number and slug.
    """
    # Behind «stem-» only digits count. The range scan keeps to slugs that start with it, because «.» follows «-»; it is
    # asked once for all rows of a stem.
    #
    # The i-th taken number t has t - 1 - i free numbers below it, so the row in place p passes it if t - i <= p.
    return f"""
        WITH waiting AS (
          SELECT row_number, owner, stem, row_number() OVER (PARTITION BY stem, owner ORDER BY row_number) AS place
          FROM (SELECT row_number, owner, rtrim(left(base, {LONGEST_BEFORE_NUMBER}), '-') AS stem
                FROM {own} WHERE slug IS NULL) w),
        taken AS (
          SELECT s.owner, s.stem, substring(x.slug FROM length(s.stem) + 2)::integer AS number
          FROM waiting s CROSS JOIN LATERAL (
            SELECT t.slug FROM {descriptor.entity} t
            WHERE t.slug >= s.stem || '-' AND t.slug < s.stem || '.'{_of_owner(descriptor, "s")}
            UNION ALL
            SELECT o.slug FROM {own} o
            WHERE o.slug >= s.stem || '-' AND o.slug < s.stem || '.' AND o.owner IS NOT DISTINCT FROM s.owner) x
          WHERE s.place = 1 AND substring(x.slug FROM length(s.stem) + 2) ~ '^([2-9]|[1-9][0-9]{{1,7}})$')
        SELECT row_number, slug FROM {own} WHERE slug IS NOT NULL
        UNION ALL
        SELECT row_number, stem || '-' || (1 + place + passed)
        FROM (
          SELECT row_number, stem, place,
                 count(*) FILTER (WHERE row_number IS NULL) OVER (PARTITION BY stem, owner ORDER BY place) AS passed
          FROM (SELECT row_number, owner, stem, place FROM waiting
                UNION ALL
                SELECT NULL, owner, stem, number - row_number() OVER (PARTITION BY stem, owner ORDER BY number)
                FROM taken) places) numbered
        WHERE row_number IS NOT NULL"""


def choose_slug(
    connection: sa.Connection | Session, descriptor: EntityDescriptor, base: str, owner: UUID | None
) -> str:
    """Return a free slug for one new record.

    Args:
        connection: Where to look.
        descriptor: The entity, which has slugs.
        base: The slug that the record asks for.
        owner: The organization that the record belongs to; None where records belong to none.
    """
    wanted = "SELECT 1 AS row_number, CAST(:owner AS uuid) AS owner, CAST(:base AS text) AS base"
    query = f"""
        WITH own AS ({own_slugs(descriptor, wanted)})
        SELECT slug FROM ({free_slugs(descriptor, "own")}) free"""
    return str(connection.scalar(sa.text(query), {"base": base, "owner": owner}))


def _of_owner(descriptor: EntityDescriptor, row: str) -> str:
    return f" AND t.{descriptor.organization_column} = {row}.owner" if descriptor.belongs else ""
