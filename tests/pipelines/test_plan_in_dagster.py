"""What Dagster shows of a plan: its public changes, and numbers to plot over runs."""

import pytest
import sqlalchemy as sa
from dagster_shared.serdes import serialize_value

from kelompok_core.imports.reporting import public_changes
from kelompok_core.imports.reporting.disclosure import HIDDEN, show_value

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")

_JOBS = {entity: (f"csv_import__import_{entity}", f"csv_import__import_{entity}__stage")
         for entity in ("organizations", "members", "posts")}  # fmt: skip


@pytest.fixture
def plan(execute, tmp_path):
    """Import a file in a run, and return the metadata of each asset."""

    def run(content, entity="organizations", **config):
        file = tmp_path / "list.csv"
        file.write_text(content)
        result = execute(*_JOBS[entity], file=str(file), source="list", **config)
        assert result.success
        return {event.asset_key.path[-1].removeprefix(f"{entity}_"): event.materialization.metadata
                for event in result.get_asset_materialization_events()}  # fmt: skip

    return run


@pytest.fixture
def stored(instance):
    def run():
        runs = instance.get_runs()
        return "\n".join(serialize_value(entry) for one in runs for entry in instance.all_logs(one.run_id))

    return run


def _changes(metadata):
    return [tuple(record.data.values()) for record in metadata["decisions"]["changes"].records]


def test_public_changes_of_a_plan_are_listed_by_row(plan):
    first = plan("id,name,city,email\n1,Satu,Bandung,satu-qq@a.or.id\n2,Dua,,\n")
    assert _changes(first) == [
        ("new: Satu", "2", "name", "", "Satu"),
        ("new: Satu", "2", "city", "", "Bandung"),
        ("new: Satu", "2", "official_email", HIDDEN, HIDDEN),
        ("new: Dua", "3", "name", "", "Dua"),
    ]
    second = plan("id,name,city,email\n1,Satu,Bogor,lain-qq@a.or.id\n2,Dua,,\n", dry_run=True)
    assert _changes(second) == [
        ("Satu", "2", "city", "Bandung", "Bogor"),
        ("Satu", "2", "official_email", HIDDEN, HIDDEN),
    ]
    columns = {one.name: one.description for one in second["decisions"]["changes"].schema.columns}
    assert HIDDEN in columns["from"], "the table says what the mark means"


def test_values_that_are_not_public_are_hidden(plan, stored, ask):
    plan("id,name\n1,Satu\n")
    people = plan("id,nama,email,telepon,catatan\n7,Siti-qq,siti-qq@a.id,081255507359,catatan-qq\n", "members",
                  organization="satu")  # fmt: skip
    assert {(one[0], *one[3:]) for one in _changes(people)} == {(f"new: {HIDDEN}", HIDDEN, HIDDEN)}
    posts = "id,title,content,status,published at\n1,Draf-qq,isi-qq,draft,\n2,Terbit,isi,published,2024-05-01\n"
    told = _changes(plan(posts, "posts", organization="satu"))
    assert {one[3:] for one in told if one[0] != "new: Terbit"} == {(HIDDEN, HIDDEN)}, "a draft is not public yet"
    assert ("new: Terbit", "3", "content", "", "isi") in told
    edited = plan(posts.replace("isi-qq", "isi2-qq").replace(",isi,", ",isi2,"), "posts", organization="satu")
    assert _changes(edited) == [(HIDDEN, "2", "content", HIDDEN, HIDDEN), ("Terbit", "3", "content", "isi", "isi2")]
    assert ask("SELECT FROM posts WHERE title = 'Draf-qq'")
    assert "-qq" not in stored()
    assert "55507359" not in stored()


@pytest.mark.parametrize("row", [
    "5,Nama Baik,https://a.id,isi-qq,,x,kelebihan-qq",
    "5,Nama Baik,bukan alamat-qq,,,",
    "5,,https://a.id,,Kota-qq,",
    "5,Nama Baik,situs-qq.id,,,",
    "5,Nama Baik,,\x01isi-qq,,",
    "5,Nama-qq",
    "5,surel-qq@a.id,,,,",
    "5,Nama Baik,,hubungi surel-qq@a.id,,",
    "5,Nama Baik,,hubungi 0812-5550-7359-qq,,",
    "5,Nama Baik,,,,lain-qq",
    "5,3171997755331188,,,,",
])  # fmt: skip
def test_values_in_doubt_are_hidden(plan, stored, row):
    """Values of rejected rows, in the wrong column, in an unmapped column, or with an address in their text."""
    plan(f"id,name,website,description,city,Lain\n1,Satu,,,,\n{row}\n")
    told = stored()
    assert "-qq" not in told
    assert "3171997755331188" not in told


def test_rows_in_review_and_unchanged_rows_are_not_listed(plan, stored):
    plan("id,name,email\n1,Satu,satu@a.or.id\n")
    again = plan("name,email\nNama-qq,satu@a.or.id\n", dry_run=True)
    assert again["decisions"]["review"].value == 1
    assert _changes(again) == []
    assert "-qq" not in stored()


def test_a_row_that_an_earlier_file_had_is_listed_the_same_way(plan):
    content = "id,name,website\n1,Satu,satu.id\n2,Dua,https://dua.id\n"
    first = _changes(plan(content, dry_run=True))
    assert ("new: Satu", "2", "website_url", HIDDEN, HIDDEN) in first, "it was completed, and that was found"
    assert ("new: Dua", "3", "website_url", "", "https://dua.id") in first
    assert _changes(plan(content, dry_run=True)) == first


def test_at_most_a_hundred_changes_are_read_by_one_query_and_long_texts_are_cut(plan, installation):
    asked = []

    def note(_connection, _cursor, statement, *_):
        if "is_shown" in statement:
            asked.append(statement)

    sa.event.listen(installation.database.engine, "before_cursor_execute", note)
    long = "kata " * 2_000
    told = _changes(plan("id,name,description\n" + "".join(f"{n},N{n},{long}{n}\n" for n in range(1, 130))))
    assert len(told) == public_changes.MOST_CHANGES
    assert max(len(one[4]) for one in told) == 80
    assert told[1][4].endswith("…")
    assert len(asked) == 1
    plan("id,name\n")
    assert len(asked) == 1, "a plan that changes nothing is not asked for"


def test_numbers_have_the_same_names_in_every_asset(plan):
    told = plan("id,name,email\n1,Satu,satu@a.or.id\n2,Dua,rusak\n")
    numbers = {asset: {name for name, value in metadata.items() if isinstance(value.value, int | float)}
               for asset, metadata in told.items()}  # fmt: skip
    of_decisions = {"rows", "accepted", "merged", "unchanged", "rejected", "review", "seconds", "rows_per_second"}
    assert numbers["source_records"] >= {"rows", "invalid_rows", "blank_lines", "seconds", "rows_per_second"}
    assert numbers["candidates"] == numbers["source_records"]
    assert numbers["decisions"] >= of_decisions
    assert numbers["organizations"] >= of_decisions
    assert told["source_records"]["invalid_rows"].value == 1
    assert {type(metadata["seconds"].value) for metadata in told.values()} == {float}
    assert (told["decisions"]["rows"].value, told["organizations"]["rejected"].value) == (2, 1)


def test_shown_values_are_short_lines_without_e_mail_addresses_and_telephone_numbers():
    assert show_value(None) == ""
    assert show_value("a\n b") == "a b"
    assert show_value("Jl. Merdeka 12, Bandung 40111") == "Jl. Merdeka 12, Bandung 40111"
    assert len(show_value("x" * 500)) == 80
    for one in ("hubungi a@b.id", "tel. +62 812-5550-7359", "(022) 4203 123", "3171997755331188"):
        assert show_value(one) == HIDDEN
