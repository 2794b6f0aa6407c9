"""Rows in review when their source sends more rows, and when they are decided late."""

import pytest

from kelompok_core.errors import NotFound, UsageError
from kelompok_core.imports.reporting.report import get_report
from kelompok_core.imports.reviewing.review_items import get_review_item
from kelompok_core.imports.undoing.undo import undo
from tests.counting import decided

_HEADER = "nama,kota,alamat,telepon\n"
_GOOD = "Sanggar Tari,Kabupaten Garut,Jl. Melati 1,0811000001\n"
_BAD = "Sanggar Tari,Kabupaten Garut,Jl. Salah 9,0811000009\n"
_DOUBLE = _HEADER + _GOOD + "Sanggar Lukis,Kabupaten Ciamis,,\n" + _BAD


@pytest.fixture
def send_back(import_file, written):
    """Import rows of an error file under the source of their list."""
    return lambda rows, **more: import_file(written(rows, "list.errors.csv"), source="list", **more)


@pytest.fixture
def first(ask):
    def run():
        (stored,) = ask("SELECT address, phone FROM organizations WHERE slug = 'sanggar-tari'")
        return stored.address, stored.phone

    return run


# A row in review that comes again


def test_unchanged_row_in_review_stays_one_item(import_file, error_rows, send_back, first, waiting, codes):
    report = import_file(_DOUBLE)
    assert decided(report) == {"rows_read": 3, "accepted": 2, "review": 1}
    for _ in range(2):
        rows = error_rows(report)
        assert [row["alamat"] for row in rows] == ["Jl. Salah 9"]
        report = send_back(rows)
        assert decided(report) == {"rows_read": 1, "review": 1}
        assert "dup.conflict_before" in codes(report)
        assert first() == ("Jl. Melati 1", "+62811000001")
        (item,) = waiting()
        assert (item.import_id, len(item.candidates)) == (report.import_.id, 1)


@pytest.mark.parametrize("order", [_GOOD + _BAD, _BAD + _GOOD])
def test_unchanged_row_in_review_stays_one_item_in_any_order(import_file, first, waiting, order):
    import_file(_DOUBLE)
    report = import_file(_HEADER + order)
    assert decided(report) == {"rows_read": 2, "unchanged": 1, "review": 1}
    assert first() == ("Jl. Melati 1", "+62811000001")
    assert len(waiting()) == 1


def test_partly_corrected_row_is_reviewed_and_corrected_row_is_accepted(
    import_file, error_rows, send_back, first, waiting
):
    rows = error_rows(import_file(_DOUBLE))
    rows[0]["alamat"] = "Jl. Melati 1"
    half = send_back(rows)
    assert decided(half) == {"rows_read": 1, "review": 1}
    assert first() == ("Jl. Melati 1", "+62811000001")
    rows[0]["telepon"] = "0811000002"
    whole = send_back(rows)
    assert decided(whole) == {"rows_read": 1, "merged": 1}
    assert first() == ("Jl. Melati 1", "+62811000002")
    assert waiting() == []


def test_row_with_other_unmapped_values_is_reviewed_again(import_file, error_rows, send_back, ask):
    report = import_file("nama,kota,Warna\nSatu,Kota Bogor,biru\nSatu,Kota Bogor,hijau\n")
    assert decided(report) == {"rows_read": 2, "accepted": 1, "review": 1}
    assert decided(send_back(error_rows(report))) == {"rows_read": 1, "review": 1}
    assert ask("SELECT profile_data->'extra'->'list' AS extra FROM organizations")[0].extra == {"Warna": "biru"}


def test_sibling_with_a_common_name_is_reviewed_again(import_file, error_rows, send_back, ask):
    import_file("id,name\n1,Rukun\n", source="owners")
    where = {"entity": "members", "organization": "rukun"}
    report = import_file("nama,email\nAlya Putri,ibu@x.example.org\nCakra Putri,ibu@x.example.org\n", **where)
    assert decided(report) == {"rows_read": 2, "accepted": 1, "review": 1}
    assert decided(send_back(error_rows(report), **where)) == {"rows_read": 1, "review": 1}
    assert [row.name for row in ask("SELECT name FROM members")] == ["Alya Putri"]


def test_decided_row_does_not_decide_a_similar_one(import_file, error_rows, send_back, reviewer, first):
    report = import_file(_DOUBLE + "Sanggar Tari,Kabupaten Garut,Jl. Lain 7,0811000007\n")
    assert decided(report) == {"rows_read": 4, "accepted": 2, "review": 2}
    reviewer.accept_into(report.import_.id, 3, None, choices={"address": "existing", "phone": "existing"})
    again = send_back(error_rows(report))
    assert decided(again) == {"rows_read": 1, "review": 1}
    assert first() == ("Jl. Melati 1", "+62811000001")


def test_rejected_row_is_rejected_again_instead_of_merged(import_file, error_rows, send_back, reviewer, first, codes):
    report = import_file(_DOUBLE)
    rows = error_rows(report)
    reviewer.reject(report.import_.id, 3)
    again = send_back(rows)
    assert decided(again) == {"rows_read": 1, "rejected": 1}
    assert "review.rejected_before" in codes(again)
    assert first() == ("Jl. Melati 1", "+62811000001")


def test_undo_of_the_import_removes_the_rejection(import_file, reviewer, installation, operator, waiting):
    import_file("id,name\n1,Forum Air\n", source="a")
    report = import_file("name,phone\nForum Air,0811000001\n", source="b")
    reviewer.reject(report.import_.id, 1)
    assert waiting() == []
    undo(installation, report.import_.id, operator)
    again = import_file("name,phone\nForum Air,0811000001\n", source="b")
    assert decided(again) == {"rows_read": 1, "review": 1}
    assert len(waiting()) == 1


# A row that takes the place of one that waits

_EARLY = "id,nama,email,tanggal mulai\n"
_LATE = _EARLY + "A-1,Ani Yudhoyono,ani@x.example.org,2090-03-01\nA-2,Budi,budi@x.example.org,2019-02-01\n"


@pytest.fixture
def members_of(import_file):
    import_file("id,name\n1,Rukun\n", source="owners")

    def run(text, **more):
        return import_file(text, entity="members", organization="rukun", **{"source": "list"} | more)

    return run


def test_corrected_row_supersedes_the_review_item(members_of, waiting, database, codes, error_rows):
    report = members_of(_LATE)
    assert decided(report) == {"rows_read": 2, "accepted": 1, "review": 1}
    dry = members_of(_EARLY + "A-1,Ani Yudhoyono,ani@x.example.org,2020-03-01\n", dry_run=True)
    assert decided(dry) == {"rows_read": 1, "accepted": 1}
    assert len(waiting()) == 1, "a plan closes nothing"
    mended = members_of(_EARLY + "A-1,Ani Yudhoyono,ani@x.example.org,2020-03-01\n")
    assert decided(mended) == {"rows_read": 1, "accepted": 1}
    assert waiting() == []
    assert "review.superseded" in codes(report), "kept in the trail"
    assert error_rows(report) == []
    with database.connect() as connection:
        assert get_report(connection, report.import_.id).waiting == 0
        with pytest.raises(NotFound) as closed:
            get_review_item(connection, report.import_.id, 1)
    assert str(mended.import_.id) in str(closed.value.hint)


@pytest.mark.parametrize(("row", "decision"), [
    ("A-1,Ani Yudhoyono,ani@x.example.org,2090-03-01", "review"),
    ("A-1,Ani Yudhoyono,ani@x.example.org,31/02/2020", "rejected"),
])  # fmt: skip
def test_later_row_supersedes_the_item_with_any_decision(members_of, waiting, row, decision):
    members_of(_LATE)
    later = members_of(_EARLY + row + "\n")
    assert decided(later) == {"rows_read": 1, decision: 1}
    assert [one.import_id for one in waiting()] == ([later.import_.id] if decision == "review" else [])


def test_later_row_equal_to_the_record_supersedes_the_item(members_of, waiting):
    members_of(_EARLY + "A-1,Ani Yudhoyono,ani@x.example.org,2020-03-01\n")
    members_of(_EARLY + "A-1,Ani Yudhoyono,ani@x.example.org,2090-03-01\n")
    assert len(waiting()) == 1
    members_of(_EARLY + "A-1,Ani Yudhoyono,ANI@x.example.org,1 Maret 2020\n")
    assert waiting() == []


def test_row_that_was_sent_with_the_item_does_not_supersede_it(import_file, waiting):
    import_file(_DOUBLE)
    import_file(_HEADER + _GOOD)
    import_file(_HEADER + "Sanggar Lukis,Kabupaten Ciamis,Jl. Baru,\n")
    assert len(waiting()) == 1


def test_one_ambiguous_row_supersedes_neither_of_two_items(import_file, waiting, send_back, error_rows):
    report = import_file(_DOUBLE + "Sanggar Tari,Kabupaten Garut,Jl. Lain 7,0811000007\n")
    rows = error_rows(report)
    rows[0].update(alamat="Jl. Melati 1", telepon="0811000003")
    assert decided(send_back(rows[:1])) == {"rows_read": 1, "merged": 1}
    assert len(waiting()) == 2
    rows[0]["telepon"] = "0811000004"
    send_back(rows)
    assert [one.raw["alamat"] for one in waiting()] == ["Jl. Lain 7"]


def test_row_of_another_source_supersedes_nothing(members_of, waiting):
    members_of(_LATE)
    members_of(_EARLY + "A-1,Ani Yudhoyono,ani@x.example.org,2020-03-01\n", source="lain")
    assert len(waiting()) == 1


def test_undo_of_the_later_import_reopens_the_item(members_of, waiting, installation, operator, reviewer):
    report = members_of(_LATE)
    mended = members_of(_EARLY + "A-1,Ani Yudhoyono,ani@x.example.org,2020-03-01\n")
    undo(installation, mended.import_.id, operator)
    assert [one.import_id for one in waiting()] == [report.import_.id]
    assert reviewer.accept_into(report.import_.id, 1, None).decision == "accepted"


# Records that are there by now


def test_newer_record_is_offered_as_a_candidate(members_of, waiting, reviewer, ask):
    report = members_of(_LATE)
    members_of(_EARLY + "A-1,Ani Yudhoyono,ani@x.example.org,2020-03-01\n", source="lain")
    (item,) = waiting()
    known = ask("SELECT id FROM members WHERE name LIKE 'Ani%'")[0].id
    assert list(item.may_be) == [known]
    with pytest.raises(UsageError) as asked:
        reviewer.accept_into(report.import_.id, 1, None)
    assert str(known)[-12:] in str(asked.value.hint)
    assert len(ask("SELECT FROM members")) == 2
    reviewer.accept_into(report.import_.id, 1, known)
    assert len(ask("SELECT FROM members")) == 2
    assert waiting() == []


def test_row_can_be_accepted_as_new_despite_a_candidate(members_of, reviewer, ask):
    report = members_of(_LATE)
    members_of(_EARLY + "A-1,Ani Yudhoyono,ani@x.example.org,2020-03-01\n", source="lain")
    reviewer.accept_as_new(report.import_.id, 1)
    assert len(ask("SELECT FROM members")) == 3
    assert ask("SELECT judgement FROM judgements")[0].judgement == "different"


def test_first_of_duplicate_rows_is_offered_as_the_candidate(import_file, waiting, reviewer, ask):
    report = import_file("name,city,phone\nForum Air,Kota Bandung,\nForum Air,,0811000001\n")
    assert decided(report) == {"rows_read": 2, "accepted": 1, "review": 1}
    (item,) = waiting()
    assert [row.id for row in ask("SELECT id FROM organizations")] == list(item.may_be)
    with pytest.raises(UsageError):
        reviewer.accept_into(report.import_.id, 2, None)


# Places that leave open which they are


@pytest.mark.parametrize(("here", "there"), [
    ("Kab. Sleman", "Sleman"), ("sleman", "KABUPATEN SLEMAN"), ("Kota Bogor", "Bogor"), ("Bogor", "Kota Bogor"),
])  # fmt: skip
def test_places_match_with_or_without_their_kind(import_file, ask, here, there):
    import_file(f"nama,kota,prov,email\nSanggar Wayang,{here},DIY,w@x.example.org\n", source="a")
    report = import_file(f"nama,kota,prov,email\nSanggar Wayang,{there},Yogyakarta,w@x.example.org\n", source="b")
    assert (report.counts["accepted"], report.counts["review"]) == (0, 0)
    assert len(ask("SELECT FROM organizations")) == 1


@pytest.mark.parametrize(("here", "there"), [("Kab. Sleman", "Sleman"), ("Bogor", "Kota Bogor")])
def test_name_without_other_evidence_goes_to_review(import_file, codes, waiting, here, there):
    import_file(f"nama,kota\nSanggar Wayang,{here}\n")
    again = import_file(f"nama,kota\nSanggar Wayang,{there}\n")
    assert decided(again) == {"rows_read": 1, "review": 1}
    assert "match.possible_duplicate" in codes(again)


def test_name_in_one_file_after_others_goes_to_review(import_file, codes):
    report = import_file("nama,kota\nSanggar Wayang,Kota Medan\nSanggar Wayang,Kab. Sleman\nSanggar Wayang,Sleman\n")
    assert decided(report) == {"rows_read": 3, "accepted": 2, "review": 1}
    assert "match.possible_duplicate" in codes(report)


def test_regency_and_city_are_different_places(import_file):
    import_file("nama,kota,email\nSanggar Wayang,Kab. Bogor,w@x.example.org\n", source="a")
    report = import_file("nama,kota,email\nSanggar Wayang,Kota Bogor,w@x.example.org\n", source="b")
    assert decided(report) == {"rows_read": 1, "accepted": 1}


# A key that two rows of a file share


@pytest.mark.parametrize("key", ["email", "website"])
def test_shared_key_goes_to_review_only_between_files(import_file, codes, key):
    value = {"email": "info@x.example.org", "website": "https://x.example.org"}[key]
    report = import_file(f"nama,{key}\nLembaga Satu,{value}\nLembaga Dua,{value}\n", source="a")
    assert decided(report) == {"rows_read": 2, "accepted": 2}
    other = import_file(f"nama,{key}\nLembaga Tiga,{value}\n", source="b")
    assert decided(other) == {"rows_read": 1, "review": 1}


def test_rows_with_different_ids_are_different_records(import_file):
    rows = "1,Lembaga Satu,info@x.example.org\n", "2,Lembaga Dua,info@x.example.org\n"
    assert decided(import_file("id,nama,email\n" + "".join(rows))) == {"rows_read": 2, "accepted": 2}
    other = import_file("id,nama,email\n" + rows[0], source="b", name="b.csv")
    more = import_file("id,nama,email\n3,Lembaga Tiga,info@x.example.org\n", source="b")
    assert (other.counts["accepted"], more.counts["accepted"]) == (0, 0), "another source's records are a question"


def test_shared_key_in_another_city_is_a_branch(import_file):
    report = import_file("nama,kota,email\nLembaga Satu,Kota Ambon,i@x.id\nLembaga Dua,Kota Medan,i@x.id\n")
    assert decided(report) == {"rows_read": 2, "accepted": 2}


def test_row_accepted_as_new_is_known_later(import_file, reviewer, waiting):
    import_file("nama,email\nLembaga Satu,info@x.example.org\n", source="a")
    text = "nama,email\nLembaga Dua,info@x.example.org\n"
    report = import_file(text, source="b")
    reviewer.accept_as_new(report.import_.id, 1)
    assert decided(import_file(text, source="b")) == {"rows_read": 1, "unchanged": 1}
    assert waiting() == []


@pytest.mark.parametrize(
    "second", [("1,Alya,ibu@x.id\n", ",Cakra,ibu@x.id\n"), (",Alya,ibu@x.id\n", "2,Cakra,ibu@x.id\n")]
)
def test_members_with_a_shared_address_and_not_all_ids(members_of, codes, second):
    report = members_of("id,nama,email\n" + "".join(second))
    assert decided(report) == {"rows_read": 2, "accepted": 1, "review": 1}
    assert "match.shared_key" in codes(report)


def test_members_of_two_sources_have_the_same_reason(members_of, codes):
    members_of("nama,email\nAlya,ibu@x.id\n")
    report = members_of("nama,email\nCakra,ibu@x.id\n", source="lain")
    assert "match.shared_key" in codes(report)


def test_members_with_their_own_ids_may_share_an_address(members_of):
    assert decided(members_of("id,nama,email\n1,Alya,ibu@x.id\n2,Cakra,ibu@x.id\n")) == {"rows_read": 2, "accepted": 2}
    assert decided(members_of("id,nama,email\n3,Dian,ibu@x.id\n")) == {"rows_read": 1, "accepted": 1}
