"""An import sets no protected column, for any headers and cells."""

import csv
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kelompok_core.entities import list_entities
from kelompok_core.errors import UsageError
from kelompok_core.imports.shared.options import ImportOptions
from kelompok_core.records.registry import get_descriptor

_VALUES = st.sampled_from(
    ["claimed", "true", "false", "", "00000000-0000-0000-0000-000000000001", '{"a": 1}', "2020-01-01", "99", "x", "dua"]
)
_ODD = (
    "Claim Status",
    "field origins",
    "PROFILE_DATA",
    "Organization_ID",
    "user id",
    "City",
    "phone",
    "Warna",
    "status",
)


def _strangers(descriptor):
    """Columns of a file that are not fields: protected columns by their names, and others."""
    headers = st.sampled_from([*sorted(descriptor.protected), *_ODD])
    return st.lists(headers, min_size=1, max_size=6, unique=True)


def _watched(descriptor):
    """Return the record without the columns that an import may write: fields, computed values and extra data."""
    written = [field.stored_in for field in descriptor.fields if not field.key]
    written += [derived.name for derived in descriptor.derived]
    keyed = {field.stored_in for field in descriptor.fields if field.key} | {descriptor.extra_column}
    keys = [field.key for field in descriptor.fields if field.key] + ["extra"]
    plain = ", ".join(f"'{name}'" for name in (*written, *keyed, "version", "updated_at", "field_origins"))
    kept = ", ".join(f"'{key}'" for key in keys)
    columns = ", ".join(f"'{column}', t.{column} - ARRAY[{kept}]" for column in sorted(keyed))
    return f"""
        SELECT (to_jsonb(t) - ARRAY[{plain}]) || jsonb_build_object({columns}) AS seen
        FROM {descriptor.entity} t WHERE {descriptor.label} = 'Satu'"""


@pytest.mark.proof
@pytest.mark.parametrize("entity", list_entities())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_file_cannot_set_a_protected_column(import_file, ask, entity, data):
    descriptor = get_descriptor(entity)
    organization = None
    if descriptor.belongs:
        import_file("id,name\nA,Rumah\nB,Dua\n", source="owners")
        organization = "rumah"
    where = {"source": "list", "entity": entity, "organization": organization}
    import_file(f"external id,{descriptor.label}\n1,Satu\n", **where)
    (before,) = ask(_watched(descriptor))
    headers = data.draw(_strangers(descriptor))
    cells = [data.draw(_VALUES) for _ in headers]
    target = io.StringIO(newline="")
    csv.writer(target).writerows([["external id", descriptor.label, *headers], ["1", "Satu", *cells]])
    import_file(target.getvalue(), **where)
    (after,) = ask(_watched(descriptor))
    assert after == before
    assert ask(f"SELECT count(*) AS number FROM {entity} WHERE {descriptor.label} = 'Satu'")[0].number == 1


@pytest.mark.parametrize(
    ("entity", "name"),
    [(entity, name) for entity in list_entities() for name in sorted(get_descriptor(entity).protected)],
)
def test_mapping_cannot_name_a_protected_column(import_file, ask, entity, name):
    descriptor = get_descriptor(entity)
    content = f"external id,{descriptor.label},organisasi,x\n1,Satu,Rumah,claimed\n"
    with pytest.raises(UsageError, match=name):
        import_file(content, options=ImportOptions(mapping={"x": name}), source="m", entity=entity)
    assert not ask(f"SELECT FROM {entity}")
