"""A server of its own, acts in processes of their own, faults from outside, and the end states compared."""

import csv
import multiprocessing
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import psutil
import psycopg

from benchmarks.databases import copied, in_database, make_template, run_sql, settings_in
from benchmarks.organizations import write_organizations
from kelompok_core.database import embedded
from kelompok_core.fail_points import FailPoint
from kelompok_core.settings import read_settings
from tests.enabling import set_enabled
from tests.faults import acts
from tests.faults.acts import Scene

ROWS = 700
OTHERS = 20
PATIENCE = 60.0
_TEMPLATE = "template_faults"

# Everything but ids and times: what was written, decided and kept, by whom and from where.
_STATE = """
    SELECT
      (SELECT jsonb_agg(x ORDER BY x) FROM (
         SELECT to_jsonb(o) - '{id,created_at,updated_at}'::text[] AS x FROM organizations o) q) AS records,
      (SELECT jsonb_agg(x ORDER BY x) FROM (
         SELECT to_jsonb(s) - '{id,record_id,import_id,seen_at,first_seen_at,last_seen_at,created_at,updated_at,
                                first_import_id,last_import_id,imported_at}'::text[] AS x FROM evidence s) q)
        AS evidence,
      (SELECT jsonb_agg(x ORDER BY x) FROM (
         SELECT jsonb_build_array(action, entity, origin, plugin, before - '{id,created_at,updated_at}'::text[],
                                  after - '{id,created_at,updated_at}'::text[]) AS x FROM audit_logs) q) AS audit,
      (SELECT jsonb_agg(x ORDER BY x) FROM (
         SELECT jsonb_build_array(i.source_name, d.revision, d.row_number, d.decision, d.reason, d.slug, d.changes,
                                  d.issues) AS x
         FROM import_decisions d JOIN imports i ON i.id = d.import_id) q) AS decisions,
      (SELECT jsonb_agg(x ORDER BY x) FROM (
         SELECT jsonb_build_array(i.source_name, d.row_number, d.decision, d.reason, d.slug, d.changes, d.issues) AS x
         FROM review_decisions d JOIN imports i ON i.id = d.import_id) q) AS reviews,
      (SELECT jsonb_agg(x ORDER BY x) FROM (
         SELECT jsonb_build_array(i.source_name, r.row_number, r.identity, r.raw) AS x
         FROM import_rows r JOIN imports i ON i.id = r.import_id) q) AS rows,
      (SELECT jsonb_agg(x ORDER BY x) FROM (
         SELECT jsonb_build_array(source_name, state, rows_staged, rows_read, accepted, merged, unchanged, rejected,
                                  review, queued_at, leased_by, failure_code) AS x FROM imports) q) AS imports,
      (SELECT jsonb_agg(x ORDER BY x) FROM (
         SELECT jsonb_build_array(source_name, outcome, label, reason, restored, kept) AS x
         FROM import_reversals r JOIN imports i ON i.id = r.import_id) q) AS reversals,
      (SELECT count(*) FROM judgements WHERE superseded_at IS NULL) AS judgements"""


class Theatre:
    """The server, a template with what was imported before, and databases copied from it for each trial."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server = read_settings({"KELOMPOK_HOME": str(folder / "server")})
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([acts.__name__])
        self._numbers = count()
        self._expected: dict[str, Any] = {}
        self._begun: list[ForkServerProcess] = []
        make_template(self.server, _TEMPLATE)
        others = folder / "others.csv"
        write_organizations(others, OTHERS, seed=6, bad=0, repeated=0)
        before = folder / "before.csv"
        write_organizations(before, ROWS, seed=5)
        for file, source in ((others, "others"), (before, "list")):
            scene = self._scene(_TEMPLATE, file, keyed=False, source=source)
            self.perform("imports", scene)
        with psycopg.connect(in_database(embedded.superuser_url(self.server), _TEMPLATE)) as connection:
            # What it is asked for by, not what its records remember: each trial imports the list again. An import
            # stays what it was opened as; a replica's session runs no triggers.
            connection.execute("SET session_replication_role = replica")
            connection.execute("UPDATE imports SET source_name = 'before' WHERE source_name = 'list'")
            # A copy of a database has a sequence's head start without the log of it: when its server dies, numbers
            # would come again. Set anew, the sequence has none.
            connection.execute("SELECT setval('audit_logs_id_seq', max(id)) FROM audit_logs")
        self._file = folder / "list.csv"
        _write_list(self._file, others)

    def close(self) -> None:
        """End what is left of processes, and the server."""
        for process in self._begun:
            process.kill()
            process.join()
        embedded.remove(self.server)

    @contextmanager
    def trial(self, *, keyed: bool = True) -> Iterator[Scene]:
        """Give a database in which one import has been, and the file of the next."""
        name = f"trial_{next(self._numbers)}"
        with copied(self.server, _TEMPLATE, name):
            scene = self._scene(name, self._file, keyed=keyed)
            yield scene
        shutil.rmtree(scene.settings.home)

    def _scene(self, database: str, file: Path, *, keyed: bool, source: str = "list") -> Scene:
        home, config_file = self.folder / database, self.folder / f"{database}.toml"
        settings = settings_in(self.server, database, home=home, config_file=config_file)
        set_enabled(settings, "csv-import", enabled=True)
        return Scene(settings=settings, file=file, keyed=keyed, source=source)

    def begin(self, act: str, scene: Scene, fail_point: str | None = None) -> ForkServerProcess:
        """Start an act in a process of its own."""
        process = self._context.Process(target=acts.perform, args=(act, scene, fail_point))
        process.start()
        self._begun.append(process)
        return process

    def perform(self, act: str, scene: Scene) -> None:
        """Perform an act to its end, undisturbed; workers end once nothing waits any more."""
        process = self.begin(act, scene)
        if act == "works":
            wait_until(lambda: not self.waiting(scene) or not process.is_alive())
            self.end(process)
        process.join(PATIENCE)
        assert process.exitcode == 0, f"{act} undisturbed ended with {process.exitcode}"

    def end(self, worker: ForkServerProcess) -> None:
        """Ask a worker to stop, as whoever runs it does: it stops when it can, and at once while it is loaded.

        Not by an interrupt: Python drops one that comes while it lets go of a module's lock.
        """
        if worker.is_alive():
            worker.terminate()

    def recover(self, act: str, scene: Scene) -> None:
        """Begin the act again after a fault, as whoever was interrupted would."""
        self.revive()
        if act == "works" and not self.waiting(scene):
            return
        self.perform(act, scene)

    def waiting(self, scene: Scene) -> bool:
        query = "SELECT EXISTS (SELECT FROM imports WHERE queued_at IS NOT NULL)"
        return bool(self._ask(scene, query)[0])

    def state(self, scene: Scene) -> dict[str, Any]:
        """Return the end state of a database, to be compared."""
        names = ("records", "evidence", "audit", "decisions", "reviews", "rows", "imports", "reversals", "judgements")
        return dict(zip(names, self._ask(scene, _STATE), strict=True))

    def _ask(self, scene: Scene, query: str) -> tuple[Any, ...]:
        with psycopg.connect(str(scene.settings.database_url)) as connection:
            row = connection.execute(query).fetchone()
            assert row is not None
            return row

    def prepare(self, act: str, scene: Scene) -> None:
        """Do what comes before an act, so that the fault falls into the act itself."""
        if act == "works":
            self.perform_submit(scene)
        elif act != "imports":
            self.perform("imports", scene)

    def perform_submit(self, scene: Scene) -> None:
        process = self._context.Process(target=acts.submit, args=(scene,))
        process.start()
        process.join(PATIENCE)
        assert process.exitcode == 0

    def expected(self, act: str) -> dict[str, Any]:
        """The end state of an act that nothing disturbs."""
        if act not in self._expected:
            with self.trial() as scene:
                self.prepare(act, scene)
                self.perform(act, scene)
                self._expected[act] = self.state(scene)
        return self._expected[act]

    def kill_server(self) -> None:
        """End the server at once, as when power fails: whatever it had not written to disk is gone."""
        postmaster = psutil.Process(embedded.status(self.server).pid)
        postmaster.send_signal(signal.SIGQUIT)
        postmaster.wait(PATIENCE)

    def revive(self) -> None:
        """Start the server again if it died."""
        embedded.ensure_running(self.server)

    def disturb(self, fault: str, scene: Scene) -> None:
        """Let the database go: the ``server``, or only the ``connections`` to one database."""
        if fault == "server":
            self.kill_server()
        else:
            self.lose_connections(scene)

    def lose_connections(self, scene: Scene) -> None:
        """End every session of the database from the server's side."""
        name = str(scene.settings.database_url).rpartition("/")[2]
        run_sql(
            self.server,
            f"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '{name}' AND pid <> "
            "pg_backend_pid()",
        )


def act_of(point: FailPoint) -> str:
    """Return the act a fail point is reached in."""
    step = point.value.partition(".")[0]
    return {"queue": "works", "undo": "undoes", "review": "reviews"}.get(step, "imports")


def await_stop(process: ForkServerProcess) -> None:
    """Wait until a process stands still at its fail point."""
    watched = psutil.Process(process.pid)
    wait_until(lambda: not process.is_alive() or watched.status() == psutil.STATUS_STOPPED)
    assert process.is_alive(), "the fail point was never reached"


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline, "nothing happens any more"
        time.sleep(0.02)


def _write_list(file: Path, others: Path) -> None:
    """Write a list with rows that are new, changed, unchanged, repeated, spoiled, and some only a person can place."""
    write_organizations(file, ROWS * 3 // 2, seed=5, changed=0.2)
    with others.open(encoding="utf-8", newline="") as text:
        _, *known = csv.reader(text)
    with file.open("a", encoding="utf-8", newline="") as text:
        # The same website and e-mail address under another name.
        csv.writer(text).writerows([f"X-{row[0]}", f"Cabang {row[1]}", *row[2:]] for row in known)
