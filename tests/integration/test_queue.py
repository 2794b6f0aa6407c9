"""The queue: the order of imports, how many run, and what a replaced worker can write."""

import threading
from contextlib import suppress
from uuid import uuid4

import pytest
import sqlalchemy as sa

from kelompok_core.errors import Conflict, ImportFailed, QueueFull, SettingsError, TakenOver
from kelompok_core.imports.applying.apply import apply, approve
from kelompok_core.imports.deciding.decide import decide
from kelompok_core.imports.receiving.receive import ImportRequest, admit, open_import, receive
from kelompok_core.imports.running.cancel import cancel
from kelompok_core.imports.running.queue import (
    MOST_RUNNING,
    MOST_WAITING,
    claim,
    enqueue,
    finish,
    listening,
    requeue,
    withdraw,
)
from kelompok_core.imports.running.wait_for_worker import run_on_worker
from kelompok_core.imports.running.workers import Presence, count_workers, end_sessions_of_the_dead
from kelompok_core.imports.shared.imports import get_import
from kelompok_core.imports.staging.stage import stage
from kelompok_core.sources.storage import incoming_from


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("id,name\n1,Satu\n2,Dua\n")
    return path


@pytest.fixture
def submit(installation, operator, file):
    """Open an import as the API does, and enqueue it in the same transaction."""

    def run(source, *, actor=operator, **more):
        request = ImportRequest(
            plugin="csv-import", job="import-organizations", file=file, source_name=source, **more
        )  # fmt: skip
        admission = admit(installation, request, actor)
        with incoming_from(str(file), installation.settings) as incoming:
            return open_import(installation, admission, incoming, queued=True).import_id

    return run


@pytest.fixture
def ask_queue(database):
    """Call a function of the queue in its own transaction."""

    def run(function, *arguments):
        with database.connect() as connection, connection.begin():
            return function(connection, *arguments)

    return run


def test_imports_are_claimed_in_order_and_two_at_a_time(submit, ask_queue, database):
    ids = [submit(f"list {number}") for number in range(3)]
    with Presence(database, uuid4()) as worker:
        claims = [ask_queue(claim, worker.id) for _ in range(3)]
        assert [one.import_id for one in claims[:MOST_RUNNING]] == ids[:MOST_RUNNING]
        assert claims[2] is None, "two of one organization, and no more"
        ask_queue(finish, claims[0])
        assert ask_queue(claim, worker.id).import_id == ids[2]


@pytest.fixture
def submit_as(installation, file, submit, person):
    """Open an import as a steward of this name, who is created at the first use."""
    known = {}

    def run(name, source, **more):
        actor = known.get(name) or known.setdefault(name, person(f"{name}@example.org", platform_role="steward"))
        return submit(source, actor=actor, **more)

    return run


def test_one_sender_leaves_a_worker_free_for_others(submit_as, ask_queue, database):
    mine = [submit_as("ani", f"list {number}") for number in range(3)]
    with Presence(database, uuid4()) as one, Presence(database, uuid4()) as other:
        first = ask_queue(claim, one.id)
        assert first.import_id == mine[0]
        assert ask_queue(claim, other.id) is None, "of two workers one is left to others"
        with Presence(database, uuid4()) as third:
            assert ask_queue(claim, third.id).import_id == mine[1], "of three"
            assert ask_queue(claim, other.id) is None


def test_people_of_one_organization_count_as_one_sender(submit_as, ask_queue, database, import_file):
    import_file("id,name,slug\n1,Satu,satu\n")
    ids = [submit_as(name, f"list of {name}", organization="satu") for name in ("ani", "budi")]
    ids.append(submit_as("citra", "list of citra"))
    with Presence(database, uuid4()) as one, Presence(database, uuid4()) as other:
        assert ask_queue(claim, one.id).import_id == ids[0]
        second = ask_queue(claim, other.id)
        assert second.import_id == ids[2], "not that of the same organization, which came before"
        ask_queue(finish, second)
        assert ask_queue(claim, other.id) is None


def test_a_person_in_several_organizations_counts_as_one_sender(submit_as, ask_queue, database, import_file):
    import_file("id,name,slug\n1,Satu,satu\n2,Dua,dua\n3,Tiga,tiga\n")
    ids = [submit_as("ani", f"list of {slug}", organization=slug) for slug in ("satu", "dua", "tiga")]
    with Presence(database, uuid4()) as one, Presence(database, uuid4()) as other, Presence(database, uuid4()):
        assert ask_queue(claim, one.id).import_id == ids[0]
        assert ask_queue(claim, other.id).import_id == ids[1]
        assert ask_queue(claim, other.id) is None


def test_with_one_worker_people_take_turns(submit_as, ask_queue, database):
    mine = [submit_as("ani", f"list {number}") for number in range(3)]
    late = [submit_as("budi", f"daftar {number}") for number in range(2)]
    with Presence(database, uuid4()) as worker:
        given = []
        while (claimed := ask_queue(claim, worker.id)) is not None:
            given.append(claimed.import_id)
            ask_queue(finish, claimed)
    assert given == [mine[0], late[0], mine[1], late[1], mine[2]]


def test_a_single_sender_gets_all_workers(submit, ask_queue, database):
    ids = [submit(f"list {number}") for number in range(2)]
    with Presence(database, uuid4()) as one, Presence(database, uuid4()) as other:
        assert [ask_queue(claim, worker.id).import_id for worker in (one, other)] == ids


def test_import_is_claimed_by_another_only_after_its_worker_died(submit, ask_queue, database, installation):
    import_id = submit("list")
    with Presence(database, uuid4()) as first:
        mine = ask_queue(claim, first.id)
        with Presence(database, uuid4()) as second:
            assert ask_queue(claim, second.id) is None
    with Presence(database, uuid4()) as third:
        again = ask_queue(claim, third.id)
        assert (again.import_id, again.fence, again.attempts) == (import_id, mine.fence + 1, 2)
        ask_queue(finish, mine, ImportFailed("of the dead"))
        assert ask_queue(get_import, import_id).leased_by == third.id, "who has an older number writes nothing"
        ask_queue(finish, again, ImportFailed("it stopped", hint="do this"))
    stored = ask_queue(get_import, import_id)
    assert (stored.queued_at, stored.failure, stored.failure_hint) == (None, "it stopped", "do this")


def test_stopped_worker_uses_no_attempt(submit, ask_queue, database):
    submit("list")
    with Presence(database, uuid4()) as worker:
        ask_queue(requeue, ask_queue(claim, worker.id))
        assert ask_queue(claim, worker.id).attempts == 1


def test_worker_whose_import_was_taken_over_writes_nothing_more(submit, ask_queue, database, installation):
    import_id = submit("list")
    with Presence(database, uuid4()) as worker:
        ask_queue(claim, worker.id)
        robbed = _Robbed(installation, lambda: ask_queue(withdraw_by_force, import_id))
        with pytest.raises(TakenOver):
            stage(robbed.installation, import_id)
    assert ask_queue(get_import, import_id).state == "staging"


def withdraw_by_force(connection, import_id):
    connection.exec_driver_sql("UPDATE imports SET fence = fence + 1 WHERE id = %s", (import_id,))


class _Robbed:
    """An installation that calls a function when the first rows are staged."""

    def __init__(self, installation, rob):
        self._rob = rob
        self.installation = type(installation)(
            database=installation.database, settings=installation.settings, on_progress=self._on_progress
        )

    def _on_progress(self, _progress):
        if self._rob:
            self._rob()
            self._rob = None


def test_eleventh_waiting_import_of_an_organization_is_refused(submit, installation):
    for number in range(MOST_WAITING):
        submit(f"list {number}")
    with pytest.raises(QueueFull, match="10 imports wait already"):
        submit("one too many")
    kept = [path for path in (installation.settings.home / "files").rglob("*") if path.is_file()]
    assert len(kept) == 1, "what was refused left nothing"


def test_concurrent_requests_with_one_key_are_one_import(submit, database):
    found = []
    meeting = threading.Barrier(2)

    def meet(_connection, _cursor, statement, *_more):
        # Who looks for the key waits until somebody else has looked too. Where they queue the first waits in vain.
        if "idempotency_key = " in statement:
            with suppress(threading.BrokenBarrierError):
                meeting.wait(2)

    sa.event.listen(database.engine, "after_cursor_execute", meet)
    threads = [threading.Thread(target=lambda: found.append(submit("list", idempotency_key="k"))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    sa.event.remove(database.engine, "after_cursor_execute", meet)
    assert len(found) == 20
    assert len(set(found)) == 1


def test_worker_is_notified_of_a_new_import(submit, database):
    with listening(database) as wait:
        rung = threading.Event()
        waiting = threading.Thread(target=lambda: (wait(30), rung.set()))
        waiting.start()
        submit("list")
        assert rung.wait(10)
        waiting.join(10)


def test_killed_worker_is_dead_immediately_and_forgotten(ask_queue, database):
    killed = Presence(database, uuid4())
    killed.__enter__()
    assert ask_queue(count_workers) == 1
    ask_queue(
        lambda connection: connection.exec_driver_sql("""
        SELECT pg_terminate_backend(pid, 30000) FROM pg_locks JOIN pg_database ON pg_database.oid = database
        WHERE locktype = 'advisory' AND objsubid = 1 AND datname = current_database()""")
    )
    assert ask_queue(count_workers) == 0
    assert ask_queue(end_sessions_of_the_dead, uuid4()) == 1
    assert ask_queue(end_sessions_of_the_dead, uuid4()) == 0
    assert killed.lost.wait(30)


def test_worker_without_a_heartbeat_is_dead(ask_queue, database):
    with Presence(database, uuid4()):
        ask_queue(lambda connection: connection.exec_driver_sql(
            "UPDATE workers SET seen_at = now() - interval '31 seconds'"))  # fmt: skip
        assert ask_queue(count_workers) == 0


def test_import_is_not_handed_over_without_a_worker(installation, operator, file):
    request = ImportRequest(plugin="csv-import", job="import-organizations", file=file)
    import_id = receive(installation, request, operator).import_id
    assert run_on_worker(installation, import_id, lambda _: None) is False


def test_handed_over_import_reports_how_it_ended(installation, operator, file, database, ask_queue):
    request = ImportRequest(plugin="csv-import", job="import-organizations", file=file)
    import_id = receive(installation, request, operator).import_id
    steps = []

    def work(worker):
        with listening(database) as wait:
            while (claimed := ask_queue(claim, worker.id)) is None:
                wait(0.1)
        stage(installation, import_id)
        ask_queue(finish, claimed, SettingsError("x", "is wrong", hint="mend it"))

    with Presence(database, uuid4()) as worker:
        working = threading.Thread(target=work, args=(worker,))
        working.start()
        with pytest.raises(Exception, match="x: is wrong") as caught:
            run_on_worker(installation, import_id, lambda progress: steps.append(progress.step))
        working.join(30)
    assert (caught.value.code, caught.value.exit_code, caught.value.hint) == ("settings.invalid", 2, "mend it")


def test_import_is_returned_if_the_last_worker_leaves(installation, operator, file, database, ask_queue):
    request = ImportRequest(plugin="csv-import", job="import-organizations", file=file)
    import_id = receive(installation, request, operator).import_id
    leaving = threading.Event()

    def be_there():
        with Presence(database, uuid4()):
            leaving.wait(30)

    worker = threading.Thread(target=be_there)
    worker.start()
    while ask_queue(count_workers) == 0:
        pass
    handed = []
    waiting = threading.Thread(target=lambda: handed.append(run_on_worker(installation, import_id, lambda _: None)))
    waiting.start()
    while ask_queue(get_import, import_id).queued_at is None:
        pass
    leaving.set()
    waiting.join(30)
    assert handed == [False]
    assert ask_queue(get_import, import_id).queued_at is None


def test_cancelled_import_is_not_claimed(submit, installation, operator, ask_queue, database):
    import_id = submit("list")
    cancelled = cancel(installation, import_id, operator)
    assert (cancelled.state, cancelled.queued_at) == ("cancelled", None)
    assert cancel(installation, import_id, operator).state == "cancelled"
    with Presence(database, uuid4()) as worker:
        assert ask_queue(claim, worker.id) is None


def test_import_can_be_cancelled_while_it_is_read(submit, installation, operator, ask_queue, database):
    import_id = submit("list")
    robbed = _Robbed(installation, lambda: cancel(installation, import_id, operator))
    with pytest.raises(TakenOver):
        stage(robbed.installation, import_id)
    assert ask_queue(get_import, import_id).state == "cancelled"


def test_applied_import_cannot_be_cancelled(submit, installation, operator):
    import_id = submit("list")
    stage(installation, import_id)
    decide(installation, import_id)
    apply(installation, import_id)
    with pytest.raises(Conflict, match="too late"):
        cancel(installation, import_id, operator)


def test_approved_plan_waits_for_a_worker(submit, installation, operator, ask_queue, database):
    import_id = submit("list", dry_run=True)
    stage(installation, import_id)
    decide(installation, import_id)
    with Presence(database, uuid4()) as worker:
        ask_queue(finish, ask_queue(claim, worker.id))
        assert approve(installation, import_id, operator, queued=True).queued_at is not None
        assert ask_queue(claim, worker.id).import_id == import_id
    assert ask_queue(withdraw, import_id)
    assert apply(installation, import_id).state == "applied"


def test_import_enqueued_again_keeps_its_place(submit, ask_queue):
    import_id = submit("list")
    since = ask_queue(get_import, import_id).queued_at
    ask_queue(enqueue, import_id)
    assert ask_queue(get_import, import_id).queued_at == since
