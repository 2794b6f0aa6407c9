"""Every write needs an actor, and history cannot be changed, even with plain SQL as the runtime role."""

import psycopg
import pytest
import sqlalchemy as sa

from benchmarks.databases import in_database
from kelompok_core.audit.context import AuditContext, announce
from kelompok_core.database import embedded
from kelompok_core.database.engine import Addresses, Database
from kelompok_core.entities import list_entities

CORE_TABLES = (
    *list_entities(), "users", "organization_user_roles", "api_keys", "organization_relationships", "post_categories",
    "post_tags", "claim_requests", "sdgs_signals", "profile_signals", "judgements",
)  # fmt: skip


@pytest.fixture
def runtime(settings, import_file):
    """A plain psycopg connection of the runtime role, with one organization and its history."""
    import_file("name\nRumah Baca Bahari\n")
    with psycopg.connect(str(settings.database_url).replace("postgresql+psycopg", "postgresql")) as connection:
        yield connection


def _refused(connection, statement):
    with pytest.raises(psycopg.Error) as caught, connection.transaction():
        connection.execute(statement)
    return caught.value


def test_list_of_core_tables_is_complete(ask):
    audited = {
        row.name for row in ask("SELECT tgrelid::regclass::text AS name FROM pg_trigger WHERE tgname = 'audit_insert'")
    }
    assert audited == set(CORE_TABLES)


@pytest.fixture
def as_owner(server, settings):
    """Run statements as the owner, as a migration does, and roll them back."""
    name = str(settings.database_url).rpartition("/")[2]
    with psycopg.connect(in_database(embedded.owner_url(server), name)) as connection:
        yield connection
        connection.rollback()


def _guards_of(connection, table):
    rows = connection.execute(
        "SELECT replace(pg_get_triggerdef(oid), %s, 'TABLE') FROM pg_trigger WHERE tgrelid = %s::regclass"
        " AND NOT tgisinternal ORDER BY 1", [f" {table} ", table],
    )  # fmt: skip
    return [row[0] for row in rows]


def test_one_function_makes_a_table_an_entity_table(as_owner):
    as_owner.execute("CREATE TABLE public.donations (LIKE public.members)")
    as_owner.execute("SELECT public.make_entity('public.donations')")
    common = {"audit_insert", "audit_update", "audit_delete", "no_truncate", "count_version", "signals_delete"}
    made = _guards_of(as_owner, "public.donations")
    assert len(made) == len(common)
    assert set(made) <= set(_guards_of(as_owner, "public.members"))
    granted = "SELECT has_table_privilege('kelompok_runtime', 'public.donations', 'DELETE')"
    assert as_owner.execute(granted).fetchone() == (True,)


def test_table_without_the_columns_of_an_entity_is_refused(as_owner):
    as_owner.execute("CREATE TABLE public.donations (id uuid, version integer)")
    with pytest.raises(psycopg.errors.InvalidTableDefinition, match="created_at, field_origins, updated_at"):
        as_owner.execute("SELECT public.make_entity('public.donations')")


@pytest.mark.parametrize("statement", [
    "INSERT INTO organizations (name, slug, name_key) VALUES ('X', 'x', 'x')",
    "UPDATE organizations SET name = 'X'",
    "DELETE FROM organizations",
    "INSERT INTO users (email, name) VALUES ('x@example.org', 'X')",
    "UPDATE users SET platform_role = 'admin'",
])  # fmt: skip
def test_write_without_actor_and_origin_is_refused(runtime, statement):
    assert "unaudited write" in str(_refused(runtime, statement))


@pytest.mark.parametrize("setting", ["kelompok.actor", "kelompok.origin"])
def test_incomplete_audit_context_is_refused(runtime, setting):
    with pytest.raises(psycopg.errors.InsufficientPrivilege), runtime.transaction():
        runtime.execute("SELECT set_config(%s, 'x', true)", [setting])
        runtime.execute("UPDATE organizations SET name = 'X'")


def test_audit_context_ends_with_its_transaction(runtime):
    with runtime.transaction():
        runtime.execute("SELECT set_config('kelompok.actor', 'x', true), set_config('kelompok.origin', 'cli', true)")
        runtime.execute("UPDATE organizations SET name = 'X'")
    assert "unaudited write" in str(_refused(runtime, "UPDATE organizations SET name = 'Y'"))


@pytest.mark.parametrize("statement", [
    "UPDATE audit_logs SET actor = 'somebody else'",
    "DELETE FROM audit_logs",
    "TRUNCATE audit_logs",
    "TRUNCATE organizations CASCADE",
    "TRUNCATE users CASCADE",
    "INSERT INTO audit_logs (action, entity, record_id, actor, origin) SELECT 'create', 'x', new_id(), 'x', 'x'",
    "ALTER TABLE audit_logs DISABLE TRIGGER ALL",
    "ALTER TABLE organizations DISABLE TRIGGER audit_update",
    "DROP TABLE audit_logs",
    "DROP FUNCTION record_audit CASCADE",
    "DELETE FROM source_records",
    "TRUNCATE source_records",
    "UPDATE source_records SET raw = '{}'",
    "UPDATE source_records SET reading_sha256 = ''",
    "DELETE FROM source_sightings",
    "SET session_replication_role = replica",
    "SET ROLE kelompok_owner",
    "CREATE TABLE public.mine (x int)",
])  # fmt: skip
def test_runtime_role_cannot_change_audit_entries(runtime, statement):
    before = runtime.execute("SELECT count(*), max(id) FROM audit_logs").fetchone()
    runtime.commit()
    with runtime.transaction():
        runtime.execute("SELECT set_config('kelompok.actor', 'x', false), set_config('kelompok.origin', 'cli', false)")
    _refused(runtime, statement)
    assert runtime.execute("SELECT count(*), max(id) FROM audit_logs").fetchone() == before


def test_triggers_refuse_the_owner(settings, runtime):
    with psycopg.connect(str(settings.owner_database_url).replace("postgresql+psycopg", "postgresql")) as owner:
        for statement in ("DELETE FROM audit_logs", "TRUNCATE audit_logs", "TRUNCATE organizations CASCADE"):
            assert "refused" in str(_refused(owner, statement))


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM source_records", "TRUNCATE source_records CASCADE", "UPDATE source_records SET raw = '{}'",
        "UPDATE source_records SET row_number = 2", "DELETE FROM source_sightings", "TRUNCATE imports CASCADE",
    ],
)  # fmt: skip
def test_nobody_can_change_evidence(settings, runtime, statement):
    url = str(settings.owner_database_url).replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(url) as owner:
        assert "what is recorded stays" in str(_refused(owner, statement))


def test_audited_write_records_before_and_after(database, operator, import_file):
    import_file("name\nRumah Baca Bahari\n")
    with database.connect() as connection, connection.begin():
        announce(connection, AuditContext(actor=str(operator.id), origin="cli", request_id="r-1"))
        connection.execute(sa.text("UPDATE organizations SET city = 'Bitung'"))
    with database.connect() as connection:
        entry = connection.execute(sa.text("SELECT * FROM audit_logs ORDER BY id DESC LIMIT 1")).one()
    assert (entry.action, entry.entity, entry.actor, entry.origin) == (
        "update",
        "organizations",
        str(operator.id),
        "cli",
    )
    assert (entry.before["city"], entry.after["city"]) == (None, "Bitung")
    assert entry.after["version"] == entry.before["version"] + 1
    assert entry.request_id == "r-1"


def test_secrets_are_not_audited(database):
    with database.connect() as connection, connection.begin():
        announce(connection, AuditContext(actor="system:test", origin="setup"))
        connection.execute(
            sa.text("INSERT INTO users (email, name, password_hash) VALUES ('a@example.org', 'A', 'hash')")
        )
        entry = connection.execute(sa.text("SELECT after FROM audit_logs ORDER BY id DESC LIMIT 1")).one()
    assert entry.after["email"] == "a@example.org"
    assert "password_hash" not in entry.after


@pytest.mark.parametrize("table", CORE_TABLES)
def test_no_core_table_can_be_truncated(settings, table):
    with psycopg.connect(str(settings.owner_database_url).replace("postgresql+psycopg", "postgresql")) as owner:
        assert "refused" in str(_refused(owner, f"TRUNCATE {table} CASCADE"))


def test_shared_login_switches_to_the_runtime_role(server, settings):
    """Only a migration may use the rights of a superuser."""
    name = str(settings.database_url).rpartition("/")[2]
    database = Database(Addresses(runtime=in_database(embedded.superuser_url(server), name), dagster=None))
    with database.connect() as connection:
        assert connection.scalar(sa.text("SELECT current_user")) == "kelompok_runtime"
    database.dispose()
