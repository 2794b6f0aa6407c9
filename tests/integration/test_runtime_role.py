"""The runtime role cannot replace tables, forge evidence or rewrite imports with its own SQL."""

import psycopg
import pytest
import sqlalchemy as sa

from kelompok_core.errors import TakenOver
from kelompok_core.imports.applying.apply import approve
from kelompok_core.imports.deciding import decide as deciding
from kelompok_core.imports.deciding.decide import decide
from kelompok_core.imports.receiving.receive import ImportRequest, receive
from kelompok_core.imports.running.cancel import cancel
from kelompok_core.imports.staging import staging_pass
from kelompok_core.imports.staging.stage import stage

_NAMED = "SELECT set_config('kelompok.actor', 'mallory', true), set_config('kelompok.origin', 'cli', true)"
_OPEN = """
    INSERT INTO imports (id, mode, entity, plugin, plugin_version, job, source_name, file_name, file_sha256,
                         file_bytes, media_type, actor_id, fingerprint)
    SELECT %(id)s, 'apply', 'organizations', 'csv-import', '1', 'import-organizations', 'list', 'list.csv',
           '', 1, 'text/csv', u.id, '' FROM users u LIMIT 1"""
_ID = "00000000-0000-0000-0000-00000000000a"
_ROW = "INSERT INTO import_rows (import_id, row_number, raw, raw_sha256) VALUES (%(id)s, %(row_number)s, '{}', '')"
_DECISION = """
    INSERT INTO import_decisions (import_id, revision, row_number, decision, reason, target_id)
    VALUES (%(id)s, %(revision)s, %(row_number)s, 'accepted', 'match.none', new_id())"""
_REVIEW = """
    INSERT INTO review_decisions (import_id, row_number, decision, reason, target_id, decided_by, decided_at)
    SELECT %(id)s, row_number, 'accepted', 'review.accepted', new_id(), (SELECT u.id FROM users u LIMIT 1), now()
    FROM unnest(%(row_numbers)s::int[]) row_number"""
_WAITS = "name,phone,email\nForum Air,0899,halo@air.id\nDua,,\n"


@pytest.fixture
def runtime(settings):
    """A plain psycopg connection of the runtime role."""
    with psycopg.connect(str(settings.database_url).replace("postgresql+psycopg", "postgresql")) as connection:
        yield connection


@pytest.fixture
def owner(settings):
    url = str(settings.owner_database_url).replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(url) as connection:
        yield connection


@pytest.fixture
def attempt(runtime, operator):
    """Run statements in one transaction, by default with an actor; return the error that stopped them."""
    assert operator, "there is a user whose import it may be"

    def run(*statements, named=True, **params):
        with pytest.raises(psycopg.Error) as caught, runtime.transaction():
            if named:
                runtime.execute(_NAMED)
            for statement in statements:
                runtime.execute(statement, params or None)
        return caught.value

    return run


@pytest.fixture
def received(installation, operator, tmp_path):
    """Open an import of three rows."""

    def run(**how):
        file = tmp_path / "list.csv"
        file.write_text("id,name,city\n1,Satu,Bandung\n2,Dua,Medan\n3,Satu,\n", "utf-8")
        request = ImportRequest(plugin="csv-import", job="import-organizations", file=file, **how)
        return receive(installation, request, operator).import_id

    return run


# Names in functions.

_FUNCTIONS = """
    SELECT p.oid::regprocedure::text AS name, p.prosqlbody IS NOT NULL AS bound, p.prosecdef AS definer,
           (SELECT split_part(s, '=', 2) FROM unnest(p.proconfig) s WHERE s LIKE 'search_path=%') AS path,
           pg_get_userbyid(p.proowner) AS owner,
           EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
                   WHERE a.grantee = 0) AS public
    FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.prokind IN ('f', 'p')"""


def test_functions_use_a_search_path_that_others_cannot_write(ask):
    functions = {row.name: row for row in ask(_FUNCTIONS)}
    assert "check_counts()" in functions
    loose = {
        name: row.path
        for name, row in functions.items()
        if not row.bound and row.path not in ("pg_catalog, public, pg_temp", "pg_catalog, pg_temp")
    }
    assert loose == {}, "each needs SET search_path = pg_catalog, public, pg_temp, or a body that is bound (RETURN)"


def test_functions_belong_to_the_owner_and_only_named_roles_execute_them(ask):
    functions = ask(_FUNCTIONS)
    assert {row.owner for row in functions} == {"kelompok_owner"}
    assert [row.name for row in functions if row.public] == []
    assert any(row.definer for row in functions)


def test_views_defaults_and_checks_call_only_reviewed_functions(ask):
    elsewhere = ask("""
        SELECT p.oid::regprocedure::text FROM pg_depend d JOIN pg_proc p ON p.oid = d.refobjid
        WHERE d.refclassid = 'pg_proc'::regclass AND d.classid <> 'pg_proc'::regclass
          AND p.pronamespace NOT IN ('pg_catalog'::regnamespace, 'public'::regnamespace,
                                     'information_schema'::regnamespace)""")
    assert elsewhere == []
    views = ask("""SELECT relname, pg_get_userbyid(relowner) AS owner FROM pg_class
                   WHERE relkind IN ('v', 'm') AND relnamespace = 'public'::regnamespace""")
    assert {(row.relname, row.owner) for row in views} == {("evidence", "kelompok_owner")}


def test_temporary_table_cannot_replace_the_counted_rows(attempt):
    refused = attempt(
        _OPEN,
        "UPDATE imports SET state = 'staged', rows_staged = 1000 WHERE id = %(id)s",
        "CREATE TEMPORARY TABLE import_rows AS SELECT %(id)s::uuid AS import_id FROM generate_series(1, 1000)",
        """CREATE TEMPORARY TABLE import_decisions AS
           SELECT %(id)s::uuid AS import_id, 1 AS revision, 'accepted' AS decision FROM generate_series(1, 1000)""",
        """UPDATE imports SET state = 'planned', plan_revision = 1, rows_read = 1000, accepted = 1000, merged = 0,
             unchanged = 0, rejected = 0, review = 0 WHERE id = %(id)s""",
        id=_ID,
    )
    assert "count.mismatch" in str(refused)


def test_temporary_table_cannot_open_an_import_for_rows(attempt, import_file):
    done = import_file("name\nSatu\n").import_.id
    refused = attempt(
        "CREATE TEMPORARY TABLE imports AS SELECT %(id)s::uuid AS id, 'staging' AS state", _ROW, id=done, row_number=2
    )
    assert "not being staged" in str(refused)


def test_temporary_table_cannot_keep_a_dead_worker_alive(runtime):
    with runtime.transaction():
        runtime.execute("CREATE TEMPORARY TABLE workers AS SELECT %s::uuid AS id, now() AS seen_at", [_ID])
        runtime.execute("SELECT pg_advisory_lock(hashtextextended('worker:' || %s::uuid, 0))", [_ID])
        assert runtime.execute("SELECT worker_lives(%s)", [_ID]).fetchone() == (False,)


# Evidence.


def test_rows_without_an_import_are_refused(attempt):
    assert "not being staged" in str(attempt(_ROW, id=_ID, row_number=1))


def test_rows_are_inserted_only_while_their_import_is_staged(attempt, installation, received):
    import_id = received(dry_run=True)
    stage(installation, import_id)
    late = attempt(_ROW, id=import_id, row_number=4)
    assert isinstance(late, psycopg.errors.ObjectNotInPrerequisiteState)
    decide(installation, import_id)
    assert "not being staged" in str(attempt(_ROW, id=import_id, row_number=4))
    copied = attempt(f"COPY import_rows (import_id, row_number, raw, raw_sha256) FROM PROGRAM 'echo {import_id}'")
    assert isinstance(copied, psycopg.errors.InsufficientPrivilege)


def test_staging_one_import_cannot_insert_rows_of_another(attempt, import_file):
    done = import_file("name\nSatu\n").import_.id
    refused = attempt(
        _OPEN,
        """INSERT INTO import_rows (import_id, row_number, raw, raw_sha256)
           VALUES (%(id)s, 1, '{}', ''), (%(done)s, 2, '{}', '')""",
        id=_ID, done=done,
    )  # fmt: skip
    assert "not being staged" in str(refused)


def test_rows_cannot_be_inserted_with_an_old_snapshot(runtime, installation, received):
    import_id = received()
    with pytest.raises(psycopg.errors.SerializationFailure):
        runtime.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        assert runtime.execute("SELECT state FROM imports WHERE id = %s", [import_id]).fetchone() == ("received",)
        stage(installation, import_id)
        runtime.execute(_ROW, {"id": import_id, "row_number": 4})


@pytest.mark.parametrize("statement", [
    "UPDATE import_rows SET raw = '{}'", "DELETE FROM import_rows",
    "UPDATE import_decisions SET decision = 'rejected'", "DELETE FROM import_decisions",
    "UPDATE review_decisions SET decision = 'rejected'", "DELETE FROM review_decisions",
    """INSERT INTO source_records (entity, record_id, source_name, identity, raw, raw_sha256, file_name, file_sha256,
         row_number, plugin, plugin_version, import_id, last_row_number, reading_sha256)
       SELECT 'organizations', new_id(), 'list', 'x', '{}', '', 'x.csv', '', 1, 'csv-import', '1', new_id(), 1, ''""",
    """INSERT INTO source_sightings (evidence_id, last_import_id, last_row_number, reading_sha256)
       VALUES (0, new_id(), 1, '')""",
    "UPDATE source_sightings SET last_import_id = new_id()",
    "DELETE FROM imports",
])  # fmt: skip
def test_only_the_steps_write_rows_and_decisions(attempt, import_file, statement):
    import_file("name\nSatu\n")
    assert isinstance(attempt(statement), psycopg.errors.InsufficientPrivilege)


def test_decided_import_gets_no_more_decisions(attempt, received, installation):
    import_id = received(dry_run=True)
    stage(installation, import_id)
    for revision in (2, 3):
        assert "decisions refused" in str(attempt(_DECISION, id=import_id, revision=revision, row_number=9))
    decide(installation, import_id)
    assert "decisions refused" in str(attempt(_DECISION, id=import_id, revision=1, row_number=9))


def test_person_decides_only_after_the_import_is_applied(attempt, import_file):
    import_file("id,name,phone\n1,Forum Air,021\n", source="a")
    planned = import_file(_WAITS, source="b", dry_run=True)
    assert planned.counts["review"] == 1
    assert "decisions refused" in str(attempt(_REVIEW, id=planned.import_.id, row_numbers=[1]))


def test_person_decides_only_rows_in_review(attempt, import_file):
    import_file("id,name,phone\n1,Forum Air,021\n", source="a")
    waits = import_file(_WAITS, source="b")
    assert waits.counts["review"] == 1
    for row_numbers in ([2], [3], [-1], [1, 2]):
        assert "decisions refused" in str(attempt(_REVIEW, id=waits.import_.id, row_numbers=row_numbers))
    assert isinstance(attempt(_REVIEW, _REVIEW, id=waits.import_.id, row_numbers=[1]), psycopg.errors.UniqueViolation)


def test_applied_import_gets_no_plan(attempt, import_file):
    applied = import_file("name\nSatu\n").import_.id
    for revision, row_number in ((2, 1), (1, 2)):
        assert "decisions refused" in str(attempt(_DECISION, id=applied, revision=revision, row_number=row_number))


@pytest.mark.parametrize("revision", [0, -1])
def test_plans_have_positive_numbers(owner, revision):
    with pytest.raises(psycopg.errors.CheckViolation), owner.transaction():
        owner.execute("ALTER TABLE import_decisions DISABLE TRIGGER require_deciding")
        owner.execute(_DECISION, {"id": _ID, "revision": revision, "row_number": 1})


def test_evidence_is_recorded_only_while_applying(attempt, received, installation, import_file):
    applied, staged = import_file("name\nSatu\n", source="other").import_.id, received()
    stage(installation, staged)
    for statement in (
        "SELECT record_evidence(%(id)s, %(plan)s, false)",
        "SELECT record_repeated_rows(%(id)s, %(plan)s)",
    ):
        for import_id, plan in ((applied, 1), (applied, 2), (applied, 0), (applied, -1), (staged, 1), (staged, -1)):
            assert "evidence refused" in str(attempt(statement, id=import_id, plan=plan))


def test_evidence_of_a_reviewed_row_is_recorded(attempt, received, installation, import_file):
    import_file("id,name,phone\n1,Forum Air,021\n", source="a")
    waits, staged = import_file(_WAITS, source="b").import_.id, received()
    stage(installation, staged)
    statement = "SELECT record_reviewed_evidence(%(id)s, %(row_number)s)"
    for import_id, row_number in ((waits, 1), (waits, 2), (waits, -1), (staged, 1)):
        assert "evidence refused" in str(attempt(statement, id=import_id, row_number=row_number))
    others = attempt(_REVIEW, "SELECT record_reviewed_evidence(%(id)s, 2)", id=waits, row_numbers=[1])
    assert "evidence refused" in str(others)


def test_undo_deletes_only_evidence_of_its_own_records(runtime, import_file, ask):
    first, other = (import_file(f"name\n{name}\n", source=name).import_.id for name in ("Satu", "Dua"))
    with runtime.transaction():
        runtime.execute("SELECT forget_reading(%s, ARRAY(SELECT id FROM organizations))", [first])
    (forgotten,) = ask("SELECT e.import_id FROM source_sightings s JOIN evidence e ON e.id = s.evidence_id")
    assert forgotten.import_id == first != other


# Imports.

_VALUES = {
    "text": "'x'", "uuid": "new_id()", "bytea": "'\\x99'", "jsonb": """'{"x": 1}'""", "integer": "99",
    "bigint": "99", "text[]": "'{x}'", "pg_snapshot": "pg_current_snapshot()", "boolean": "false",
    "timestamp with time zone": "now() - interval '1 year'",
}  # fmt: skip
_WORKED_ON = {
    "state", "updated_at", "run_id", "failure", "failure_code", "failure_hint", "failure_trace", "durations",
    "queued_at", "leased_by", "fence", "attempts",
}  # fmt: skip


@pytest.mark.parametrize("state", ["received", "staged", "planned", "applied"])
def test_immutable_columns_of_an_import_do_not_change(attempt, owner, installation, received, import_file, ask, state):
    """All columns except those that the work on it changes, for every role; also columns of later migrations."""
    import_id = import_file("name\nSatu\n").import_.id if state == "applied" else received(dry_run=True)
    for name, step in (("staged", stage), ("planned", decide)):
        if state in (name, "planned"):
            step(installation, import_id)
    asked = "SELECT attname, format_type(atttypid, NULL) AS type FROM pg_attribute WHERE attrelid = 'imports'::regclass"
    columns = {row.attname: row.type for row in ask(f"{asked} AND attnum > 0 AND NOT attisdropped")}
    moving = {
        "received": {"rows_staged", "blank_lines", "header", "mapping", "reading_sha256", "read_as", "issues", "needs",
                     "pass_sha256"},
        "planned": {"plan_revision", "plan_snapshot", "plan_epoch", "planned_at", "rows_read", "accepted", "merged",
                    "unchanged", "rejected", "review", "approved_by", "approved_key_id"},
    }.get(state, set())  # fmt: skip
    for name, type_ in columns.items():
        statement = f"UPDATE imports SET {name} = {_VALUES[type_]} WHERE id = '{import_id}'"
        if name not in _WORKED_ON | moving:
            assert f"{name} cannot change" in str(attempt(statement)), name
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match=name), owner.transaction():
                owner.execute(statement)


def test_plan_counts_change_only_with_a_plan(attempt, installation, received):
    import_id = received(dry_run=True)
    stage(installation, import_id)
    decide(installation, import_id)
    moved = "UPDATE imports SET accepted = accepted - 1, merged = merged + 1"
    for more in ("", ", state = 'applied'", ", plan_revision = 2"):
        assert "count.mismatch" in str(attempt(moved + more))


@pytest.mark.parametrize(("was", "becomes"), [
    ("planned", "staging"), ("planned", "received"), ("planned", "undone"), ("applied", "staged"),
    ("applied", "staging"), ("applied", "planned"), ("applied", "cancelled"), ("cancelled", "staging"),
    ("cancelled", "planned"),
])  # fmt: skip
def test_import_state_does_not_go_back(attempt, installation, operator, import_file, was, becomes):
    import_id = import_file("name\nSatu\n", dry_run=was != "applied").import_.id
    if was == "cancelled":
        cancel(installation, import_id, operator)
    refused = attempt("UPDATE imports SET state = %(becomes)s", becomes=becomes)
    assert f"what is {was} cannot become {becomes}" in str(refused)


def test_import_begins_as_received(attempt):
    counts = "rows_read, accepted, merged, unchanged, rejected, review"
    for columns, values in (
        (f"state, {counts}", "'applied', 1000, 1000, 0, 0, 0, 0"), ("state", "'staged'"), ("rows_staged", "5"),
        ("approved_by", "u.id"), (counts, "1000, 1000, 0, 0, 0, 0"),
    ):  # fmt: skip
        statement = _OPEN.replace("(id,", f"({columns}, id,").replace("SELECT %(id)s", f"SELECT {values}, %(id)s")
        assert "begins as received" in str(attempt(statement, id=_ID))


def test_every_step_of_an_import_needs_an_actor(attempt, installation, received):
    import_id = received(dry_run=True)
    stage(installation, import_id)
    decide(installation, import_id)
    steps = ["UPDATE imports SET state = 'cancelled'", "UPDATE imports SET approved_by = actor_id", _OPEN]
    for statement in steps:
        assert "unaudited write to imports" in str(attempt(statement, named=False, id=_ID))


def test_audit_has_each_step_of_an_import_and_its_actor(installation, operator, person, received, ask):
    import_id = received(dry_run=True)
    stage(installation, import_id)
    decide(installation, import_id)
    releasing = person("rilis@example.org", platform_role="admin")
    approve(installation, import_id, releasing)
    cancel(installation, import_id, operator)
    entries = ask("SELECT * FROM audit_logs WHERE entity = 'imports' AND record_id = :id ORDER BY id", id=import_id)
    steps = [(one.action, one.after["state"], one.actor) for one in entries]
    asked, released = str(operator.id), str(releasing.id)
    assert steps == [
        ("create", "received", asked), ("update", "staging", asked), ("update", "staged", asked),
        ("update", "planned", asked), ("update", "planned", released), ("update", "cancelled", asked),
    ]  # fmt: skip
    assert {one.import_id for one in entries} == {None}, "it is what changed, and not what changed it"
    assert entries[0].after["actor_id"] == asked
    assert entries[3].after["rows_read"] == 3
    assert (entries[4].before["approved_by"], entries[4].after["approved_by"]) == (None, released)
    assert not {"file_name", "issues", "mapping", "options"} & set(entries[0].after)


@pytest.mark.parametrize("step", ["stage", "decide"])
def test_write_for_a_cancelled_import_is_refused_with_that_reason(installation, operator, received, monkeypatch, step):
    import_id = received()
    if step == "decide":
        stage(installation, import_id)
    module, name = {"stage": (staging_pass, "copy_rows"), "decide": (deciding, "make_plan")}[step]
    does = getattr(module, name)

    def cancelled_first(connection, *args, **kwargs):
        connection.execute(sa.text("SELECT FROM imports"))  # what comes is not in its snapshot
        cancel(installation, import_id, operator)
        return does(connection, *args, **kwargs)

    monkeypatch.setattr(module, name, cancelled_first)
    with pytest.raises(TakenOver):
        {"stage": stage, "decide": decide}[step](installation, import_id)
