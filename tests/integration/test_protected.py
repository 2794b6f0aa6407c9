"""Whatever a file's headers and cells say, an import sets no protected column."""

import csv
import io

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kelompok_core.errors import UsageError
from kelompok_core.imports.records import ImportOptions
from kelompok_core.organizations.entity import DESCRIPTOR

_PROTECTED = sorted(DESCRIPTOR.protected)
_WATCHED = """
    SELECT id, claim_status, claimed_by_user_id, claimed_at, is_active, sdgs_data, created_at,
           profile_data - 'extra' AS profile_data
    FROM organizations WHERE name_key = 'satu'"""
_VALUES = st.sampled_from(
    ["claimed", "true", "false", "", "00000000-0000-0000-0000-000000000001", '{"a": 1}', "2020-01-01", "99", "x"]
)
_HEADERS = st.lists(
    st.sampled_from([*_PROTECTED, "Claim Status", "field origins", "PROFILE_DATA", "City", "phone", "Warna"]),
    min_size=1, max_size=6, unique=True,
)  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(headers=_HEADERS, data=st.data())
def test_no_file_sets_a_protected_column(import_file, ask, headers, data):
    import_file("external id,name\n1,Satu\n", source="list")
    (before,) = ask(_WATCHED)
    cells = [data.draw(_VALUES) for _ in headers]
    target = io.StringIO(newline="")
    csv.writer(target).writerows([["external id", "name", *headers], ["1", "Satu", *cells]])
    import_file(target.getvalue(), source="list")
    (after,) = ask(_WATCHED)
    assert after == before
    assert ask("SELECT count(*) AS number FROM organizations")[0].number == 1


@settings(max_examples=len(_PROTECTED), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(_PROTECTED))
def test_no_mapping_reaches_a_protected_column(import_file, ask, name):
    try:
        import_file("external id,name,x\n1,Satu,claimed\n", options=ImportOptions(mapping={"x": name}), source="m")
    except UsageError as error:
        assert name in error.message  # noqa: PT017  (a refusal is the good end)
    else:
        raise AssertionError(name)
    assert not ask("SELECT FROM organizations")
