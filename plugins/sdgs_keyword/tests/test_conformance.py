"""The plugin keeps its contracts."""

import pytest

from kelompok_core.plugin_kit.testing import conformance_suite

pytestmark = pytest.mark.slow

TestConformance = conformance_suite("kelompok_sdgs_keyword")
