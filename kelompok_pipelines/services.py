"""The services of one machine: database, Dagster's web interface and daemon, workers and the HTTP API."""

import os
import socket
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from time import monotonic, sleep

from kelompok_core.cli.launcher import ServiceOptions
from kelompok_core.database import embedded
from kelompok_core.database.engine import Database, find_addresses, open_database
from kelompok_core.errors import KelompokError, UsageError
from kelompok_core.private_files import make_private_folder
from kelompok_core.running import running_alone
from kelompok_core.settings import Settings
from kelompok_pipelines.gate import HOST, read_hosts
from kelompok_pipelines.instance import dagster_environment, find_dagster_home
from kelompok_pipelines.interruption import Interruption
from kelompok_pipelines.source_checks import read_sources
from kelompok_pipelines.supervisor import Service, stop
from kelompok_pipelines.worker_watch import WorkerWatch

_WORKER = "worker-"
_START_SECONDS = 120
_LOOK_SECONDS = 0.2


def run_services(settings: Settings, options: ServiceOptions, notify: Callable[[str], None]) -> int:
    """Run the services until interrupted; restart those that exit by themselves, the embedded database, too.

    Raises:
        Conflict: When another process already runs them.
        UsageError: When a port is in use.
        KelompokError: When a service does not start.
    """
    with running_alone(settings):
        return _run(settings, options, notify)


def _run(settings: Settings, options: ServiceOptions, notify: Callable[[str], None]) -> int:
    for port, option in ((options.port, "--port"), (options.api_port, "--api-port")):
        if _answers(port):
            raise UsageError(f"port {port} is in use", hint=f"Choose another one: kelompok up {option} {port + 1}")
    read_hosts(settings)  # show configuration errors here, not in a log
    for wrong in read_sources(settings).wrong:
        notify(f"{wrong.called} in kelompok.toml is invalid and has no effect: {wrong.message}")
    open_database(settings).dispose()  # start and migrate it first: the services do not have the rights to
    environment = service_environment(settings)
    logs = settings.home.resolve() / "logs"
    make_private_folder(logs)
    services: list[Service] = []
    with Interruption() as interruption:
        try:
            for name, command in _commands(options, environment):
                services.append(Service(name, command, environment, logs))
            web, api = services[:2]
            _wait_until_up(options.port, web)
            _wait_until_up(options.api_port, api)
            notify(f"Dagster UI: http://{HOST}:{options.port}  (logs in {logs}; Ctrl-C stops)")
            notify(f"HTTP API:   http://{HOST}:{options.api_port}  (its documentation: /docs)")
            workers = [service for service in services if service.name.startswith(_WORKER)]
            with WorkerWatch(lambda: _connect(settings), workers, notify):
                while not interruption.happened:
                    _look_after(settings, services, notify)
                    sleep(_LOOK_SECONDS)
        finally:
            stop(services)
    notify("Stopped. The database runs on; «kelompok db stop» stops it.")
    return 0


def _connect(settings: Settings) -> Database:
    return Database(find_addresses(settings), name="kelompok supervisor")


def service_environment(settings: Settings) -> dict[str, str]:
    """Return the environment of services: the running database's URLs, without the owner role's."""
    addresses = find_addresses(settings)
    kept = {name: value for name, value in os.environ.items() if name != "KELOMPOK_OWNER_DATABASE_URL"}
    return {
        **kept,
        **dagster_environment(settings, addresses),
        "KELOMPOK_DATABASE_URL": addresses.runtime,
        "KELOMPOK_DAGSTER_DATABASE_URL": addresses.dagster or "",
    }


def _commands(options: ServiceOptions, environment: Mapping[str, str]) -> list[tuple[str, list[str]]]:
    workspace = str(Path(environment["DAGSTER_HOME"]) / "workspace.yaml")
    return [
        ("dagster-ui", ["kelompok", "ui", "serve", "--port", str(options.port)]),
        ("api", ["kelompok", "serve", "--host", HOST, "--port", str(options.api_port)]),
        ("dagster-daemon", ["dagster-daemon", "run", "-w", workspace]),
        *((f"{_WORKER}{number}", ["kelompok", "worker"]) for number in range(1, options.workers + 1)),
    ]


def _look_after(settings: Settings, services: Sequence[Service], notify: Callable[[str], None]) -> None:
    if settings.database_url is None and not embedded.is_alive(settings):
        notify("The database stopped and is being restarted.")
        environment = service_environment(settings)
        for service in services:
            service.use(environment)
    for service in services:
        service.look_after(notify)


def _wait_until_up(port: int, service: Service) -> None:
    deadline = monotonic() + _START_SECONDS
    while not _answers(port):
        if not service.is_running or monotonic() > deadline:
            raise KelompokError(f"{service.name} did not start", hint=f"See {service.log}")
        sleep(_LOOK_SECONDS)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


def diagnose(settings: Settings) -> list[tuple[str, str | None]]:
    """Return the checks of Dagster, each with its problem or None."""
    import dagster as dg

    home = find_dagster_home()
    versions = {name: version(name) for name in ("dagster", "dagster-webserver")}
    together = None if len(set(versions.values())) == 1 else f"the versions must be the same: {versions}"
    os.environ.update(dagster_environment(settings))
    with dg.DagsterInstance.get() as instance:
        runs = instance.get_runs_count()
    return [
        (f"Dagster {versions['dagster']}", together),
        (f"dagster.yaml in {home}", None),
        (f"Dagster's storage, {runs} run{'' if runs == 1 else 's'}", None),
    ]
