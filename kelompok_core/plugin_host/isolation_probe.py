"""Measures what the isolation of plugins stops on this machine, by letting a process of our own try to get out."""

import os
import socket
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from kelompok_core.contracts import PluginContext
from kelompok_core.plugin_host.isolation import Level, find_user, level_of, make_walls
from kelompok_core.plugin_host.limits import Limits
from kelompok_core.plugin_host.plugin_folders import plugin_folder
from kelompok_core.plugin_host.printed_output import PrintedOutput
from kelompok_core.plugin_host.processes import start_process
from kelompok_core.plugin_host.running_plugin import RunningPlugin
from kelompok_core.plugin_process.system_calls import hide_memory
from kelompok_core.settings import Settings
from kelompok_core.working_folders import system_folder, working_folder

_TARGET = "kelompok_core.plugin_process.attempts:Attempts"
_CONTRACT = "cli_command_provider"


@dataclass(frozen=True, kw_only=True)
class Isolation:
    """The isolation of plugins on this machine, as measured.

    Attributes:
        level: The level that plugins get.
        missing: Why a wall is missing, by the wall's name.
        outcomes: The outcome of each attempt to get out, by its description.
    """

    level: Level
    missing: Mapping[str, str]
    outcomes: Mapping[str, str]


def measure_isolation(settings: Settings, level: Level = Level.FULL) -> Isolation:
    """Return the isolation that plugins get here, or at most a weaker level.

    Raises:
        ProcessFailed: When no process can be started.
    """
    hide_memory()
    has_user, has_sandbox = level in (Level.USER, Level.FULL), level in (Level.SANDBOX, Level.FULL)
    user, limits = find_user(sandbox=has_sandbox) if has_user else None, Limits()
    with _surroundings(settings) as arguments, plugin_folder(settings, user) as workdir:
        process = start_process()
        output = PrintedOutput(process.output, "isolation", [], [])
        run = RunningPlugin(process, PluginContext(), limits, workdir, output, {})
        try:
            walls = make_walls(limits=limits, user=user, readable=[], workdir=workdir, sandbox=has_sandbox)
            standing = run.start({"workdir": str(workdir), "walls": walls.to_json()})
            run.load("isolation", _CONTRACT, _TARGET, {})
            table = run.run_command("attempt", arguments).tables["attempts"]
        finally:
            process.end()
            output.finish()
    outcomes = dict(zip(table["attempt"], table["outcome"], strict=True))
    missing = {wall: why for wall, why in standing.items() if why is not None}
    return Isolation(level=level_of(standing), missing=missing, outcomes=outcomes)


@contextmanager
def _surroundings(settings: Settings) -> Iterator[dict[str, object]]:
    """Provide what the attempts aim at: a private file, and sockets of this process in place of the database's."""
    with ExitStack() as stack:
        private = stack.enter_context(working_folder(settings))
        file = private / "private"
        file.write_text("private")
        file.chmod(0o600)
        by_network = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        folder = stack.enter_context(_open_folder())
        by_file = stack.enter_context(socket.socket(socket.AF_UNIX))
        by_file.bind(str(folder / "s"))
        (folder / "s").chmod(0o777)
        by_file.listen()
        for one in (by_network, by_file):
            threading.Thread(target=_accept, args=(one,), daemon=True).start()
        yield {
            "core": os.getpid(),
            "file": str(file),
            "port": by_network.getsockname()[1],
            "unix": str(folder / "s"),
            "outside": str(system_folder()),
        }


@contextmanager
def _open_folder() -> Iterator[Path]:
    """Provide a folder that everybody may enter, like that of a server's socket."""
    with tempfile.TemporaryDirectory(prefix="kelompok-", dir=system_folder()) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def _accept(listening: socket.socket) -> None:
    with suppress(OSError):  # closed, because the attempts are over
        while True:
            listening.accept()[0].close()
