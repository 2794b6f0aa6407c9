"""The runtime role has exactly the rights that it needs; lost ones are reported and can be restored."""

import psycopg
import pytest
import sqlalchemy as sa

from benchmarks.databases import in_database
from kelompok_core.cli import operating, surroundings
from kelompok_core.database import embedded, rights
from kelompok_core.database.engine import find_owner_url, migrate, open_database
from kelompok_core.errors import DatabaseUnavailable

_GRANTED = """
    SELECT c.relname AS name, string_agg(a.privilege_type, ', ') AS privileges
    FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee
    WHERE c.relnamespace = 'public'::regnamespace AND r.rolname = 'kelompok_runtime' GROUP BY c.relname"""
_CALLED = """
    SELECT p.proname AS name
    FROM pg_proc p CROSS JOIN LATERAL aclexplode(p.proacl) a JOIN pg_roles r ON r.oid = a.grantee
    WHERE p.pronamespace = 'public'::regnamespace AND r.rolname = 'kelompok_runtime'"""
_OF_COLUMNS = """
    SELECT a.attrelid::regclass AS name, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = 'public'::regnamespace AND NOT a.attisdropped
      AND a.attacl::text LIKE '%kelompok_runtime=%'"""


def test_list_of_rights_matches_the_migrations(ask):
    listed = {table: set(one.split(", ")) for one, tables in rights.ON_TABLES for table in tables}
    assert {row.name: set(row.privileges.split(", ")) for row in ask(_GRANTED)} == listed
    assert {row.name for row in ask(_CALLED)} == set(rights.FUNCTIONS)
    assert ask(_OF_COLUMNS) == []


@pytest.fixture
def lose(database, settings):
    """Revoke a right, as loading a dump without it does."""
    engine = sa.create_engine(find_owner_url(settings).replace("postgresql:", "postgresql+psycopg:"))

    def run(statement):
        with engine.begin() as connection:
            connection.execute(sa.text(statement.format(database=engine.url.database)))

    yield run
    engine.dispose()


_LOST = {
    "REVOKE TEMPORARY ON DATABASE {database} FROM kelompok_runtime, PUBLIC": "TEMPORARY on database",
    "REVOKE INSERT ON imports FROM kelompok_runtime": "INSERT on imports",
    "REVOKE SELECT ON alembic_version FROM kelompok_runtime": "SELECT on alembic_version",
    "REVOKE EXECUTE ON FUNCTION new_id() FROM kelompok_runtime": "EXECUTE on new_id",
    "REVOKE USAGE ON SCHEMA public FROM kelompok_runtime": "USAGE on schema public",
}


@pytest.mark.parametrize(("statement", "right"), _LOST.items(), ids=_LOST.values())
def test_lost_right_is_named_at_start_and_restored_by_migrating(settings, database, lose, statement, right):
    lose(statement)
    with pytest.raises(DatabaseUnavailable, match=f"kelompok_runtime lacks rights: {right}") as caught:
        open_database(settings)
    assert caught.value.hint == "Grant them again: kelompok db migrate"
    assert any(one.startswith(right) for one in migrate(find_owner_url(settings)).given)
    assert migrate(find_owner_url(settings)).given == ()
    open_database(settings).dispose()


def test_doctor_names_lost_rights_and_the_command(settings, lose, monkeypatch):
    monkeypatch.setattr(surroundings.SURROUNDINGS, "settings", settings)
    assert all(problem is None for _, problem in operating._run_check(operating._database))
    lose("REVOKE TEMPORARY ON DATABASE {database} FROM kelompok_runtime, PUBLIC")
    ((_, problem),) = operating._run_check(operating._database)
    assert "TEMPORARY" in problem
    assert "kelompok db migrate" in problem


def test_database_from_another_server_is_recognized_and_adopted_by_migrating(
    settings, database, lose, ask, monkeypatch
):
    monkeypatch.setattr(surroundings.SURROUNDINGS, "settings", settings)
    lose("UPDATE installation SET server_identifier = 1")
    assert ask("SELECT current_epoch() AS epoch")[0].epoch is None
    problems = [problem for _, problem in operating._run_check(operating._database) if problem]
    assert problems == ["It was copied from another server: run «kelompok db migrate»."]
    assert migrate(find_owner_url(settings)).begins_epoch
    assert ask("SELECT current_epoch() AS epoch")[0].epoch is not None
    assert not migrate(find_owner_url(settings)).begins_epoch


def test_role_that_cannot_alter_the_schema_gets_an_error(database):
    runtime = database.addresses.runtime
    with pytest.raises(DatabaseUnavailable, match="kelompok_runtime may not create tables"):
        migrate(runtime)


def test_tables_owned_by_another_role_are_named(settings, database, server):
    name = sa.make_url(settings.database_url).database
    with psycopg.connect(in_database(embedded.superuser_url(server), name)) as connection:
        connection.execute("ALTER TABLE imports OWNER TO kelompok_admin")
    with pytest.raises(
        DatabaseUnavailable, match="kelompok_owner does not own imports, which belongs to kelompok_admin"
    ):
        migrate(find_owner_url(settings))


def test_role_that_can_no_longer_connect_gets_the_command(settings, database, lose):
    lose("REVOKE CONNECT ON DATABASE {database} FROM kelompok_runtime, PUBLIC")
    with pytest.raises(DatabaseUnavailable, match="permission denied for database") as caught:
        open_database(settings)
    assert caught.value.hint == "Grant it again: kelompok db migrate"
    assert any(one.startswith("CONNECT on database") for one in migrate(find_owner_url(settings)).given)
    open_database(settings).dispose()
