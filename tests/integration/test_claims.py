"""Claims and relations: asked for, decided, audited, and what they change for imports."""

import pytest
import sqlalchemy as sa

from kelompok_core.access.keys import KeyService, get_actor_by_key
from kelompok_core.claims.queries import list_claims
from kelompok_core.claims.service import ClaimService
from kelompok_core.errors import NotFound, NotPermitted, UsageError
from kelompok_core.organizations.relationships import RelationshipService, list_relationships


@pytest.fixture
def two(import_file, ask):
    import_file("id,name,city\n1,Satu,Bandung\n2,Dua,Medan\n")
    return {row.slug: row.id for row in ask("SELECT slug, id FROM organizations")}


@pytest.fixture
def claims(database):
    """Call a function as an actor, in one transaction."""

    def run(actor, what):
        with database.session() as session:
            return what(ClaimService(session, actor))

    return run


@pytest.fixture
def organization(ask):
    return lambda slug: ask("SELECT * FROM organizations WHERE slug = :slug", slug=slug)[0]


def test_an_approved_claim_makes_an_owner_and_protects_the_organization(
    two, claims, person, operator, organization, import_file, ask
):
    ibu, other = person("ibu@satu.id"), person("lain@satu.id")
    claim = claims(ibu, lambda service: service.request(two["satu"], message="saya ketuanya")).id
    rival = claims(other, lambda service: service.request(two["satu"])).id
    assert organization("satu").claim_status == "pending"
    claims(operator, lambda service: service.approve(claim, note="known to us"))
    stored = organization("satu")
    assert (stored.claim_status, stored.claimed_by_user_id) == ("claimed", ibu.id)
    assert stored.claimed_at
    assert [row.status for row in ask("SELECT status FROM claim_requests ORDER BY created_at")] == [
        "approved",
        "rejected",
    ]
    assert ask("SELECT role FROM organization_user_roles WHERE user_id = :id", id=ibu.id)[0].role == "owner"
    assert rival
    report = import_file("id,name,city\n1,Satu,Garut\n2,Dua,Medan\n")
    assert report.counts["review"] == 1
    actors = {
        row.actor for row in ask("SELECT actor FROM audit_logs WHERE entity = 'claim_requests' AND action = 'update'")
    }
    assert actors == {str(operator.id)}


def test_rejected_or_withdrawn_it_is_as_before(two, claims, person, operator, organization, database):
    ibu, other = person("ibu@satu.id"), person("lain@satu.id")
    first = claims(ibu, lambda service: service.request(two["satu"])).id
    second = claims(other, lambda service: service.request(two["satu"])).id
    claims(operator, lambda service: service.reject(first, note="who?"))
    assert organization("satu").claim_status == "pending", "the other one waits"
    with pytest.raises(NotPermitted):
        claims(ibu, lambda service: service.withdraw(second))
    claims(other, lambda service: service.withdraw(second))
    assert organization("satu").claim_status == "unclaimed"
    with database.session() as session:
        assert [row.status for row in list_claims(session, status=None)] == ["rejected", "withdrawn"]
        assert list_claims(session) == []


def test_who_may_not_and_what_does_not_wait(two, claims, person, operator, database):
    ibu = person("ibu@satu.id")
    claim = claims(ibu, lambda service: service.request(two["satu"])).id
    with pytest.raises(UsageError, match="waits already"):
        claims(ibu, lambda service: service.request(two["satu"]))
    with pytest.raises(NotPermitted):
        claims(ibu, lambda service: service.approve(claim))
    with pytest.raises(NotPermitted):
        claims(person("o@dua.id", slug="dua", role="owner"), lambda service: service.reject(claim))
    claims(person("s@example.org", platform_role="steward"), lambda service: service.approve(claim))
    with pytest.raises(NotFound):
        claims(operator, lambda service: service.approve(claim))
    with pytest.raises(UsageError, match="claimed already"):
        claims(person("x@example.org"), lambda service: service.request(two["satu"]))
    with database.session() as session:
        made = KeyService(session, ibu).create(ibu.email, "t", scopes=["record.read"], organization_id=None, days=1)
    with database.connect() as connection:
        program = get_actor_by_key(connection, made.token)
    with pytest.raises(NotPermitted, match="person"):
        claims(program, lambda service: service.request(two["dua"]))


@pytest.fixture
def relations(database, operator):
    def run(what, actor=None):
        with database.session() as session:
            return what(RelationshipService(session, actor or operator))

    return run


def test_relations_are_created_listed_and_removed(two, relations, database, ask):
    relations(lambda service: service.create(two["dua"], "member", two["satu"]))
    with database.session() as session:
        for slug in (None, "satu", "dua"):
            assert [tuple(row) for row in list_relationships(session, slug=slug)] == [("dua", "member", "satu")]
    relations(lambda service: service.remove(two["dua"], "member", two["satu"]))
    with pytest.raises(NotFound):
        relations(lambda service: service.remove(two["dua"], "member", two["satu"]))
    actions = ask("SELECT action FROM audit_logs WHERE entity = 'organization_relationships' ORDER BY id")
    assert [row.action for row in actions] == ["create", "delete"]


def test_what_makes_no_sense_is_refused(two, relations, import_file, ask, person):
    import_file("id,name\n3,Tiga\n", source="c")
    three = ask("SELECT id FROM organizations WHERE slug = 'tiga'")[0].id
    relations(lambda service: service.create(two["satu"], "parent", two["dua"]))
    relations(lambda service: service.create(two["dua"], "parent", three))
    for wrong, said in (
        ((two["satu"], "king", two["dua"]), "no relation"), ((two["satu"], "parent", two["satu"]), "itself"),
        ((two["satu"], "parent", two["dua"]), "already"), ((two["dua"], "parent", two["satu"]), "circle"),
        ((three, "parent", two["satu"]), "circle"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=said):
            relations(lambda service, wrong=wrong: service.create(*wrong))
    relations(lambda service: service.create(two["satu"], "partner", two["dua"]))
    relations(lambda service: service.create(two["dua"], "partner", two["satu"]))
    editor = person("e@dua.id", slug="dua", role="editor")
    with pytest.raises(NotPermitted):
        relations(lambda service: service.create(two["satu"], "member", three), editor)
    relations(lambda service: service.create(two["dua"], "member", three), editor)
    assert ask("SELECT count(*) AS number FROM organization_relationships")[0].number == 5


def test_a_claim_leaves_no_half_when_it_fails(two, claims, person, operator, database, organization, ask):
    claim = claims(person("ibu@satu.id"), lambda service: service.request(two["satu"])).id
    with pytest.raises(sa.exc.DBAPIError), database.session() as session:
        ClaimService(session, operator).approve(claim)
        session.execute(sa.text("SELECT 1/0"))
    assert organization("satu").claim_status == "pending"
    assert not ask("SELECT FROM organization_user_roles")
