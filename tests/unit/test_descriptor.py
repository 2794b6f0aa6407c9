"""What the engine derives from a descriptor: mapped fields, dates, identifying fields, protected columns."""

from dataclasses import replace

import pandas as pd
import pytest

from kelompok_core.access.rules import Action
from kelompok_core.descriptor import DerivedColumn, Field, Guard, Kind, Part
from kelompok_core.records.registry import get_descriptor
from kelompok_core.values.normalized import Normalized, all_findings
from kelompok_core.values.reading import Inputs
from kelompok_core.values.text import line

_NAME = Field(
    name="name",
    aliases=("nama",),
    normalize=line,
    parts=(Part(name="given_name", suffices=True), Part(name="title")),
)


def _descriptor(*fields, **changes):
    return replace(get_descriptor("members"), fields=(_NAME, *fields), **changes)


def test_a_field_needs_its_column_or_a_sufficient_part_and_reads_all_parts():
    assert _NAME.told_by == {"name", "given_name"}
    assert _NAME.read_from == {"name", "given_name", "title"}


def test_a_source_has_the_fields_that_its_columns_suffice_for():
    descriptor = _descriptor(Field(name="notes", aliases=(), normalize=line))
    assert [one.name for one in descriptor.mapped_fields(["given_name"])] == ["name"]
    assert [one.name for one in descriptor.mapped_fields(["title", "notes"])] == ["notes"]
    assert descriptor.mapped_fields(["title"]) == []


def _read(inputs):
    return Normalized(values=inputs.own.fillna(inputs.part("given_name")), findings=all_findings())


def test_a_field_is_read_from_its_parts_or_normalized_alone():
    inputs = Inputs(own=pd.Series([" a ", None], dtype="str"), parts={"given_name": pd.Series(["x", "y"], dtype="str")})
    assert list(Field(name="a", aliases=(), read=_read).understand(inputs).values) == [" a ", "y"]
    assert list(Field(name="a", aliases=(), normalize=line).understand(inputs).values.dropna()) == ["a"]


@pytest.mark.parametrize("ways", [{}, {"normalize": line, "read": _read}])
def test_a_field_has_one_way_to_be_read(ways):
    with pytest.raises(ValueError, match="normalize or read"):
        Field(name="a", aliases=(), **ways)


def test_a_field_is_stored_in_its_column_and_compared_by_its_slug_if_it_is_a_word():
    plain = Field(name="tags", aliases=(), normalize=line)
    assert (plain.stored_in, plain.compared_as) == ("tags", "tags")
    word = replace(plain, column="tag_id", vocabulary="tags")
    assert (word.stored_in, word.compared_as) == ("tag_id", "tags_slug")


@pytest.mark.parametrize("kind", [Kind.DAY, Kind.MOMENT])
def test_dates_and_the_parts_of_them_that_are_dates_are_dated(kind):
    parts = (Part(name="time", dated=True), Part(name="zone"))
    at = Field(name="at", aliases=(), normalize=line, kind=kind, parts=parts)
    assert _descriptor(at, periods=()).dated_targets() == {"at", "time"}


def test_what_begins_or_ends_a_period_is_dated_whatever_it_is_stored_as():
    begin, end = (Field(name=name, aliases=(), normalize=line) for name in ("begin", "end"))
    assert _descriptor(begin, end, periods=(("begin", "end"),)).dated_targets() == {"begin", "end"}
    assert _descriptor(begin, end, periods=()).dated_targets() == set()


def test_a_column_that_is_no_field_is_text():
    descriptor = _descriptor(Field(name="at", aliases=(), normalize=line, kind=Kind.DAY, place_kinds=("kota",)))
    assert descriptor.kind_of("at") is Kind.DAY
    assert descriptor.kind_of("name") is Kind.TEXT
    assert descriptor.kind_of("name_key") is Kind.TEXT
    assert descriptor.place_kinds("at") == ("kota",)
    assert descriptor.place_kinds("name_key") == ()


def test_a_record_is_identified_by_its_label_and_discriminators():
    keys = tuple(DerivedColumn(name=f"{name}_key", field=name, derive=str) for name in ("name", "email"))
    fields = [Field(name=name, aliases=(), normalize=line) for name in ("email", "city", "notes")]
    descriptor = _descriptor(*fields, derived=keys, discriminators=("email_key", "city"))
    assert descriptor.identifying_fields == {"name", "email", "city"}


def test_a_protected_column_cannot_be_a_field_or_a_key():
    own = frozenset({"claim_status"})
    with pytest.raises(ValueError, match="claim_status"):
        _descriptor(Field(name="claim", aliases=(), normalize=line, column="claim_status"), protected=own)
    with pytest.raises(ValueError, match="claim_status"):
        _descriptor(protected=own, derived=(DerivedColumn(name="claim_status", field="name", derive=str),))


def test_a_member_of_a_protected_json_column_can_be_a_field():
    city = Field(name="city", aliases=(), normalize=line, column="profile_data", key="city")
    descriptor = _descriptor(city, protected=frozenset({"profile_data"}))
    assert descriptor.field("city") is city


def test_people_share_keys_and_other_records_hardly_do():
    assert get_descriptor("members").reason_of_shared_keys == "match.shared_key"
    assert get_descriptor("organizations").reason_of_shared_keys == "match.key_conflict"


def test_all_records_but_organizations_belong_to_one():
    assert [get_descriptor(name).belongs for name in ("members", "organizations")] == [True, False]


@pytest.mark.parametrize(("guarded", "value", "covered"), [
    ("published", "published", True), ("published", "draft", False), ("published", None, False),
    (None, "draft", True), (None, None, False),
])  # fmt: skip
def test_a_guard_covers_its_value_or_any_value(guarded, value, covered):
    assert Guard(field="status", value=guarded, action=Action.RECORD_PUBLISH).covers(value) is covered
