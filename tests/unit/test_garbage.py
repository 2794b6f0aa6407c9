"""The collector is left as it was found, whatever happens while it is told to look seldom."""

import gc
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from kelompok_core.garbage import collect_seldom, seldom_collecting


@pytest.fixture(autouse=True)
def usual():
    """Collecting as often as Python does by itself, whoever told this process otherwise before."""
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    yield gc.get_threshold()
    gc.set_threshold(*before)


def test_the_collector_is_as_before_also_when_reading_fails(usual):
    before = gc.isenabled(), gc.get_freeze_count()
    with pytest.raises(RuntimeError), seldom_collecting():
        assert gc.get_threshold() > usual
        assert gc.get_freeze_count() > 0
        raise RuntimeError
    assert gc.get_threshold() == usual
    assert (gc.isenabled(), gc.get_freeze_count()) == before


def test_inside_each_other_they_end_as_one(usual):
    with seldom_collecting(), seldom_collecting():
        pass
    assert gc.get_threshold() == usual


def test_the_garbage_collection_threshold_is_kept_after_reading():
    collect_seldom()
    told = gc.get_threshold()
    with seldom_collecting():
        pass
    assert gc.get_threshold() == told


def test_of_two_threads_that_overlap_the_last_to_end_puts_it_back(usual):
    second_reads, first_is_done = Event(), Event()

    def second() -> None:
        with seldom_collecting():
            second_reads.set()
            first_is_done.wait(10)

    with ThreadPoolExecutor(1) as pool:
        with seldom_collecting():
            reading = pool.submit(second)
            assert second_reads.wait(10)
        assert gc.get_threshold() > usual
        first_is_done.set()
        reading.result(10)
    assert gc.get_threshold() == usual


def test_a_command_ends_without_looking_through_what_it_loaded():
    ended = """
import gc, sys
from kelompok_pipelines.launcher import main
sys.argv = ["kelompok", "--help"]
try:
    main()
except SystemExit as left:
    print(left.code, gc.get_freeze_count() > 10_000)
"""
    done = subprocess.run([sys.executable, "-c", ended], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0 True"
