"""When a row may change a value that a record has, by merge policy; the golden files show the usual policies only."""

import pytest

from kelompok_core.imports.deciding.decision_rules import DecisionRules
from kelompok_core.imports.deciding.field_changes_sql import create_diffs
from kelompok_core.imports.deciding.free_slugs_sql import assign_slugs
from kelompok_core.records.registry import get_descriptor
from kelompok_core.values.merge_policy import MergePolicy

_SETTER = "coalesce(b.origins->>'{field}', :origin)"
_OURS = f"{_SETTER} = :origin"
_NO_PERSONS = f"({_SETTER} NOT LIKE 'person:%' AND {{contends}})"
_IS_NEWER = "coalesce((b.candidate->>'changed_at')::timestamptz > b.updated_at, true)"
_APPENDED = "jsonb_list_union"


def _diffs(policy, field="position", *, entity="members", last_wins=False):
    rules = DecisionRules(
        descriptor=get_descriptor(entity), policies={field: policy}, last_wins=last_wins, rows_name_owners=False
    )
    return create_diffs(rules)


@pytest.mark.parametrize(("policy", "field", "may_replace"), [
    (MergePolicy.OWN, "position", _OURS),
    (MergePolicy.OVERWRITE, "position", _NO_PERSONS.replace("{contends}", "true")),
    (MergePolicy.NEWEST, "position", _NO_PERSONS.replace("{contends}", _IS_NEWER)),
    (MergePolicy.FILL_EMPTY, "position", _NO_PERSONS.replace("{contends}", "false")),
    (MergePolicy.KEEP, "position", _NO_PERSONS.replace("{contends}", "false")),
    (MergePolicy.APPEND_SET, "position", _NO_PERSONS.replace("{contends}", "false")),
    (MergePolicy.APPEND_SET, "tags", _NO_PERSONS.replace("{contends}", "true")),
])  # fmt: skip
def test_each_policy_replaces_only_its_values_and_never_a_persons(policy, field, may_replace):
    assert f" OR {may_replace.replace('{field}', field)}) AND NOT (" in _diffs(policy, field)


@pytest.mark.parametrize("policy", MergePolicy)
def test_every_policy_but_one_fills_what_is_empty(policy):
    replaceable = _OURS if policy is MergePolicy.OWN else "(coalesce("
    fills = f"END IS NULL OR {replaceable.replace('{field}', 'position')}" in _diffs(policy)
    assert fills == (policy is not MergePolicy.KEEP)


def test_only_a_list_is_appended_to():
    assert _APPENDED in _diffs(MergePolicy.APPEND_SET, "tags")
    assert _APPENDED not in _diffs(MergePolicy.APPEND_SET, "position")
    assert _APPENDED not in _diffs(MergePolicy.OVERWRITE, "tags")


def test_what_a_person_declined_stays_declined_unless_the_operator_overwrites():
    again = "b.declined ? 'position'"
    assert again in _diffs(MergePolicy.OWN)
    assert again in _diffs(MergePolicy.NEWEST)
    assert again not in _diffs(MergePolicy.OVERWRITE)


def test_a_list_that_sources_only_add_to_takes_no_other_policy():
    for policy in (MergePolicy.APPEND_SET, MergePolicy.OVERWRITE):
        statement = _diffs(policy, "do_not_contact")
        assert "OR true) AND NOT (false OR false)" in statement
        assert "jsonb_array_elements_text(b.reported)" in statement


def test_withdrawn_consent_is_guarded_only_where_an_import_may_change_the_status():
    returns = "= 'active' AND"
    assert returns in _diffs(MergePolicy.OWN, "status")
    assert returns not in _diffs(MergePolicy.OWN)


def test_of_contradicting_rows_the_first_or_the_last_counts():
    first, last = _diffs(MergePolicy.OWN), _diffs(MergePolicy.OWN, last_wins=True)
    assert "jsonb_fold_first" in first
    assert "jsonb_fold_last" not in first
    assert "jsonb_fold_last" in last
    assert "WHERE NOT r.repeated AND" in " ".join(last.split())
    assert "WHERE NOT r.repeated AND" not in " ".join(first.split())


def test_a_claimed_record_is_known_where_records_can_be_claimed():
    assert "t.claim_status = 'claimed' AS claimed" in _diffs(MergePolicy.OWN, "city", entity="organizations")
    assert "false AS claimed" in _diffs(MergePolicy.OWN)


def test_a_period_is_checked_where_an_import_may_change_one_of_its_ends():
    for field in ("started_on", "ended_on"):
        assert "c.changes->'started_on'->>1" in _diffs(MergePolicy.OWN, field)
    assert "false AS reversed" in _diffs(MergePolicy.OWN)


def test_records_without_slugs_are_given_none():
    assert "deciding_final" not in assign_slugs(get_descriptor("members"))
    assert "WHERE f.decision = 'accepted'" in assign_slugs(get_descriptor("organizations"))
