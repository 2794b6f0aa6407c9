"""Every earlier revision migrates to the newest and keeps its data; the code has the newest revision."""

from contextlib import contextmanager
from uuid import UUID

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
    """The owner's and the runtime role's URL of an empty database."""
    name = f"m_{worker_id}"
    superuser, urls = embedded.superuser_url(server), embedded.ensure_running(server)
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} OWNER kelompok_owner")
        connection.execute(f"GRANT CONNECT, TEMPORARY ON DATABASE {name} TO kelompok_runtime")
    owner, runtime = (f"{url.rpartition('/')[0]}/{name}" for url in (embedded.owner_url(server), urls.runtime))
    yield owner, runtime
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_code_has_the_newest_revision():
    assert ScriptDirectory.from_config(_CONFIG).get_current_head() == SCHEMA_REVISION


@contextmanager
def _at(revision, url):
    """Connect as the owner to the database at a revision."""
    owner = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"), poolclass=sa.NullPool)
    with owner.connect() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        yield connection


@pytest.mark.parametrize("start", _REVISIONS)
def test_every_revision_upgrades_to_the_newest_and_keeps_its_data(empty, start):
    with _at(start, empty[0]) as connection:
        connection.execute(
            sa.text("SELECT set_config('kelompok.actor', 'x', true), set_config('kelompok.origin', 'setup', true)")
        )
        connection.execute(sa.text("INSERT INTO organizations (name, slug, name_key) VALUES ('Satu', 'satu', 'satu')"))
        connection.commit()
    status = migrate(empty[0])
    assert (status.current, status.needed) == (start, SCHEMA_REVISION)
    database = Database(Addresses(runtime=empty[1], dagster=None))
    assert schema_status(database).is_current
    with database.connect() as connection:
        assert connection.scalar(sa.text("SELECT name FROM organizations")) == "Satu"
        assert connection.scalar(sa.text("SELECT count(*) FROM audit_logs")) == 1
    database.dispose()


def test_last_seen_times_survive_the_move_next_to_their_evidence(empty):
    first, again = UUID(int=1), UUID(int=2)
    insert = sa.text("""
        INSERT INTO source_records (entity, record_id, source_name, identity, raw, raw_sha256, file_name, file_sha256,
          record, plugin, plugin_version, import_id, last_import_id, last_record, reading_sha256, first_seen_at,
          last_seen_at)
        VALUES ('organizations', new_id(), 'list', :identity, '{}', '', 'list.csv', '', 1, 'csv-import', '1', :first,
                :last, :row_number, :reading, '2026-01-01', :seen)""")
    with _at("0008", empty[0]) as connection:
        once = {"identity": "a", "last": first, "row_number": 3, "reading": b"r", "seen": "2026-01-01"}
        twice = {"identity": "b", "last": again, "row_number": 4, "reading": b"s", "seen": "2026-02-01"}
        connection.execute(insert, [one | {"first": first} for one in (once, twice)])
        connection.commit()
    migrate(empty[0])
    database = Database(Addresses(runtime=empty[1], dagster=None))
    with database.connect() as connection:
        seen = connection.execute(
            sa.text("""
            SELECT identity, last_import_id, last_row_number, reading_sha256, to_char(last_seen_at, 'FMMonth')
            FROM evidence ORDER BY identity""")
        ).all()
        assert connection.scalar(sa.text("SELECT count(*) FROM source_sightings")) == 1
    database.dispose()
    assert [tuple(row) for row in seen] == [("a", first, 3, b"r", "January"), ("b", again, 4, b"s", "February")]


_KEPT = """
    INSERT INTO imports (mode, entity, plugin, plugin_version, job, source_name, file_name, file_url, file_sha256,
                         file_bytes, media_type, actor_id, fingerprint)
    SELECT 'dry_run', 'organizations', 'csv-import', '1', 'import-organizations', 'list', 'list.csv', :url,
           decode('ab12', 'hex'), 3, 'text/csv', id, ''
    FROM users"""


def _add_import(connection, url):
    connection.execute(
        sa.text("SELECT set_config('kelompok.actor', 'x', true), set_config('kelompok.origin', 'setup', true)")
    )
    connection.execute(sa.text("INSERT INTO users (email, name) VALUES ('a@b.id', 'A')"))
    connection.execute(sa.text(_KEPT), {"url": url})
    connection.commit()


_DECIDED_BEFORE = """
    INSERT INTO import_decisions (import_id, revision, record, decision, reason, target_id, slug, changes, issues,
                                  organization_id, decided_by, decided_at, note)
    SELECT i.id, v.revision, v.record, v.decision, v.reason, v.target::uuid, v.slug, v.changes::jsonb, v.issues::jsonb,
           v.organization::uuid, CASE WHEN v.revision < 0 THEN i.actor_id END, v.decided_at::timestamptz, v.note
    FROM imports i CROSS JOIN (VALUES
      (1, 1, 'review', 'plan.stale', NULL, NULL, NULL, NULL, NULL, NULL, NULL),
      (1, 2, 'review', 'plan.stale', NULL, NULL, NULL, NULL, NULL, NULL, NULL),
      (1, 3, 'review', 'plan.stale', NULL, NULL, NULL, NULL, NULL, NULL, NULL),
      (-1, 1, 'accepted', 'review.accepted', :one, 'satu', NULL, NULL, :two, '2026-01-02', NULL),
      (-2, 2, 'merged', 'review.merged', :two, NULL, '{"city": [null, "Ende"]}', '[{"code": "x"}]', NULL, '2026-01-03',
       'same phone'))
      v (revision, record, decision, reason, target, slug, changes, issues, organization, decided_at, note)"""


def test_review_decisions_move_to_their_own_table(empty):
    one, two = UUID(int=1), UUID(int=2)
    with _at("0016", empty[0]) as connection:
        _add_import(connection, "file:///old/home/files/sha256/ab/ab12")
        connection.execute(sa.text(_DECIDED_BEFORE), {"one": str(one), "two": str(two)})
        connection.commit()
    migrate(empty[0])
    database = Database(Addresses(runtime=empty[1], dagster=None))
    with database.connect() as connection:
        moved = connection.execute(
            sa.text("""
            SELECT row_number, decision, reason, target_id, slug, changes, d.issues, d.organization_id,
                   to_char(decided_at, 'FMDD'), note
            FROM review_decisions d JOIN imports i ON i.id = d.import_id AND i.actor_id = d.decided_by ORDER BY 1""")
        ).all()
        left = connection.execute(sa.text("SELECT revision, row_number FROM import_decisions ORDER BY 1, 2")).all()
    database.dispose()
    assert [tuple(row) for row in moved] == [
        (1, "accepted", "review.accepted", one, "satu", None, None, two, "2", None),
        (2, "merged", "review.merged", two, None, {"city": [None, "Ende"]}, [{"code": "x"}], None, "3", "same phone"),
    ]
    assert [tuple(row) for row in left] == [(1, 1), (1, 2), (1, 3)]


def test_received_files_are_identified_by_content_instead_of_path(empty):
    with _at("0016", empty[0]) as connection:
        _add_import(connection, "file:///old/home/files/sha256/ab/ab12")
    migrate(empty[0])
    database = Database(Addresses(runtime=empty[1], dagster=None))
    with database.connect() as connection:
        found = connection.execute(sa.text("SELECT encode(file_sha256, 'hex'), plan_epoch FROM imports")).one()
    database.dispose()
    assert tuple(found) == ("ab12", None)


def test_received_file_at_another_place_stops_the_migration(empty):
    with _at("0016", empty[0]) as connection:
        _add_import(connection, "file:///srv/list.csv")
    with pytest.raises(psycopg.errors.RaiseException, match=r"not kept under its SHA-256: file:///srv/list\.csv"):
        migrate(empty[0])
    database = Database(Addresses(runtime=empty[1], dagster=None))
    assert schema_status(database).current == "0016"
    database.dispose()
