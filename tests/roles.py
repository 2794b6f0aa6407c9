"""Helpers that grant and revoke roles in organizations."""

from uuid import UUID

import sqlalchemy as sa

from kelompok_core.audit.context import AuditContext, announce
from kelompok_core.database.engine import Database


def grant_role(database: Database, user_id: UUID, slug: str, role: str = "editor") -> None:
    """Give a user a role in an organization."""
    _write(
        database,
        """INSERT INTO organization_user_roles (organization_id, user_id, role)
           SELECT id, :user, :role FROM organizations WHERE slug = :slug""",
        user=user_id, role=role, slug=slug,
    )  # fmt: skip


def revoke_roles(database: Database, slug: str) -> None:
    """Revoke all roles in an organization."""
    _write(
        database,
        """DELETE FROM organization_user_roles r USING organizations o
           WHERE o.id = r.organization_id AND o.slug = :slug""",
        slug=slug,
    )  # fmt: skip


def _write(database: Database, statement: str, **params: object) -> None:
    with database.connect() as connection, connection.begin():
        announce(connection, AuditContext(actor="system:test", origin="setup"))
        connection.execute(sa.text(statement), params)
