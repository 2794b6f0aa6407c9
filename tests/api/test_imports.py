"""Imports over HTTP: submitting, polling, reading, applying and undoing them, and refused requests."""

import base64
import gzip
import json
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest

from plugins.spreadsheet_import.tests.writing import write_xlsx
from tests.api.conftest import CSV


def _get(client, path, status=200, **params):
    answer = client.get(path, params=params)
    assert answer.status_code == status, answer.text
    return answer.json()


def _error(answer, status, code):
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["code"] == code
    return answer.json()["error"]


def _files(installation):
    return [path for path in (installation.settings.home / "files").rglob("*") if path.is_file()]


_OBJECTS = ['{"id": 1, "name": "Lembaga Satu"}', '{"id": 2, "name": "Lembaga Dua"}', '{"id": 3}']


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (CSV, "text/csv; charset=utf-8"),
        (f"[{', '.join(_OBJECTS)}]", "application/json"),
        ("\n".join(_OBJECTS), "application/x-ndjson"),
    ],
)  # fmt: skip
def test_dry_run_report_apply_records_undo(client, send, work, content, media_type):
    sent = send(content, media_type=media_type)
    assert (sent["state"], sent["work"], sent["mode"], sent["counts"]) == ("received", "waiting", "dry_run", None)
    work()
    planned = _get(client, sent["links"]["self"])["data"]
    assert (planned["state"], planned["work"]) == ("planned", "ended")
    assert planned["counts"] == {
        "rows_read": 3, "accepted": 2, "merged": 0, "unchanged": 0, "rejected": 1, "review": 0,
    }  # fmt: skip
    assert [(group["code"], group["count"]) for group in planned["issues"]] == [("value.required", 1)]
    assert _get(client, "/api/v1/organizations")["data"] == []
    released = client.post(planned["links"]["apply"])
    assert (released.status_code, released.json()["data"]["work"]) == (202, "waiting")
    work()
    applied = _get(client, sent["links"]["self"])["data"]
    assert (applied["state"], applied["audit"]["entries"], applied["links"]["apply"]) == ("applied", 2, None)
    records = _get(client, "/api/v1/organizations")["data"]
    assert [one["label"] for one in records] == ["Lembaga Satu", "Lembaga Dua"]
    assert records[0]["set_by"]["name"] == "source:list"
    would = client.post(applied["links"]["undo"], params={"dry_run": True}).json()["data"]
    assert (would["dry_run"], would["counts"]["deleted"]) == (True, 2)
    undone = client.post(applied["links"]["undo"]).json()["data"]
    assert (undone["state"], undone["counts"]["deleted"], undone["left"]) == ("undone", 2, [])
    assert _get(client, "/api/v1/organizations")["data"] == []


def test_applied_at_once_when_asked_to(client, send, work):
    sent = send(mode="apply")
    work()
    assert _get(client, sent["links"]["self"])["data"]["state"] == "applied"


def test_as_a_form_from_a_browser(client, work):
    answer = client.post("/api/v1/imports/organizations", files={"file": ("daftar.csv", CSV, "text/csv")})
    sent = answer.json()["data"]
    assert (answer.status_code, sent["file"]["name"], sent["source"]) == (202, "daftar.csv", "daftar")
    work()
    assert _get(client, sent["links"]["self"])["data"]["counts"]["accepted"] == 2


def test_all_of_the_request_as_headers(client, work):
    headers = {
        "Content-Type": "application/octet-stream", "Kelompok-Plugin": "csv-import", "Kelompok-Mode": "apply",
        "Kelompok-File-Name": "daftar.csv", "Kelompok-Source": "daftar besar",
    }  # fmt: skip
    answer = client.post("/api/v1/imports/organizations", content=CSV, headers=headers)
    sent = answer.json()["data"]
    assert (sent["mode"], sent["source"], sent["file"]["name"]) == ("apply", "daftar besar", "daftar.csv")


def test_mapping_policies_and_settings_are_those_of_the_command_line(client, send, work):
    query = {"map": ["judul=name", "kota=city"], "set": ["delimiter=;"], "policy": ["city=overwrite"]}
    sent = send("id;judul;kota\n1;Lembaga Satu;Kupang\n", mode="apply", **query)
    work()
    view = _get(client, sent["links"]["self"])["data"]
    assert view["mapping"] == {"id": "external_id", "judul": "name", "kota": "city"}
    assert _get(client, "/api/v1/organizations/lembaga-satu")["data"]["values"]["city"] == "Kupang"


def test_the_same_key_is_the_same_import_and_another_file_is_refused(client, send, installation):
    headers = {"Idempotency-Key": "abc"}
    first = send(headers=headers)
    again = client.post(
        "/api/v1/imports/organizations", params={"source": "list"}, content=CSV,
        headers={"Content-Type": "text/csv", **headers},
    )  # fmt: skip
    assert (again.status_code, again.json()["data"]["id"]) == (202, first["id"])
    assert again.json()["message"] is not None
    other = client.post(
        "/api/v1/imports/organizations", params={"source": "list"}, content=CSV + "4,Empat,\n",
        headers={"Content-Type": "text/csv", **headers},
    )  # fmt: skip
    _error(other, 422, "idempotency.key_reused")
    assert len(_files(installation)) == 1


def test_twenty_at_once_with_one_key(client, send, work):
    with ThreadPoolExecutor(20) as pool:
        found = {one["id"] for one in pool.map(lambda _: send(headers={"Idempotency-Key": "k"}), range(20))}
    assert len(found) == 1
    assert len(work()) == 1


def test_the_eleventh_waiting_import_is_refused_with_retry_after(client, send, installation, work):
    for number in range(10):
        send(f"id,name\n{number},Lembaga\n", source=f"list {number}")
    refused = client.post(
        "/api/v1/imports/organizations", params={"source": "x"}, content=CSV, headers={"Content-Type": "text/csv"}
    )
    _error(refused, 429, "queue.full")
    assert int(refused.headers["retry-after"]) > 0
    assert len(_files(installation)) == 10, "the refused file is gone"
    assert len(work()) == 10


def test_what_cannot_be_read_as_is(client, installation):
    def post(content=CSV, entity="organizations", params=None, **headers):
        return client.post(
            f"/api/v1/imports/{entity}", params={"source": "x"} | (params or {}), content=content, headers=headers
        )

    kind = {"Content-Type": "text/csv"}
    _error(post(**{"Content-Type": "image/png"}), 415, "media_type.unsupported")
    _error(post(), 415, "media_type.unsupported")
    _error(post(gzip.compress(CSV.encode()), **kind), 415, "media_type.unsupported")
    _error(post(**kind, **{"Content-Encoding": "gzip"}), 415, "media_type.unsupported")
    _error(post(entity="people", **kind), 422, "request.invalid")
    _error(post(params={"mode": "now"}, **kind), 422, "request.invalid")
    _error(post(params={"delimeter": ";"}, **kind), 422, "request.invalid")
    _error(post(params={"plugin": "nobody"}, **kind), 422, "plugin.unavailable")
    _error(post(params={"policy": "city=maybe"}, **kind), 422, "usage")
    _error(post(params={"organization": "nobody"}, **kind), 404, "not_found")
    _error(post(params={"profile": "none"}, **kind), 404, "not_found")
    _error(post(params={"timezone": "Mars"}, **kind), 422, "usage")
    _error(post(params={"source": ""}, **kind), 422, "request.invalid")
    _error(post(params={"file_name": "../../etc/passwd"}, **kind), 422, "request.invalid")
    nameless = client.post("/api/v1/imports/organizations", content=CSV, headers=kind)
    assert "source" in _error(nameless, 422, "usage")["details"]["hint"]
    form = client.post("/api/v1/imports/organizations", data={"a": "b"}, files={"other": ("a.csv", CSV)})
    _error(form, 422, "usage")
    broken = client.post(
        "/api/v1/imports/organizations", content=b"--x\r\nnonsense", headers={"Content-Type": "multipart/form-data"}
    )
    _error(broken, 400, "request.malformed")
    assert _files(installation) == []
    assert _get(client, "/api/v1/imports")["data"] == []


def test_a_file_nobody_can_read_fails_with_the_reason(client, send, work):
    sent = send("", mode="apply")
    work()
    view = _get(client, sent["links"]["self"])["data"]
    assert (view["state"], view["work"]) == ("failed", "ended")
    assert view["failure"]["code"] == "import.failed"
    assert view["failure"]["message"]


def test_pages_go_on_where_they_ended_and_leave_nothing_out(client, send, work):
    rows = "".join(
        f"{number},{'Lembaga' if number % 3 else ''} {number if number % 3 else ''}\n" for number in range(1, 31)
    )
    sent = send("id,name\n" + rows, mode="apply")
    work()
    for path, expected in (("rows", 30), ("issues", 10), ("audit", 20)):
        seen, cursor = [], None
        while True:
            params = {"limit": 7} | ({"cursor": cursor} if cursor else {})
            page = _get(client, f"{sent['links']['self']}/{path}", **params)
            seen += [json.dumps(one) for one in page["data"]]
            cursor = page["meta"]["next"]
            if cursor is None:
                break
            assert len(page["data"]) == 7
        assert len(seen) == len(set(seen)) == expected, path
    only = _get(client, f"{sent['links']['self']}/rows", decision="rejected")["data"]
    assert [row["row_number"] for row in only] == list(range(3, 31, 3))
    made_up = [base64.urlsafe_b64encode(one).decode() for one in (b"[1]", b"[true]", b"{}", b"[[]]", b"[" * 300)]
    for cursor in ("nonsense", *made_up):
        for address in (f"{sent['links']['self']}/rows", "/api/v1/imports", "/api/v1/organizations", "/api/v1/review"):
            _error(client.get(address, params={"cursor": cursor}), 422, "usage")
    _error(client.get(f"{sent['links']['self']}/rows", params={"decision": "maybe"}), 422, "request.invalid")
    names = [one["label"] for one in _get(client, "/api/v1/organizations", limit=5, search="lembaga 1")["data"]]
    assert names == ["Lembaga 1", "Lembaga 10", "Lembaga 11", "Lembaga 13", "Lembaga 14"]


def test_the_error_file_comes_back_as_the_source_was(client, send, work):
    table = send("id,name\n1,\n2,=SUM(A1)\n", source="table")
    lines = send('{"id": 1}\n{"id": 2, "name": "Dua"}\n', media_type="application/x-ndjson", source="lines")
    work()
    csv = client.get(_get(client, table["links"]["self"])["data"]["links"]["errors"], params={"language": "id"})
    assert csv.headers["content-type"].startswith("text/csv")
    assert csv.content.startswith(b"\xef\xbb\xbf")
    assert "name kosong" in csv.text
    ndjson = client.get(_get(client, lines["links"]["self"])["data"]["links"]["errors"])
    assert json.loads(ndjson.text)["_codes"] == "value.required"
    _error(client.get(f"{lines['links']['self']}/errors.csv"), 404, "not_found")


def test_cancelled_before_anything_is_written(client, send, work):
    sent = send()
    assert client.post(sent["links"]["cancel"]).json()["data"]["state"] == "cancelled"
    assert work() == []
    _error(client.post(f"{sent['links']['self']}/apply"), 409, "conflict")
    _error(client.post(f"{sent['links']['self']}/undo"), 409, "conflict")


def test_rows_that_wait_are_compared_and_decided(client, send, work):
    names = ("Satu", "Dua", "Tiga")
    for source, said in (("a", "lama"), ("b", "baru")):
        rows = "".join(f"{source}{name},Lembaga {name},{said}\n" for name in names)
        send("id,name,description\n" + rows, source=source, mode="apply")
        work()
    waiting = _get(client, "/api/v1/review")["data"]
    assert len(waiting) == 3, waiting
    here = [f"/api/v1/review/{one['import_id']}/{one['row_number']}" for one in waiting]
    beside = _get(client, here[0])["data"]["beside"]
    said = next(field for field in beside[0]["fields"] if field["field"] == "description")
    assert (beside[0]["ref"], said["incoming"], said["existing"]) == ("lembaga-satu", "baru", "lama")
    how = {"merge_into": "lembaga-satu", "fields": {"description": "incoming"}}
    assert client.post(f"{here[0]}/accept", json=how).json()["data"]["changed"] == ["description"]
    assert client.post(f"{here[1]}/accept", json={"as_new": True}).json()["data"]["decision"] == "accepted"
    assert client.post(f"{here[2]}/reject", json={"note": "a double"}).json()["data"]["decision"] == "rejected"
    assert _get(client, "/api/v1/review")["data"] == []
    _error(client.post(f"{here[2]}/reject", json={}), 404, "not_found")
    _error(client.post(f"{here[2]}/accept", json={"fields": {"city": "both"}}), 422, "request.invalid")
    broken = client.post(f"{here[2]}/accept", content=b"{", headers={"Content-Type": "application/json"})
    _error(broken, 422, "request.invalid")
    assert _get(client, "/api/v1/organizations/lembaga-satu")["data"]["values"]["description"] == "baru"


def test_a_list_of_imports_says_what_is_going_on(client, send, work):
    first, second = send(source="a"), send(source="b")
    listed = _get(client, "/api/v1/imports")["data"]
    assert [one["id"] for one in listed] == [second["id"], first["id"]]
    older = _get(client, "/api/v1/imports", limit=1)
    assert [one["id"] for one in _get(client, "/api/v1/imports", cursor=older["meta"]["next"])["data"]] == [first["id"]]


def test_of_a_record_what_changed_and_what_its_texts_are_about(client, send, work):
    send("id,name\n1,Lembaga Satu\n", mode="apply")
    work()
    audit = _get(client, "/api/v1/organizations/lembaga-satu/audit")["data"]
    assert [(one["action"], one["changed"]["name"]) for one in audit] == [("create", [None, "Lembaga Satu"])]
    assert _get(client, "/api/v1/organizations/lembaga-satu/sdgs")["data"] == []
    _error(client.get("/api/v1/organizations/nobody"), 404, "not_found")


def test_members_posts_and_events_belong_to_organizations(client, send, work):
    send("id,name\n1,Lembaga Satu\n", mode="apply")
    work()
    send("name,email\nSiti,siti@example.org\n", entity="members", organization="lembaga-satu", mode="apply", source="m")
    send("title\nKabar\n", entity="posts", organization="lembaga-satu", mode="apply", source="p")
    send("title,starts\nRapat,2026-03-01\n", entity="events", organization="lembaga-satu", mode="apply", source="e")
    work()
    home = _get(client, "/api/v1/organizations/lembaga-satu")["data"]["id"]
    expected = [("members", "siti@example.org", "Siti"), ("posts", "kabar", "Kabar"), ("events", "rapat", "Rapat")]
    for entity, ref, label in expected:
        found = _get(client, f"/api/v1/{entity}", organization="lembaga-satu")["data"]
        assert [(one["label"], one["organization_id"]) for one in found] == [(label, home)]
        one = _get(client, f"/api/v1/{entity}/{ref}", organization="lembaga-satu")["data"]
        assert one["id"] == found[0]["id"]


def test_plugins_are_listed_without_their_settings(client):
    listed = {one["name"]: one for one in _get(client, "/api/v1/plugins")["data"]}
    assert listed["csv-import"]["state"] == "enabled"
    assert listed["sdgs-keyword"]["state"] == "disabled"
    assert "text/csv" in listed["csv-import"]["jobs"][0]["inputs"]
    assert "config" not in json.dumps(listed)
    assert _get(client, "/api/v1/plugins/csv-import")["data"] == listed["csv-import"]
    _error(client.get("/api/v1/plugins/nobody"), 404, "not_found")


def test_a_nul_is_refused_wherever_it_stands(client):
    """PostgreSQL keeps none: without a guard it would be a fault of ours."""
    row = "/api/v1/review/00000000-0000-0000-0000-000000000000/1"
    answers = [
        client.get("/api/v1/organizations", params={"search": "a\0b"}),
        client.get("/api/v1/organizations", params={"organization": "\0"}),
        client.post(f"{row}/reject", json={"note": "a\0b"}),
        client.post(f"{row}/accept", json={"merge_into": "a\0b"}),
        client.post("/api/v1/imports/organizations", params={"source": "a\0b"}, content=CSV),
    ]
    for answer in answers:
        _error(answer, 422, "request.invalid")
    for path in ("/api/v1/organizations/a%00b", "/api/v1/plugins/a%00b"):
        _error(client.get(path), 400, "request.improper")


def test_a_request_gives_only_settings_that_the_plugin_lets_it_give(client, installation):
    """The API is not the operator: what may be given is in the manifest, and said."""

    def post(entity="organizations", **params):
        return client.post(
            f"/api/v1/imports/{entity}",
            params={"source": "x"} | params,
            content=CSV,
            headers={"Content-Type": "text/csv"},
        )

    refused = _error(post(set=["delimiter=,", "max_columns=99999"]), 422, "usage")
    assert "a request may not set 'max_columns'" in refused["message"]
    assert refused["details"]["hint"].startswith("A request may set: encoding, delimiter, ")
    _error(post(set="token=file:/etc/hostname"), 422, "usage")
    assert "header_line" in _error(post(set="header_line=first"), 422, "usage")["message"]
    assert _files(installation) == []
    with installation.settings.config_file.open("a") as file:
        file.write("[profiles.wide]\nsettings = {max_columns = 99999}\n")
    assert post(profile="wide").status_code == 202, "a profile is the operator's"


@pytest.mark.parametrize("media_type", [
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/octet-stream",
])  # fmt: skip
def test_a_workbook_is_read_by_its_plugin(client, send, work, grant, tmp_path, media_type):
    grant("spreadsheet-import")
    rows = [["name", "kode"], ["Lembaga Satu", "0007"], ["Lembaga Dua", (8, "0000")]]
    content = write_xlsx(tmp_path / "a.xlsx", {"Daftar": rows}).read_bytes()
    sent = send(content, media_type=media_type, file_name="daftar.xlsx")
    work()
    planned = _get(client, sent["links"]["self"])["data"]
    assert (planned["state"], planned["counts"]["accepted"]) == ("planned", 2)
    assert planned["read_as"]["sheet"] == "Daftar"


def test_a_workbook_sent_as_csv_is_refused_with_the_plugin_that_reads_it(client, grant, tmp_path):
    grant("spreadsheet-import")
    content = write_xlsx(tmp_path / "a.xlsx", {"Daftar": [["name"], ["A"]]}).read_bytes()
    refused = client.post(
        "/api/v1/imports/organizations", params={"source": "x"}, content=content, headers={"Content-Type": "text/csv"}
    )
    assert refused.status_code in (415, 422)
    assert "a workbook" in refused.text
    assert "spreadsheet-import" in refused.text


def test_a_csv_file_goes_to_the_plugin_that_reads_csv_in_general(client, send, work, grant):
    grant("legacy-import")
    sent = send("name,kode\nLembaga Satu,1\n")
    assert sent["plugin"].startswith("csv-import")
    named = send("Record ID,Company name\n77,Forum Air\n", source="hubspot", plugin="legacy-import")
    assert named["plugin"].startswith("legacy-import")
    work()
    planned = _get(client, named["links"]["self"])["data"]
    assert (planned["counts"]["accepted"], planned["read_as"]["system"]) == (1, "hubspot")


def test_a_package_is_read_by_the_one_plugin_that_reads_packages(client, send, work, grant, tmp_path):
    grant("legacy-import")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("companies.csv", "Record ID,Company name\n77,Forum Air\n")
    sent = send((tmp_path / "a.zip").read_bytes(), media_type="application/zip", source="hubspot")
    work()
    assert _get(client, sent["links"]["self"])["data"]["counts"]["accepted"] == 1
