"""A dry run stores a plan and changes no records; applying it does exactly what was planned."""

import pytest
import sqlalchemy as sa

from kelompok_core.audit.context import AuditContext, announce
from kelompok_core.errors import NotPermitted, UsageError
from kelompok_core.imports.applying.apply import apply, approve
from kelompok_core.imports.reporting.report import get_report, iter_row_issues
from kelompok_core.imports.running.cancel import cancel

_STATE = """
    SELECT (SELECT jsonb_agg(o ORDER BY id) FROM organizations o) AS organizations,
           (SELECT jsonb_agg(a ORDER BY id) FROM audit_logs a WHERE entity <> 'imports') AS audit,
           (SELECT jsonb_agg(s ORDER BY id) FROM source_records s) AS evidence"""

_OLD = "id,name,city\n1,Satu,Bandung\n2,Dua,Medan\n3,Tiga,Kupang\n"
_NEW = "id,name,city\n1,Satu,Garut\n2,Dua,Medan\n4,Empat,Bitung\n5,,Bitung\n"


@pytest.fixture
def edit(database, operator):
    def run(slug, city):
        with database.connect() as connection, connection.begin():
            announce(connection, AuditContext(actor=str(operator.id), origin="cli"))
            connection.execute(
                sa.text("UPDATE organizations SET city = :city WHERE slug = :slug"), {"city": city, "slug": slug}
            )

    return run


def _apply(installation, report, actor):
    approve(installation, report.import_.id, actor)
    apply(installation, report.import_.id)
    with installation.database.connect() as connection:
        return get_report(connection, report.import_.id)


def test_dry_run_writes_no_record_entry_or_evidence(import_file, ask):
    import_file(_OLD, name="list.csv")
    before = ask(_STATE)
    report = import_file(_NEW, name="list.csv", dry_run=True)
    assert report.import_.state == "planned"
    assert dict(report.counts) == {
        "rows_read": 4, "accepted": 1, "merged": 1, "unchanged": 1, "rejected": 1, "review": 0,
    }  # fmt: skip
    assert ask(_STATE) == before


def test_apply_executes_exactly_the_plan(import_file, installation, operator, ask):
    import_file(_OLD)
    planned = import_file(_NEW, dry_run=True)
    plan = ask(
        "SELECT row_number, decision, target_id, slug, changes FROM import_decisions WHERE import_id = :id ORDER BY 1",
        id=planned.import_.id,
    )
    applied = _apply(installation, planned, operator)
    assert dict(applied.counts) == dict(planned.counts)
    assert applied.import_.plan_revision == 1
    accepted = next(row for row in plan if row.decision == "accepted")
    stored = ask("SELECT name, slug FROM organizations WHERE id = :id", id=accepted.target_id)
    assert [(row.name, row.slug) for row in stored] == [("Empat", accepted.slug)]
    assert ask("SELECT city FROM organizations WHERE slug = 'satu'")[0].city == "Garut"


def test_plan_is_applied_once(import_file, installation, operator, ask):
    planned = import_file(_NEW, dry_run=True)
    _apply(installation, planned, operator)
    before = ask(_STATE)
    _apply(installation, planned, operator)
    assert ask(_STATE) == before


def test_record_edited_since_the_plan_goes_to_review(import_file, installation, operator, edit, database, ask):
    import_file(_OLD)
    planned = import_file(_NEW, dry_run=True)
    edit("satu", "Cimahi")
    applied = _apply(installation, planned, operator)
    assert dict(applied.counts) == {
        "rows_read": 4, "accepted": 1, "merged": 0, "unchanged": 1, "rejected": 1, "review": 1,
    }  # fmt: skip
    assert ask("SELECT city FROM organizations WHERE slug = 'satu'")[0].city == "Cimahi"
    with database.connect() as connection:
        assert "plan.stale" in {issue.code for issue in iter_row_issues(connection, applied.import_)}


def test_record_created_since_the_plan_is_not_duplicated(import_file, installation, operator, ask):
    planned = import_file("name,website\nEmpat,https://empat.or.id\n", dry_run=True, source="a")
    import_file("name,website\nEmpat,https://empat.or.id\n", source="b")
    applied = _apply(installation, planned, operator)
    assert applied.counts["accepted"] == 0
    assert ask("SELECT count(*) AS number FROM organizations")[0].number == 1


def test_unrelated_edit_since_the_plan_changes_nothing(import_file, installation, operator, edit):
    import_file(_OLD)
    planned = import_file(_NEW, dry_run=True)
    edit("tiga", "Ende")
    assert dict(_apply(installation, planned, operator).counts) == dict(planned.counts)


def test_only_permitted_actors_apply(import_file, installation, person, ask):
    planned = import_file(_NEW, dry_run=True)
    with pytest.raises(NotPermitted):
        approve(installation, planned.import_.id, person("tamu@example.org"))
    assert not ask("SELECT FROM organizations")


def test_import_without_dry_run_has_nothing_to_approve(import_file, installation, operator):
    failed = import_file("name\nSatu\n", dry_run=True)
    cancel(installation, failed.import_.id, operator)
    with pytest.raises(UsageError, match="cancelled"):
        approve(installation, failed.import_.id, operator)
