"""Provides the context of a plugin's run, and turns the exceptions of plugins into errors of the core."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from kelompok_core.contract_rules.storable import describe_exception
from kelompok_core.contracts import ConfigurationError, JsonValue, PluginContext, PluginError
from kelompok_core.errors import KelompokError, PluginUnavailable, SettingsError
from kelompok_core.plugin_host.configuration import check_config, resolve_secret
from kelompok_core.plugin_host.grants import is_secret_granted
from kelompok_core.plugin_host.plugin_failures import BrokeContract, PluginEnded, PluginRaised
from kelompok_core.plugin_host.registry import PluginInfo
from kelompok_core.plugin_process.exchange import UnfitMessage


@contextmanager
def failing_as(failure: type[KelompokError], label: str, doing: str) -> Iterator[None]:
    """Turn a plugin's failure into an error of the core.

    Raises:
        SettingsError: Naming the invalid setting.
        KelompokError: An instance of ``failure``, with the plugin's name and what went wrong.
    """
    try:
        yield
    except ConfigurationError as error:
        raise SettingsError(
            error.key, error.reason, hint="Set it with --set KEY=VALUE, or in kelompok.toml."
        ) from error
    except (BrokeContract, UnfitMessage) as error:
        raise failure(f"{label} broke its contract: {error}", hint="Report it to its maintainer.") from error
    except (PluginRaised, PluginEnded) as error:
        raise failure(f"{label} failed while {doing}: {error}") from error
    except (PluginError, MemoryError) as error:
        raise failure(f"{label} failed while {doing}: {describe_exception(error)}") from error


def plugin_context(
    plugin: PluginInfo, *, config: Mapping[str, JsonValue], dry_run: bool, **further: Any
) -> PluginContext:
    """Return what the core gives to one run of the plugin, with ``further`` attributes.

    Raises:
        PluginUnavailable: When a secret is set that was not granted.
        SettingsError: When a setting is invalid or a secret is missing.
    """
    if plugin.manifest is None:
        raise PluginUnavailable(plugin.name, "it has no manifest")
    checked = check_config(plugin.manifest, config)
    wanted = [key for key in plugin.manifest.permissions.secrets if key in checked]
    for key in wanted:
        if not is_secret_granted(plugin.grant, key):
            raise PluginUnavailable(
                plugin.name,
                f"the secret {key} was not granted",
                hint=f"See what it asks for, and grant it: kelompok plugin enable {plugin.name}",
            )
    secrets = {key: resolve_secret(key, str(checked[key])) for key in wanted}
    return PluginContext(
        config={key: value for key, value in checked.items() if key not in secrets},
        secrets=secrets,
        log=logging.getLogger(f"kelompok.plugin.{plugin.name}"),
        dry_run=dry_run,
        **further,
    )
