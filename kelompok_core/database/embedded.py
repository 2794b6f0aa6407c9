"""Manages the embedded PostgreSQL server with initdb and pg_ctl.

The first command creates and starts it. It keeps running until it is stopped, and later commands connect to it.
"""

import logging
import os
import secrets
import shlex
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from filelock import FileLock

from kelompok_core.database.passwords import (
    AdminPasswords,
    Passwords,
    find_passwords,
    get_admin_passwords,
    get_passwords,
    make_passwords,
    remove_passwords,
)
from kelompok_core.database.server_files import ServerFiles, find_server_files, make_folder
from kelompok_core.database.server_log import LOGS_NO_ROWS
from kelompok_core.errors import DatabaseUnavailable
from kelompok_core.installation_home import make_home
from kelompok_core.settings import Settings
from kelompok_core.working_folders import system_folder

_logger = logging.getLogger(__name__)

CORE_DATABASE = "kelompok"
DAGSTER_DATABASE = "dagster"
SUPERUSER = "kelompok_admin"
OWNER, RUNTIME, DAGSTER = "kelompok_owner", "kelompok_runtime", "dagster"

_START_SECONDS = 30.0
"""After a kill -9, old backends keep their shared memory for some seconds, and pg_ctl cannot start until then."""

_PORTS = range(20_000, 32_000)
"""Below the ports that the system gives to clients, so that none of them uses the server's port after a restart."""

_BUILTIN_LOCALES_SINCE = 17

_CONFIGURATION = """
# Kelompok: one machine, many short connections, bulk writes.
shared_buffers = 256MB
max_wal_size = 2GB
wal_buffers = 64MB
max_connections = 100
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
password_encryption = scram-sha-256
"""


@dataclass(frozen=True, kw_only=True)
class DatabaseUrls:
    """URLs of the running server for services, one per role, with passwords."""

    runtime: str
    dagster: str


@dataclass(frozen=True, kw_only=True)
class ServerStatus:
    """The state of the server."""

    running: bool
    pid: int | None
    port: int | None
    version: int
    data_folder: Path
    run_as: str | None
    bin_folder: Path


def ensure_running(settings: Settings) -> DatabaseUrls:
    """Return the URLs of the running server; create and start it first if needed.

    Raises:
        DatabaseUnavailable: When it cannot be started, with PostgreSQL's message.
    """
    make_home(settings)
    if (urls := find_running(settings)) is not None:
        return urls
    with FileLock(settings.home / "postgres.lock"):
        files = find_server_files(settings)
        passwords, admin = _initialized(settings, files)
        port = _running_port(files) or _start(settings, files)
        _ensure_roles(passwords, admin, port)
    return _urls(passwords, port)


def find_running(settings: Settings) -> DatabaseUrls | None:
    """Return the URLs of the server if it runs and its creation is complete, or None."""
    passwords = find_passwords(settings)
    if passwords is None:
        return None
    port = _running_port(find_server_files(settings))
    if port is None or not _answers(_urls(passwords, port).runtime):
        return None
    return _urls(passwords, port)


def superuser_url(settings: Settings) -> str:
    """Return the URL of the server's superuser; start the server if needed."""
    port = _port_of_running(settings)
    return _url(SUPERUSER, get_admin_passwords(settings).kelompok_admin, "postgres", port)


def owner_url(settings: Settings) -> str:
    """Return the URL of the role that may change the schema; start the server if needed."""
    port = _port_of_running(settings)
    return _url(OWNER, get_admin_passwords(settings).kelompok_owner, CORE_DATABASE, port)


def _port_of_running(settings: Settings) -> int:
    ensure_running(settings)
    port = _running_port(find_server_files(settings))
    if port is None:
        raise DatabaseUnavailable("the embedded server stopped unexpectedly")
    return port


def stop(settings: Settings) -> bool:
    """Stop the server; return whether it was running."""
    files = find_server_files(settings)
    if _running_port(files) is None:
        return False
    _run(files, "pg_ctl", "stop", "-D", str(files.data_folder), "-m", "fast", "-w")
    shutil.rmtree(_socket_folder(files), ignore_errors=True)
    return True


def remove(settings: Settings) -> Path | None:
    """Stop the server and delete its data and passwords; return the deleted folder, or None if there was none."""
    stop(settings)
    files = find_server_files(settings)
    remove_passwords(settings)
    _port_file(settings).unlink(missing_ok=True)
    if not files.data_folder.exists():
        return None
    shutil.rmtree(files.data_folder)
    return files.data_folder


def status(settings: Settings) -> ServerStatus:
    """Return the state of the server, without starting it."""
    files = find_server_files(settings)
    port = _running_port(files)
    return ServerStatus(
        running=port is not None,
        pid=_postmaster(files)[0] if port is not None else None,
        port=port,
        version=files.major,
        data_folder=files.data_folder,
        run_as=files.user,
        bin_folder=files.bin_folder,
    )


def is_alive(settings: Settings) -> bool:
    """Return whether the server's process is alive, without connecting to it."""
    pid, _ = _postmaster(find_server_files(settings))
    return pid is not None and _is_postgres(pid)


def psql_path(settings: Settings) -> Path:
    """Return the psql that belongs to the server."""
    return find_server_files(settings).bin_folder / "psql"


def _url(role: str, password: str, database: str, port: int) -> str:
    return f"postgresql://{role}:{password}@127.0.0.1:{port}/{database}"


def _urls(passwords: Passwords, port: int) -> DatabaseUrls:
    return DatabaseUrls(
        runtime=_url(RUNTIME, passwords.kelompok_runtime, CORE_DATABASE, port),
        dagster=_url(DAGSTER, passwords.dagster, DAGSTER_DATABASE, port),
    )


def _initialized(settings: Settings, files: ServerFiles) -> tuple[Passwords, AdminPasswords]:
    """Return the passwords of the data folder; create both if needed. An incomplete data folder is never left."""
    is_there = (files.data_folder / "PG_VERSION").exists()
    if is_there:
        _require_same_major(files)
    else:
        _logger.info("Creating a database in %s", files.data_folder.resolve())
        make_passwords(settings)
    passwords, admin = get_passwords(settings), get_admin_passwords(settings)
    if not is_there:
        _initialize(files, admin)
    return passwords, admin


def _require_same_major(files: ServerFiles) -> None:
    written = (files.data_folder / "PG_VERSION").read_text().strip()
    if written != str(files.major):
        raise DatabaseUnavailable(
            f"the data in {files.data_folder} is for PostgreSQL {written}, but the programs are version {files.major}",
            hint=f"Point KELOMPOK_POSTGRES_BIN to version {written} and make a backup (kelompok db backup). Then unset "
            "it, set KELOMPOK_HOME to a new folder and restore the backup (kelompok db restore). Nothing was changed.",
        )


def _initialize(files: ServerFiles, admin: AdminPasswords) -> None:
    fresh = files.data_folder.with_name(files.data_folder.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    make_folder(fresh, files.user)
    builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    locale = builtin if files.major >= _BUILTIN_LOCALES_SINCE else ["--locale=C.UTF-8"]
    with tempfile.NamedTemporaryFile("w", prefix="kelompok-", dir=system_folder()) as password_file:
        password_file.write(admin.kelompok_admin)
        password_file.flush()
        _change_owner(Path(password_file.name), files.user)
        _run(
            files, "initdb", "-D", str(fresh), "-U", SUPERUSER, "-A", "scram-sha-256", "-E", "UTF8", "--no-sync",
            f"--pwfile={password_file.name}", *locale,
        )  # fmt: skip
    with (fresh / "postgresql.conf").open("a") as configuration:
        configuration.write(_CONFIGURATION)
    # Moved only when it is complete, so that a killed first start can be repeated.
    if files.data_folder.exists():
        files.data_folder.rmdir()
    fresh.rename(files.data_folder)


def _change_owner(path: Path, user: str | None) -> None:
    if user is not None:
        shutil.chown(path, user)


def _postmaster(files: ServerFiles) -> tuple[int | None, int | None]:
    """Return process id and port from the server's pid file, even if it does not run any more."""
    try:
        lines = (files.data_folder / "postmaster.pid").read_text().splitlines()
        return int(lines[0]), int(lines[3])
    except (OSError, ValueError, IndexError):
        return None, None


def _running_port(files: ServerFiles) -> int | None:
    pid, port = _postmaster(files)
    if pid is None or port is None or not _is_postgres(pid):
        return None
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2):
            return port
    except OSError:
        return None


def _is_postgres(pid: int) -> bool:
    """Return whether the process is alive; with /proc, zombies and other programs do not count."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    try:
        name, _, state = Path(f"/proc/{pid}/stat").read_text().partition("(")[2].rpartition(")")
    except OSError:
        return True
    return name.startswith("postgres") and not state.startswith(" Z")


def _answers(url: str) -> bool:
    import psycopg

    try:
        with psycopg.connect(url, connect_timeout=3):
            return True
    except psycopg.OperationalError:
        return False


def _start(settings: Settings, files: ServerFiles) -> int:
    """Start the server, if possible on its previous port, so that clients can reconnect; return the port."""
    _logger.info("Starting the database of %s", settings.home.resolve())
    deadline = monotonic() + _START_SECONDS
    remembered = _port_file(settings)
    while True:
        port = _free_port(remembered)
        try:
            _pg_ctl_start(files, port)
        except DatabaseUnavailable:
            if monotonic() > deadline:
                raise
            sleep(0.2)
            if (running := _running_port(files)) is not None:
                return running
        else:
            remembered.write_text(str(port))
            return port


def _pg_ctl_start(files: ServerFiles, port: int) -> None:
    sockets = _socket_folder(files)
    make_folder(sockets, files.user)
    # Set at each start, so that it also applies to existing databases.
    quiet = " ".join(f"-c {name}={value}" for name, value in LOGS_NO_ROWS.items())
    options = f"-c listen_addresses=127.0.0.1 -p {port} -k {shlex.quote(str(sockets))} {quiet}"
    log = str(files.data_folder / "server.log")
    _run(files, "pg_ctl", "start", "-D", str(files.data_folder), "-l", log, "-w", "-t", "20", "-o", options)


def _socket_folder(files: ServerFiles) -> Path:
    """Return a private folder whose name is short enough for a socket's path (107 bytes on Linux)."""
    digest = sha256(str(files.data_folder).encode()).hexdigest()[:12]
    return system_folder() / f"kelompok-{os.geteuid()}-{digest}"


def _port_file(settings: Settings) -> Path:
    return settings.home / "postgres.port"


def _free_port(remembered: Path) -> int:
    """Return the previous port if it is free, or else another one."""
    last = remembered.read_text() if remembered.exists() else ""
    port = int(last) if last.isdecimal() else secrets.choice(_PORTS)
    while not _is_free(port):
        port = secrets.choice(_PORTS)
    return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as PostgreSQL does
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            return False
        return True


def _run(files: ServerFiles, program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs as the server's user, without passing it the pipes of this process."""
    as_user: dict[str, Any] = {}
    if files.user is not None:
        as_user = {"user": files.user, "group": _group_of(files.user), "extra_groups": []}
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(
            [files.bin_folder / program, *arguments],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/", env=_environment(),
            start_new_session=True, check=False, **as_user,
        )  # fmt: skip
        output.seek(0)
        printed = output.read().strip()
    if done.returncode != 0:
        raise DatabaseUnavailable(
            f"{program} {arguments[0]} failed: {printed[-600:]}{_last_log_lines(files)}",
            hint="Run «kelompok doctor»; PostgreSQL's own log is server.log in its data folder.",
        )


def _group_of(user: str) -> int:
    import pwd

    return pwd.getpwnam(user).pw_gid


def _environment() -> dict[str, str]:
    """Return a minimal environment: libpq's variables would change the connection."""
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR", "HOME") if name in os.environ}
    return {**kept, "LC_ALL": "C"}


def _last_log_lines(files: ServerFiles) -> str:
    try:
        lines = (files.data_folder / "server.log").read_text("utf-8", "replace").splitlines()[-3:]
    except OSError:
        return ""
    return "\n" + "\n".join(lines) if lines else ""


def _ensure_roles(passwords: Passwords, admin: AdminPasswords, port: int) -> None:
    """Create missing roles and databases. If this is interrupted, the next start continues."""
    import psycopg
    from psycopg import sql

    def missing(catalog: str, column: str, name: str) -> bool:
        found = server.execute(
            sql.SQL("SELECT FROM {} WHERE {} = %s").format(sql.Identifier(catalog), sql.Identifier(column)),
            [name],
        )
        return found.fetchone() is None

    url = _url(SUPERUSER, admin.kelompok_admin, "postgres", port)
    roles = {OWNER: admin.kelompok_owner, RUNTIME: passwords.kelompok_runtime, DAGSTER: passwords.dagster}
    with psycopg.connect(url, autocommit=True) as server:
        for role, password in roles.items():
            if missing("pg_roles", "rolname", role):
                create = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}")
                server.execute(create.format(sql.Identifier(role), sql.Literal(password)))
        server.execute("ALTER ROLE dagster SET synchronous_commit = off")
        for database, owner, users in _DATABASES:
            if missing("pg_database", "datname", database):
                create = sql.SQL("CREATE DATABASE {} OWNER {}")
                server.execute(create.format(sql.Identifier(database), sql.Identifier(owner)))
            _restrict(server.execute, sql, database, users)
        for database in _MAINTENANCE:
            _restrict(server.execute, sql, database, ())


_DATABASES = ((CORE_DATABASE, OWNER, (OWNER, RUNTIME)), (DAGSTER_DATABASE, DAGSTER, (DAGSTER,)))
_MAINTENANCE = ("postgres", "template1")
"""Databases that initdb creates. By default every role may connect, and create temporary tables in the first."""


def _restrict(execute: Callable[..., object], sql: Any, database: str, users: Sequence[str]) -> None:
    """Allow only these roles to connect to a database."""
    name = sql.Identifier(database)
    execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
    for user in users:
        execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(name, sql.Identifier(user)))
