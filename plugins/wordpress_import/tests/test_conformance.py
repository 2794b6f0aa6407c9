"""The plugin keeps its contracts."""

from pathlib import Path

import pytest

from kelompok_core.plugin_kit.testing import conformance_suite

pytestmark = pytest.mark.slow

TestConformance = conformance_suite("kelompok_wordpress_import", inputs=Path(__file__).with_name("inputs"))
