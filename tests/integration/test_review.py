"""People decide rows in review, and the decisions apply to later imports."""

import pytest

from kelompok_core.errors import NotFound, NotPermitted, UsageError
from kelompok_core.imports.applying import invariants
from kelompok_core.imports.reporting.report import get_report
from kelompok_core.imports.reviewing.review import Reviewer
from kelompok_core.imports.reviewing.review_items import compare, get_review_item, list_candidates
from kelompok_core.imports.undoing.undo import undo
from tests.counting import decided


@pytest.fixture
def namesakes(import_file):
    """An organization from one source, and a row of another source that has only the same name."""
    import_file("id,name,phone\n1,Forum Air,021\n", source="a")
    report = import_file("name,phone,email,Warna\nForum Air,0899,halo@air.id,biru\n", source="b")
    assert decided(report) == {"rows_read": 1, "review": 1}
    return report.import_.id


def test_review_item_shows_the_row_next_to_the_candidate(namesakes, waiting, database):
    (item,) = waiting()
    assert (item.import_id, item.row_number, item.line) == (namesakes, 1, 2)
    assert (item.reason, item.label) == ("match.possible_duplicate", "Forum Air")
    with database.connect() as connection:
        assert list(list_candidates(connection, item)) == ["forum-air"]
        pairs = {one.field: one for one in compare(connection, item, item.candidates[0])}
    assert (pairs["phone"].incoming, pairs["phone"].existing, pairs["phone"].set_by) == ("0899", "021", "source:a")
    assert (pairs["official_email"].incoming, pairs["official_email"].existing) == ("halo@air.id", None)


def test_accepting_into_a_record_fills_gaps_and_links_the_row(namesakes, reviewer, import_file, waiting, ask, operator):
    verdict = reviewer.accept_into(namesakes, 1, None, note="they told me")
    assert (verdict.decision, verdict.changed) == ("merged", ["extra", "official_email"])
    (stored,) = ask("SELECT * FROM organizations")
    assert (stored.phone, stored.official_email) == ("021", "halo@air.id")
    assert stored.field_origins["official_email"] == "source:b"
    assert stored.profile_data["extra"] == {"b": {"Warna": "biru"}}
    assert waiting() == []
    (entry,) = ask("SELECT * FROM audit_logs WHERE origin = 'review' AND entity = 'organizations'")
    assert (entry.actor, entry.import_id, entry.action) == (str(operator.id), namesakes, "update")
    (judgement,) = ask("SELECT * FROM judgements")
    assert (judgement.judgement, judgement.reason, judgement.actor_id) == ("same", "they told me", operator.id)
    assert len(ask("SELECT FROM source_records WHERE record_id = :id", id=stored.id)) == 2
    again = import_file("name,phone,email,Warna\nForum Air,0899,halo@air.id,biru\n", source="b")
    assert decided(again) == {"rows_read": 1, "unchanged": 1}


def test_reviewer_chooses_values_by_field(namesakes, reviewer, ask):
    reviewer.accept_into(namesakes, 1, None, choices={"phone": "incoming", "official_email": "existing"})
    (stored,) = ask("SELECT * FROM organizations")
    assert (stored.phone, stored.official_email) == ("0899", None)
    assert stored.field_origins["phone"] == "source:b"


def test_accepting_as_new_creates_a_record(namesakes, reviewer, import_file, waiting, ask):
    verdict = reviewer.accept_as_new(namesakes, 1)
    assert verdict.decision == "accepted"
    assert [row.slug for row in ask("SELECT slug FROM organizations ORDER BY slug")] == ["forum-air", "forum-air-2"]
    assert ask("SELECT judgement FROM judgements")[0].judgement == "different"
    assert waiting() == []
    again = import_file("name,phone,email,Warna\nForum Air,0811,halo@air.id,biru\n", source="b")
    assert decided(again) == {"rows_read": 1, "merged": 1}, "known as the new one"
    assert ask("SELECT phone FROM organizations WHERE slug = 'forum-air-2'")[0].phone == "0811"


def test_rejected_row_is_not_reviewed_again_until_it_changes(namesakes, reviewer, import_file, waiting, ask, database):
    reviewer.reject(namesakes, 1, note="spam")
    assert waiting() == []
    same = import_file("name,phone,email,Warna\nForum Air,0899,halo@air.id,biru\n", source="b")
    assert decided(same) == {"rows_read": 1, "rejected": 1}
    assert "review.rejected_before" in {group.code for group in same.groups}
    other = import_file("name,phone,email,Warna\nForum Air,0812,halo@air.id,biru\n", source="b")
    assert decided(other) == {"rows_read": 1, "review": 1}
    (row,) = ask("SELECT note, decided_by, decided_at FROM review_decisions")
    assert row.note == "spam"
    assert row.decided_by
    assert row.decided_at


def test_reviewer_may_replace_a_value_set_by_a_person(import_file, reviewer, person_sets, waiting, ask):
    import_file("id,name,city\n1,Forum Air,Bandung\n")
    person_sets("forum-air", city="Cimahi")
    report = import_file("id,name,city\n1,Forum Air,Garut\n")
    assert [one.reason for one in waiting()] == ["field.locked_by_person"]
    reviewer.accept_into(report.import_.id, 1, None)
    (stored,) = ask("SELECT city, field_origins FROM organizations")
    assert (stored.city, stored.field_origins["city"]) == ("Garut", "source:list")
    later = import_file("id,name,city\n1,Forum Air,Ende\n")
    assert decided(later) == {"rows_read": 1, "merged": 1}, "the lock is released"


def test_row_without_a_candidate_can_be_new_or_merged_into_a_named_record(import_file, reviewer, ask):
    report = import_file("name,phone\nForum Air,1\nForum Air,2\n")
    other = import_file("name,city\nForum Air,Bandung\nForum Air,\n", source="b")
    assert report.counts["review"] == 1
    assert other.counts["review"] >= 1
    reviewer.accept_into(report.import_.id, 2, None)
    assert ask("SELECT phone FROM organizations WHERE slug = 'forum-air'")[0].phone == "2"


def test_row_is_decided_once(namesakes, reviewer):
    reviewer.accept_as_new(namesakes, 1)
    for again in (
        lambda: reviewer.accept_as_new(namesakes, 1), lambda: reviewer.accept_into(namesakes, 1, None),
        lambda: reviewer.reject(namesakes, 1), lambda: reviewer.reject(namesakes, 99),
    ):  # fmt: skip
        with pytest.raises(NotFound):
            again()


@pytest.mark.parametrize("choices", [{"nothing": "incoming"}, {"phone": "mine"}])
def test_invalid_choice_changes_nothing(namesakes, reviewer, waiting, ask, choices):
    before = ask("SELECT * FROM organizations")
    with pytest.raises(UsageError):
        reviewer.accept_into(namesakes, 1, None, choices=choices)
    assert ask("SELECT * FROM organizations") == before
    assert len(waiting()) == 1


def test_review_requires_rights_in_the_organization(
    namesakes, installation, person, import_file, database, operator, waiting
):
    for actor in (person("x@example.org"), person("v@air.id", slug="forum-air", role="viewer")):
        with pytest.raises(NotPermitted):
            Reviewer(installation, actor).reject(namesakes, 1)
    # An organization's own people decide what concerns it alone.
    own = person("e@air.id", slug="forum-air", role="editor")
    Reviewer(installation, own).accept_into(namesakes, 1, None)
    assert waiting() == []


def test_owner_of_another_organization_cannot_decide(namesakes, installation, person, import_file, ask):
    import_file("id,name\n7,Lain\n", source="a")
    stranger = person("o@lain.id", slug="lain", role="owner")
    lain = ask("SELECT id FROM organizations WHERE slug = 'lain'")[0].id
    with pytest.raises(NotPermitted):
        Reviewer(installation, stranger).accept_into(namesakes, 1, None)
    with pytest.raises(NotPermitted):
        Reviewer(installation, stranger).accept_into(namesakes, 1, lain)


def test_undo_includes_review_decisions(namesakes, reviewer, installation, operator, ask, waiting):
    reviewer.accept_as_new(namesakes, 1)
    report = undo(installation, namesakes, operator)
    assert report.counts["deleted"] == 1
    assert [row.slug for row in ask("SELECT slug FROM organizations")] == ["forum-air"]
    assert waiting() == []


def test_row_judged_different_is_not_reviewed_again_even_after_an_undo(
    namesakes, reviewer, installation, operator, import_file, ask
):
    reviewer.accept_as_new(namesakes, 1)
    undo(installation, namesakes, operator)
    again = import_file("name,phone,email,Warna\nForum Air,0899,halo@air.id,biru\n", source="b")
    assert decided(again) == {"rows_read": 1, "accepted": 1}
    other = import_file("name,phone\nForum Air,0899\n", source="c")
    assert decided(other) == {"rows_read": 1, "review": 1}, "another source's row is another question"


def test_report_counts_undecided_rows_and_invariants_hold(namesakes, reviewer, database):
    with database.connect() as connection:
        assert get_report(connection, namesakes).waiting == 1
    reviewer.accept_into(namesakes, 1, None)
    with database.connect() as connection:
        report = get_report(connection, namesakes)
        assert report.waiting == 0
        assert not report.needs_attention
        assert invariants.count_undecided_rows(connection, namesakes) == 0
        assert invariants.count_unaudited_writes(connection, namesakes) == 0
        with pytest.raises(NotFound):
            get_review_item(connection, namesakes, 1)


def test_rows_of_a_dry_run_are_not_review_items(import_file, waiting):
    import_file("id,name\n1,Forum Air\n", source="a")
    import_file("name\nForum Air\n", source="b", dry_run=True)
    assert waiting() == []
