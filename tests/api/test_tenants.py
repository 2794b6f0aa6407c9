"""Other organizations' data is not accessible through imports and review: by key, by role, and after losing a role."""

import json

import pytest
import sqlalchemy as sa

from kelompok_core.audit.context import AuditContext, announce
from tests.api.conftest import EVERYTHING
from tests.api.test_access import CALLS, LISTS_OF_ALL, NOWHERE, SCOPED, Place, _call, _code
from tests.roles import grant_role, revoke_roles

_CSV = {"Content-Type": "text/csv"}
_SECRETS = ("Rahasia", "rahasia.or.id", "Kupang", "0811")
THEIR_RECORD = (
    "id,name,slug,website,email,city,phone\n1,Rahasia,rahasia,https://rahasia.or.id,h@rahasia.or.id,Kupang,0811\n"
)


@pytest.fixture
def owners(send, work, person):
    """«ours» with an editor, Ibu; and an organization of others."""
    send("name,slug\nOurs,ours\n", mode="apply", source="owners")
    send(THEIR_RECORD, mode="apply", source="theirs")
    work()
    return person("ibu@x.org", slug="ours")


@pytest.fixture
def bound(client_of, key_of, owners, ask):
    """A client whose key is bound to «ours»."""
    ours = ask("SELECT id FROM organizations WHERE slug = 'ours'")[0].id
    return client_of(key_of("ibu@x.org", organization=ours))


def _sent(client, work, content, entity="organizations", **query):
    answer = client.post(
        f"/api/v1/imports/{entity}", params={"source": "x", "mode": "apply", **query}, content=content, headers=_CSV
    )
    assert answer.status_code == 202, answer.text
    work()
    return answer.json()["data"]["id"]


def _everything_of(client, import_id):
    paths = [f"imports/{import_id}", *(f"imports/{import_id}/{one}" for one in ("issues", "rows", "errors.csv"))]
    answers = [client.get(f"/api/v1/{path}") for path in (*paths, f"review?import={import_id}")]
    assert {one.status_code for one in answers} == {200}
    return answers


def test_rows_about_others_are_refused_and_nothing_of_theirs_is_shown(bound, work, ask):
    rows = "name,website,slug,email\nLain,https://rahasia.or.id,,\nLain,,rahasia,\nLain,,,h@rahasia.or.id\nRahasia,,,\n"
    import_id = _sent(bound, work, rows)
    told = _everything_of(bound, import_id)
    assert told[0].json()["data"]["counts"]["rejected"] == 4
    assert {row["reason"] for row in told[2].json()["data"]} == {"permission.scope"}
    for answer in told:
        text = answer.text.replace("https://rahasia.or.id", "").replace("h@rahasia.or.id", "").replace("rahasia", "")
        assert not [secret for secret in _SECRETS[2:] if secret in text]
    for number in range(1, 5):
        assert _code(bound.get(f"/api/v1/review/{import_id}/{number}"))[0] == 404
        answer = bound.post(f"/api/v1/review/{import_id}/{number}/accept", json={"as_new": True})
        assert answer.status_code == 404
    assert len(ask("SELECT FROM organizations")) == 2


def test_a_row_about_ones_own_organization_makes_no_other(bound, work, ask):
    import_id = _sent(bound, work, "name,phone\nOurs,0812\n")
    row = f"/api/v1/review/{import_id}/1"
    shown = bound.get(row).json()["data"]
    assert [one["ref"] for one in shown["beside"]] == ["ours"]
    assert _code(bound.post(f"{row}/accept", json={"as_new": True})) == (403, "permission.denied")
    theirs = bound.post(f"{row}/accept", json={"merge_into": "rahasia"})
    missing = bound.post(f"{row}/accept", json={"merge_into": "nobody!"})
    assert _code(theirs) == _code(missing) == (404, "not_found")
    assert theirs.text.replace("rahasia", "") == missing.text.replace("nobody!", "")
    assert len(ask("SELECT FROM organizations")) == 2
    assert bound.post(f"{row}/accept", json={"merge_into": "ours"}).status_code == 200


def test_records_beside_a_row_need_the_scope_to_read_records(client_of, key_of, owners, work):
    import_id = _sent(client_of(key_of("ibu@x.org")), work, "name,phone\nOurs,0812\n", organization="ours")
    client = client_of(key_of("ibu@x.org", scopes=[one for one in EVERYTHING if one != "record.read"]))
    shown = client.get(f"/api/v1/review/{import_id}/1").json()["data"]
    assert (shown["beside"], shown["candidates"]) == ([], [])
    assert client.get("/api/v1/review").json()["data"][0]["candidates"] == []
    assert client.get("/api/v1/organizations/ours").status_code == 403
    accepted = client.post(f"/api/v1/review/{import_id}/1/accept", json={"merge_into": "ours"})
    assert accepted.status_code == 200, "deciding needs its own scope"


# How each route is called on an import that was sent for no organization, its rows naming theirs.
OF_IMPORTS = [name for name in CALLS if name not in LISTS_OF_ALL and "{" in CALLS[name][1] and name in SCOPED]


@pytest.fixture
def sent_for_two(client_of, key_of, owners, person, work, database, send):
    """Imports that Ibu sent when she was an editor of two organizations; and a client of hers."""
    grant_role(database, owners.id, "rahasia")
    client = client_of(key_of("ibu@x.org"))

    def add(content, entity="members", **query):
        return _sent(client, work, content, entity, source=f"list {len(content)}", **query)

    applied = add("id,name,email,organisasi\n1,Siti,siti@x.org,ours\n2,Joko,joko0811@x.org,rahasia\n")
    undoable = add("id,name,organisasi\n1,Ratna,ours\n2,Jaka,rahasia\n")
    add("id,title,organisasi\na,Kabar,rahasia\nb,Warta,rahasia\n", "posts")
    item = add("id,title,organisasi\nc,Kabar,rahasia\nd,Warta,rahasia\nee,Baru,ours\n", "posts")
    planned = add("id,name,organisasi\n8,Tini,ours\n9,Tono,rahasia\n", mode="dry_run")
    waiting = add("id,name,organisasi\n18,Tini,ours\n19,Tono,rahasia\n", mode="dry_run")
    place = Place("rahasia", applied=applied, undoable=undoable, item=item, planned=planned, waiting=waiting)
    place.member = "joko0811@x.org"
    return client, place


def test_what_was_sent_for_two_is_not_read_by_who_is_of_one(sent_for_two, database):
    client, place = sent_for_two
    for operation in (
        "get_import",
        "list_issues",
        "list_rows",
        "get_error_file",
        "list_import_audit",
        "get_review_item",
    ):
        assert _call(client, operation, place).status_code == 200, operation
    revoke_roles(database, "rahasia")
    for operation in OF_IMPORTS:
        assert _code(_call(client, operation, place)) == _code(_call(client, operation, NOWHERE)), operation
    ids = {value for name, value in vars(place).items() if name not in ("slug", "member")}
    for operation in LISTS_OF_ALL:
        assert not [one for one in ids if one in _call(client, operation, place).text], operation


def test_who_has_no_role_left_reads_nothing_of_what_was_sent(client_of, key_of, owners, work, database):
    client = client_of(key_of("ibu@x.org"))
    rows = "id,name,email,organisasi\n1,Siti,siti@x.org,ours\n2,Joko,joko@x.org,nowhere\n"
    import_id = _sent(client, work, rows, "members")
    refused = _sent(client, work, "id,name,organisasi\n2,Joko,nowhere\n", "members", source="refused")
    for one in (import_id, refused):
        assert "Joko" in client.get(f"/api/v1/imports/{one}/rows").text
    assert len(client.get("/api/v1/imports").json()["data"]) == 2
    revoke_roles(database, "ours")
    for one in (import_id, refused):
        for path in ("", "/rows", "/issues", "/errors.csv", "/audit"):
            assert _code(client.get(f"/api/v1/imports/{one}{path}")) == (404, "not_found"), path
    assert client.get("/api/v1/imports").json()["data"] == []
    assert client.get("/api/v1/review").json()["data"] == []


def test_a_steward_who_is_none_any_more_reads_nothing_of_what_was_sent(
    client_of, key_of, owners, person, work, database
):
    client = client_of(key_of(person("s@x.org", platform_role="steward").email))
    import_id = _sent(client, work, "name,phone\nRahasia,0812\n")
    assert client.get(f"/api/v1/review/{import_id}/1").status_code == 200
    with database.connect() as connection, connection.begin():
        announce(connection, AuditContext(actor="system:test", origin="setup"))
        connection.execute(sa.text("UPDATE users SET platform_role = NULL WHERE email = 's@x.org'"))
    for path in (f"imports/{import_id}", f"imports/{import_id}/rows", f"review/{import_id}/1"):
        assert _code(client.get(f"/api/v1/{path}")) == (404, "not_found")
    assert client.get("/api/v1/imports").json()["data"] == []


def test_people_of_an_organization_see_and_decide_rows_of_theirs_in_a_list_of_many(
    client_of, key_of, owners, send, work, person
):
    send("id,title,organisasi\na,Kabar,ours\nb,Kabar,rahasia\n", entity="posts", mode="apply", source="a")
    work()
    item = send("id,title,organisasi\nc,Kabar,ours\nd,Kabar,rahasia\n", entity="posts", mode="apply", source="b")["id"]
    work()
    client = client_of(key_of("ibu@x.org"))
    assert [one["row_number"] for one in client.get("/api/v1/review").json()["data"]] == [1]
    assert client.get(f"/api/v1/review/{item}/1").status_code == 200
    for method, path in (("GET", ""), ("POST", "/accept"), ("POST", "/reject")):
        asked = {"json": {}} if method == "POST" else {}
        theirs = client.request(method, f"/api/v1/review/{item}/2{path}", **asked)
        missing = client.request(method, f"/api/v1/review/{item}/99{path}", **asked)
        assert _code(theirs) == _code(missing) == (404, "not_found"), (method, path)
        assert theirs.json()["error"]["message"] == missing.json()["error"]["message"]
    assert _code(client.get(f"/api/v1/imports/{item}")) == (404, "not_found")
    assert client.post(f"/api/v1/review/{item}/1/reject", json={}).status_code == 200
    only_ours = send("id,title,organisasi\na,Kabar,ours\n", entity="posts", mode="apply", source="c")["id"]
    work()
    assert _code(client.get(f"/api/v1/imports/{only_ours}")) == (404, "not_found"), "somebody else sent it"


def test_a_request_that_is_known_is_answered_to_who_may_still_send_it(
    client_of, key_of, owners, work, database, person
):
    client = client_of(key_of("ibu@x.org"))
    again = {**_CSV, "Idempotency-Key": "k"}
    rows = "id,name,organisasi\n1,Siti,ours\n"
    first = client.post("/api/v1/imports/members?source=y&mode=apply", content=rows, headers=again)
    work()
    assert client.post("/api/v1/imports/members?source=y&mode=apply", content=rows, headers=again).status_code == 202
    revoke_roles(database, "ours")
    grant_role(database, owners.id, "rahasia")
    answer = client.post("/api/v1/imports/members?source=y&mode=apply", content=rows, headers=again)
    assert _code(answer) == (404, "not_found")
    assert json.dumps(first.json()["data"]["counts"]) not in answer.text or first.json()["data"]["counts"] is None
