"""The garbage collector's settings are restored after every block that changes them."""

import gc
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from kelompok_core.garbage import collect_seldom, seldom_collecting


@pytest.fixture(autouse=True)
def usual():
    """Set Python's default thresholds, even if this process changed them before."""
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    yield gc.get_threshold()
    gc.set_threshold(*before)


def test_collector_is_restored_even_if_reading_fails(usual):
    before = gc.isenabled(), gc.get_freeze_count()
    with pytest.raises(RuntimeError), seldom_collecting():
        assert gc.get_threshold() > usual
        assert gc.get_freeze_count() > 0
        raise RuntimeError
    assert gc.get_threshold() == usual
    assert (gc.isenabled(), gc.get_freeze_count()) == before


def test_nested_blocks_restore_the_collector_once(usual):
    with seldom_collecting(), seldom_collecting():
        pass
    assert gc.get_threshold() == usual


def test_seldom_collecting_process_keeps_its_thresholds_after_reading():
    collect_seldom()
    thresholds = gc.get_threshold()
    with seldom_collecting():
        pass
    assert gc.get_threshold() == thresholds


def test_last_of_two_threads_restores_the_collector(usual):
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


def test_command_ends_without_a_final_collection():
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
