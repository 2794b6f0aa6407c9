"""The conformance suite for plugins: one line of a test file runs every check that fits the plugin.

>>> from kelompok_core.plugin_kit.testing import conformance_suite
>>> TestConformance = conformance_suite("my_package", inputs="tests/inputs")
"""

from kelompok_core.plugin_kit.testing.suite import Skip, conformance_suite

__all__ = ["Skip", "conformance_suite"]
