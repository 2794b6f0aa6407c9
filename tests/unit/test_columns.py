"""Names of columns: each once, the same by one as by many."""

from hypothesis import given
from hypothesis import strategies as st

from kelompok_core.contracts import FreeNames, free_name


@given(st.lists(st.sampled_from(["a", "a (2)", "a (3)", "a (2) (2)", "b"]), max_size=12))
def test_many_names_are_those_that_one_by_one_gives(wanted):
    names, free = [], FreeNames()
    for one in wanted:
        names.append(free_name(one, names))
    assert [free.take(one) for one in wanted] == names
    assert len(set(names)) == len(names)


def test_names_that_are_there_are_taken():
    assert FreeNames(["a", "a (2)"]).take("a") == "a (3)"
