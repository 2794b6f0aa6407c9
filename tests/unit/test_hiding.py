"""Issues without the values that a reader may not see."""

from uuid import uuid4

import pytest

from kelompok_core.records.redaction import records_of, without_foreign


def test_params_about_a_hidden_record_are_removed():
    ours, theirs = uuid4(), uuid4()
    params = {"candidates": [str(ours), str(theirs)], "changes": {"phone": ["1", "2"]}, "fields": ["phone"]}
    assert set(records_of(params)) == {ours, theirs}
    assert without_foreign(params, frozenset({theirs})) == {"fields": ["phone"]}
    assert without_foreign(params, frozenset({uuid4()})) == params
    assert without_foreign({"record": str(theirs), "ways": ["email"]}, frozenset({theirs})) == {}


@pytest.mark.parametrize(
    "params", [{"candidates": "Budi"}, {"candidates": ["Budi", 3]}, {"record": 7}, {"record": "x"}]
)
def test_other_values_of_plugins_are_not_ids(params):
    assert list(records_of(params)) == []
    assert without_foreign(params, frozenset({uuid4()})) == params
