"""Findings without what a reader may not see."""

from uuid import uuid4

import pytest

from kelompok_core.records.redaction import records_of, without_foreign


def test_findings_about_an_invisible_record_are_hidden_and_the_rest_stays():
    ours, theirs = uuid4(), uuid4()
    params = {"candidates": [str(ours), str(theirs)], "changes": {"phone": ["1", "2"]}, "fields": ["phone"]}
    assert set(records_of(params)) == {ours, theirs}
    assert without_foreign(params, frozenset({theirs})) == {"fields": ["phone"]}
    assert without_foreign(params, frozenset({uuid4()})) == params
    assert without_foreign({"record": str(theirs), "ways": ["email"]}, frozenset({theirs})) == {}


@pytest.mark.parametrize(
    "params", [{"candidates": "Budi"}, {"candidates": ["Budi", 3]}, {"record": 7}, {"record": "x"}]
)
def test_a_plugins_own_words_are_no_ids(params):
    assert list(records_of(params)) == []
    assert without_foreign(params, frozenset({uuid4()})) == params
