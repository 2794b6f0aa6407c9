"""SQL that chooses the slugs of new records, for imports, reviews and people.

A record gets the slug of its name if that is free, or else the slug with the first free number from 2: ``a-2`` if ``a``
and ``a-3`` are used.
"""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kelompok_core.descriptor import EntityDescriptor
from kelompok_core.values.slug import LONGEST_BEFORE_NUMBER


def own_slugs(descriptor: EntityDescriptor, wanted: str) -> str:
    """Return a query that gives rows their base as slug if it is free.

    Args:
        descriptor: The entity, which has slugs.
        wanted: A query of row_number, owner and base, which is the preferred slug of each new record.

    Returns:
        A query of row_number, owner, base and slug. The slug is null if a record or an earlier row has it.
    """
    return f"""
        SELECT w.row_number, w.owner, w.base COLLATE "C" AS base,
               CASE WHEN row_number() OVER (PARTITION BY w.base, w.owner ORDER BY w.row_number) = 1
                    AND NOT EXISTS (SELECT FROM {descriptor.entity} t WHERE t.slug = w.base{_of_owner(descriptor, "w")})
                    THEN w.base END COLLATE "C" AS slug
        FROM ({wanted}) w"""


def free_slugs(descriptor: EntityDescriptor, own: str) -> str:
    """Return a query that gives all rows a free slug, in the order of their row numbers.

    Rows that have a slug keep it, wherever they are, so that the slugs do not depend on the order of the file. The stem
    before a number is short enough for the number. Each stem has one sequence of numbers, so that two bases that are
    truncated to the same stem do not conflict.

    Args:
        descriptor: The entity, which has slugs.
        own: The name of a table with the columns of ``own_slugs``.

    Returns:
        A query of row_number and slug.
    """
    # After «stem-», only digits count. The range condition selects the slugs that start with it, because «.» follows
    # «-»; it is evaluated once for all rows of a stem.
    #
    # The i-th used number t has t - 1 - i free numbers below it, so the row in place p is after it if t - i <= p.
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
        connection: To the database.
        descriptor: The entity, which has slugs.
        base: The preferred slug.
        owner: The organization that the record belongs to; None if records of this entity have no owner.
    """
    wanted = "SELECT 1 AS row_number, CAST(:owner AS uuid) AS owner, CAST(:base AS text) AS base"
    query = f"""
        WITH own AS ({own_slugs(descriptor, wanted)})
        SELECT slug FROM ({free_slugs(descriptor, "own")}) free"""
    return str(connection.scalar(sa.text(query), {"base": base, "owner": owner}))


def _of_owner(descriptor: EntityDescriptor, row: str) -> str:
    return f" AND t.{descriptor.organization_column} = {row}.owner" if descriptor.belongs else ""
