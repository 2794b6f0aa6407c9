"""Starts a plugin in a process of its own for one run."""

import compileall
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from kelompok_core.contracts import PluginContext
from kelompok_core.errors import PluginUnavailable
from kelompok_core.installed_plugins import package_folders
from kelompok_core.plugin_host.isolation import OwnUser, find_user, make_walls, read_required_level, require_level
from kelompok_core.plugin_host.limits import read_limits
from kelompok_core.plugin_host.plugin_folders import plugin_folder
from kelompok_core.plugin_host.printed_output import PrintedOutput
from kelompok_core.plugin_host.processes import start_process
from kelompok_core.plugin_host.registry import PluginInfo
from kelompok_core.plugin_host.running_plugin import RunningPlugin
from kelompok_core.settings import Settings


@contextmanager
def start_plugin(
    settings: Settings,
    plugin: PluginInfo,
    contract: str,
    context: PluginContext,
    *,
    reads: Sequence[Path] = (),
) -> Iterator[RunningPlugin]:
    """Provide a plugin's implementation of a contract, loaded in a process of its own that ends with the block.

    Args:
        settings: The installation.
        plugin: The plugin.
        contract: The contract.
        context: What the plugin may know; its functions are answered by this process.
        reads: Files that the plugin may read.

    Raises:
        PluginUnavailable: When it cannot be loaded, does not implement the contract, or the machine does not offer the
            isolation that the operator requires.
        ProcessFailed: When no process can be started.
    """
    target = plugin.manifest.implements.get(contract) if plugin.manifest else None
    if target is None:
        raise PluginUnavailable(plugin.name, f"it does not implement {contract}")
    with open_run(settings, plugin, (contract, target), context, reads) as run:
        yield run


@contextmanager
def open_run(
    settings: Settings, plugin: PluginInfo, implements: tuple[str, str], context: PluginContext, reads: Sequence[Path]
) -> Iterator[RunningPlugin]:
    """Provide the plugin's implementation, a contract and its target, in a process of its own.

    The project's own tests replace this function when they have to reach into a plugin; nothing else does.
    """
    contract, target = implements
    folders = list(package_folders(plugin.package))
    limits, user = read_limits(settings), find_user(folders)
    with plugin_folder(settings, user) as workdir:
        files = _given(reads, workdir, user)
        process = start_process()
        output = PrintedOutput(process.output, plugin.name, folders, context.secrets.values())
        run = RunningPlugin(process, context, limits, workdir, output, files)
        try:
            walls = make_walls(limits=limits, user=user, readable=[*folders, *files.values()], workdir=workdir)
            standing = run.start({"workdir": str(workdir), "walls": walls.to_json()})
            require_level(read_required_level(settings), standing, plugin.name)
            run.load(plugin.name, contract, target, {plugin.package: folders})
            yield run
        finally:
            process.end()
            output.finish()


def try_loading(settings: Settings, plugin: PluginInfo, contract: str) -> None:
    """Load a plugin in a process of its own to see whether that works. It gets no settings and no secrets.

    Compiles its modules before, because its process may not write what it compiles.

    Raises:
        PluginUnavailable: When it cannot be loaded.
    """
    for folder in package_folders(plugin.package):
        compileall.compile_dir(folder, quiet=2)
    with start_plugin(settings, plugin, contract, PluginContext()):
        return


def _given(reads: Sequence[Path], workdir: Path, user: OwnUser | None) -> dict[Path, Path]:
    """Return where the plugin finds each file: itself, or a copy if the plugin's user may not reach it."""
    if user is None or user.reads_all:
        return {path: path.absolute() for path in reads}
    copies = {}
    for number, path in enumerate(reads):
        folder = workdir / f"given-{number}"
        folder.mkdir()
        copies[path] = Path(shutil.copyfile(path, folder / path.name))
        copies[path].chmod(0o444)
        folder.chmod(0o755)
    return copies
