"""Imports, kills, concurrency, reviews, edits and undos in any order: the invariants hold after every step.

``KELOMPOK_STATEFUL=RUNS:STEPS`` runs longer, with a seed of its own that it prints.
"""

import os
import random
from dataclasses import replace
from uuid import uuid4

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, note, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from kelompok_core.errors import Conflict, KeyReused, NotFound, QueueFull, TakenOver, UsageError
from kelompok_core.imports.applying.apply import apply, approve
from kelompok_core.imports.deciding.decide import decide
from kelompok_core.imports.receiving.receive import ImportRequest, admit, open_import
from kelompok_core.imports.reviewing.review import Reviewer
from kelompok_core.imports.reviewing.review_items import list_review_items
from kelompok_core.imports.running.cancel import cancel
from kelompok_core.imports.running.queue import claim, finish, requeue
from kelompok_core.imports.running.workers import Presence
from kelompok_core.imports.shared.imports import get_import
from kelompok_core.imports.staging.stage import stage
from kelompok_core.imports.undoing.undo import undo
from kelompok_core.organizations.queries import OrganizationQueries
from kelompok_core.organizations.service import OrganizationService
from kelompok_core.sources.storage import Incoming

_RUNS, _STEPS = (int(number) for number in os.environ.get("KELOMPOK_STATEFUL", "100:40").split(":"))

_ROW = st.tuples(
    st.sampled_from(["1", "2", "3", "4"]),
    st.sampled_from(["Satu", "Dua", "Tiga", "Empat", "Satu Dua", ""]),
    st.sampled_from(["Garut", "Kupang", "Medan", ""]),
)
_FILE = st.lists(_ROW, min_size=1, max_size=4)
_STEPS_OF_AN_IMPORT = (stage, decide, apply)

# Each line counts what must not be.
_BROKEN = sa.text("""
    SELECT
      (SELECT count(*) FROM imports WHERE rows_read <> accepted + merged + unchanged + rejected + review) AS counts,
      (SELECT count(*) FROM (
         SELECT import_id, row_number FROM import_decisions d JOIN imports i ON i.id = d.import_id
         WHERE d.revision = i.plan_revision GROUP BY 1, 2 HAVING count(*) > 1) x) AS decided_twice,
      (SELECT count(*) FROM organizations o
       WHERE o.version <> (SELECT count(*) FROM audit_logs a WHERE a.record_id = o.id)) AS unaudited,
      (SELECT count(*) FROM audit_logs a WHERE a.entity = 'organizations' AND a.action = 'create'
         AND NOT EXISTS (SELECT FROM organizations o WHERE o.id = a.record_id)
         AND NOT EXISTS (SELECT FROM audit_logs g WHERE g.record_id = a.record_id AND g.action = 'delete')) AS vanished,
      (SELECT count(*) FROM import_decisions d JOIN imports i ON i.id = d.import_id AND i.plan_revision = d.revision
       WHERE i.state = 'applied' AND d.decision = 'accepted'
         AND NOT EXISTS (SELECT FROM audit_logs a WHERE a.record_id = d.target_id AND a.action = 'create'
                                                    AND a.import_id = i.id)) AS accepted_without_record,
      (SELECT count(*) FROM organizations o CROSS JOIN LATERAL jsonb_each_text(o.field_origins) f
       WHERE f.value LIKE 'source:%' AND NOT EXISTS (
         SELECT FROM source_records s
         WHERE s.record_id = o.id AND 'source:' || s.source_name = f.value)) AS without_evidence,
      (SELECT count(*) FROM audit_logs a JOIN imports i ON i.id = a.import_id
       WHERE a.origin = 'import' AND i.state NOT IN ('applied', 'undone')) AS written_by_a_plan
""")


class Machine(RuleBasedStateMachine):
    """Actions of people and programs on one installation."""

    def __init__(self, installation, operator, forget):
        super().__init__()
        forget()
        self.installation, self.operator = installation, operator
        self.imports, self.requests, self.kept, self.audited = [], [], {}, 0

    @initialize()
    def begin(self):
        self.worker = Presence(self.installation.database, uuid4())
        self.worker.__enter__()

    def teardown(self):
        """Without faults, all waiting imports finish."""
        try:
            for _ in range(100):
                if not self._work(_STEPS_OF_AN_IMPORT):
                    break
            assert not self._ask("SELECT id FROM imports WHERE queued_at IS NOT NULL")
            self.invariants_hold()
        finally:
            self.worker.__exit__()

    def _ask(self, query, **params):
        with self.installation.database.connect() as connection:
            return list(connection.execute(sa.text(query), params))

    def _submit(self, content, source, *, dry_run, key=None):
        request = ImportRequest(
            plugin="csv-import", job="import-organizations", file=f"{source}.csv", media_type="text/csv",
            dry_run=dry_run, idempotency_key=key,
        )  # fmt: skip
        admission = admit(self.installation, request, self.operator)
        with Incoming(self.installation.settings.storage_url) as incoming:
            incoming.write(content.encode())
            return open_import(self.installation, admission, incoming, queued=True).import_id

    def _work(self, steps, installation=None):
        """Claim one import from the queue and run these steps; return it, or None if none waits."""
        with self.installation.database.connect() as connection, connection.begin():
            claimed = claim(connection, self.worker.id)
        if claimed is None:
            return None
        try:
            for step in steps:
                step(installation or self.installation, claimed.import_id)
        except TakenOver:
            return claimed.import_id
        is_done = len(steps) == len(_STEPS_OF_AN_IMPORT)
        with self.installation.database.connect() as connection, connection.begin():
            (finish if is_done else requeue)(connection, claimed)
        return claimed.import_id

    @rule(rows=_FILE, source=st.sampled_from(["a", "b"]), dry_run=st.booleans())
    def send(self, rows, source, dry_run):
        content = "id,name,city\n" + "".join(",".join(row) + "\n" for row in rows)
        key = f"k{len(self.requests)}"
        try:
            self.imports.append(self._submit(content, source, dry_run=dry_run, key=key))
        except QueueFull:
            return
        self.requests.append((content, source, dry_run, key, self.imports[-1]))

    @precondition(lambda self: self.requests)
    @rule(data=st.data())
    def send_again(self, data):
        """The same request with the same key is the same import; another request with that key is refused."""
        content, source, dry_run, key, import_id = data.draw(st.sampled_from(self.requests))
        assert self._submit(content, source, dry_run=dry_run, key=key) == import_id
        try:
            self._submit(content + "9,Sembilan,\n", source, dry_run=dry_run, key=key)
        except KeyReused:
            return
        raise AssertionError("two requests had one key")

    @rule()
    def work(self):
        self._work(_STEPS_OF_AN_IMPORT)

    @rule(number=st.integers(1, 2))
    def work_a_little(self, number):
        """Ask a worker to stop between two steps."""
        self._work(_STEPS_OF_AN_IMPORT[:number])

    @rule()
    def die_while_reading(self):
        """A worker whose process ends after its first batch; its lease ends with it."""

        def die(_progress):
            raise _KilledError

        try:
            self._work(_STEPS_OF_AN_IMPORT, replace(self.installation, on_progress=die))
        except _KilledError:
            self.worker.__exit__()
            self.begin()

    @rule()
    def be_robbed(self):
        """Another worker takes over the import while this one reads it."""

        def rob(_progress):
            with self.installation.database.connect() as connection, connection.begin():
                connection.execute(sa.text("UPDATE imports SET fence = fence + 1, leased_by = NULL "
                                           "WHERE leased_by IS NOT NULL"))  # fmt: skip

        self._work(_STEPS_OF_AN_IMPORT, replace(self.installation, on_progress=rob))

    @precondition(lambda self: self.imports)
    @rule(data=st.data())
    def release(self, data):
        """Apply a plan: the result is as planned, except for rows whose record changed since."""
        try:
            approve(self.installation, data.draw(st.sampled_from(self.imports)), self.operator, queued=True)
        except Conflict as error:
            note(error.message)

    @precondition(lambda self: self.imports)
    @rule(data=st.data())
    def give_up(self, data):
        try:
            cancel(self.installation, data.draw(st.sampled_from(self.imports)), self.operator)
        except Conflict as error:
            note(error.message)

    @precondition(lambda self: self.imports)
    @rule(data=st.data(), dry_run=st.booleans())
    def take_back(self, data, dry_run):
        import_id = data.draw(st.sampled_from(self.imports))
        before = self._records()
        try:
            undo(self.installation, import_id, self.operator, dry_run=dry_run)
        except Conflict as error:
            note(error.message)
            dry_run = True
        if dry_run:
            assert self._records() == before
        self.kept = {record: city for record, city in self.kept.items() if record in {one.id for one in self._ids()}}

    def _ids(self):
        return self._ask("SELECT id FROM organizations ORDER BY id")

    def _records(self):
        return self._ask("SELECT to_jsonb(o) AS record FROM organizations o ORDER BY id")

    @rule(data=st.data(), city=st.sampled_from(["Ambon", "Ternate"]))
    def edit(self, data, city):
        """A person sets a value, which no import may replace."""
        ids = [one.id for one in self._ids()]
        if ids:
            record_id = data.draw(st.sampled_from(ids))
            with self.installation.database.session() as session:
                OrganizationService(session, self.operator).update(record_id, {"city": city})
            self.kept[record_id] = city

    @rule(data=st.data(), how=st.sampled_from(["new", "into", "reject"]))
    def review(self, data, how):
        with self.installation.database.connect() as connection:
            waiting = list_review_items(connection, limit=20)
        if not waiting:
            return
        item = data.draw(st.sampled_from(waiting))
        reviewer = Reviewer(self.installation, self.operator)
        try:
            if how == "new":
                reviewer.accept_as_new(item.import_id, item.row_number)
            elif how == "into":
                target = data.draw(st.sampled_from(item.candidates)) if item.candidates else None
                reviewer.accept_into(item.import_id, item.row_number, target)
                self.kept.pop(target, None)  # a person decided anew
            else:
                reviewer.reject(item.import_id, item.row_number)
        except (UsageError, NotFound) as error:
            note(error.message)

    @precondition(lambda self: self.requests)
    @rule(data=st.data())
    def the_same_twice_changes_nothing(self, data):
        content, source, *_ = data.draw(st.sampled_from(self.requests))
        for number in range(2):
            try:
                import_id = self._submit(content, source, dry_run=False)
            except QueueFull:
                return
            self.imports.append(import_id)
            while self._work(_STEPS_OF_AN_IMPORT):
                pass
            with self.installation.database.connect() as connection:
                import_ = get_import(connection, import_id)
            if number == 1 and import_.counts is not None:
                assert (import_.counts["accepted"], import_.counts["merged"]) == (0, 0), import_.counts

    @invariant()
    def invariants_hold(self):
        with self.installation.database.connect() as connection:
            broken = connection.execute(_BROKEN).one()._asdict()
            audited = connection.scalar(sa.text("SELECT count(*) FROM audit_logs"))
        assert not any(broken.values()), broken
        assert audited >= self.audited, "the audit only grows"
        self.audited = audited

    @invariant()
    def what_a_person_set_stays(self):
        with self.installation.database.session() as session:
            queries = OrganizationQueries(session)
            for record_id, city in self.kept.items():
                assert queries.get(str(record_id)).city == city


class _KilledError(BaseException):
    """Ends a step like a kill: nothing runs after it, and no error is stored."""


@pytest.mark.proof
def test_anything_in_any_order(installation, operator, forget):
    number = 0
    if "KELOMPOK_STATEFUL" in os.environ:
        number = random.SystemRandom().randrange(2**32)
        print(f"seed {number}")
    run_state_machine_as_test(
        seed(number)(lambda: Machine(installation, operator, forget)),
        settings=settings(
            max_examples=_RUNS, stateful_step_count=_STEPS, deadline=None, database=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
