"""Running a plugin: its object made, its surroundings built and removed. The only place that imports one."""

import importlib
import inspect
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from kelompok_core.contracts import CONTRACTS, ConfigurationError, PluginContext
from kelompok_core.errors import KelompokError, PluginUnavailable, SettingsError
from kelompok_core.plugin_host.configuration import check_config, resolve_secret
from kelompok_core.plugin_host.registry import PluginInfo
from kelompok_core.settings import Settings
from kelompok_core.working_folders import working_folder


def load(plugin: PluginInfo, contract: str) -> Any:
    """Import the plugin's implementation of a contract and return a new object of it.

    Raises:
        PluginUnavailable: When it cannot be imported or made, or does not fit the contract.
    """
    target = plugin.manifest.implements.get(contract) if plugin.manifest else None
    if target is None:
        raise PluginUnavailable(plugin.name, f"it does not implement {contract}")
    module, _, name = target.partition(":")
    try:
        implementation = getattr(importlib.import_module(module), name)()
    except (Exception, SystemExit) as error:
        raise PluginUnavailable(plugin.name, f"{target} cannot be loaded: {error!r}") from error
    if problem := _misfit(implementation, CONTRACTS[contract]):
        raise PluginUnavailable(plugin.name, f"{target} does not fit {contract}: {problem}")
    return implementation


def _misfit(implementation: object, contract: type) -> str | None:
    """Return what is wrong with the methods the contract asks for, or None."""
    for name, asked in inspect.getmembers(contract, inspect.isfunction):
        if name.startswith("_"):
            continue
        method = getattr(implementation, name, None)
        if not callable(method):
            return f"it has no {name}()"
        arguments = [None] * (len(inspect.signature(asked).parameters) - 1)
        try:
            inspect.signature(method).bind(*arguments)
        except TypeError as error:
            return f"{name}(): {error}"
    return None


@contextmanager
def failing_as(failure: type[KelompokError], label: str, doing: str) -> Iterator[None]:
    """Turn what a plugin raises into an error of ours: the failure of what it was asked to do, never the host's.

    Raises:
        SettingsError: Naming the setting that does not fit.
        KelompokError: The failure, with the plugin's name and what it raised.
    """
    try:
        yield
    except ConfigurationError as error:
        raise SettingsError(
            error.key, error.reason, hint="Set it with --set KEY=VALUE, or in kelompok.toml."
        ) from error
    except KelompokError:
        raise
    except Exception as error:
        raise failure(f"{label} failed while {doing}: {type(error).__name__}: {error}") from error


@contextmanager
def plugin_context(
    settings: Settings, plugin: PluginInfo, *, config: Mapping[str, Any], dry_run: bool, **further: Any
) -> Iterator[PluginContext]:
    """Give what one run of the plugin gets, ``further`` attributes among it; its working folder goes when it ends.

    Raises:
        SettingsError: When a setting does not fit, or a secret is not there.
    """
    if plugin.manifest is None:
        raise PluginUnavailable(plugin.name, "it has no manifest")
    checked = check_config(plugin.manifest, config)
    secrets = {
        key: resolve_secret(key, str(checked[key])) for key in plugin.manifest.permissions.secrets if key in checked
    }
    with working_folder(settings) as workdir:
        yield PluginContext(
            config={key: value for key, value in checked.items() if key not in secrets},
            secrets=secrets,
            log=logging.getLogger(f"kelompok.plugin.{plugin.name}"),
            clock=lambda: datetime.now(UTC),
            workdir=workdir,
            dry_run=dry_run,
            **further,
        )
