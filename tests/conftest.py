"""One PostgreSQL server for the whole run, and a database for each test, copied from a template."""

import compileall
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import hypothesis
import psycopg
import pytest
import sqlalchemy as sa
from filelock import FileLock

from benchmarks.databases import copied, in_database, make_template, settings_in
from kelompok_core.access.actors import Actor, get_actor
from kelompok_core.audit.context import AuditContext, announce
from kelompok_core.database import embedded
from kelompok_core.database.engine import Addresses, Database
from kelompok_core.entities import list_entities
from kelompok_core.imports.applying.apply import apply
from kelompok_core.imports.deciding.decide import decide
from kelompok_core.imports.receiving.receive import ImportRequest, receive
from kelompok_core.imports.reporting.report import ImportReport, get_report
from kelompok_core.imports.shared.options import ImportOptions
from kelompok_core.imports.staging.stage import stage
from kelompok_core.installation import Installation
from kelompok_core.organizations.service import OrganizationService
from kelompok_core.settings import Settings, read_settings
from tests.enabling import set_enabled
from tests.in_process import open_run_in_process

_HOME = "KELOMPOK_TEST_HOME"
_TEMPLATE = "template_core"
_PLUGINS = Path(__file__).parents[1] / "plugins"
_MEMORY, _LARGE_ENOUGH = Path("/dev/shm"), 8 << 30  # noqa: S108 -- mkdtemp makes a folder of its own in it


# How long an example takes says how busy the machine is.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        os.environ[_HOME] = tempfile.mkdtemp(prefix="kelompok-tests-", dir=_fast_folder())


def _fast_folder() -> str | None:
    """Return the folder in memory if it is large enough: each test copies a database of some hundred files."""
    if not _MEMORY.is_dir() or not os.access(_MEMORY, os.W_OK) or shutil.disk_usage(_MEMORY).free < _LARGE_ENOUGH:
        return None
    return str(_MEMORY)


def pytest_unconfigure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        return
    home = os.environ.pop(_HOME)
    embedded.remove(read_settings({"KELOMPOK_HOME": home}))
    shutil.rmtree(home, ignore_errors=True)


_FOLDERS_OF_PROOFS = {Path(__file__).parent / name for name in ("e2e", "faults")}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the folders whose tests start or kill whole installations; other modules and tests are marked in place."""
    for item in items:
        if item.path.parent in _FOLDERS_OF_PROOFS:
            item.add_marker(pytest.mark.proof)


@pytest.fixture(scope="session")
def server() -> Settings:
    """The settings of the run's server, which is started and has the template."""
    home = Path(os.environ[_HOME])
    home.chmod(0o755)
    settings = read_settings({"KELOMPOK_HOME": str(home)})
    superuser = embedded.superuser_url(settings)
    compileall.compile_dir(_PLUGINS, quiet=1)  # as «plugin enable» does
    with FileLock(home / "template.lock"), psycopg.connect(superuser, autocommit=True) as connection:
        known = connection.execute("SELECT FROM pg_database WHERE datname = %s", [_TEMPLATE]).fetchone()
        if known is None:
            # Nothing here outlives the run.
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("ALTER SYSTEM SET synchronous_commit = off")
            # Each copy of a database ends in a checkpoint, after which pages would be written whole.
            connection.execute("ALTER SYSTEM SET full_page_writes = off")
            # Two of a test's own connections that wait for each other would wait for ever.
            connection.execute("ALTER SYSTEM SET lock_timeout = '60s'")
            connection.execute("SELECT pg_reload_conf()")
            make_template(settings, _TEMPLATE)
    return settings


_numbers = count()


@pytest.fixture
def settings(server: Settings, tmp_path: Path) -> Iterator[Settings]:
    """Settings of an installation with its own migrated database and csv-import enabled."""
    name = f"t_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{next(_numbers)}"
    with copied(server, _TEMPLATE, name):
        made = settings_in(server, name, home=tmp_path / "home", config_file=tmp_path / "kelompok.toml")
        set_enabled(made, "csv-import", enabled=True)
        set_enabled(made, "json-import", enabled=True)
        yield made


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    opened = Database(Addresses(runtime=str(settings.database_url), dagster=settings.dagster_database_url))
    yield opened
    opened.dispose()


@pytest.fixture
def installation(database: Database, settings: Settings) -> Installation:
    return Installation(database=database, settings=settings)


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run plugins in this process, for tests that replace their code."""
    monkeypatch.setattr("kelompok_core.plugin_host.running.open_run", open_run_in_process)


@pytest.fixture
def grant(settings: Settings) -> Callable[..., None]:
    """Grant plugins what they ask for."""

    def run(*names: str) -> None:
        for name in names:
            set_enabled(settings, name, enabled=True)

    return run


@pytest.fixture
def operator(database: Database) -> Actor:
    with database.connect() as connection, connection.begin():
        return get_actor(connection, email=None)


_OF_RECORDS = (
    *list_entities(), "organization_user_roles", "source_records", "source_sightings",
    "imports", "import_rows", "import_decisions", "review_decisions", "import_reversals", "import_superseded",
    "judgements", "audit_logs", "workers",
)  # fmt: skip


@pytest.fixture
def forget(server: Settings, settings: Settings) -> Callable[[], None]:
    """Empty the test's database except for its users, so that the next import finds no records."""
    name = str(settings.database_url).rpartition("/")[2]
    url = in_database(embedded.superuser_url(server), name)

    def run() -> None:
        with psycopg.connect(url) as connection:
            # Triggers refuse to empty the audit, whoever asks; a replica's session runs none.
            connection.execute("SET session_replication_role = replica")
            for table in _OF_RECORDS:
                connection.execute(f"DELETE FROM {table}")

    return run


ImportFile = Callable[..., ImportReport]


@pytest.fixture
def import_file(installation: Installation, operator: Actor, tmp_path: Path) -> ImportFile:
    """Import text or a file with all steps, and return the report."""

    def run(
        content: str | bytes | Path,
        *,
        name: str = "list.csv",
        options: ImportOptions | None = None,
        dry_run: bool = False,
        source: str | None = None,
        organization: str | None = None,
        actor: Actor | None = None,
        entity: str = "organizations",
        plugin: str = "csv-import",
        is_location: bool = False,
    ) -> ImportReport:
        if isinstance(content, Path) or is_location:
            file = content
        else:
            file = tmp_path / name
            file.write_bytes(content.encode() if isinstance(content, str) else content)
        request = ImportRequest(
            plugin=plugin,
            job=f"import-{entity}",
            file=file,
            source_name=source,
            dry_run=dry_run,
            organization=organization,
            options=options or ImportOptions(),
        )
        import_id = receive(installation, request, actor or operator).import_id
        stage(installation, import_id)
        decide(installation, import_id)
        apply(installation, import_id)
        with installation.database.connect() as connection:
            return get_report(connection, import_id)

    return run


@pytest.fixture
def ask(database: Database) -> Callable[..., list[sa.Row]]:
    """Query the database as the runtime role, with plain SQL."""

    def run(query: str, **params: object) -> list[sa.Row]:
        with database.connect() as connection:
            return list(connection.execute(sa.text(query), params))

    return run


@pytest.fixture
def person(database: Database) -> Callable[..., Actor]:
    """Create a user, with a platform role or a role in an organization."""

    def make(email: str, *, platform_role: str | None = None, slug: str | None = None, role: str = "editor") -> Actor:
        with database.connect() as connection, connection.begin():
            announce(connection, AuditContext(actor="system:test", origin="setup"))
            connection.execute(
                sa.text("INSERT INTO users (email, name, platform_role) VALUES (:email, :email, :role)"),
                {"email": email, "role": platform_role},
            )
            actor = get_actor(connection, email=email)
            if slug is not None:
                connection.execute(
                    sa.text("""
                        INSERT INTO organization_user_roles (organization_id, user_id, role)
                        SELECT id, :user, :role FROM organizations WHERE slug = :slug"""),
                    {"user": actor.id, "role": role, "slug": slug},
                )
            return actor

    return make


@pytest.fixture
def person_sets(database: Database, operator: Actor) -> Callable[..., UUID]:
    """Change an organization as a person does; return its id."""

    def run(slug: str, **values: Any) -> UUID:
        with database.session() as session:
            (found,) = session.scalars(sa.text("SELECT id FROM organizations WHERE slug = :slug"), {"slug": slug})
            OrganizationService(session, operator).update(found, values)
        return found

    return run
