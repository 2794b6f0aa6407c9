"""Measure how long the code location takes to load with a number of plugins, and ``import dagster`` alone.

Usage: ``python benchmarks/code_location.py [PLUGINS]``.
"""

import os
import statistics
import subprocess
import sys
import tempfile

_ROUNDS = 5
_LOAD = """
import time
begun = time.perf_counter()
import dagster
floor = time.perf_counter() - begun
from dataclasses import replace
from pathlib import Path
from kelompok_core.plugin_host import registry
from kelompok_core.settings import read_settings
from kelompok_pipelines import definitions, plugin_jobs
real = registry.list_plugins

def many(settings):
    enabled = [one for one in real(settings) if one.manifest is not None and one.manifest.jobs]
    copies = [replace(enabled[n % len(enabled)], name=f"{enabled[n % len(enabled)].name}-{n}") for n in range(PLUGINS)]
    return [replace(one, state=registry.PluginState.ENABLED, reason=None) for one in copies]

plugin_jobs.list_plugins = many
repository = definitions.build_definitions(read_settings()).get_repository_def()
repository.load_all_definitions()
print(floor, time.perf_counter() - begun, len(list(repository.asset_graph.get_all_asset_keys())))
"""


def main(plugins: int) -> None:
    """Load the definitions in a new process several times, and print the medians."""
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | {"KELOMPOK_HOME": home, "KELOMPOK_CONFIG": f"{home}/kelompok.toml"}
        program = _LOAD.replace("PLUGINS", str(plugins))
        taken = []
        for _ in range(_ROUNDS + 1):
            done = subprocess.run(
                [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
            )
            taken.append([float(one) for one in done.stdout.split()])
    floors, loads, assets = zip(*taken[1:], strict=True)  # the first round reads from the disk
    floor, load = statistics.median(floors), statistics.median(loads)
    print(f"{plugins} plugins, {assets[0]:.0f} assets: {load:.2f} s ({min(loads):.2f} to {max(loads):.2f})")
    print(f"import dagster alone: {floor:.2f} s; ratio {load / floor:.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
