"""Killed anywhere, with the server or the connection gone at any date and time: begun again it ends as undisturbed.

``KELOMPOK_KILLS=NUMBER`` or ``KELOMPOK_KILLS=NUMBER:SEED`` adds as many faults at random; the seed is printed.
"""

import os
import random
import signal
import tempfile
import time
from pathlib import Path

import pytest

from kelompok_core.fail_points import FailPoint
from tests.faults.harness import PATIENCE, Theatre, act_of, await_stop

pytestmark = pytest.mark.xdist_group("kills")

_LATER = {FailPoint.STAGE_COPIED: 3, FailPoint.STAGE_UPDATED: 2, FailPoint.STAGE_COMMITTED: 4,
          FailPoint.UNDO_STATEMENT: 2, FailPoint.REVIEW_WRITTEN: 5}  # fmt: skip
"""Points that are reached more than once, and at which time it fails there."""

_IN_A_TRANSACTION = (FailPoint.STAGE_UPDATED, FailPoint.DECIDE_DECIDED, FailPoint.APPLY_RECORDED,
                     FailPoint.UNDO_UPDATED)  # fmt: skip
_IN_THE_SUITE = 4
_MOST_FAULTS = 3
_LONGEST = 1.2  # seconds; about what an act takes


@pytest.fixture(scope="module")
def theatre():
    with tempfile.TemporaryDirectory(prefix="kelompok-faults-") as folder:
        Path(folder).chmod(0o755)
        made = Theatre(Path(folder))
        yield made
        made.close()


def _killed_at(theatre, scene, act, point, passing):
    process = theatre.begin(act, scene, f"{point}:{passing}")
    process.join(PATIENCE)
    assert process.exitcode == -signal.SIGKILL, f"{point} was not reached: it ended with {process.exitcode}"


def _killed_after(theatre, scene, act, seconds):
    process = theatre.begin(act, scene)
    time.sleep(seconds)
    process.kill()
    process.join(PATIENCE)


def _stopped_at(theatre, scene, act, point, passing, fault):
    """Let the fault happen while the process stands at the point; then it goes on, and finds out."""
    process = theatre.begin(act, scene, f"{point}:{passing}:stop")
    await_stop(process)
    fault()
    os.kill(process.pid, signal.SIGCONT)
    process.join(PATIENCE)
    assert process.exitcode is not None


@pytest.mark.parametrize(
    ("point", "passing"),
    # What is staged first is the one batch that is not looked for when it is begun again.
    [*((point, _LATER.get(point, 1)) for point in FailPoint), (FailPoint.STAGE_COPIED, 1)],
)
def test_killed_at_each_point(theatre, point, passing):
    act = act_of(point)
    with theatre.trial() as scene:
        theatre.prepare(act, scene)
        _killed_at(theatre, scene, act, point, passing)
        theatre.recover(act, scene)
        assert theatre.state(scene) == theatre.expected(act)


@pytest.mark.parametrize(
    ("act", "point", "passing"),
    [
        ("works", FailPoint.STAGE_COMMITTED, 1),
        ("works", FailPoint.APPLY_RECORDED, 1),
        ("repeats", FailPoint.STAGE_COPIED, 2),
        ("repeats", FailPoint.STAGE_UPDATED, 2),
        ("repeats", FailPoint.STAGE_COMMITTED, 2),
    ],
)
def test_a_killed_process_holds_nothing_that_the_next_waits_for(theatre, act, point, passing):
    """Neither a worker, nor who takes rows from an earlier import of the same file."""
    with theatre.trial() as scene:
        theatre.prepare(act, scene)
        _killed_at(theatre, scene, act, point, passing)
        theatre.recover(act, scene)
        assert theatre.state(scene) == theatre.expected(act)


@pytest.mark.parametrize("point", [FailPoint.STAGE_COMMITTED, FailPoint.DECIDE_DONE, FailPoint.APPLY_RECORDED])
def test_without_a_key_the_interrupted_import_is_found(theatre, point):
    with theatre.trial(keyed=False) as scene:
        _killed_at(theatre, scene, "imports", point, 1)
        theatre.recover("imports", scene)
        assert theatre.state(scene) == theatre.expected("imports")


@pytest.mark.parametrize("point", _IN_A_TRANSACTION)
@pytest.mark.parametrize("fault", ["server", "connections"])
def test_the_database_goes_at(theatre, point, fault):
    act = act_of(point)
    with theatre.trial() as scene:
        theatre.prepare(act, scene)
        _stopped_at(theatre, scene, act, point, 1, lambda: theatre.disturb(fault, scene))
        theatre.recover(act, scene)
        assert theatre.state(scene) == theatre.expected(act)


def test_a_worker_whose_database_is_gone_ends(theatre):
    """Dagster would try to reach it for ever, and nobody would start the worker anew."""
    with theatre.trial() as scene:
        theatre.prepare("works", scene)
        process = theatre.begin("works", scene, f"{FailPoint.DECIDE_DONE}:1:stop")
        await_stop(process)
        theatre.kill_server()
        os.kill(process.pid, signal.SIGCONT)
        process.join(PATIENCE)
        assert process.exitcode == 1
        theatre.recover("works", scene)
        assert theatre.state(scene) == theatre.expected("works")


_NUMBER, _, _SEED = os.environ.get("KELOMPOK_KILLS", f"{_IN_THE_SUITE}:1").partition(":")


@pytest.fixture(scope="module")
def seed():
    seed = _SEED or str(random.SystemRandom().randrange(10**6))
    print(f"KELOMPOK_KILLS={_NUMBER}:{seed}")
    return seed


@pytest.mark.parametrize("number", range(int(_NUMBER)))
def test_anything_at_any_time(theatre, number, seed):
    """One to three faults after each other, also while it recovers: kills, a dead server, lost connections."""
    chance = random.Random(f"{seed}:{number}")  # noqa: S311 -- no secret
    act = chance.choice(("imports", "imports", "repeats", "reviews", "undoes", "works"))
    with theatre.trial() as scene:
        theatre.prepare(act, scene)
        for _ in range(chance.randint(1, _MOST_FAULTS)):
            _anything(theatre, scene, act, chance)
            theatre.revive()
        theatre.recover(act, scene)
        assert theatre.state(scene) == theatre.expected(act), f"KELOMPOK_KILLS={number + 1}:{seed}"


def _anything(theatre, scene, act, chance):
    wait = chance.random() * _LONGEST * (3 if act == "works" else 1)
    fault = chance.choice(("kill", "kill", "kill", "server", "connections"))
    process = theatre.begin(act, scene)
    time.sleep(wait)
    if fault == "kill":
        process.kill()
    else:
        theatre.disturb(fault, scene)
    if fault != "kill" and act == "works":
        theatre.revive()
        theatre.end(process)
    process.join(PATIENCE)
    assert process.exitcode is not None
