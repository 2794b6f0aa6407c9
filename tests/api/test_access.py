"""Who may call what: every route of the API, by every kind of key, on one's own things, on others' and on none."""

import uuid
from uuid import uuid4

import pytest
import sqlalchemy as sa

from kelompok_core.access.rules import ORGANIZATION_RIGHTS, Action
from kelompok_core.api.app import make_routes
from kelompok_core.api.options import ApiOptions
from kelompok_core.audit.context import AuditContext, announce
from kelompok_core.imports.running.workers import Presence
from tests.api.conftest import EVERYTHING

pytestmark = pytest.mark.proof

PUBLIC = {"get_health", "get_readiness"}
ANY_KEY = {"list_plugins", "get_plugin"}


class Place:
    """An organization with things of every kind, or the names of things that are not there."""

    def __init__(self, slug, **ids):
        self.slug = slug
        self.planned = self.applied = self.waiting = self.item = self.undoable = str(uuid.uuid4())
        self.member = "nobody@example.org"
        vars(self).update(ids)


# What each route needs, and how it is called on a place.
CALLS = {
    "submit_import": ("import.submit", "POST /api/v1/imports/members?organization={slug}&source=x", "name\nAni\n"),
    "list_imports": ("import.read", "GET /api/v1/imports", None),
    "get_import": ("import.read", "GET /api/v1/imports/{applied}", None),
    "list_issues": ("import.read", "GET /api/v1/imports/{applied}/issues", None),
    "list_rows": ("import.read", "GET /api/v1/imports/{applied}/rows", None),
    "get_error_file": ("import.read", "GET /api/v1/imports/{applied}/errors.csv", None),
    "list_import_audit": ("audit.read", "GET /api/v1/imports/{applied}/audit", None),
    "apply_import": ("import.apply", "POST /api/v1/imports/{planned}/apply", None),
    "undo_import": ("import.undo", "POST /api/v1/imports/{undoable}/undo", None),
    "cancel_import": ("import.submit", "POST /api/v1/imports/{waiting}/cancel", None),
    "list_review_items": ("import.read", "GET /api/v1/review", None),
    "get_review_item": ("import.read", "GET /api/v1/review/{item}/1", None),
    "accept_row": ("review.decide", "POST /api/v1/review/{item}/1/accept", {"as_new": True}),
    "reject_row": ("review.decide", "POST /api/v1/review/{item}/2/reject", {"note": "no"}),
    "list_plugins": (None, "GET /api/v1/plugins", None),
    "get_plugin": (None, "GET /api/v1/plugins/csv-import", None),
    "list_records": ("record.read", "GET /api/v1/members?organization={slug}", None),
    "get_record": ("record.read", "GET /api/v1/members/{member}", None),
    "list_record_audit": ("audit.read", "GET /api/v1/members/{member}/audit", None),
    "list_goals": ("record.read", "GET /api/v1/organizations/{slug}/sdgs", None),
    "get_health": (None, "GET /healthz", None),
    "get_readiness": (None, "GET /readyz", None),
}
LISTS_OF_ALL = {"list_imports", "list_review_items"}
KEYED = [operation for operation in CALLS if operation not in PUBLIC]
SCOPED = [operation for operation in KEYED if CALLS[operation][0] is not None]
READING = {"import.read", "record.read"}
NOWHERE = Place("nobody")


def _routes():
    app = make_routes(None, ApiOptions())
    return {one["operationId"] for path in app.openapi()["paths"].values() for one in path.values()}


def test_every_route_has_its_line_here():
    assert _routes() == set(CALLS), "say who may call the new route"


@pytest.fixture
def world(client, send, work, person):
    """Two organizations; Ibu edits «ours», Pak edits «theirs», Tamu looks at «ours»."""
    send("name,slug\nOurs,ours\nTheirs,theirs\n", mode="apply", source="owners")
    work()
    for email, slug, role in (("ibu@x.org", "ours", "editor"), ("pak@x.org", "theirs", "editor"),
                              ("tamu@x.org", "ours", "viewer")):  # fmt: skip
        person(email, slug=slug, role=role)
    places = {slug: _furnish(slug, send, work) for slug in ("ours", "theirs")}
    for place in places.values():
        lines = '{"id": 1, "name": "Joko"}\n'
        place.waiting = send(lines, entity="members", organization=place.slug, media_type="application/x-ndjson")["id"]
    return places


def _furnish(slug, send, work):
    def add(source, content, *, mode="apply", entity="members"):
        return send(content, entity=entity, organization=slug, source=f"{slug} {source}", mode=mode)["id"]

    applied = add("applied", f"id,name,email\n1,Siti,siti@{slug}.org\n2,,\n")
    undoable = add("undoable", f"id,name,email\n9,Budi,budi@{slug}.org\n")
    work()
    add("posts", "id,title\na,Kabar\nb,Warta\n", entity="posts")
    work()
    item = add("item", "id,title\nc,Kabar\nd,Warta\n", entity="posts")
    planned = add("planned", "id,name\n3,Tini\n", mode="dry_run")
    work()
    return Place(
        slug, applied=applied, undoable=undoable, item=item, planned=planned,
        member=f"siti@{slug}.org",
    )  # fmt: skip


def _call(client, operation, place):
    _, address, body = CALLS[operation]
    method, path = address.format(**vars(place)).split(" ")
    if isinstance(body, str):
        return client.request(method, path, content=body, headers={"Content-Type": "text/csv"})
    return client.request(method, path, json=body)


def _code(answer):
    return answer.status_code, answer.json()["error"]["code"]


def _set(database, statement, **params):
    with database.connect() as connection, connection.begin():
        announce(connection, AuditContext(actor="system:test", origin="setup"))
        connection.execute(sa.text(statement), params)


def test_without_a_valid_key_nothing_but_health_is_answered(client_of, key_of, database, world):
    expired, revoked = key_of("ibu@x.org"), key_of("ibu@x.org")
    for column, token in (("expires_at", expired), ("revoked_at", revoked)):
        past = f"UPDATE api_keys SET {column} = now() - interval '1 second' WHERE prefix = :prefix"
        _set(database, past, prefix="_".join(token.split("_")[:2]))
    for token in (None, "klp_nonsense", expired, revoked):
        client = client_of(token)
        for operation in KEYED:
            answer = _call(client, operation, world["ours"])
            assert _code(answer) == (401, "key.invalid"), (operation, token)
            assert answer.headers["www-authenticate"].startswith("Bearer")
    with Presence(database, uuid4()):
        for operation in PUBLIC:
            assert _call(client_of(), operation, NOWHERE).status_code == 200


def test_a_key_without_the_scope_is_refused_whatever_is_there(client_of, key_of, world):
    for operation in SCOPED:
        client = client_of(key_of("ibu@x.org", scopes=[one for one in EVERYTHING if one != CALLS[operation][0]]))
        for place in (*world.values(), NOWHERE):
            assert _code(_call(client, operation, place)) == (403, "permission.denied"), (operation, place.slug)


def test_a_scope_for_another_entity_is_none(client_of, key_of, world):
    for operation in SCOPED:
        elsewhere = client_of(key_of("ibu@x.org", scopes=[f"{CALLS[operation][0]}:events"]))
        assert _call(elsewhere, operation, world["ours"]).status_code == 403, operation


def test_a_scope_for_the_entity_is_enough(client_of, key_of, world):
    client = client_of(key_of("ibu@x.org", scopes=["import.submit:members", "record.read:members"]))
    assert _call(client, "submit_import", world["ours"]).status_code == 202
    assert _call(client, "get_record", world["ours"]).status_code == 200
    assert client.get("/api/v1/posts").status_code == 403
    at_once = client.post(
        "/api/v1/imports/members?organization=ours&source=y&mode=apply", content="name\nAni\n",
        headers={"Content-Type": "text/csv"},
    )  # fmt: skip
    assert at_once.status_code == 403, "applying needs a scope of its own"


def test_what_is_others_is_as_if_it_were_not(client_of, key_of, world):
    client = client_of(key_of("ibu@x.org"))
    theirs = {str(value) for name, value in vars(world["theirs"]).items() if name != "slug"}
    for operation in SCOPED:
        if operation in LISTS_OF_ALL:
            assert not [one for one in theirs if one in _call(client, operation, NOWHERE).text], operation
            continue
        foreign, missing = _call(client, operation, world["theirs"]), _call(client, operation, NOWHERE)
        assert _code(foreign) == _code(missing) == (404, "not_found"), operation
        said = [one.json()["error"]["message"].partition("'")[0] for one in (foreign, missing)]
        assert said[0] == said[1], operation


def test_a_key_bound_to_one_organization_sees_no_other(client_of, key_of, world, ask, person):
    theirs = ask("SELECT id FROM organizations WHERE slug = 'theirs'")[0].id
    client = client_of(key_of(person("admin@x.org", platform_role="admin").email, organization=theirs))
    for operation in SCOPED:
        answer = _call(client, operation, world["ours"])
        if operation in LISTS_OF_ALL:
            assert world["ours"].applied not in answer.text
        else:
            assert answer.status_code == 404, operation


def test_what_a_bound_key_sends_is_for_its_organization(client_of, key_of, world, ask):
    ours = ask("SELECT id FROM organizations WHERE slug = 'ours'")[0].id
    client = client_of(key_of("ibu@x.org", organization=ours))
    kind = {"Content-Type": "text/csv"}
    sent = client.post("/api/v1/imports/members?source=y", content="name\nAni\n", headers=kind)
    assert (sent.status_code, sent.json()["data"]["organization_id"]) == (202, str(ours))
    elsewhere = client.post("/api/v1/imports/members?source=y&organization=theirs", content="name\nAni\n", headers=kind)
    assert elsewhere.status_code == 404


def test_ones_own_is_answered(client_of, key_of, world):
    client = client_of(key_of("ibu@x.org"))
    for operation in KEYED:
        answer = _call(client, operation, world["ours"])
        assert answer.status_code in (200, 202), (operation, answer.text)


def test_who_only_looks_changes_nothing(client_of, key_of, world):
    client = client_of(key_of("tamu@x.org"))
    for operation in SCOPED:
        answer = _call(client, operation, world["ours"])
        assert answer.status_code == (200 if CALLS[operation][0] in READING else 403), (operation, answer.text)


def test_a_suspended_account_is_refused(client_of, key_of, world, database):
    client = client_of(key_of("ibu@x.org"))
    _set(database, "UPDATE users SET status = 'suspended' WHERE email = 'ibu@x.org'")
    for operation in KEYED:
        assert _code(_call(client, operation, world["ours"])) == (403, "permission.denied"), operation


def test_scopes_of_the_calls_are_actions():
    assert {scope for scope, _, _ in CALLS.values() if scope} <= {action.value for action in Action}


def test_what_others_have_of_the_same_name_is_in_nobodys_way(client_of, key_of, world, send, work):
    """One's own record is found by a name that others use as well, and theirs is not told of."""
    for slug in ("ours", "theirs"):
        send(
            "id,name,email\n5,Rara,rara@x.org\n", entity="members", organization=slug, mode="apply", source=f"{slug} x"
        )
        work()
    client = client_of(key_of("ibu@x.org"))
    found = client.get("/api/v1/members/rara@x.org")
    assert found.status_code == 200, found.text
    twice = client_of(key_of()).get("/api/v1/members/rara@x.org")
    assert twice.json()["error"]["message"] == "more than one member is called 'rara@x.org'"
    stranger = client_of(key_of("pak@x.org")).get("/api/v1/members/siti@ours.org")
    assert stranger.json()["error"]["message"] == "no member 'siti@ours.org'"


@pytest.mark.parametrize("role", ORGANIZATION_RIGHTS)
def test_every_route_by_role_on_ones_own_on_others_and_when_the_role_is_lost(
    role, client_of, key_of, world, person, database
):
    client = client_of(key_of(person("x@x.org", slug="ours", role=role).email))
    for operation in SCOPED:
        scope = Action(CALLS[operation][0])
        has_it = scope in ORGANIZATION_RIGHTS[role]
        if scope in READING or not has_it:
            assert _call(client, operation, world["ours"]).status_code == (200 if has_it else 403), operation
        if operation not in LISTS_OF_ALL:
            assert _code(_call(client, operation, world["theirs"])) == (404, "not_found"), operation
    lost = "DELETE FROM organization_user_roles r USING users u WHERE u.id = r.user_id AND u.email = 'x@x.org'"
    _set(database, lost)
    for operation in SCOPED:
        answer = _call(client, operation, world["ours"])
        if operation in LISTS_OF_ALL:
            assert answer.json()["data"] == [], operation
        else:
            assert _code(answer) == (404, "not_found"), operation
