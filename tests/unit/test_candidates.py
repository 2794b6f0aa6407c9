"""What a batch's cells become before any database sees them: values, ids, rights, extra data, identities."""

import json
from dataclasses import replace
from functools import partial
from uuid import UUID

import pandas as pd
import pytest

from kelompok_core.access.rules import Action
from kelompok_core.contracts import SourceBatch, location_table, text_table
from kelompok_core.descriptor import Field
from kelompok_core.imports.shared.columns import map_columns
from kelompok_core.imports.staging.candidates import Terms, candidate_json, identity_by_id, make_candidates, read_ids
from kelompok_core.records.registry import get_descriptor
from kelompok_core.values.normalized import Normalized, all_findings
from kelompok_core.values.reading import Reading

_KLUB = UUID(int=1)


def _make(descriptor, columns, *, scoped=True, given=None, header=None, **terms):
    size = len(next(iter(columns.values())))
    batch = SourceBatch(
        cells=text_table(columns),
        locations=location_table(range(1, size + 1), lines=range(2, size + 2), selectors=[""] * size),
    )
    descriptor = get_descriptor(descriptor) if isinstance(descriptor, str) else descriptor
    mapping = map_columns(descriptor, header or list(columns), given or {}, scoped=scoped)
    return make_candidates(descriptor, batch, mapping, Terms(organization_id=_KLUB if scoped else None, **terms))


def _values(series):
    return [None if pd.isna(value) else value for value in series]


def _findings(candidates, *codes):
    return [(one.position, one.column, one.code) for one in candidates.findings.itertuples() if one.code in codes]


@pytest.mark.parametrize(("written", "read"), [
    ("'00123", "00123"), ("'+62", "+62"), ("'s-Gravenhage", "'s-Gravenhage"), (" A 7 ", "A 7"), ("-", None),
    ("7.0", "7.0"), ("1.500E+3", "1500"), ("1.5E+3", None),
])  # fmt: skip
def test_an_id_is_read_without_what_spreadsheets_add(written, read):
    assert _values(read_ids(pd.Series([written], name="id", dtype="str"), Reading())) == [read]


def test_decimals_are_cut_only_from_a_column_in_which_a_program_wrote_them():
    ids = pd.Series(["7.0", "12.00", "1.5", "7.0a"], name="id", dtype="str")
    assert _values(read_ids(ids, Reading(decimals=frozenset({"id"})))) == ["7", "12", "1.5", "7.0a"]
    assert _values(read_ids(ids, Reading(decimals=frozenset({"other"})))) == list(ids)


def test_an_id_that_lost_digits_is_dropped_with_a_finding():
    made = _make("members", {"Nama": ["Ani", "Budi", "Cici"], "ID": ["1.23457E+11", "8", "-"]})
    assert _values(made.external_id) == [None, "8", None]
    assert _findings(made, "id.digits_lost") == [(0, "ID", "id.digits_lost")]


def test_a_row_is_known_by_its_id_and_without_one_by_its_key():
    made = _make(
        "members", {"Nama": ["Ani", "Budi", None], "ID": ["7", None, None], "Email": ["a@x.id", "B@x.id", None]}
    )
    assert _values(made.identity) == [f"id:7 @ {_KLUB}", f"nk:b@x.id @ {_KLUB}", None]
    without = _make("members", {"Nama": ["Ani"], "Jabatan": ["Ketua"]})
    assert _values(without.identity) == [f"nk:{without.fields['name_key'][0]}|ketua @ {_KLUB}"]


def test_an_organization_belongs_to_none():
    assert _values(_make("organizations", {"Nama": ["Klub A"], "ID": ["7"]}, scoped=False).identity) == ["id:7"]


def test_rows_that_name_their_organization_are_known_inside_it():
    made = _make(
        "members", {"Nama": ["Ani", "Ani"], "ID": ["7", "7"], "Organisasi": ["Klub A", " klub  B "]}, scoped=False
    )
    assert _values(made.fields["organization"]) == ["Klub A", "klub B"]
    first, second = _values(made.identity)
    assert first == f"id:7 @ {made.fields['organization_key'][0]}"
    assert first != second


def test_a_row_that_names_no_organization_is_wrong_where_the_others_name_one():
    made = _make("members", {"Nama": ["Ani", "Budi"], "Organisasi": ["Klub A", " "]}, scoped=False)
    assert (1, "Organisasi", "value.required") in _findings(made, "value.required")
    assert not [one for one in _findings(made, "value.required") if one[0] == 0]


def test_the_identity_by_id_is_that_of_the_row():
    ids = pd.Series(["7", None], dtype="str")
    terms = Terms(organization_id=_KLUB)
    assert _values(identity_by_id(get_descriptor("members"), ids, terms)) == [f"id:7 @ {_KLUB}", None]
    assert _values(identity_by_id(get_descriptor("organizations"), ids, terms)) == ["id:7", None]


def _knows_only(cells, word):
    """Read one word and drop every other without a finding, as a faulty field might."""
    return Normalized(values=cells.where(cells == word), findings=all_findings())


def test_a_filled_cell_that_gives_no_value_is_reported():
    members = get_descriptor("members")
    faulty = Field(name="notes", aliases=("catatan",), normalize=partial(_knows_only, word="ya"))
    descriptor = replace(members, fields=(members.field("name"), faulty))
    columns = {"Nama": ["Ani", "Budi", "Cici", "Dedi"], "Catatan": ["ya", "mungkin", "-", None]}
    made = _make(descriptor, columns)
    assert _values(made.fields["notes"]) == ["ya", None, None, None]
    assert _findings(made, "value.not_used") == [(1, "Catatan", "value.not_used")]
    assert made.used_columns == {"Nama", "Catatan"}
    assert _make(descriptor, columns | {"Catatan": ["mungkin"] * 4}).used_columns == {"Nama"}


def test_a_part_is_used_where_its_field_has_a_value():
    made = _make("members", {"Nama": ["Ani"], "Nama Depan": ["Anita"], "Nama Tengah": ["Eko"]})
    assert made.used_columns == {"Nama", "Nama Depan", "Nama Tengah"}


def test_a_cell_that_has_a_finding_is_not_reported_twice():
    made = _make("events", {"Judul": ["Rapat", "Kopdar"], "Tanggal": [None, "2031-01-05"], "Jam": ["09:00", "10:00"]})
    assert [(one.position, one.column, one.code) for one in made.findings.itertuples()] == [
        (0, "Jam", "value.time_without_date")
    ]


def test_columns_that_a_batch_does_not_have_are_left_out():
    made = _make("members", {"Nama": ["Ani"]}, header=["Nama", "Email", "Warna"])
    assert "email" not in made.fields.columns
    assert list(made.extra.columns) == []


def test_what_ends_before_it_begins_is_an_error():
    columns = {
        "Nama": ["Ani", "Budi"],
        "Tanggal Mulai": ["2020-05-01"] * 2,
        "Tanggal Selesai": ["2019-05-01", "2021-05-01"],
    }
    assert [(one.position, one.code) for one in _make("members", columns).findings.itertuples()] == [
        (0, "value.end_before_start")
    ]


def test_a_no_that_is_understood_is_used_although_it_is_no_value():
    made = _make("members", {"Nama": ["Ani", "Budi"], "Email Opt Out": ["tidak", "ya"]})
    assert _values(made.fields["do_not_contact"]) == [None, '["email"]']
    assert _findings(made, "value.not_used") == []
    assert made.used_columns == {"Nama", "Email Opt Out"}


def test_a_column_without_a_cell_is_not_used():
    assert _make("members", {"Nama": ["Ani"], "Jabatan": [None]}).used_columns == {"Nama"}


def test_a_guarded_value_needs_its_right():
    columns = {"Judul": ["A", "B"], "Status": ["published", "draft"]}
    made = _make("posts", columns)
    assert _values(made.fields["status"]) == [None, "draft"]
    assert _findings(made, "permission.value") == [(0, "Status", "permission.value")]
    assert [one.params for one in made.findings.itertuples() if one.code == "permission.value"] == [
        {"action": Action.RECORD_PUBLISH.value}
    ]
    assert made.needs == frozenset()


def test_a_right_that_is_granted_is_needed_only_where_a_value_asks_for_it():
    columns = {"Judul": ["A", "B"], "Status": ["published", "draft"]}
    made = _make("posts", columns, granted=frozenset({Action.RECORD_PUBLISH}))
    assert _values(made.fields["status"]) == ["published", "draft"]
    assert _findings(made, "permission.value") == []
    assert made.needs == {Action.RECORD_PUBLISH}
    drafts = {"Judul": ["A"], "Status": ["draft"], "Tanggal Terbit": [None]}
    assert _make("posts", drafts, granted=frozenset({Action.RECORD_PUBLISH})).needs == frozenset()


def test_each_row_names_the_fields_that_were_made_of_others():
    made = _make("members", {"Nama": ["Ani", None], "Email": ["ani@x.id", "budi.santoso@x.id"]})
    assert _values(made.fields["derived"]) == [None, "name"]
    starts = ["2031-01-05 10:00 WIB", "2031-01-05 10:00", None]
    events = _make("events", {"Judul": ["A", "B", "C"], "Mulai": starts})
    assert _values(events.fields["derived"]) == ["timezone,all_day", "all_day", None]
    assert "derived" not in _make("members", {"Nama": ["Ani"], "Email": ["ani@x.id"]}).fields.columns


def test_a_slug_is_that_of_the_source_or_made_of_the_label():
    made = _make("organizations", {"Nama": ["Klub Ani", "Klub Budi"], "Slug": ["ani", None]}, scoped=False)
    assert _values(made.fields["slug_base"]) == ["ani", "klub-budi"]
    without = _make("organizations", {"Nama": ["Klub Ani"]}, scoped=False)
    assert _values(without.fields["slug_base"]) == ["klub-ani"]
    assert "slug_base" not in _make("members", {"Nama": ["Ani"]}).fields.columns


def test_a_word_of_a_vocabulary_is_compared_by_its_slug():
    made = _make("posts", {"Judul": ["A", "B"], "Kategori": ["Kabar Baik", None]})
    assert _values(made.fields["category_slug"]) == ["kabar-baik", None]


def test_keys_are_made_of_the_fields_that_are_there():
    made = _make("members", {"Nama": ["Ani"], "Email": ["Ani@X.id"]})
    assert _values(made.fields["email_key"]) == ["ani@x.id"]
    assert "email_key" not in _make("members", {"Nama": ["Ani"]}).fields.columns


def test_a_value_in_brief_stands_beside_the_whole_one():
    made = _make("members", {"Nama": ["Ani", "Budi"], "Tanggal Bergabung": ["2019", "2020-02-03"]})
    assert _values(made.fields["started_on_in_brief"]) == ["2019", None]
    whole = _make("members", {"Nama": ["Budi"], "Tanggal Bergabung": ["2020-02-03"]})
    assert "started_on_in_brief" not in whole.fields.columns


def test_telephone_numbers_are_read_in_the_country_of_the_organization_that_a_row_names():
    columns = {
        "Nama": ["Ani", "Budi"],
        "HP": ["012-345 6789", "0812 3456 789"],
        "Organisasi": ["Klub Kuching", "Klub A"],
    }
    made = _make("members", columns, scoped=False, owner_countries={"Klub Kuching": "MY"})
    assert _values(made.fields["phone"]) == ["+60123456789", "+628123456789"]
    ours = _make("members", {"Nama": ["Ani"], "HP": ["0812 3456 789"]}, owner_countries={"Klub Kuching": "MY"})
    assert _values(ours.fields["phone"]) == ["+628123456789"]


def test_columns_that_are_no_field_are_kept_as_written_without_blank_cells():
    made = _make("members", {"Nama": ["Ani", "Budi"], "Warna": [" ", '="007"'], "Hobi": ["Catur", None]})
    assert {name: _values(cells) for name, cells in made.extra.items()} == {
        "Warna": [None, "007"],
        "Hobi": ["Catur", None],
    }
    first, second = (json.loads(text.as_py()) for text in candidate_json(made))
    assert first["name"] == "Ani"
    assert first["extra"] == {"Hobi": "Catur"}
    assert second["extra"] == {"Warna": "007"}


def test_a_candidate_without_further_columns_has_no_extra_data():
    (only,) = candidate_json(_make("members", {"Nama": ["Ani"]}))
    assert "extra" not in json.loads(only.as_py())


def test_a_cell_that_repeats_the_owner_is_no_extra_data():
    columns = {"Nama": ["Ani", "Budi"], "Organisasi": ["KLUB  ANI", "Klub Lain"], "Hobi": ["Klub Ani", None]}
    made = _make("members", columns, owner_names=frozenset({"Klub Ani"}))
    assert _values(made.extra["Organisasi"]) == [None, "Klub Lain"]
    assert _values(made.extra["Hobi"]) == ["Klub Ani", None]
    assert _values(_make("members", columns).extra["Organisasi"]) == columns["Organisasi"]


def test_the_day_a_row_was_changed_is_read_from_the_column_named_for_it():
    made = _make("members", {"Nama": ["Ani"], "Diubah": ["2026-11-02 10:00"]}, given={"Diubah": "changed_at"})
    assert _values(made.fields["changed_at"]) == ["2026-11-02T03:00:00Z"]
    old = _make("members", {"Nama": ["Ani"], "Diubah": ["1961-11-02"]}, given={"Diubah": "changed_at"})
    assert _values(old.fields["changed_at"]) == ["1961-11-01T16:30:00Z"]
    wrong = _make("members", {"Nama": ["Ani"], "Diubah": ["kemarin"]}, given={"Diubah": "changed_at"})
    assert [one.column for one in wrong.findings.itertuples()] == ["Diubah"]


@pytest.mark.parametrize(("length", "codes"), [(2_395, []), (2_410, ["value.too_long"])])
def test_an_id_longer_than_an_index_takes_is_an_error(length, codes):
    made = _make("organizations", {"Nama": ["Klub"], "ID": ["7" * (length - len("id:"))]}, scoped=False)
    assert sorted({one.code for one in made.findings.itertuples() if one.column == "ID"}) == codes


def test_a_bad_row_leaves_the_others_as_they_are():
    made = _make("members", {"Nama": [None, "Budi"], "Email": [None, "b@x.id"]})
    assert (0, "Nama", "value.required") in _findings(made, "value.required")
    assert len(made.fields) == 2
    assert _values(made.fields["email"]) == [None, "b@x.id"]


def _first(candidates, code):
    return next(one for one in candidates.findings.itertuples() if one.code == code)


def test_a_schema_finding_shows_the_cell():
    found = _first(_make("members", {"Nama": ["Ani"], "Jabatan": ["x" * 10_000]}), "value.too_long")
    assert (found.position, found.column, found.severity, found.params) == (0, "Jabatan", "error", {})
    assert found.value == "x" * 10_000
    missing = _first(_make("members", {"Nama": [None], "Email": [None]}), "value.required")
    assert (missing.column, missing.severity) == ("Nama", "error")


@pytest.mark.parametrize(("started", "ended", "codes"), [
    ("2020-05-01", "2020-05-01", []), ("2020-05-02", "2020-05-01", ["value.end_before_start"]),
    ("2020-05", "2020-05-01", []), ("2020-05-20", "2020-05", []), ("2020-05-20", "2020", []),
    ("2021", "2020-05-01", ["value.end_before_start"]),
])  # fmt: skip
def test_a_period_is_reversed_only_where_no_reading_of_its_dates_fits(started, ended, codes):
    made = _make("members", {"Nama": ["Ani"], "Tanggal Mulai": [started], "Tanggal Selesai": [ended]})
    found = [one.code for one in made.findings.itertuples() if one.code == "value.end_before_start"]
    assert found == codes


def test_who_joins_before_birth_is_a_question():
    columns = {"Nama": ["Ani", "Budi"], "Lahir": ["2001-05-01"] * 2, "Tanggal Mulai": ["1999-05-01", None]}
    found = _first(_make("members", columns, given={"Lahir": "birth_date"}), "value.dates_out_of_order")
    assert (found.position, found.column, found.severity) == (0, "Tanggal Mulai", "review")
    assert found.params == {"earlier": "Lahir"}
