"""The rights of the runtime role, and a check for lost ones: loading a dump with other tools may lose grants."""

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from kelompok_core.database.embedded import RUNTIME
from kelompok_core.entities import list_entities
from kelompok_core.errors import DatabaseUnavailable

ON_TABLES = (
    (
        "SELECT, INSERT, UPDATE, DELETE",
        (
            *list_entities(), "api_keys", "claim_requests", "enriched_records", "judgements",
            "organization_relationships", "organization_user_roles", "post_categories", "post_tags",
            "profile_signals", "sdgs_signals", "users", "workers",
        ),
    ),
    ("SELECT, INSERT, UPDATE", ("enrichments", "error_files", "import_parts", "imports", "inbox_files")),
    (
        "SELECT, INSERT",
        ("import_decisions", "import_reversals", "import_rows", "import_superseded", "review_decisions"),
    ),
    ("SELECT", ("alembic_version", "audit_logs", "evidence", "installation", "source_records", "source_sightings")),
)  # fmt: skip
"""Privileges by table, as granted by all migrations together; a test compares both."""

FUNCTIONS = (
    "current_epoch", "forget_reading", "jsonb_earlier_wins", "jsonb_fold_first", "jsonb_fold_last",
    "jsonb_later_wins", "jsonb_list_union", "new_id", "recall_rows", "record_evidence", "record_repeated_rows",
    "record_reviewed_evidence", "refresh_import_statistics", "refresh_sdgs", "server_identifier", "worker_lives",
)  # fmt: skip
"""Functions that the role may call, with all signatures."""

_OF_DATABASE = ("CONNECT", "TEMPORARY")


def require_rights(connection: sa.Connection) -> None:
    """Require, with one query, that the role of this connection has all rights that it needs.

    Raises:
        DatabaseUnavailable: Naming the missing rights, and the command that restores them.
    """
    lacking = list_lacking(connection)
    if lacking:
        raise lacking_rights(connection, lacking)


def lacking_rights(connection: sa.Connection, lacking: Sequence[str]) -> DatabaseUnavailable:
    """Return the error for missing rights of this connection's role."""
    role = connection.scalar(sa.text("SELECT current_user"))
    few, more = ", ".join(lacking[:3]), len(lacking) - 3
    named = f"{few} (+{more})" if more > 0 else few
    return DatabaseUnavailable(
        f"the database role {role} lacks rights: {named}", hint="Grant them again: kelompok db migrate"
    )


def list_lacking(connection: sa.Connection, role: str | None = None) -> Sequence[str]:
    """Return the rights that a role (None: that of the connection) lacks, such as «INSERT on imports»."""
    pairs = [(table, one) for privileges, tables in ON_TABLES for table in tables for one in privileges.split(", ")]
    params = {
        "role": role or connection.scalar(sa.text("SELECT current_user")),
        "tables": [table for table, _ in pairs],
        "privileges": [privilege for _, privilege in pairs],
        "functions": list(FUNCTIONS),
        "of_database": list(_OF_DATABASE),
    }
    return [str(row.lacking) for row in connection.execute(_LACKING, params)]


def grant_rights(connection: sa.Connection) -> Sequence[str]:
    """Grant the runtime role its missing rights, as the owner; return them."""
    lacking = list_lacking(connection, RUNTIME)
    if lacking:
        for statement in _grants(connection):
            connection.execute(sa.text(statement))
    return lacking


def _grants(connection: sa.Connection) -> Iterator[str]:
    database = connection.scalar(sa.text("SELECT quote_ident(current_database())"))
    yield f"GRANT {', '.join(_OF_DATABASE)} ON DATABASE {database} TO {RUNTIME}"
    yield f"GRANT USAGE ON SCHEMA public TO {RUNTIME}"
    for privileges, tables in ON_TABLES:
        yield f"GRANT {privileges} ON {', '.join(tables)} TO {RUNTIME}"
    for signature in connection.scalars(_SIGNATURES, {"functions": list(FUNCTIONS)}):
        yield f"GRANT EXECUTE ON FUNCTION {signature} TO {RUNTIME}"


# Look names up in the catalog: resolving them would need USAGE on the schema.
_LACKING = sa.text("""
    SELECT d.name || ' on database ' || current_database() AS lacking
    FROM unnest(CAST(:of_database AS text[])) AS d (name)
    WHERE NOT has_database_privilege(:role, current_database(), d.name)
    UNION ALL
    SELECT 'USAGE on schema public' WHERE NOT has_schema_privilege(:role, 'public', 'USAGE')
    UNION ALL
    SELECT t.privilege || ' on ' || t.name
    FROM unnest(CAST(:tables AS text[]), CAST(:privileges AS text[])) AS t (name, privilege)
    LEFT JOIN pg_class c ON c.relname = t.name AND c.relnamespace = 'public'::regnamespace
    WHERE c.oid IS NULL OR NOT has_table_privilege(:role, c.oid, t.privilege)
    UNION ALL
    SELECT 'EXECUTE on ' || f.name
    FROM unnest(CAST(:functions AS text[])) AS f (name)
    LEFT JOIN pg_proc p ON p.proname = f.name AND p.pronamespace = 'public'::regnamespace
    WHERE p.oid IS NULL OR NOT has_function_privilege(:role, p.oid, 'EXECUTE')""")
_SIGNATURES = sa.text("""
    SELECT p.oid::regprocedure::text FROM pg_proc p
    WHERE p.proname = ANY (:functions) AND p.pronamespace = 'public'::regnamespace""")
