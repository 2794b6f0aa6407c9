"""Connects to the database: chooses server and role, and checks and migrates the schema."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from kelompok_core.database import embedded
from kelompok_core.database.rights import grant_rights, lacking_rights, list_lacking, require_rights
from kelompok_core.errors import DatabaseUnavailable
from kelompok_core.plugin_process.system_calls import hide_memory
from kelompok_core.settings import Settings, require_installation

if TYPE_CHECKING:
    import psycopg
    from alembic.config import Config
    from psycopg.rows import TupleRow
    from sqlalchemy.orm import Session
    from sqlalchemy.pool import ConnectionPoolEntry

MIGRATIONS = Path(__file__).parent / "migrations"
SCHEMA_REVISION = max(one.name.partition("_")[0] for one in (MIGRATIONS / "versions").glob("[0-9]*.py"))
"""The newest migration, from the file names, because importing Alembic only to compare two numbers is slow."""


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """URLs of a server for services, one per role, as ``postgresql://`` with the password.

    The owner's URL is not included; see :func:`find_owner_url`.
    """

    runtime: str
    dagster: str | None


@dataclass(frozen=True, kw_only=True)
class SchemaStatus:
    """The schema's current revision, and the revision that this code needs."""

    current: str | None
    needed: str
    given: tuple[str, ...] = ()
    """Lost rights of the runtime role that the migration restored."""
    begins_epoch: bool = False
    """Whether the database comes from another server, so that existing plans have to be made again."""

    @property
    def is_current(self) -> bool:
        return self.current == self.needed


def find_addresses(settings: Settings) -> Addresses:
    """Return the URLs of the configured server, or start the embedded server and return its URLs.

    Raises:
        SettingsError: When there is no installation.
    """
    require_installation(settings)
    if settings.database_url is None:
        urls = embedded.ensure_running(settings)
        return Addresses(runtime=urls.runtime, dagster=urls.dagster)
    return Addresses(runtime=settings.database_url, dagster=settings.dagster_database_url)


def find_owner_url(settings: Settings) -> str:
    """Return the URL of the role that may change the schema; services started by «kelompok up» do not have it.

    Raises:
        SettingsError: When there is no installation.
    """
    require_installation(settings)
    if settings.database_url is None:
        return embedded.owner_url(settings)
    return settings.owner_database_url or settings.database_url


class Database:
    """The core's database, accessed as the runtime role."""

    def __init__(
        self, addresses: Addresses, *, name: str = "kelompok", patience: int | None = None, most: int = 15
    ) -> None:
        """Connect lazily.

        Args:
            addresses: The server's URLs.
            name: The application name of the sessions in ``pg_stat_activity``.
            patience: Seconds after which the server ends a session that is idle in a transaction; None for no limit.
            most: Limit of open connections; further callers wait.
        """
        self.addresses = addresses
        self._name = name
        self._patience = patience
        self._backends: set[int] = set()
        self._most = most

    @cached_property
    def engine(self) -> sa.Engine:
        # Row values may be personal data, so SQLAlchemy must not add them to error messages.
        options = {"application_name": self._name}
        switches = []
        url = _with_driver(self.addresses.runtime)
        if url.username != embedded.RUNTIME:
            # The same login is used for both roles, so switch to the runtime role.
            switches.append(f"-c role={embedded.RUNTIME}")
        if self._patience is not None:
            switches.append(f"-c idle_in_transaction_session_timeout={self._patience}s")
        if switches:
            options["options"] = " ".join(switches)
        kept = self._most // 3
        engine = sa.create_engine(
            url, connect_args=options, hide_parameters=True, pool_pre_ping=True, pool_size=kept,
            max_overflow=self._most - kept,
        )  # fmt: skip
        sa.event.listen(engine, "connect", self._note_opened)
        sa.event.listen(engine, "close", self._note_closed)
        return engine

    def _note_opened(self, driver: "psycopg.Connection[TupleRow]", pooled: "ConnectionPoolEntry") -> None:
        pooled.info["backend"] = driver.info.backend_pid
        self._backends.add(driver.info.backend_pid)

    def _note_closed(self, _driver: object, pooled: "ConnectionPoolEntry") -> None:
        self._backends.discard(pooled.info.get("backend"))

    def cancel_statements(self) -> None:
        """Cancel running statements of this object's other sessions, except those that just started."""
        with self.connect() as connection, connection.begin():
            connection.execute(_CANCEL, {"backends": sorted(self._backends), "name": self._name})

    @contextmanager
    def connect(self) -> Iterator[sa.Connection]:
        """Open a connection as the runtime role; the caller has to commit."""
        with _reachable(self.engine) as connection:
            yield connection

    @contextmanager
    def session(self) -> "Iterator[Session]":
        """Open a session in one transaction, which is committed at the end and rolled back on an exception."""
        from sqlalchemy import orm

        with (
            _reachable(self.engine) as connection,
            orm.Session(connection, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    def dispose(self) -> None:
        self.engine.dispose()


_NO_CONNECT = "permission denied for database"

_CANCEL = sa.text("""
    SELECT pg_cancel_backend(pid) FROM pg_stat_activity
    WHERE pid = ANY (:backends) AND pid <> pg_backend_pid() AND datname = current_database()
      AND application_name = :name AND state = 'active' AND query_start < clock_timestamp() - interval '0.2 seconds'
""")


@contextmanager
def _reachable(engine: sa.Engine) -> Iterator[sa.Connection]:
    try:
        connection = engine.connect()
    except sa.exc.OperationalError as error:
        lines = str(error.orig).strip().splitlines()
        refused = next((line for line in lines if _NO_CONNECT in line), None)
        raise DatabaseUnavailable(
            f"cannot connect to PostgreSQL: {refused or lines[0]}",
            hint="Grant it again: kelompok db migrate" if refused else "Run «kelompok doctor» to see what is wrong.",
        ) from error
    with connection:
        yield connection


def _with_driver(url: str) -> sa.URL:
    return sa.make_url(url).set(drivername="postgresql+psycopg")


def schema_status(database: Database) -> SchemaStatus:
    """Compare the database's revision with the code's, as the runtime role.

    Raises:
        DatabaseUnavailable: When the role may not read it.
    """
    with database.connect() as connection:
        return _status(connection)


def _status(connection: sa.Connection) -> SchemaStatus:
    readable = connection.scalar(_MAY_READ_REVISION)
    if readable is False:
        raise lacking_rights(connection, list_lacking(connection))
    current = connection.scalar(sa.text("SELECT version_num FROM alembic_version")) if readable else None
    return SchemaStatus(current=current, needed=SCHEMA_REVISION)


# NULL if there is no schema yet.
_MAY_READ_REVISION = sa.text("""
    SELECT has_schema_privilege('public', 'USAGE') AND has_table_privilege(oid, 'SELECT')
    FROM pg_class WHERE relname = 'alembic_version' AND relnamespace = 'public'::regnamespace""")


def migrate(owner_url: str) -> SchemaStatus:
    """Migrate the schema as the owner role; return the revisions before and after.

    It also restores lost rights of the runtime role and begins a new epoch for a database from another server.

    Raises:
        DatabaseUnavailable: When the role does not own the tables.
    """
    with connect_as_owner(owner_url) as connection:
        require_owner(connection)
        before = _status(connection).current
        # One migration at a time, even if several commands start at once.
        connection.execute(sa.text("SELECT pg_advisory_lock(hashtext('kelompok.migrate'))"))
        connection.commit()
        upgrade(connection, "head")
        given = tuple(grant_rights(connection))
        begins = connection.scalar(sa.text("SELECT current_epoch()")) is None
        if begins:
            connection.execute(sa.text("SELECT begin_epoch()"))
        connection.commit()
    return SchemaStatus(current=before, needed=SCHEMA_REVISION, given=given, begins_epoch=begins)


@contextmanager
def connect_as_owner(owner_url: str) -> Iterator[sa.Connection]:
    """Open a connection as the owner role; the caller has to commit."""
    engine = sa.create_engine(_with_driver(owner_url), poolclass=sa.NullPool, hide_parameters=True)
    with _reachable(engine) as connection:
        yield connection


def upgrade(connection: sa.Connection, revision: str) -> None:
    """Migrate to a revision, within the connection's transaction if it has one."""
    from alembic import command

    config = _alembic()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def list_revisions() -> Sequence[str]:
    """Return the revisions of the schema that this version knows."""
    from alembic.script import ScriptDirectory

    return [one.revision for one in ScriptDirectory.from_config(_alembic()).walk_revisions()]


def _alembic() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def require_owner(connection: sa.Connection) -> None:
    """Require that the role of this connection may change the schema.

    Raises:
        DatabaseUnavailable: When it may not, or another role owns tables.
    """
    role = connection.scalar(sa.text("SELECT current_user"))
    if not connection.scalar(sa.text("SELECT has_schema_privilege('public', 'CREATE')")):
        raise DatabaseUnavailable(
            f"the database role {role} may not create tables",
            hint="Set KELOMPOK_OWNER_DATABASE_URL to the URL of the database's owner.",
        )
    foreign = connection.execute(_OF_OTHERS).all()
    if foreign:
        raise DatabaseUnavailable(
            f"the database role {role} does not own {foreign[0].name}, which belongs to {foreign[0].owner}",
            hint="Set KELOMPOK_OWNER_DATABASE_URL to the owner's URL, or make that role the owner of all tables, views "
            "and functions in the schema public.",
        )


_OF_OTHERS = sa.text("""
    SELECT c.relname AS name, pg_get_userbyid(c.relowner) AS owner FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v') AND NOT pg_has_role(c.relowner, 'USAGE')
    ORDER BY c.relname LIMIT 1""")


def open_database(
    settings: Settings, *, name: str = "kelompok", patience: int | None = None, most: int = 15
) -> Database:
    """Return the database of this installation; start and migrate the embedded one if needed.

    ``name``, ``patience`` and ``most`` are passed to :class:`Database`.

    Raises:
        DatabaseUnavailable: When it cannot be reached, the role lacks rights, or an external database is not migrated.
    """
    hide_memory()
    addresses = find_addresses(settings)
    database = Database(addresses, name=name, patience=patience, most=most)
    try:
        _prepare(database, settings)
    except BaseException:
        database.dispose()
        raise
    return database


def _prepare(database: Database, settings: Settings) -> None:
    with database.connect() as connection:
        status = _status(connection)
        if status.is_current:
            require_rights(connection)
            return
    if settings.database_url is not None:
        raise DatabaseUnavailable(
            f"the database is at revision {status.current or 'none'}, this version needs {status.needed}",
            hint="Run «kelompok db migrate» as a user who may change the schema.",
        )
    migrate(find_owner_url(settings))
