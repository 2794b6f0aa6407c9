"""Runs Dagster's web interface in its own process. It can be reached only through the gate."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import uvicorn
from dagster._core.workspace.context import WorkspaceProcessContext  # not exported
from dagster._core.workspace.load_target import WorkspaceFileTarget  # not exported
from dagster_webserver.app import create_app_from_workspace_process_context
from dagster_webserver.cli import (
    DEFAULT_DB_STATEMENT_TIMEOUT,
    DEFAULT_POOL_MAX_OVERFLOW,
    DEFAULT_POOL_RECYCLE,
)
from starlette.types import ASGIApp

from kelompok_core.settings import Settings
from kelompok_pipelines.gate import HOST, Gate, read_hosts
from kelompok_pipelines.instance import dagster_environment
from kelompok_pipelines.login import Login

_POLL_MILLISECONDS = 2000
_SHUTDOWN_SECONDS = 5


def serve_ui(settings: Settings, port: int, notify: Callable[[str], None]) -> int:
    """Serve the web interface on this machine until interrupted; return an exit code.

    Raises:
        SettingsError: When ``[ui]`` of kelompok.toml or the password file is invalid.
    """
    hosts, login = read_hosts(settings), Login(settings)
    os.environ.update(dagster_environment(settings))
    with _dagster_app(Path(os.environ["DAGSTER_HOME"]) / "workspace.yaml") as app:
        config = uvicorn.Config(
            Gate(app, hosts, login), host=HOST, port=port, http="h11", lifespan="off", log_level="warning",
            access_log=False, server_header=False, proxy_headers=False, timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
        )  # fmt: skip
        notify(f"Dagster UI: http://{HOST}:{port}  (Ctrl-C stops)")
        uvicorn.Server(config).run()
    return 0


@contextmanager
def _dagster_app(workspace: Path) -> Iterator[ASGIApp]:
    with dg.DagsterInstance.get() as instance:
        instance.optimize_for_webserver(DEFAULT_DB_STATEMENT_TIMEOUT, DEFAULT_POOL_RECYCLE, DEFAULT_POOL_MAX_OVERFLOW)
        with WorkspaceProcessContext(
            instance,
            version=dg.__version__,
            read_only=False,
            workspace_load_target=WorkspaceFileTarget([str(workspace)]),
        ) as context:
            yield create_app_from_workspace_process_context(context, "", _POLL_MILLISECONDS)
