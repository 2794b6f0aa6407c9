"""Ids generated in bulk are valid UUIDs of version 7, ascending and unique."""

import time
from uuid import UUID

import pytest

from kelompok_core.imports.staging.new_ids import draw_ids


def _ids(count: int) -> list[UUID]:
    return [UUID(digits.decode()) for digits in draw_ids(count).to_pylist()]


@pytest.mark.parametrize("count", [0, 1, 10_000])
def test_ids_are_ascending_uuids_of_version_seven(count):
    ids = _ids(count)
    assert len(set(ids)) == count
    assert ids == sorted(ids)
    assert {(one.version, one.variant) for one in ids} <= {(7, "specified in RFC 4122")}


def test_ids_begin_with_the_time_and_advance_after_4096():
    before = time.time_ns() // 1_000_000
    ids = _ids(10_000)
    after = time.time_ns() // 1_000_000
    first = ids[0].int >> 80
    assert before <= first <= after
    assert [(one.int >> 80) - first for one in ids] == [place // 4096 for place in range(10_000)]


def test_other_62_bits_are_random():
    chances = [one.int & ((1 << 62) - 1) for one in _ids(4_000)]
    always, ever = (1 << 62) - 1, 0
    for chance in chances:
        always &= chance
        ever |= chance
    assert always == 0
    assert ever == (1 << 62) - 1
