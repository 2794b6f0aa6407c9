"""The list of guards speaks of what is there; that each is missed is shown by ``make guards``."""

import pytest

from tests.guards.guards import GUARDS, PROJECT


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_the_guard_stands_where_the_list_says(guard):
    assert (PROJECT / guard.file).read_text("utf-8").count(guard.old) == 1
    for test in guard.tests:
        assert (PROJECT / test).is_file()
