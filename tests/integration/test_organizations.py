"""Organizations written by people are authorized, normalized and audited, and their setters recorded."""

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kelompok_core.errors import NotFound, NotPermitted, UsageError
from kelompok_core.organizations.service import OrganizationService


@pytest.fixture
def session(database):
    with Session(database.engine, expire_on_commit=False) as opened:
        yield opened


@pytest.fixture
def service(session, operator):
    return OrganizationService(session, operator)


def test_create_normalizes_records_setters_and_audits(service, session, operator):
    made = service.create(
        {"name": "  Rumah   Baca ", "city": "KAB. GARUT", "website_url": "https://baca.or.id/", "instagram": "@baca"}
    )
    assert (made.name, made.slug, made.city, made.version) == ("Rumah Baca", "rumah-baca", "Kabupaten Garut", 1)
    assert made.social_links == {"instagram": "https://www.instagram.com/baca"}
    assert made.website_key == "baca.or.id"
    assert set(made.field_origins.values()) == {f"person:{operator.id}"}
    entry = session.execute(sa.text("SELECT * FROM audit_logs WHERE record_id = :id"), {"id": made.id}).one()
    assert (entry.action, entry.origin, entry.actor) == ("create", "cli", str(operator.id))
    assert service.create({"name": "Rumah Baca"}).slug == "rumah-baca-2"


def test_update_changes_the_given_fields_and_the_version(service):
    made = service.create({"name": "Rumah Baca", "city": "Garut"})
    changed = service.update(made.id, {"city": "", "phone": "0812"})
    assert (changed.city, changed.phone, changed.name, changed.version) == (None, "0812", "Rumah Baca", 2)


@pytest.mark.parametrize("values", [
    {}, {"name": " "}, {"name": "A", "official_email": "nix"}, {"name": "A", "claim_status": "claimed"},
    {"name": "A", "nix": "x"},
])  # fmt: skip
def test_invalid_values_are_refused_and_nothing_is_written(service, session, values):
    with pytest.raises(UsageError):
        service.create(values)
    session.rollback()
    assert session.scalar(sa.text("SELECT count(*) FROM organizations")) == 0


def test_delete_keeps_evidence_and_audit(service, session, import_file):
    import_file("name\nRumah Baca\n")
    (found,) = session.scalars(sa.text("SELECT id FROM organizations"))
    service.delete(found)
    assert session.scalar(sa.text("SELECT count(*) FROM source_records")) == 1
    actions = session.scalars(sa.text("SELECT action FROM audit_logs WHERE record_id = :id ORDER BY id"), {"id": found})
    assert list(actions) == ["create", "delete"]
    with pytest.raises(NotFound):
        service.delete(found)


def test_user_without_the_right_is_refused(session, service, person):
    made = service.create({"name": "Rumah Baca"})
    session.commit()
    for actor, may_update, may_delete in (
        (person("a@example.org"), False, False),
        (person("b@example.org", slug="rumah-baca", role="viewer"), False, False),
        (person("c@example.org", slug="rumah-baca", role="editor"), True, False),
        (person("d@example.org", platform_role="steward"), True, False),
    ):
        theirs = OrganizationService(session, actor)
        if may_update:
            theirs.update(made.id, {"city": "Garut"})
        else:
            with pytest.raises(NotPermitted):
                theirs.update(made.id, {"city": "Garut"})
        if not may_delete:
            with pytest.raises(NotPermitted):
                theirs.delete(made.id)
        session.commit()
    owner = OrganizationService(session, person("e@example.org", slug="rumah-baca", role="owner"))
    with pytest.raises(UsageError, match="organization_user_roles still belong to it"):
        owner.delete(made.id)
