"""How a field's value is read from its column for comparison, and how a candidate's text is written to it."""

from uuid import UUID

import pytest

from kelompok_core.descriptor import Field, Kind
from kelompok_core.records.field_sql import stored, stored_pairs, written
from kelompok_core.records.owners_sql import join_owners, owners
from kelompok_core.records.visibility_sql import sees_params
from kelompok_core.values.text import line


def _field(**facts):
    return Field(name="tags", aliases=(), normalize=line, **facts)


@pytest.mark.parametrize(("facts", "sql"), [
    ({}, "c->>'tags'"),
    ({"kind": Kind.DAY}, "(c->>'tags')::date"),
    ({"kind": Kind.LIST}, "(c->>'tags')::jsonb"),
    ({"default": "draft"}, "coalesce(c->>'tags', 'draft')"),
    ({"kind": Kind.FLAG, "default": "false"}, "coalesce((c->>'tags')::boolean, 'false')"),
    ({"column": "profile", "key": "tags"}, "c->>'tags'"),
    ({"column": "profile", "key": "tags", "kind": Kind.DAY}, "c->>'tags'"),
    ({"column": "profile", "key": "tags", "kind": Kind.LIST}, "(c->>'tags')::jsonb"),
    ({"vocabulary": "words", "default": "x"}, "(SELECT v.id FROM words v WHERE v.slug = c->>'tags')"),
])  # fmt: skip
def test_a_text_is_written_in_the_type_of_its_column(facts, sql):
    assert written(_field(**facts), "c->>'tags'") == sql


@pytest.mark.parametrize(("facts", "sql"), [
    ({}, "t.tags"),
    ({"column": "labels"}, "t.labels"),
    ({"kind": Kind.DAY}, "t.tags"),
    ({"kind": Kind.MOMENT}, """to_char(t.tags AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""),
    ({"column": "profile", "key": "tags"}, "t.profile->'tags'"),
    ({"column": "word_id", "vocabulary": "words"}, "(SELECT v.slug FROM words v WHERE v.id = t.word_id)"),
])  # fmt: skip
def test_a_column_is_read_in_the_form_of_a_candidate(facts, sql):
    assert stored(_field(**facts)) == sql


def test_values_are_compared_under_the_keys_of_a_candidate():
    fields = [_field(), Field(name="kind", aliases=(), normalize=line, column="kind_id", vocabulary="kinds")]
    assert stored_pairs(fields) == f"'tags', t.tags, 'kind_slug', {stored(fields[1])}"


def test_a_reader_sees_all_organizations_or_those_that_are_listed():
    some = [UUID(int=1)]
    assert sees_params(None) == {"sees_all": True, "sees": []}
    assert sees_params(some) == {"sees_all": False, "sees": some}
    assert sees_params([]) == {"sees_all": False, "sees": []}


def test_rows_are_joined_to_the_organization_that_they_name_or_to_the_only_one():
    assert "candidate->>'organization'" in owners(named=True)
    assert "candidate->>'organization'" not in owners(named=False)
    assert join_owners(named=False) == "CROSS JOIN deciding_owners h"
    assert "candidate->>'organization'" in join_owners(named=True)
