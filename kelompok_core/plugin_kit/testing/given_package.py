"""The suite for the package that the environment names: what ``kelompok plugin test`` adds to a plugin without one."""

import os

from kelompok_core.plugin_kit.testing.suite import conformance_suite

if package := os.environ.get("KELOMPOK_SUITE_PACKAGE"):
    TestConformance = conformance_suite(
        package, inputs=[one for one in os.environ.get("KELOMPOK_SUITE_INPUTS", "").split(os.pathsep) if one]
    )
