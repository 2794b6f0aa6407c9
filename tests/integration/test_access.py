"""Tests every role and action within an organization, in another one and outside of any."""

from uuid import uuid4

import pytest

from kelompok_core.access.keys import KeyService, get_actor_by_key
from kelompok_core.access.rules import Action, authorize
from kelompok_core.access.service import AccessService
from kelompok_core.errors import NotFound, NotPermitted, UsageError

_READ = {Action.RECORD_READ, Action.IMPORT_READ}
_EDIT = _READ | {
    Action.AUDIT_READ,
    Action.RECORD_UPDATE,
    Action.RECORD_CREATE,
    Action.IMPORT_SUBMIT,
    Action.IMPORT_APPLY,
    Action.IMPORT_UNDO,
    Action.REVIEW_DECIDE,
    Action.ENRICHMENT_RUN,
}
_ALL = set(Action)

# role: (own organization, another one, outside of any)
MATRIX = {
    "admin": (_ALL, _ALL, _ALL),
    "steward": (_EDIT | {Action.RECORD_PUBLISH, Action.CLAIM_DECIDE},) * 3,
    "owner": (_EDIT | {Action.RECORD_DELETE, Action.RECORD_PUBLISH, Action.ROLE_MANAGE}, set(), set()),
    "editor": (_EDIT, set(), set()),
    "viewer": (_READ, set(), set()),
    "nobody": (set(), set(), set()),
}


def _may(database, actor, action, place):
    with database.connect() as connection:
        try:
            authorize(connection, actor, action, place)
        except NotPermitted:
            return False
        return True


@pytest.mark.parametrize("role", MATRIX)
def test_rights_of_each_role(role, database, import_file, person, ask):
    import_file("id,name\n1,Satu\n2,Dua\n")
    own, other = (ask("SELECT id FROM organizations WHERE slug = :slug", slug=slug)[0].id for slug in ("satu", "dua"))
    if role in ("admin", "steward"):
        actor = person("x@example.org", platform_role=role)
    elif role == "nobody":
        actor = person("x@example.org")
    else:
        actor = person("x@example.org", slug="satu", role=role)
    own_rights, other_rights, outside = MATRIX[role]
    places = {
        own: own_rights,
        other: other_rights,
        None: outside,
        uuid4(): other_rights,
    }  # the last is not there at all
    for place, allowed in places.items():
        for action in Action:
            assert _may(database, actor, action, place) is (action in allowed), (role, action, place)


def test_suspended_account_has_no_rights(database, person):
    import sqlalchemy as sa

    from kelompok_core.audit.context import AuditContext, announce

    admin = person("x@example.org", platform_role="admin")
    with database.connect() as connection, connection.begin():
        announce(connection, AuditContext(actor="system:test", origin="setup"))
        connection.execute(sa.text("UPDATE users SET status = 'suspended' WHERE id = :id"), {"id": admin.id})
    with database.connect() as connection, pytest.raises(NotPermitted, match="not active"):
        authorize(connection, admin, Action.RECORD_READ, None)


def test_unknown_user_is_not_created(database):
    from kelompok_core.access.actors import get_actor

    with database.connect() as connection, pytest.raises(NotFound):
        get_actor(connection, email="nobody@example.org")


@pytest.fixture
def two(import_file, ask):
    """Two organizations, and their ids by slug."""
    import_file("id,name\n1,Satu\n2,Dua\n")
    return {row.slug: row.id for row in ask("SELECT slug, id FROM organizations")}


@pytest.mark.parametrize("bound", [True, False], ids=["bound", "unbound"])
@pytest.mark.parametrize("scope", Action)
def test_key_has_its_users_rights_within_scope_and_organization(database, person, two, scope, bound):
    owner = person("x@example.org", slug="satu", role="owner")
    with database.session() as session:
        made = KeyService(session, owner).create(
            "x@example.org", "test", scopes=[scope], organization_id=two["satu"] if bound else None, days=1
        )
    with database.connect() as connection:
        program = get_actor_by_key(connection, made.token)
    for place in (two["satu"], two["dua"], None, uuid4()):
        for action in Action:
            wanted = action is scope and place == two["satu"] and action in MATRIX["owner"][0]
            assert _may(database, program, action, place) is wanted, (action, place)


def test_key_of_an_administrator_stays_in_its_organization(database, operator, two):
    with database.session() as session:
        made = KeyService(session, operator).create(
            operator.email, "test", scopes=["import.submit"], organization_id=two["satu"], days=1
        )
    with database.connect() as connection:
        program = get_actor_by_key(connection, made.token)
    assert _may(database, program, Action.IMPORT_SUBMIT, two["satu"])
    assert not _may(database, program, Action.IMPORT_SUBMIT, two["dua"])
    assert not _may(database, program, Action.IMPORT_SUBMIT, None)


def test_key_is_stored_as_a_hash_and_expires_or_is_revoked(database, operator, ask):
    with database.session() as session:
        made = KeyService(session, operator).create(
            operator.email, "test", scopes=["record.read"], organization_id=None, days=1
        )
    secret = made.token.rpartition("_")[2]
    assert secret not in str(ask("SELECT to_jsonb(k) FROM api_keys k"))
    assert secret not in str(ask("SELECT before, after FROM audit_logs"))
    with database.connect() as connection:
        program = get_actor_by_key(connection, made.token)
        for wrong in ("", made.token + "x", made.prefix):
            with pytest.raises(NotPermitted, match="not valid"):
                get_actor_by_key(connection, wrong)
    assert _may(database, program, Action.RECORD_READ, None)
    with database.session() as session:
        KeyService(session, operator).revoke(made.prefix)
    assert not _may(database, program, Action.RECORD_READ, None), "what was loaded before is refused too"
    with database.connect() as connection, pytest.raises(NotPermitted):
        get_actor_by_key(connection, made.token)


@pytest.mark.parametrize(("change", "message"), [
    ({"scopes": []}, "scope"), ({"scopes": ["everything"]}, "everything"),
    ({"days": 0}, "days"), ({"days": 400}, "days"),
])  # fmt: skip
def test_invalid_key_is_not_created(database, operator, change, message):
    wanted = {"scopes": ["record.read"], "organization_id": None, "days": 1} | change
    with database.session() as session, pytest.raises(UsageError, match=message):
        KeyService(session, operator).create(operator.email, "test", **wanted)


def test_only_administrators_manage_keys_of_others(database, operator, person):
    stranger = person("x@example.org")
    with database.session() as session:
        made = KeyService(session, operator).create(
            operator.email, "test", scopes=["record.read"], organization_id=None, days=1
        )
    with database.session() as session:
        theirs = KeyService(session, stranger)
        with pytest.raises(NotPermitted):
            theirs.create(operator.email, "x", scopes=["record.read"], organization_id=None, days=1)
        with pytest.raises(NotPermitted):
            theirs.revoke(made.prefix)
        theirs.create("x@example.org", "own", scopes=["record.read"], organization_id=None, days=1)


def test_administrators_create_users_with_valid_addresses(database, operator, person):
    with database.session() as session:
        service = AccessService(session, operator)
        assert service.create_user(" Ibu@Example.org ", "Ibu", platform_role="steward").email == "ibu@example.org"
        with pytest.raises(UsageError, match="already"):
            service.create_user("ibu@example.org", "Ibu")
        with pytest.raises(UsageError, match="not an e-mail"):
            service.create_user("ibu", "Ibu")
        with pytest.raises(UsageError, match="no role"):
            service.create_user("b@example.org", "B", platform_role="king")
        with pytest.raises(UsageError, match="suspend"):
            service.set_status(operator.email, "suspended")
    with database.session() as session, pytest.raises(NotPermitted):
        AccessService(session, person("x@example.org", platform_role="steward")).create_user("c@example.org", "C")


def test_administrators_and_owners_grant_roles(database, person, two, ask):
    owner = person("owner@satu.id", slug="satu", role="owner")
    person("new@example.org")
    with database.session() as session:
        service = AccessService(session, owner)
        service.grant("new@example.org", two["satu"], "viewer")
        service.grant("new@example.org", two["satu"], "editor")
        with pytest.raises(UsageError):
            service.grant("new@example.org", two["satu"], "king")
        with pytest.raises(NotPermitted):
            service.grant("new@example.org", two["dua"], "viewer")
    held = ask("""
        SELECT r.role FROM organization_user_roles r JOIN users u ON u.id = r.user_id
        WHERE u.email = 'new@example.org'""")
    assert [row.role for row in held] == ["editor"]
    with database.session() as session:
        AccessService(session, owner).revoke("new@example.org", two["satu"])
        with pytest.raises(NotFound):
            AccessService(session, owner).revoke("new@example.org", two["satu"])
    editor = person("editor@satu.id", slug="satu", role="editor")
    with database.session() as session, pytest.raises(NotPermitted):
        AccessService(session, editor).grant("new@example.org", two["satu"], "owner")
