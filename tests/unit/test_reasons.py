"""Decision reasons agree with the catalog, the SQL of deciding and the review questions."""

import re

import pytest

from kelompok_core.contracts import Severity
from kelompok_core.entities import list_entities
from kelompok_core.imports.deciding import plan_sql
from kelompok_core.imports.deciding.decision_rules import DecisionRules
from kelompok_core.imports.deciding.steps import statements
from kelompok_core.issues.catalog import core_entries
from kelompok_core.issues.reasons import REASONS, Decision, Question, codes, verdicts
from kelompok_core.records.registry import get_descriptor

_CODE = re.compile(r"'((?:match|dup|id|review|permission|relation|plan|field|value)\.[a-z_]+)'")
_NOTES = {"field.source_outranked", "field.less_said", "field.kept_in_review"}
"""Codes of notes: they explain what a row did not change, not its decision."""


def _sql_of(entity):
    descriptor = get_descriptor(entity)
    policies = {field.name: field.policy for field in descriptor.fields}
    rules = [
        DecisionRules(descriptor=descriptor, policies=policies, last_wins=False, rows_name_owners=named)
        for named in (False, True)
    ]
    yield from (one for rule in rules for shared in (False, True) for one in statements(rule, shared=shared))
    yield plan_sql.KEEP_REVIEWED


@pytest.mark.parametrize("reason", REASONS.values(), ids=lambda reason: reason.code)
def test_each_reason_has_a_sentence_with_its_severity(reason):
    entry = core_entries()[reason.code]
    expected = reason.severity or Severity.INFO
    if reason.code == "value.end_before_start":  # alone, a row whose period ends before it begins is an error
        expected = Severity.ERROR
    assert entry.severity is expected


@pytest.mark.parametrize("reason", REASONS.values(), ids=lambda reason: reason.code)
def test_only_reasons_for_review_have_a_question(reason):
    assert (Decision.REVIEW in reason.decisions) == (reason.question is not None)


def test_the_sql_of_deciding_uses_all_reasons_and_no_others():
    of_rules = {rule.reason for entity in list_entities() for rule in get_descriptor(entity).rules}
    used = {code for entity in list_entities() for one in _sql_of(entity) for code in _CODE.findall(one)}
    assert used - of_rules - _NOTES == set(REASONS)


def test_every_reason_to_reject_or_review_is_a_verdict():
    explained = {code for code, one in REASONS.items() if one.severity is not None}
    assert explained <= {verdict for verdict, *_ in verdicts()}


def test_each_verdict_has_the_decision_of_its_reason():
    for verdict, decision, _, severity in verdicts():
        if verdict in REASONS:
            assert decision in REASONS[verdict].decisions
            assert (severity in ("error", "review")) == (REASONS[verdict].severity is not None)


def test_merging_only_fills_gaps_if_the_question_is_the_identity():
    assert set(codes(question=Question.IDENTITY)) == {
        "match.possible_duplicate", "match.multiple", "match.key_conflict", "match.shared_key", "id.new_for_known",
        "id.conflict_before",
    }  # fmt: skip
