"""Real files from the folder in KELOMPOK_TEST_DATA; skipped without it."""

import csv
import json
import os
from pathlib import Path

import pytest
import sqlalchemy as sa

from kelompok_core.errors import ImportFailed
from kelompok_core.imports.applying import invariants
from kelompok_core.imports.shared.options import DuplicatePolicy, ImportOptions
from kelompok_core.values.conventions import DateOrder
from tests.counting import decided

_DATA = os.environ.get("KELOMPOK_TEST_DATA")
pytestmark = [pytest.mark.proof, pytest.mark.skipif(not _DATA, reason="KELOMPOK_TEST_DATA names no folder")]


def _file(folder: str, name: str) -> Path:
    return Path(str(_DATA)) / folder / "files" / name


def _expected(folder: str, name: str) -> dict:
    found = json.loads((Path(str(_DATA)) / folder / "expected.json").read_text())
    return found if "data_records" in found else found[name]


def _invariants_hold(database, report) -> None:
    with database.connect() as connection:
        assert invariants.count_undecided_rows(connection, report.import_.id) == 0
        assert invariants.count_unaudited_writes(connection, report.import_.id) == 0
        assert invariants.count_writes_without_evidence(connection, report.import_.id) == 0


def test_indonesian_parties_then_their_next_list(import_file, database):
    first = import_file(_file("org-id-parties", "partai.csv"), source="partai")
    assert decided(first) == {"rows_read": 15, "accepted": 15}
    second = import_file(_file("org-id-parties", "parties.csv"), source="partai")
    assert decided(second) == {"rows_read": 12, "unchanged": 11, "merged": 1}
    _invariants_hold(database, second)


@pytest.mark.parametrize(
    ("folder", "name", "mapping"),
    [
        (
            "org-id-observer-ngos",
            "monitoring_organizations.csv",
            {"id_monitoring": "external_id", "monitoring_name": "name"},
        ),
        ("org-uk-government-register", "government-organisation.csv", {"key": "external_id"}),
        ("org-uk-government-register", "organisation.csv", {"organisation": "external_id"}),
        ("org-in-ngos-mumbai", "ngos.csv", {}),
    ],
)
def test_every_valid_row_is_accepted_and_then_unchanged(import_file, database, folder, name, mapping):
    expected = _expected(folder, name)
    options = ImportOptions(mapping=mapping)
    first = import_file(_file(folder, name), options=options)
    assert decided(first) == {"rows_read": expected["data_records"], "accepted": expected["valid_strict"]}
    again = import_file(_file(folder, name), options=options)
    assert decided(again) == {"rows_read": expected["data_records"], "unchanged": expected["valid_strict"]}
    _invariants_hold(database, first)


def test_european_charities(import_file, database):
    expected = _expected("org-eu-charities", "charities.csv")
    report = import_file(_file("org-eu-charities", "charities.csv"))
    assert report.counts["rows_read"] == expected["data_records"]
    assert report.counts["rejected"] == expected["data_records"] - expected["valid_strict"]
    assert report.counts["accepted"] == expected["distinct_keys_among_valid"]
    assert report.counts["review"] == expected["valid_strict"] - expected["distinct_keys_among_valid"]
    assert {group.code for group in report.groups} >= {"dup.conflict_in_file", "value.mojibake"}
    _invariants_hold(database, report)


def test_research_organizations_as_a_log(import_file, database):
    expected = _expected("org-ror-99k-csv", "ror-all-versions.csv")
    options = ImportOptions(mapping={"release": "-"}, duplicates=DuplicatePolicy.LAST)
    report = import_file(_file("org-ror-99k-csv", "ror-all-versions.csv"), options=options)
    assert report.counts["rows_read"] == expected["data_records"]
    assert report.counts["accepted"] == expected["distinct_keys_among_valid"]
    assert report.counts["rejected"] == report.counts["review"] == 0
    _invariants_hold(database, report)
    with database.connect() as connection:
        entries = connection.scalar(sa.text("SELECT count(*) FROM audit_logs WHERE entity = 'organizations'"))
    assert entries == report.counts["accepted"] + report.counts["merged"]
    again = import_file(_file("org-ror-99k-csv", "ror-all-versions.csv"), options=options)
    assert decided(again) == {"rows_read": expected["data_records"], "unchanged": expected["data_records"]}


# --- members, posts and events -----------------------------------------------------------------------------------


@pytest.fixture
def home(import_file):
    """An organization for lists that name none."""
    import_file("id,name\nH,Rumah\n", name="rumah.csv")
    return "rumah"


def _import(import_file, folder, name, entity, **more):
    return import_file(_file(folder, name), entity=entity, organization=more.pop("organization", "rumah"), **more)


def test_members_of_the_indonesian_parliament_and_their_seats(import_file, database, ask, home):
    mapping = ImportOptions(mapping={"tanggal_lahir": "birth_date"})
    report = _import(import_file, "mem-id-parliament", "anggota_dpr.csv", "members", options=mapping)
    assert decided(report) == {"rows_read": 555, "accepted": 555}
    assert ask("SELECT count(*) AS n FROM members WHERE profile_data ? 'birth_date'")[0].n == 555
    assert ask("SELECT count(*) AS n FROM members WHERE profile_data->>'birth_date' LIKE '%-11-%'")[0].n >= 44
    assert ask("SELECT name FROM members ORDER BY id LIMIT 1")[0].name == "PROF. DR. BACHTIAR ALY, MA"
    seats = _file("mem-id-parliament", "anggota_akd.csv")
    with seats.open(newline="") as rows:
        bodies = sorted({row["alat_kelengkapan"] for row in csv.DictReader(rows)})
    assert len(bodies) == 18
    import_file("name\n" + "".join(f'"{body}"\n' for body in bodies), name="badan.csv")
    options = ImportOptions(mapping={"alat_kelengkapan": "organization"})
    report = import_file(seats, entity="members", options=options)
    assert decided(report) == {"rows_read": 817, "accepted": 817}
    _invariants_hold(database, report)


def test_a_file_with_carriage_returns_alone(import_file, ask, home):
    options = ImportOptions(phone_country="GB")
    report = _import(import_file, "mem-uk500-cr-only", "uk-500.csv", "members", options=options)
    assert decided(report) == {"rows_read": 500, "accepted": 500}
    stored = ask(
        "SELECT count(DISTINCT email) AS emails, count(*) FILTER (WHERE phone LIKE '+44%') AS phones FROM members"
    )
    assert (stored[0].emails, stored[0].phones) == (500, 401)


def test_employees_but_for_three_addresses_with_a_slip(import_file, home):
    report = _import(import_file, "mem-employees", "exampleFile.csv", "members")
    assert decided(report) == {"rows_read": 1000, "accepted": 997, "rejected": 3}
    bad = next(group for group in report.groups if group.code == "value.email")
    assert [(one.row_number, one.value) for one in bad.examples] == [
        (420, "Zsa Zsa.Lipson@mailmail.com"), (474, "Zsa Zsa.Izaak@mailmail.com"),
        (526, "Zsa Zsa.Donoghue@mailmail.com"),
    ]  # fmt: skip


def test_experts_in_the_groups_they_sit_in(import_file, ask):
    import_file("id,name\nE00021,Urban Audit\nE00118,Expert Group on Agriculture\nX,Lain\n", name="groups.csv")
    file = _file("mem-eu-experts", "experts.csv")
    with file.open(newline="") as rows:
        groups = {row["group_code"]: row["group_name"].strip() for row in csv.DictReader(rows)}
    assert len(groups) == 4
    import_file("id,name\n" + "".join(f'{code},"{name}"\n' for code, name in groups.items()), name="groups.csv")
    options = ImportOptions(mapping={"group_code": "organization", "group_name": "extra"})
    report = import_file(file, entity="members", options=options)
    assert decided(report) == {"rows_read": 14, "accepted": 14}
    assert ask("SELECT count(DISTINCT name) AS n, count(DISTINCT organization_id) AS o FROM members")[0] == (14, 4)


@pytest.mark.parametrize(
    ("name", "accepted", "bad"),
    [
        ("beehiiv-members-members.csv", 9, []),
        ("curated-members-csv-subscribers.csv", 18, [4, 9]),
        ("mailchimp-members-cleaned.csv", 5, []),
        ("mailchimp-members-subscribed.csv", 5, []),
        ("mailchimp-members-unsubscribed.csv", 5, []),
        ("substack-members-csv-fixtures_signup_emails.csv", 21, []),
        ("substack-members-csv-fixtures_subscriber_emails.csv", 17, []),
        ("substack-members-csv-invalid.csv", 3, []),
        ("tinynews-members-subs-v2.csv", 2, []),
    ],
)
def test_subscribers_of_newsletter_services(import_file, ask, home, name, accepted, bad):
    report = _import(import_file, "mem-newsletter-exports", name, "members")
    assert report.counts["accepted"] == accepted, decided(report)
    rejected = [row.row_number for row in ask(
        "SELECT row_number FROM import_decisions WHERE import_id = :id AND decision = 'rejected' ORDER BY row_number",
        id=report.import_.id)]  # fmt: skip
    assert rejected == bad
    assert ask("SELECT count(*) AS n FROM members WHERE name = ''")[0].n == 0


def test_subscribers_who_share_an_id_are_distinguished_by_a_person(import_file, home):
    report = _import(import_file, "mem-newsletter-exports", "tinynews-members-subs-v1.csv", "members")
    assert decided(report) == {"rows_read": 3, "accepted": 2, "rejected": 1}
    assert "id.duplicate_in_file" in {group.code for group in report.groups}


def test_the_agenda_of_the_indonesian_parliament(import_file, database, ask, home):
    report = _import(import_file, "evt-id-parliament-agenda", "data_agenda_dpr.csv", "events")
    assert decided(report) == {"rows_read": 174, "accepted": 174}
    first = ask("SELECT to_char(starts_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') AS at, ends_at, status, title"
                " FROM events WHERE url LIKE '%/7306'")[0]  # fmt: skip
    assert (first.at, first.ends_at, first.status) == ("2015-01-26 02:00", None, "planned")
    assert ask("SELECT count(*) AS n FROM events WHERE status <> 'planned' OR ends_at IS NOT NULL")[0].n == 0
    again = _import(import_file, "evt-id-parliament-agenda", "data_agenda_dpr.csv", "events")
    assert decided(again) == {"rows_read": 174, "unchanged": 174}
    _invariants_hold(database, report)


def test_campaign_events_of_2014(import_file, ask, home):
    report = _import(import_file, "evt-id-campaign-2014", "events-presiden.csv", "events")
    assert decided(report) == {"rows_read": 92, "accepted": 92}
    assert ask("SELECT count(DISTINCT slug) AS n, count(*) FILTER (WHERE all_day) AS days FROM events")[0] == (92, 91)
    timed = ask("SELECT to_char(starts_at AT TIME ZONE 'UTC', 'HH24:MI') AS at, timezone FROM events WHERE NOT all_day")
    assert timed == [("12:30", "Asia/Jakarta")]
    ids = ask("SELECT external_id FROM source_records WHERE entity = 'events' ORDER BY row_number LIMIT 1")
    assert ids[0].external_id == "0001"


def test_links_to_news_with_dates_in_three_spellings(import_file, database, ask, home):
    report = _import(import_file, "post-id-surabaya-news", "news.csv", "posts")
    counts = report.counts
    assert counts["rows_read"] == 922
    assert counts["rejected"] == 0, {group.code for group in report.groups}
    # 898 links as written are 892 without scheme, «www.» and fragment; the same one with another title is asked about.
    assert decided(report) == {"rows_read": 922, "accepted": 892, "unchanged": 15, "review": 15}
    years = ask("SELECT min(written_on) AS first, max(written_on) AS last, count(*) FILTER (WHERE written_on IS NULL)"
                " AS without FROM posts")[0]  # fmt: skip
    assert (years.first.year, years.last.year, years.without) == (2015, 2015, 0)
    _invariants_hold(database, report)


def test_articles_with_dates_whose_order_somebody_has_to_say(import_file, ask, home):
    report = _import(import_file, "post-articles-doaj", "doaj-article-sample.csv", "posts")
    assert report.counts["rejected"] == 951, "no day of the file is above 12, so nothing proves their order"
    options = ImportOptions(date_order=DateOrder.DAY_FIRST)
    report = _import(import_file, "post-articles-doaj", "doaj-article-sample.csv", "posts", options=options)
    assert report.counts["rejected"] == 0
    assert len(ask("SELECT FROM posts")) == 1000
    assert ask("SELECT count(*) AS n FROM posts WHERE language IS NULL OR tags IS NULL")[0].n < 20
    assert str(ask("SELECT written_on FROM posts WHERE title LIKE 'The Fisher Thermo%'")[0].written_on) == "2015-11-01"


def test_the_same_contacts_from_three_programs(import_file, ask, home):
    lists = []
    for name in ("import_excel.csv", "import_libreoffice.csv", "import_rfc_4180.csv"):
        report = _import(import_file, "peer-keila-contacts", name, "members", source="keila")
        outcome = {"rows_read": 201, "unchanged" if lists else "accepted": 201}
        assert decided(report) == outcome
        lists.append(ask("SELECT name, email FROM members ORDER BY email"))
    assert lists[0] == lists[1] == lists[2]


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("import_malformed1.csv", {"rows_read": 3, "accepted": 3}),
        ("import_malformed2.csv", {"rows_read": 1, "accepted": 1}),
        ("import_rfc_4180_with_status.csv", {"rows_read": 4, "accepted": 4}),
        ("import_with_data.csv", {"rows_read": 2, "accepted": 2}),
        ("import_rfc_4180_upsert.csv", {"rows_read": 5, "accepted": 4, "merged": 1}),
        ("import_external_ids.csv", {"rows_read": 4, "accepted": 3, "review": 1}),
        ("import_external_ids_duplicate.csv", {"rows_read": 4, "accepted": 2, "review": 2}),
        ("keila_import_template.csv", {"rows_read": 2, "accepted": 2}),
    ],
)
def test_contacts_with_quirks(import_file, home, name, outcome):
    last = DuplicatePolicy.LAST if "upsert" in name else DuplicatePolicy.REJECT
    report = _import(import_file, "peer-keila-contacts", name, "members", options=ImportOptions(duplicates=last))
    assert decided(report) == outcome, [(group.code, group.column) for group in report.groups]


def test_civicrm_dates(import_file, ask, home):
    dated = {"Birth Date": "birth_date", "Custom Date One": "started_on", "Deceased Date": "ended_on"}
    report = _import(import_file, "peer-civicrm-import", "individual_dates_type1.csv", "members",
                     options=ImportOptions(mapping=dated))  # fmt: skip
    assert report.counts["rejected"] == 3, "the fourth invalid date stands in a column no field takes"
    slashed = ImportOptions(mapping={"Birth Date": "birth_date"}, date_order=DateOrder.DAY_FIRST)
    report = _import(import_file, "peer-civicrm-import", "individual_dates_type32.csv", "members", options=slashed)
    assert decided(report) == {"rows_read": 2, "accepted": 2}
    days = ask("SELECT DISTINCT profile_data->>'birth_date' AS day FROM members WHERE name IN ('Joe 15', 'Joe 16')")
    assert [row.day for row in days] == ["2008-09-01"]


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("individual_invalid_missing_name.csv", {"rows_read": 1, "accepted": 1}),
        ("individual_invalid_email.csv", {"rows_read": 1, "rejected": 1}),
        ("individual_invalid_external_identifier_email_mismatch.csv", {"rows_read": 3, "accepted": 2, "rejected": 1}),
        ("individual_unicode.csv", {"rows_read": 1, "accepted": 1}),
        ("individual_country_state.csv", {"rows_read": 1, "accepted": 1}),
        ("individual_valid_basic.csv", {"rows_read": 1, "accepted": 1}),
        ("column_names_casing.csv", {"rows_read": 1, "accepted": 1}),
        ("individual_genders.csv", {"rows_read": 16, "accepted": 16}),
        ("individual_parse_failure.csv", {"rows_read": 1, "accepted": 1}),
    ],
)
def test_civicrm_contacts(import_file, home, name, outcome):
    report = _import(import_file, "peer-civicrm-import", name, "members")
    assert decided(report) == outcome, [(group.code, group.column) for group in report.groups]


def test_civicrm_organizations(import_file, ask):
    report = import_file(_file("peer-civicrm-import", "organization_multiple_duplicates_invalid.csv"))
    assert report.counts["accepted"] <= 2
    with pytest.raises(ImportFailed, match="name"):
        import_file(_file("peer-civicrm-import", "organization_email_no_organization_name.csv"))


def test_a_column_without_a_usable_name_is_one_error_at_once(import_file, ask):
    with pytest.raises(ImportFailed, match="No column was recognised as name"):
        import_file(_file("csv-dataloader-encodings", "20kRows.csv"))
    assert ask("SELECT count(*) FROM import_rows")[0][0] == 0


def test_dates_with_a_zone_keep_their_instant_and_days_stay_days(import_file, ask):
    import_file("name\nForum\n", name="forum.csv")
    options = ImportOptions(mapping={"NAME": "title", "DATE": "starts_at", "DATE_ONLY": "extra"})
    file = _file("csv-dataloader-encodings", "dateEndingInZ.csv")
    assert import_file(file, options=options, entity="events", organization="forum").counts["accepted"] == 1
    starts = ask("SELECT to_char(starts_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') FROM events")
    assert starts[0][0] == "2010-10-14 12:00"
    options = ImportOptions(mapping={"NAME": "name", "DATE_ONLY": "started_on"})
    file = _file("csv-dataloader-encodings", "dateOnlyWithTimeZone.csv")
    assert import_file(file, options=options, entity="members", organization="forum").counts["rows_read"] == 2
    assert {str(day) for (day,) in ask("SELECT started_on FROM members")} == {"2010-10-14"}
