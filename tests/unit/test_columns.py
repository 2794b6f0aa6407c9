"""Column names are unique, and the same for one column or many."""

from itertools import chain, count

from hypothesis import given
from hypothesis import strategies as st

from kelompok_core.contracts import FreeNames


@given(st.lists(st.sampled_from(["a", "a (2)", "a (3)", "a (2) (2)", "b"]), max_size=12))
def test_numbered_names_match_a_simple_implementation(wanted):
    names, free = [], FreeNames()
    for one in wanted:
        numbered = (f"{one} ({number})" for number in count(2))
        names.append(next(name for name in chain([one], numbered) if name not in names))
    assert [free.take(one) for one in wanted] == names
    assert len(set(names)) == len(names)


def test_existing_names_count_as_used():
    assert FreeNames(["a", "a (2)"]).take("a") == "a (3)"
