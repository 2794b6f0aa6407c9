"""Migrations: from any earlier revision to the newest, with what is there kept; and the code knows the newest."""

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from kelompok_core.database import embedded
from kelompok_core.database.engine import MIGRATIONS, SCHEMA_REVISION, Addresses, Database, migrate, schema_status

_CONFIG = Config()
_CONFIG.set_main_option("script_location", str(MIGRATIONS))
_REVISIONS = [one.revision for one in ScriptDirectory.from_config(_CONFIG).walk_revisions()]


@pytest.fixture
def empty(server, worker_id):
    """The addresses of a database with nothing in it."""
    name = f"m_{worker_id}"
    superuser, urls = embedded.superuser_url(server), embedded.ensure_running(server)
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} OWNER kelompok_owner")
        connection.execute(f"GRANT CONNECT, TEMPORARY ON DATABASE {name} TO kelompok_runtime")
    owner, runtime = (f"{url.rpartition('/')[0]}/{name}" for url in (urls.owner, urls.runtime))
    yield Addresses(owner=owner, runtime=runtime, dagster=None)
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_the_code_knows_the_newest_revision():
    assert ScriptDirectory.from_config(_CONFIG).get_current_head() == SCHEMA_REVISION


@pytest.mark.parametrize("start", _REVISIONS)
def test_every_revision_leads_to_the_newest_and_keeps_what_is_there(empty, start):
    owner = sa.create_engine(empty.owner.replace("postgresql://", "postgresql+psycopg://"), poolclass=sa.NullPool)
    with owner.connect() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, start)
        connection.execute(
            sa.text("SELECT set_config('kelompok.actor', 'x', true), set_config('kelompok.origin', 'setup', true)")
        )
        connection.execute(sa.text("INSERT INTO organizations (name, slug, name_key) VALUES ('Satu', 'satu', 'satu')"))
        connection.commit()
    status = migrate(empty)
    assert (status.current, status.needed) == (start, SCHEMA_REVISION)
    database = Database(empty)
    assert schema_status(database).is_current
    with database.connect() as connection:
        assert connection.scalar(sa.text("SELECT name FROM organizations")) == "Satu"
        assert connection.scalar(sa.text("SELECT count(*) FROM audit_logs")) == 1
    database.dispose()
