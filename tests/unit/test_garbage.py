"""The collector is left as it was found, whatever happens while it is told to look seldom."""

import gc

import pytest

from kelompok_core.garbage import seldom_collecting


def test_the_collector_is_as_before_also_when_reading_fails():
    before = gc.get_threshold(), gc.isenabled(), gc.get_freeze_count()
    with pytest.raises(RuntimeError), seldom_collecting():
        assert gc.get_threshold() > before[0]
        assert gc.get_freeze_count() > 0
        raise RuntimeError
    assert (gc.get_threshold(), gc.isenabled(), gc.get_freeze_count()) == before


def test_inside_each_other_they_end_as_one():
    before = gc.get_threshold()
    with seldom_collecting(), seldom_collecting():
        pass
    assert gc.get_threshold() == before
