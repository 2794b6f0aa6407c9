"""Epochs: plans are compared with later changes only if the transaction numbers are comparable."""

import pytest
import sqlalchemy as sa

from kelompok_core.imports.applying.apply import apply, approve
from kelompok_core.imports.reporting.report import get_report
from tests.counting import decided


@pytest.fixture
def as_owner(settings):
    """Run a statement as the owner of the tables, optionally without triggers."""
    engine = sa.create_engine(settings.owner_database_url.replace("postgresql:", "postgresql+psycopg:"))

    def run(statement, **params):
        with engine.begin() as connection:
            return connection.execute(sa.text(statement), params)

    yield run
    engine.dispose()


@pytest.fixture
def elsewhere(as_owner):
    """Make the database look restored from another server's dump: its own transactions have lower numbers."""

    def move():
        as_owner("""
            ALTER TABLE audit_logs DISABLE TRIGGER USER;
            UPDATE audit_logs SET transaction_id = transaction_id + 1000000000;
            ALTER TABLE audit_logs ENABLE TRIGGER USER;
            ALTER TABLE imports DISABLE TRIGGER USER;
            UPDATE imports SET plan_snapshot = '1000000000:1000000000:' WHERE plan_snapshot IS NOT NULL;
            ALTER TABLE imports ENABLE TRIGGER USER;
            UPDATE installation SET server_identifier = 1""")

    return move


def _apply(installation, import_id, operator):
    approve(installation, import_id, operator)
    apply(installation, import_id)
    with installation.database.connect() as connection:
        return get_report(connection, import_id)


@pytest.mark.parametrize("adopted", [False, True])
def test_plan_from_another_server_is_decided_again(
    import_file, installation, operator, ask, elsewhere, as_owner, adopted
):
    plan = import_file("id,name\n1,Satu\n", dry_run=True)
    elsewhere()
    if adopted:
        as_owner("SELECT begin_epoch()")
    import_file("id,name\n7,Satu\n", source="other")
    report = _apply(installation, plan.import_.id, operator)
    assert decided(report) == {"rows_read": 1, "review": 1}
    (row,) = ask(
        "SELECT reason FROM import_decisions WHERE import_id = :id AND revision = :last",
        id=plan.import_.id, last=report.import_.plan_revision,
    )  # fmt: skip
    assert row.reason == "plan.stale"
    assert [one.slug for one in ask("SELECT slug FROM organizations")] == ["satu"]


def test_plan_without_later_changes_is_applied_unchanged(import_file, installation, operator):
    plan = import_file("id,name\n1,Satu\n", dry_run=True)
    assert _apply(installation, plan.import_.id, operator).import_.plan_revision == 1


def test_old_audit_entries_are_not_new_in_a_new_epoch(import_file, installation, operator, ask, elsewhere, as_owner):
    import_file("id,name\n1,Satu\n")
    elsewhere()
    as_owner("SELECT begin_epoch()")
    plan = import_file("id,name\n2,Dua\n", dry_run=True)
    assert _apply(installation, plan.import_.id, operator).import_.plan_revision == 1
    numbers = [one.transaction_id for one in ask("SELECT transaction_id FROM audit_logs ORDER BY id")]
    assert numbers == sorted(numbers), "they go on rising"
    late = import_file("id,name\n3,Tiga\n", dry_run=True)
    import_file("id,name\n4,Empat\n")
    assert _apply(installation, late.import_.id, operator).import_.plan_revision == 2, "what came after is seen"


def test_plan_without_an_epoch_is_decided_again(import_file, installation, operator, as_owner):
    plan = import_file("id,name\n1,Satu\n", dry_run=True)
    as_owner("UPDATE imports SET plan_epoch = NULL")
    report = _apply(installation, plan.import_.id, operator)
    assert (report.import_.plan_revision, decided(report)) == (2, {"rows_read": 1, "accepted": 1})


def test_server_has_an_identifier_and_the_current_epoch(ask):
    ((mine, same),) = ask("SELECT server_identifier(), current_epoch() = epoch FROM installation")
    assert mine != 0
    assert same
