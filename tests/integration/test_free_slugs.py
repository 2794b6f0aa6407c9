"""Imports, reviewers and the API choose the same slugs for new records."""

import threading

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kelompok_core.audit.context import AuditContext, announce
from kelompok_core.imports.applying.apply import apply
from kelompok_core.imports.deciding.decide import decide
from kelompok_core.imports.receiving.receive import ImportRequest, receive
from kelompok_core.imports.staging.stage import stage
from kelompok_core.organizations.service import OrganizationService
from kelompok_core.posts.service import PostService
from kelompok_core.values.slug import MAX_LENGTH, slug_of_one

_EXAMPLES = settings(
    max_examples=8,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
_LONG = "b" * (MAX_LENGTH - 3)
# «b…b-x» and «b…b-y» are the same when they are cut for a number.
_BASES = ("a", "a 2", "a 3", "a b", _LONG, f"{_LONG} x", f"{_LONG} y")
_names = st.lists(st.sampled_from(_BASES), min_size=1, max_size=6)
_taken = st.sets(
    st.one_of(
        st.sampled_from(_BASES).map(slug_of_one),
        st.builds("{}-{}".format, st.sampled_from(["a", "a-2", "a-b", "b" * 71]), st.integers(0, 6)),
        st.sampled_from(["a-02", "a-x", "a-2-x", "a-99999999", "a-123456789", "ab-2"]),
    ),
    max_size=8,
)


def _expected(names, taken):
    """Return the slugs by the rule, row by row: free slugs without a number first, then numbers in row order."""
    used, slugs = set(taken), [None] * len(names)
    bases = [slug_of_one(name) for name in names]
    for place, base in enumerate(bases):
        if base not in used:
            slugs[place] = base
            used.add(base)
    for place, base in enumerate(bases):
        if slugs[place] is None:
            stem, number = base[: MAX_LENGTH - 9].rstrip("-"), 2
            while f"{stem}-{number}" in used:
                number += 1
            slugs[place] = f"{stem}-{number}"
            used.add(slugs[place])
    return slugs


def _in_order_of_choice(names, taken):
    """Return the positions of the names, those with their own slug first."""
    expected = _expected(names, taken)
    return sorted(range(len(names)), key=lambda place: expected[place] != slug_of_one(names[place]))


@pytest.fixture
def take(database, forget):
    """Empty the core tables, then add organizations with these slugs."""

    def run(slugs):
        forget()
        with database.connect() as connection, connection.begin():
            announce(connection, AuditContext(actor="system:test", origin="setup"))
            for slug in sorted(slugs):
                connection.execute(
                    sa.text("INSERT INTO organizations (name, slug, name_key) VALUES (:name, :slug, :name)"),
                    {"name": f"taken {slug}", "slug": slug},
                )

    return run


def _table(names, text=""):
    rows = "".join(f"{number},{name},{text}\n" for number, name in enumerate(names, start=1))
    return f"id,name,description\n{rows}"


@pytest.fixture
def imported(import_file, ask):
    """Import organizations with these names; return their slugs by row."""

    def run(names):
        report = import_file(_table(names))
        assert report.counts["accepted"] == len(names)
        return [row.slug for row in ask("SELECT slug FROM import_decisions WHERE revision = 1 ORDER BY row_number")]

    return run


@pytest.fixture
def reviewed(import_file, reviewer, ask):
    """Import rows with these names that all go to review, and accept them in this order."""

    def run(names, order):
        report = import_file(_table(names, text="jalan \ufffd\ufffd"))
        assert report.counts["review"] == len(names)
        for place in order:
            reviewer.accept_as_new(report.import_.id, place + 1)
        return [row.slug for row in ask("SELECT slug FROM review_decisions ORDER BY row_number")]

    return run


@pytest.fixture
def created(database, operator):
    """Create organizations with these names as a person, in this order."""

    def run(names, order):
        with database.session() as session:
            service = OrganizationService(session, operator)
            slugs = {place: service.create({"name": names[place]}).slug for place in order}
        return [slugs[place] for place in range(len(names))]

    return run


@_EXAMPLES
@given(names=_names, taken=_taken)
@example(names=["a"], taken={"a", "a-3"})
@example(names=["a", "a", "a 2", "a"], taken={"a-4"})
@example(names=[f"{_LONG} x", f"{_LONG} y", f"{_LONG} x", f"{_LONG} y"], taken=set())
def test_import_review_and_api_choose_the_same_slugs(names, taken, take, imported, reviewed, created):
    expected, order = _expected(names, taken), _in_order_of_choice(names, taken)
    take(taken)
    assert imported(names) == expected
    take(taken)
    assert created(names, order) == expected
    take(taken)
    assert reviewed(names, order) == expected
    assert len({*expected, *taken}) == len(expected) + len(taken)
    assert all(len(slug) <= MAX_LENGTH for slug in expected)


def test_slug_gets_the_first_free_number(take, imported):
    take({"a", "a-3"})
    assert imported(["A"]) == ["a-2"]


def test_long_slug_is_cut_before_its_number(take, created):
    take({slug_of_one(f"{_LONG} x")})
    assert created([f"{_LONG} x"], [0]) == ["b" * 71 + "-2"]


def test_row_order_does_not_change_the_set_of_slugs(take, imported):
    names = ["a", "a", "a 2", "a b", "a 2"]
    take(set())
    forwards = imported(names)
    take(set())
    assert sorted(imported(names[::-1])) == sorted(forwards)


def test_slug_of_another_organization_is_free(take, import_file, database, operator, ask):
    take({"satu", "dua"})
    (satu,) = ask("SELECT id FROM organizations WHERE slug = 'satu'")
    import_file("title,date\nA,2020-01-01\nA,2020-01-02\n", entity="posts", organization="dua")
    with database.session() as session:
        service = PostService(session, operator)
        made = [service.create({"title": "A", "written_on": f"2021-01-0{day}"}, satu.id).slug for day in (1, 2)]
    import_file("title,date\nA,2020-01-01\nA,2020-01-02\n", entity="posts", organization="satu")
    assert made == ["a", "a-2"]
    slugs = ask(
        "SELECT o.slug AS owner, p.slug FROM posts p JOIN organizations o ON o.id = organization_id ORDER BY 1,2"
    )
    assert [tuple(row) for row in slugs] == [
        ("dua", "a"), ("dua", "a-2"), ("satu", "a"), ("satu", "a-2"), ("satu", "a-3"), ("satu", "a-4"),
    ]  # fmt: skip


def test_concurrent_imports_choose_different_slugs(installation, operator, tmp_path, ask):
    ids = []
    for number in range(4):
        file = tmp_path / f"{number}.csv"
        file.write_text("id,name,city\n" + "".join(f"{row},A,Kota {number}{row}\n" for row in range(20)))
        request = ImportRequest(plugin="csv-import", job="import-organizations", file=file, source_name=str(number))
        ids.append(receive(installation, request, operator).import_id)
        stage(installation, ids[-1])
        decide(installation, ids[-1])
    threads = [threading.Thread(target=apply, args=(installation, one)) for one in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    slugs = {row.slug for row in ask("SELECT slug FROM organizations")}
    assert slugs == {"a", *(f"a-{number}" for number in range(2, 81))}
