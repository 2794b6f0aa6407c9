"""Loads plugins and provides their context. The only module that imports plugin code."""

import importlib
import logging
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from kelompok_core.contract_rules.methods import find_method_problem
from kelompok_core.contract_rules.storable import describe_exception
from kelompok_core.contracts import ConfigurationError, JsonValue, PluginContext
from kelompok_core.errors import KelompokError, PluginUnavailable, SettingsError
from kelompok_core.plugin_host.configuration import check_config, resolve_secret
from kelompok_core.plugin_host.contract_names import contract_named
from kelompok_core.plugin_host.registry import PluginInfo
from kelompok_core.settings import Settings
from kelompok_core.working_folders import working_folder

_OF_THE_HOST = ("dagster", "kelompok_core", "kelompok_pipelines")


def load(plugin: PluginInfo, contract: str) -> Any:
    """Import the plugin's implementation of a contract and return a new instance.

    Raises:
        PluginUnavailable: When it cannot be imported or instantiated, or does not implement the contract.
    """
    target = plugin.manifest.implements.get(contract) if plugin.manifest else None
    if target is None:
        raise PluginUnavailable(plugin.name, f"it does not implement {contract}")
    module, _, name = target.partition(":")
    try:
        implementation = getattr(importlib.import_module(module), name)()
    except BaseException as error:
        if _is_of_the_host(error):
            raise
        raise PluginUnavailable(plugin.name, f"{target} cannot be loaded: {describe_exception(error)}") from error
    if problem := find_method_problem(implementation, contract_named(contract)):
        raise PluginUnavailable(plugin.name, f"{target} does not fit {contract}: {problem}")
    return implementation


@contextmanager
def failing_as(failure: type[KelompokError], label: str, doing: str) -> Iterator[None]:
    """Turn a plugin's exception into an error of the core.

    A plugin that tries to end the process (``sys.exit``) also fails with this error.

    Raises:
        SettingsError: Naming the invalid setting.
        KelompokError: An instance of ``failure``, with the plugin's name and its exception.
    """
    try:
        yield
    except ConfigurationError as error:
        raise SettingsError(
            error.key, error.reason, hint="Set it with --set KEY=VALUE, or in kelompok.toml."
        ) from error
    except KelompokError:
        raise
    except BaseException as error:
        if _is_of_the_host(error):
            raise
        raise failure(f"{label} failed while {doing}: {describe_exception(error)}") from error


def _is_of_the_host(error: BaseException) -> bool:
    """Return whether an exception in plugin code comes from the host: a closed generator, or an interrupted run.

    While Dagster runs a step, Ctrl-C raises an exception of Dagster, so a ``KeyboardInterrupt`` then comes from the
    plugin.
    """
    if isinstance(error, KeyboardInterrupt):
        return signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if isinstance(error, Exception):
        return False
    return isinstance(error, GeneratorExit) or type(error).__module__.partition(".")[0] in _OF_THE_HOST


@contextmanager
def plugin_context(
    settings: Settings, plugin: PluginInfo, *, config: Mapping[str, JsonValue], dry_run: bool, **further: Any
) -> Iterator[PluginContext]:
    """Provide the context for one run of the plugin, with ``further`` attributes; remove its working folder at the end.

    Raises:
        SettingsError: When a setting is invalid or a secret is missing.
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
