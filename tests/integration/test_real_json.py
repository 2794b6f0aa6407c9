"""Real JSON files from the folder in KELOMPOK_TEST_DATA; skipped without it."""

import csv
import io
import json
import os
from pathlib import Path

import pytest

from kelompok_core.errors import ImportFailed
from kelompok_core.imports.applying import invariants
from kelompok_core.imports.shared.options import ImportOptions
from kelompok_core.imports.shared.profiles import chosen_profile
from tests.counting import decided

_DATA = os.environ.get("KELOMPOK_TEST_DATA")
pytestmark = [pytest.mark.proof, pytest.mark.skipif(not _DATA, reason="KELOMPOK_TEST_DATA names no folder")]


def _folder(name: str) -> Path:
    return Path(str(_DATA)) / name


def _file(folder: str, name: str) -> Path:
    return _folder(folder) / "files" / name


@pytest.fixture
def import_json(import_file, database):
    """Import JSON, and check that the counts add up and that every write is audited and has evidence."""

    def run(content, *, name="data.json", config=None, mapping=None, **more):
        options = ImportOptions(mapping=mapping or {}, config=config or {})
        report = import_file(content, name=name, plugin="json-import", **({"options": options} | more))
        with database.connect() as connection:
            assert invariants.count_undecided_rows(connection, report.import_.id) == 0
            if report.import_.dry_run:
                return report
            assert invariants.count_unaudited_writes(connection, report.import_.id) == 0
            assert invariants.count_writes_without_evidence(connection, report.import_.id) == 0
        return report

    return run


@pytest.fixture
def forum(import_file):
    import_file("name\nForum\n", name="forum.csv")
    return "forum"


def test_the_registry_of_research_organizations_release_by_release(import_json, settings):
    expected = [(1203, 0), (1044, 10), (2228, 53), (2295, 136)]
    options = chosen_profile(settings, ImportOptions(profile="json-import/ror")).options
    for release, (new, changed) in zip(("2.6", "2.7", "2.8", "2.9"), expected, strict=True):
        report = import_json(_file("org-ror-releases", f"ror-v{release}.json"), source="ror", options=options)
        assert (report.counts["accepted"], report.counts["merged"]) == (new, changed)
        assert report.counts["rows_read"] == new + changed
    again = import_json(_file("org-ror-releases", "ror-v2.9.json"), source="ror", options=options)
    assert decided(again) == {"rows_read": 2431, "unchanged": 2431}


def test_civic_groups_then_again(import_json):
    file = _file("org-json-civic-tech", "organizations.json")
    assert decided(import_json(file)) == {"rows_read": 221, "accepted": 221}
    assert decided(import_json(file)) == {"rows_read": 221, "unchanged": 221}


def test_universities_with_lists_for_one_field(import_json):
    file = _file("org-json-universities", "world_universities_and_domains.json")
    report = import_json(file, mapping={"web_pages[0]": "website_url"}, dry_run=True)
    assert report.counts["rows_read"] == 10_251
    assert report.counts["rejected"] == 0


def test_a_map_is_asked_about_and_then_read(import_json):
    file = _file("org-json-map-not-list", "directory.json")
    with pytest.raises(ImportFailed, match="not a list of records"):
        import_json(file)
    report = import_json(file, config={"shape": "map"}, mapping={"key": "name", "value": "website_url"})
    assert decided(report) == {"rows_read": 245, "accepted": 245}


def test_a_folder_with_one_object_a_file(import_json, ask):
    name = "strings.name || strings.community"
    report = import_json(_file("org-json-one-file-each", "resources.tar.gz"), mapping={name: "name"})
    assert decided(report) == {"rows_read": 765, "accepted": 763, "rejected": 2}
    (selector,) = ask("SELECT min(selector) FROM import_rows")[0]
    assert selector.endswith(".json#")


@pytest.mark.parametrize(("year", "valid"), [(2012, 1), (2013, 11), (2017, 374), (2026, 77)])
def test_meetups_with_durations(import_json, forum, ask, year, valid):
    mapping = {"eventUrl": "url", "venues[0].name": "location_name", "venues[0].city": "city"}
    file = _file("evt-meetup-archive", f"events_{year}.json")
    report = import_json(file, mapping=mapping, organization=forum, entity="events")
    assert decided(report) == {"rows_read": valid, "accepted": valid}
    records = {one["id"]: one for one in json.loads(file.read_text("utf-8"))}
    lasting = {"PT2H": "2 hours", "PT1H30M": "1 hour 30 minutes", "PT1H": "1 hour"}
    for duration, interval in lasting.items():
        wrong = ask(
            "SELECT count(*) FROM events e JOIN source_records s ON s.record_id = e.id"
            f" WHERE s.raw->>'duration' = '{duration}' AND e.ends_at - e.starts_at <> interval '{interval}'"
        )
        assert wrong[0][0] == 0
    starts = ask(
        "SELECT count(*) FROM events e JOIN source_records s ON s.record_id = e.id"
        " WHERE e.starts_at <> (s.raw->>'dateTime')::timestamptz"
    )
    assert starts[0][0] == 0
    assert len(records) == valid


def test_conferences_listed_under_several_topics(import_json, forum):
    report = import_json(_file("evt-tech-conferences", "conferences.tar.gz"), organization=forum, entity="events")
    assert report.counts["rows_read"] == 6831
    assert report.counts["rejected"] == 0
    assert report.counts["accepted"] + report.counts["merged"] + report.counts["review"] >= 6007


def test_schema_org_events_with_their_ready_profile(import_json, forum, settings, ask):
    options = chosen_profile(settings, ImportOptions(profile="json-import/schema-org-events")).options
    file = _file("evt-schema-org-jsonld", "events.json")
    report = import_json(file, options=options, organization=forum, entity="events")
    assert report.counts["rows_read"] == 30
    assert report.counts["rejected"] == 1, "the one without a name"
    places = dict(map(tuple, ask("SELECT city, count(*) FROM events WHERE city IS NOT NULL GROUP BY 1")))
    assert places["Philadelphia"] == 1
    assert ask("SELECT count(*) FROM events WHERE location_name LIKE '{%'")[0][0] == 0


def test_a_fixture_with_password_hashes_shows_none(import_json, forum, ask, caplog):
    file = _file("mem-django-fixture", "sample_db.json")
    mapping = {"fields.email": "email", "fields.first_name": "given_name", "fields.last_name": "family_name"}
    report = import_json(
        file, config={"where": "model=='core.user'"}, mapping=mapping, organization=forum, entity="members"
    )
    assert report.counts["rows_read"] == 4
    hashes = {one["fields"]["password"] for one in json.loads(file.read_text("utf-8")) if "password" in one["fields"]}
    assert hashes
    kept = "".join(
        str(row)
        for table in ("import_rows", "members", "source_records", "audit_logs", "imports", "import_decisions")
        for row in ask(f"SELECT row_to_json(t)::text FROM {table} t")
    )
    for one in hashes:
        assert one not in kept
        assert one not in caplog.text
        assert one not in str(report.to_json())
    events = import_json(file, config={"where": "model=='core.event'"}, mapping={"fields.name": "title"},
                         organization=forum, entity="events")  # fmt: skip
    assert events.counts["rows_read"] == 2


@pytest.mark.parametrize(("name", "config"), [
    ("organization_full.json", {}), ("organization_list.json", {}),
    ("tabular.json", {"records": '"organizations.csv"'}),
])  # fmt: skip
def test_the_directory_example_in_its_three_forms(import_json, ask, name, config):
    report = import_json(_file("org-hsds-examples", name), config=config)
    assert decided(report) == {"rows_read": 1, "accepted": 1}
    assert ask("SELECT name FROM organizations")[0][0] == "Example Organization Inc."


def test_rows_to_correct_go_back_as_they_came(import_json, installation, database, tmp_path):
    from kelompok_core.imports.reporting.error_file import write_error_lines
    from kelompok_core.imports.staging.plugin_reading import read_originals

    name = "strings.name || strings.community"
    report = import_json(_file("org-json-one-file-each", "resources.tar.gz"), mapping={name: "name"})
    target = io.StringIO()
    with database.connect() as connection:
        originals = read_originals(installation.settings, report.import_)
        assert write_error_lines(connection, report.import_, originals, {"en": target}) == 2
        originals.close()
    lines = [json.loads(line) for line in target.getvalue().splitlines()]
    assert all(one["_decision"] == "rejected" and "value.required" in one["_codes"] for one in lines)
    assert all("strings" in one for one in lines)
    corrected = [one | {"strings": {"community": f"Named {number}"}} for number, one in enumerate(lines)]
    text = "\n".join(map(json.dumps, corrected))
    again = import_json(text, name="resources.errors.ndjson", mapping={name: "name"})
    assert decided(again) == {"rows_read": 2, "accepted": 2}


def test_csv_exports_of_what_was_json_are_unchanged(import_json, import_file, database):
    from kelompok_core.records.export import ExportFormat, write_export
    from kelompok_core.records.registry import get_descriptor

    import_json(_file("org-json-civic-tech", "organizations.json"))
    target = io.StringIO(newline="")
    with database.connect() as connection:
        number = write_export(connection, get_descriptor("organizations"), target, form=ExportFormat.CSV)
    assert number == 221 == len(list(csv.reader(io.StringIO(target.getvalue(), newline="")))) - 1
    assert decided(import_file(target.getvalue(), name="export.csv")) == {"rows_read": 221, "unchanged": 221}
