"""The command line as people and programs use it: words, JSON and exit codes, from an empty folder on."""

import csv
import json
from importlib.metadata import version

import pytest
from typer.main import get_command

from kelompok_core.cli.app import app
from tests.e2e.conftest import PROJECT

pytestmark = pytest.mark.xdist_group("cli")

_IMPORT = ("plugin", "run", "csv-import", "--job", "import-organizations")
_DETECT = ("plugin", "run", "sdgs-keyword", "--job", "detect-sdgs")


@pytest.fixture(scope="module")
def ready(installation):
    """An installation with csv-import enabled and the example imported."""
    assert installation.kelompok("plugin", "enable", "csv-import", "--grant").returncode == 0
    done = installation.kelompok(*_IMPORT, "--file", PROJECT / "examples/organizations.csv", "--json")
    assert done.returncode == 3, done.stderr
    installation.first = json.loads(done.stdout)
    return installation


def test_nothing_enabled_says_what_to_do(installation, tmp_path):
    file = tmp_path / "list.csv"
    file.write_text("name\nSatu\n")
    refused = installation.kelompok(*_IMPORT, "--file", file)
    assert refused.returncode == 2
    assert "kelompok plugin enable csv-import" in refused.stderr


def test_the_report_as_json_has_the_counts_and_the_issues(ready):
    assert ready.first["counts"] == {
        "rows_read": 13, "accepted": 10, "merged": 0, "unchanged": 0, "rejected": 3, "review": 0,
    }  # fmt: skip
    assert ready.first["state"] == "applied"
    assert ready.first["run_id"]
    example = next(group for group in ready.first["issues"] if group["severity"] == "error")["examples"][0]
    assert example["line"]
    assert set(example["message"]) == {"en", "id"}


def test_a_second_time_nothing_changes_and_it_says_so(ready):
    again = ready.kelompok(*_IMPORT, "--file", PROJECT / "examples/organizations.csv")
    assert again.returncode == 3
    assert "unchanged" in again.stdout
    assert "3 rows to correct" in again.stdout


def test_dry_run_then_apply(ready, tmp_path):
    file = tmp_path / "more.csv"
    file.write_text("id,name\n1,Lembaga Baru\n")
    planned = json.loads(ready.kelompok(*_IMPORT, "--file", file, "--dry-run", "--json").stdout)
    assert planned["state"] == "planned"
    assert "lembaga-baru" not in ready.kelompok("org", "list", "--json").stdout
    applied = ready.kelompok("import", "apply", planned["import"][:30])
    assert applied.returncode == 0, applied.stderr
    shown = json.loads(ready.kelompok("org", "show", "lembaga-baru", "--json").stdout)
    assert shown["name"] == "Lembaga Baru"


def test_undo_and_its_dry_run(ready, tmp_path):
    file = tmp_path / "wrong.csv"
    file.write_text("id,name\n1,Lembaga Keliru\n")
    done = json.loads(ready.kelompok(*_IMPORT, "--file", file, "--json").stdout)
    planned = ready.kelompok("import", "undo", done["import"], "--dry-run")
    assert planned.returncode == 0
    assert "would be undone" in planned.stdout
    assert "lembaga-keliru" in ready.kelompok("org", "list", "--json").stdout
    undone = ready.kelompok("import", "undo", done["import"], "--json")
    assert undone.returncode == 0, undone.stderr
    assert json.loads(undone.stdout)["counts"] == {"deleted": 1, "restored": 0, "kept": 0, "refused": 0}
    assert "lembaga-keliru" not in ready.kelompok("org", "list", "--json").stdout


def test_the_review_queue(ready, tmp_path):
    ready.kelompok("org", "create", "--set", "name=Forum Kembar")
    file = tmp_path / "kembar.csv"
    file.write_text("name,phone\nForum Kembar,0811\n")
    item = ready.kelompok(*_IMPORT, "--file", file)
    assert item.returncode == 3
    assert "kelompok import review list --import" in item.stdout
    rows = json.loads(ready.kelompok("import", "review", "list", "--json").stdout)
    ref = next(one["row"] for one in rows if one["name"] == "Forum Kembar")
    shown = ready.kelompok("import", "review", "show", ref)
    assert shown.returncode == 0, shown.stderr
    assert "forum-kembar" in shown.stdout
    assert "≠" in shown.stdout or "phone" in shown.stdout
    assert ready.kelompok("import", "review", "show", "nonsense").returncode == 2
    assert ready.kelompok("import", "review", "accept", ref, "--as-new", "--merge-into", "x").returncode == 2
    taken = ready.kelompok("import", "review", "accept", ref, "--merge-into", "forum-kembar", "--note", "sama")
    assert taken.returncode == 0, taken.stderr
    assert "merged: phone" in taken.stdout
    assert ready.kelompok("import", "review", "reject", ref).returncode == 2, "it is decided"
    assert json.loads(ready.kelompok("org", "show", "forum-kembar", "--json").stdout)["values"]


def test_people_write_too_and_imports_respect_them(ready, tmp_path):
    made = ready.kelompok("org", "create", "--set", "name=Forum Tangan", "--set", "website_url=https://a.id/?x=1")
    assert made.returncode == 0, made.stderr
    assert ready.kelompok("org", "update", "forum-tangan", "--set", "city=KAB. GARUT").returncode == 0
    shown = json.loads(ready.kelompok("org", "show", "forum-tangan", "--json").stdout)
    assert shown["city"] == "Kabupaten Garut"
    refused = ready.kelompok("org", "update", "forum-tangan", "--set", "claim_status=claimed")
    assert refused.returncode == 2
    assert "claim_status" in refused.stderr
    assert ready.kelompok("org", "create", "--set", "broken").returncode == 2


def test_users_roles_and_keys(ready):
    def kelompok(*arguments):
        done = ready.kelompok(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    kelompok("admin", "user", "create", "ibu@example.org", "--name", "Ibu")
    slug = json.loads(kelompok("org", "list", "--json"))[0]["slug"]
    kelompok("admin", "role", "grant", "ibu@example.org", "editor", "--organization", slug)
    users = {one["email"]: one for one in json.loads(kelompok("admin", "user", "list", "--json"))}
    assert users["ibu@example.org"]["organizations"] == {slug: "editor"}
    options = ("--name", "laptop", "--scope", "import.submit", "--organization", slug, "--json")
    made = json.loads(kelompok("admin", "key", "create", "ibu@example.org", *options))
    assert made["key"].startswith(made["prefix"])
    listed = kelompok("admin", "key", "list")
    assert made["prefix"] in listed
    assert made["key"] not in listed
    kelompok("admin", "key", "revoke", made["prefix"])
    assert json.loads(kelompok("admin", "key", "list", "--json"))[0]["revoked_at"]
    refused = ready.kelompok("admin", "user", "create", "x@example.org", "--as", "ibu@example.org")
    assert refused.returncode == 4
    kelompok("admin", "user", "suspend", "ibu@example.org")
    assert "suspended" in kelompok("admin", "user", "list")
    kelompok("admin", "user", "resume", "ibu@example.org")
    kelompok("admin", "role", "revoke", "ibu@example.org", "--organization", slug)


def test_claims_and_relations(ready):
    def kelompok(*arguments):
        done = ready.kelompok(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    for name in ("Pusat Klaim", "Cabang Klaim"):
        kelompok("org", "create", "--set", f"name={name}")
    kelompok("admin", "user", "create", "ketua@example.org")
    kelompok("claim", "request", "pusat-klaim", "--message", "saya ketuanya", "--as", "ketua@example.org")
    (claim,) = json.loads(kelompok("claim", "list", "--json"))
    assert claim["message"] == "saya ketuanya"
    assert ready.kelompok("claim", "approve", claim["id"], "--as", "ketua@example.org").returncode == 4
    assert ready.kelompok("claim", "approve", "nonsense").returncode == 2
    kelompok("claim", "approve", claim["id"], "--note", "dikenal")
    assert "claimed" in kelompok("org", "show", "pusat-klaim")
    kelompok("rel", "create", "cabang-klaim", "member", "pusat-klaim")
    assert json.loads(kelompok("rel", "list", "--json")) == [
        {"from": "cabang-klaim", "kind": "member", "to": "pusat-klaim"}
    ]
    assert ready.kelompok("rel", "create", "pusat-klaim", "member", "cabang-klaim").returncode == 2
    kelompok("rel", "remove", "cabang-klaim", "member", "pusat-klaim")


def test_mapping_profile_and_settings(ready, tmp_path):
    file = tmp_path / "odd.csv"
    file.write_bytes("Wer;Wo\nVerein Süd;Kupang\n".encode("cp1252"))
    options = ("--map", "Wer=name", "--map", "Wo=city", "--set", "encoding=cp1252", "--source", "odd")
    done = ready.kelompok(*_IMPORT, "--file", file, *options, "--save-profile", "odd", "--json")
    assert done.returncode == 0, done.stderr
    again = ready.kelompok(*_IMPORT, "--file", file, "--profile", "odd", "--json")
    assert json.loads(again.stdout)["counts"]["unchanged"] == 1
    assert json.loads(ready.kelompok("org", "show", "verein-sud", "--json").stdout)["city"] == "Kupang"


def test_the_version_is_printed_whatever_is_configured(ready, tmp_path):
    broken = tmp_path / "broken.toml"
    broken.write_text("[plugins")
    told = ready.kelompok("--version", KELOMPOK_CONFIG=str(broken))
    assert (told.returncode, told.stdout) == (0, f"kelompok {version('kelompok-pipelines')}\n")


def test_plugins_bring_commands_along(ready, tmp_path):
    assert "csv-import" in ready.kelompok("--help").stdout
    assert "convert" in ready.kelompok("csv-import", "--help").stdout
    file = tmp_path / "titled.csv"
    file.write_text("Laporan;;\n;;\nNama;Kota;Sejak\nSatu;Bandung;2011\nDua;Garut;2012\n")
    shown = ready.kelompok("csv-import", "show", file)
    assert shown.returncode == 0, shown.stderr
    assert "delimiter «;»" in shown.stdout
    assert "header line «3»" in shown.stdout
    assert "1 line before the header was not read as a row" in " ".join(shown.stdout.split())
    as_json = json.loads(ready.kelompok("csv-import", "show", file, "--rows", "1", "--json").stdout)
    assert [one["becomes"] for one in as_json["tables"]["Columns"]][:2] == ["name", "city"]
    assert [one["Nama"] for one in as_json["tables"]["First rows"]] == ["Satu"]
    plain = tmp_path / "plain.csv"
    assert ready.kelompok("csv-import", "convert", file, plain).returncode == 0
    assert plain.read_text() == "Nama,Kota,Sejak\nSatu,Bandung,2011\nDua,Garut,2012\n"
    wrong = ready.kelompok("csv-import", "show", file, "--set", "header_line=99")
    assert (wrong.returncode, "header_line" in wrong.stderr) == (2, True)
    assert ready.kelompok("csv-import", "show", tmp_path / "nothing.csv").returncode == 2
    disabled = ready.kelompok("json-import", "show", file)
    assert "plugin enable json-import" in disabled.stderr
    broken = tmp_path / "broken.toml"
    broken.write_text("[plugins")
    assert ready.kelompok("--help", KELOMPOK_CONFIG=str(broken)).returncode == 0
    assert ready.kelompok("csv-import", "show", file, KELOMPOK_CONFIG=str(broken)).returncode == 2


def test_an_export_from_the_command_line(ready, tmp_path):
    target = tmp_path / "organizations.json"
    done = ready.kelompok("org", "export", "--output", target)
    assert done.returncode == 0, done.stderr
    records = json.loads(target.read_text("utf-8"))
    assert len(records) == len(json.loads(ready.kelompok("org", "list", "--json").stdout))
    rows = list(csv.DictReader(ready.kelompok("org", "export").stdout.splitlines()))
    assert {row["_kelompok_id"] for row in rows} >= {one["_kelompok_id"] for one in records}
    assert ready.kelompok("org", "export", "--format", "xlsx").returncode == 2


def test_imports_and_their_errors_can_be_looked_at(ready, tmp_path):
    listed = json.loads(ready.kelompok("import", "list", "--json").stdout)
    assert ready.first["import"] in {one["import"] for one in listed}
    shown = ready.kelompok("import", "show", ready.first["import"])
    assert shown.returncode == 3
    assert "rejected" in shown.stdout
    target = tmp_path / "errors.csv"
    assert ready.kelompok("import", "errors", ready.first["import"], "--output", target).returncode == 0
    with target.open(encoding="utf-8-sig", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) == 3
    assert all(row["_line"] and row["_codes"] and row["_message"] for row in rows)


def test_the_report_in_indonesian(ready):
    english = ready.kelompok("import", "show", ready.first["import"]).stdout
    indonesian = ready.kelompok("import", "show", ready.first["import"], "--language", "id").stdout
    assert english != indonesian
    assert "bukan alamat email" in " ".join(indonesian.split())


@pytest.mark.parametrize("arguments", [
    ("plugin", "list"), ("plugin", "info", "csv-import"), ("org", "list"), ("audit",), ("import", "list"),
    ("db", "status"), ("db", "url"), ("env",), ("doctor",),
])  # fmt: skip
def test_looking_at_things_works_as_words_and_as_json(ready, arguments):
    words = ready.kelompok(*arguments)
    assert words.returncode == 0, words.stderr + words.stdout
    assert words.stdout.strip()
    if arguments != ("db", "url"):
        as_json = ready.kelompok(*arguments, "--json")
        assert as_json.returncode == 0
        assert json.loads(as_json.stdout) is not None


def test_psql_reaches_the_database_as_the_runtime_role(ready):
    asked = ready.kelompok("db", "psql", "-Atc", "SELECT current_user, count(*) > 0 FROM organizations GROUP BY 1")
    assert asked.stdout.strip() == "kelompok_runtime|t"
    refused = ready.kelompok("db", "psql", "-c", "UPDATE organizations SET city = 'x'")
    assert refused.returncode != 0
    assert "unaudited write" in refused.stderr


@pytest.mark.parametrize(("arguments", "code", "said"), [
    (("plugin", "run", "nothing", "--job", "x", "--file", "x"), 2, "nothing"),
    ((*_IMPORT, "--file", "/nowhere.csv"), 2, "/nowhere.csv"),
    ((*_IMPORT, "--file", "/etc/hostname", "--map", "broken"), 2, "KEY=VALUE"),
    ((*_IMPORT, "--file", "/etc/hostname", "--as", "nobody@example.org"), 2, "nobody@example.org"),
    (("import", "show", "zzzz"), 2, "zzzz"),
    (("org", "show", "nothing"), 2, "nothing"),
    (("frobnicate",), 2, "frobnicate"),
])  # fmt: skip
def test_wrong_usage_exits_with_code_two(ready, arguments, code, said):
    found = ready.kelompok(*arguments)
    assert found.returncode == code
    assert said in found.stderr
    assert "Traceback" not in found.stderr


def test_an_unreadable_file_fails_with_code_one_and_its_place(ready, tmp_path):
    file = tmp_path / "broken.csv"
    file.write_bytes(b"name,city\nSatu,Bandung\nDua,Garut \x81\n")
    found = ready.kelompok(*_IMPORT, "--file", file)
    assert found.returncode == 1
    assert "line 3" in found.stderr
    as_json = json.loads(ready.kelompok(*_IMPORT, "--file", file, "--json").stdout)
    assert as_json["error"]["code"] == "import.failed"


def test_who_may_not_gets_code_four(ready, tmp_path):
    statement = (
        "SELECT set_config('kelompok.actor', 'system:test', false), set_config('kelompok.origin', 'setup', false);"
        "INSERT INTO users (email, name) VALUES ('tamu@example.org', 'Tamu')"
    )
    assert ready.kelompok("db", "psql", "-c", statement).returncode == 0
    file = tmp_path / "list.csv"
    file.write_text("name\nSatu\n")
    refused = ready.kelompok(*_IMPORT, "--file", file, "--as", "tamu@example.org")
    assert refused.returncode == 4
    assert "tamu@example.org" in refused.stderr


def _every_command(command, path=()):
    yield path
    for name, child in getattr(command, "commands", {}).items():
        yield from _every_command(child, (*path, name))


@pytest.mark.parametrize("command", list(_every_command(get_command(app))), ids=" ".join)
def test_every_command_explains_itself(installation, command):
    found = installation.kelompok(*command, "--help")
    assert found.returncode == 0
    assert "Usage:" in found.stdout


def test_dagsters_own_command_executes_the_job_with_the_embedded_database(ready, tmp_path):
    file = ready.folder / "examples" / "list.csv"
    file.parent.mkdir()
    file.write_text("id,name\n1,Lembaga Dagster\n")
    config = tmp_path / "run.yaml"
    config.write_text(f"ops:\n  csv_import__import_organizations__stage:\n    config:\n      file: {file}\n")
    environment = json.loads(ready.kelompok("env", "--json").stdout)
    arguments = ("-m", "kelompok_pipelines.definitions", "-j", "csv_import__import_organizations", "-c", config)
    done = ready.run("dagster", "job", "execute", *arguments, **environment)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "lembaga-dagster" in ready.kelompok("org", "list", "--json").stdout
    last = json.loads(ready.kelompok("import", "list", "--json").stdout)[0]
    assert last["run_id"] in done.stderr


def test_a_broken_settings_file_is_named_and_doctor_says_so(ready, tmp_path):
    broken = tmp_path / "kelompok.toml"
    broken.write_text("[plugins\n")
    listed = ready.kelompok("plugin", "list", KELOMPOK_CONFIG=str(broken))
    assert listed.returncode == 2
    assert str(broken) in listed.stderr
    looked = ready.kelompok("doctor", KELOMPOK_CONFIG=str(broken))
    assert looked.returncode == 1
    assert "WRONG" in looked.stdout


def test_another_server_is_used_when_it_is_named(ready, tmp_path):
    """The same server in the role of one of somebody's own: three URLs, nothing embedded is started."""
    urls = {
        role: ready.kelompok("db", "url", "--role", role).stdout.strip() for role in ("runtime", "owner", "dagster")
    }
    admin = ready.kelompok("db", "psql", "--role", "owner", "-Atc", "SELECT current_database()")
    assert admin.stdout.strip() == "kelompok"
    external = {
        "KELOMPOK_HOME": str(tmp_path / "other"),
        "KELOMPOK_DATABASE_URL": urls["runtime"],
        "KELOMPOK_OWNER_DATABASE_URL": urls["owner"],
        "KELOMPOK_DAGSTER_DATABASE_URL": urls["dagster"],
    }
    migrated = ready.kelompok("db", "migrate", **external)
    assert migrated.returncode == 0, migrated.stderr
    file = tmp_path / "list.csv"
    file.write_text("id,name\n1,Lembaga Luar\n")
    done = ready.kelompok(*_IMPORT, "--file", file, "--source", "luar", "--json", **external)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["counts"]["accepted"] == 1
    assert not (tmp_path / "other/postgres").exists()
    refused = ready.kelompok("db", "stop", **external)
    assert refused.returncode == 2
    gone = external | {"KELOMPOK_DATABASE_URL": "postgresql://kelompok_runtime:x@127.0.0.1:1/kelompok"}
    unreachable = ready.kelompok("org", "list", **gone)
    assert unreachable.returncode == 1
    assert "127.0.0.1" in unreachable.stderr
    assert "Traceback" not in unreachable.stderr


def test_members_posts_and_events_by_file_and_by_hand(ready, tmp_path):
    members = ready.kelompok(
        "plugin", "run", "csv-import", "--job", "import-members", "--file", PROJECT / "examples/members.csv", "--json"
    )
    assert members.returncode == 3, members.stderr
    assert json.loads(members.stdout)["counts"]["accepted"] == 3
    file = tmp_path / "kegiatan.csv"
    file.write_text("Kegiatan,Tanggal,Jam\nRapat,01/02/2026,19.30 WIB\n")
    home = ("--organization", "yayasan-rumah-baca-bahari")
    run = ("plugin", "run", "csv-import", "--job", "import-events", "--file", file, *home)
    asked = ready.kelompok(*run)
    assert asked.returncode == 3
    assert "dmy or mdy" in " ".join(asked.stdout.split())
    assert ready.kelompok(*run, "--date-order", "dmy", "--save-profile", "kegiatan").returncode == 0
    (event,) = json.loads(ready.kelompok("event", "list", *home, "--json").stdout)
    assert (event["slug"], event["starts_at"]) == ("rapat", "2026-02-01T12:30:00+00:00")
    assert ready.kelompok(*run, "--profile", "kegiatan").returncode == 0, "the profile keeps the order"
    made = ready.kelompok("member", "create", *home, "--set", "name=Eka", "--set", "phone=0812-3456-7890", "--json")
    ref = json.loads(made.stdout)["id"][-12:]
    assert ready.kelompok("member", "update", ref, "--set", "position=Ketua").returncode == 0
    shown = json.loads(ready.kelompok("member", "show", ref, *home, "--json").stdout)
    assert (shown["position"], shown["phone"]) == ("Ketua", "+6281234567890")
    assert "Eka" in ready.kelompok("member", "list", "--search", "eka").stdout
    post = ready.kelompok("post", "create", *home, "--set", "title=Halo", "--set", "status=terbit", "--json")
    assert json.loads(post.stdout)["status"] == "published"
    assert "Halo" in ready.kelompok("post", "show", "halo").stdout
    for of in ("halo", ref, "siti@rumahbaca.example.org"):
        assert "create" in ready.kelompok("audit", "--record", of).stdout, of
    for wrong, said in (
        (("--timezone", "Asia/Bandung"), "time zone"),
        (("--phone-country", "Indonesia"), "two letters"),
        (("--date-order", "ymd"), "dmy, mdy"),
    ):
        refused = ready.kelompok(*run, *wrong)
        assert (refused.returncode, said in refused.stderr) == (2, True), refused.stderr


def test_goals_from_the_command_line(ready):
    assert ready.kelompok("plugin", "enable", "sdgs-keyword", "--grant").returncode == 0
    planned = ready.kelompok(*_DETECT, "--dry-run", "--json")
    assert planned.returncode == 0, planned.stderr
    wanted = json.loads(planned.stdout)["counts"]["organizations"]["created"]
    assert wanted > 0
    done = ready.kelompok(*_DETECT)
    assert done.returncode == 0, done.stderr
    assert "sdg 6" in done.stdout
    shown = json.loads(ready.kelompok("sdgs", "show", "komunitas-sungai-bersih", "--json").stdout)
    assert [one["goal"] for one in shown] == [6]
    record = json.loads(ready.kelompok("org", "show", "komunitas-sungai-bersih", "--json").stdout)
    assert [(one["property"], one["value"], one["origin"]) for one in record["signals"]] == [
        ("sdg", "6", "sdgs-keyword")
    ]
    assert "description: «sungai»" in ready.kelompok("org", "show", "komunitas-sungai-bersih").stdout
    explained = ready.kelompok("sdgs", "explain", "komunitas-sungai-bersih").stdout
    assert "[sungai]⁶" in explained
    assert "threshold" in explained
    assert "[air bersih]⁶" in ready.kelompok("sdgs", "explain", "--text", "Untuk air bersih").stdout
    assert "[air bersih]⁶" in ready.kelompok("sdgs-keyword", "explain", "Untuk air bersih").stdout
    assert ready.kelompok("sdgs", "remove", "komunitas-sungai-bersih", "6").returncode == 0
    assert ready.kelompok("sdgs", "add", "komunitas-sungai-bersih", "13").returncode == 0
    assert ready.kelompok(*_DETECT, "--again").returncode == 0
    table = ready.kelompok("sdgs", "show", "komunitas-sungai-bersih").stdout
    assert "removed" in table
    assert "person" in table
    runs = json.loads(ready.kelompok("enrichment", "list", "--json").stdout)
    assert len(runs) == 3
    first = next(one for one in runs if not one["dry_run"] and one["counts"]["organizations"]["created"])
    assert ready.kelompok("enrichment", "show", first["enrichment"][-8:]).returncode == 0
    undone = ready.kelompok("enrichment", "undo", first["enrichment"][-8:], "--json")
    assert undone.returncode == 3  # the one that was removed since is kept
    assert json.loads(undone.stdout)["counts"] == {"deleted": wanted - 1, "restored": 0, "kept": 1}


@pytest.mark.parametrize(("arguments", "said"), [
    ((*_DETECT, "--file", "x.csv"), "enriches stored records"),
    (("plugin", "run", "csv-import", "--job", "import-organizations"), "give its path"),
    ((*_DETECT, "--organization", "nobody"), "nobody"),
    ((*_DETECT, "--import", "nothing"), "nothing"),
    ((*_DETECT, "--set", "minimum_confidence=2"), "maximum"),
    (("sdgs", "explain"), "give either"),
    (("sdgs", "show", "nobody"), "nobody"),
    (("sdgs", "add", "komunitas-sungai-bersih", "18"), "17"),
    (("sdgs", "remove", "komunitas-sungai-bersih", "2"), "2"),
    (("enrichment", "show", "abcdef"), "abcdef"),
], ids=["file", "no-file", "organization", "import", "setting", "explain", "show",
        "goal", "no-such-goal", "run"])  # fmt: skip
def test_wrong_usage_of_enrichers_exits_with_code_two(ready, arguments, said):
    ready.kelompok("plugin", "enable", "sdgs-keyword", "--grant")
    done = ready.kelompok(*arguments)
    assert done.returncode == 2, (done.stdout, done.stderr)
    assert said in done.stderr
