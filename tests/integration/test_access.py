"""Every role, every action, inside the own organization, in another and outside of any."""

import pytest

from kelompok_core.access.rules import Action, authorize
from kelompok_core.errors import NotFound, NotPermitted

_READ = {Action.RECORD_READ, Action.IMPORT_READ}
_EDIT = _READ | {
    Action.AUDIT_READ,
    Action.RECORD_UPDATE,
    Action.RECORD_CREATE,
    Action.IMPORT_SUBMIT,
    Action.IMPORT_APPLY,
    Action.IMPORT_UNDO,
}
_ALL = set(Action)

# role: (own organization, another one, outside of any)
MATRIX = {
    "admin": (_ALL, _ALL, _ALL),
    "steward": (_EDIT, _EDIT, _EDIT),
    "owner": (_EDIT | {Action.RECORD_DELETE}, set(), set()),
    "editor": (_EDIT, set(), set()),
    "viewer": (_READ, set(), set()),
    "nobody": (set(), set(), set()),
}


@pytest.mark.parametrize("role", MATRIX)
def test_matrix(role, database, import_file, person, ask):
    import_file("id,name\n1,Satu\n2,Dua\n")
    own, other = (ask("SELECT id FROM organizations WHERE slug = :slug", slug=slug)[0].id for slug in ("satu", "dua"))
    if role in ("admin", "steward"):
        actor = person("x@example.org", platform_role=role)
    elif role == "nobody":
        actor = person("x@example.org")
    else:
        actor = person("x@example.org", slug="satu", role=role)
    for place, allowed in zip((own, other, None), MATRIX[role], strict=True):
        for action in Action:
            with database.connect() as connection:
                try:
                    authorize(connection, actor, action, place)
                except NotPermitted:
                    assert action not in allowed, (role, action, place)
                else:
                    assert action in allowed, (role, action, place)


def test_a_suspended_account_may_nothing(database, person):
    import sqlalchemy as sa

    from kelompok_core.audit.context import AuditContext, announce

    admin = person("x@example.org", platform_role="admin")
    with database.connect() as connection, connection.begin():
        announce(connection, AuditContext(actor="system:test", origin="setup"))
        connection.execute(sa.text("UPDATE users SET status = 'suspended' WHERE id = :id"), {"id": admin.id})
    with database.connect() as connection, pytest.raises(NotPermitted, match="not active"):
        authorize(connection, admin, Action.RECORD_READ, None)


def test_an_unknown_user_is_not_made_up(database):
    from kelompok_core.access.actors import get_actor

    with database.connect() as connection, pytest.raises(NotFound):
        get_actor(connection, email="nobody@example.org")
