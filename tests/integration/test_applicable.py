"""A dry run accepts only rows that can be applied: constraint violations are row errors beforehand."""

import csv
import io

import pytest

from kelompok_core.errors import UsageError
from kelompok_core.imports.applying.apply import apply, approve
from kelompok_core.imports.deciding.decide import decide
from kelompok_core.imports.reporting.report import get_report, iter_row_issues
from kelompok_core.imports.shared.options import ImportOptions
from kelompok_core.records.registry import get_descriptor

_LONG = "panjang " * 2_000
_NASTY = (
    "2012-00-00", "20120500", "0 Mei 2012", "2012.0", "1998.0", "0000-00-00", "00/00/0000", "31/02/2012", "2112-01-01",
    "2012-13-01", "99999999999999999999", "-1", "1e309", "12:61", "25:00", "44197", "NaN", "Infinity", "\x00", "a\x00b",
    "\N{GRINNING FACE}", "\u202e", "{}", "[]", '["a", null]', '{"a": 1}', "null",
    "'", '"', "\\", "%s", "$1", ":name", "NULL", "--", ";", "x" * 3_000, _LONG, "ñ" * 2_000, "a" * 300 + "@example.org",
    "https://" + "x" * 3_000 + ".org", "https://example.org/" + "y" * 5_000, "+62" + "8" * 40, "true", "yes", "own",
    "Asia/Nowhere", "+25:00", "P1Y", "-5 minutes", "1,2;3|4", "\n\n", "\t", "a\nb", "１２３", "٢٠١٢-٠٥-٠١",
    "2012-05-01T25:00:00Z",
    "2012-05-01T10:00:00+99:00", "0001-01-01", "9999-12-31", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00",
    "1900-01-01", "1970-01-01", "2024-02-30", "2024-W01-1", "2024-366", "١", "0", "0.0", "-0", "#REF!", "=1+1",
)  # fmt: skip
_MAKES_UP = {
    "organizations": {"name": "Lembaga {}"},
    "members": {"name": "Anggota {}", "email": "a{}@example.org"},
    "posts": {"title": "Tulisan {}", "written_on": "2024-01-02"},
    "events": {"title": "Acara {}", "starts_at": "2024-01-02 10:00"},
}
_FINE = {"events": {"status": "cancelled", "country": "Indonesia"}}
"""A column of which nothing can be read at all would be refused."""


def _rows(entity):
    """Yield one row for each extreme value of each field and part; its other values are valid."""
    descriptor = get_descriptor(entity)
    names = [field.name for field in descriptor.fields]
    names += [part.name for field in descriptor.fields for part in field.parts if part.aliases]
    number = 1
    yield {key: made.format(number) for key, made in _MAKES_UP[entity].items()} | {"id": "1"} | _FINE.get(entity, {})
    for name in names:
        for value in _NASTY:
            number += 1
            yield {key: made.format(number) for key, made in _MAKES_UP[entity].items()} | {
                "id": str(number),
                name: value,
            }


@pytest.mark.parametrize("entity", list(_MAKES_UP))
def test_shown_plan_is_applied(import_file, installation, operator, entity):
    rows = list(_rows(entity))
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names)
    writer.writeheader()
    writer.writerows(rows)
    options = ImportOptions(mapping={name: "external_id" if name == "id" else name for name in names})
    home = {}
    if entity != "organizations":
        import_file("id,name\n1,Rumah\n", source="owners")
        home = {"organization": "rumah"}
    planned = import_file(text.getvalue(), entity=entity, dry_run=True, options=options, **home)
    assert planned.import_.state == "planned"
    assert planned.counts["rows_read"] == len(rows)
    assert planned.counts["accepted"] > len(rows) / 3
    approve(installation, planned.import_.id, operator)
    decide(installation, planned.import_.id)
    apply(installation, planned.import_.id)
    with installation.database.connect() as connection:
        done = get_report(connection, planned.import_.id)
        blamed = [one for one in iter_row_issues(connection, done.import_) if one.severity == "error"]
    assert done.import_.state == "applied"
    assert done.counts == planned.counts
    assert all(one.line for one in blamed)
    again = import_file(text.getvalue(), entity=entity, options=options, **home)
    assert again.counts["accepted"] == again.counts["merged"] == 0, "and says the same the second time"


@pytest.mark.parametrize(("option", "value"), [("source", "x" * 5_000), ("source", "a\x00b"), ("source", "  ")])
def test_invalid_source_name_is_refused_before_reading(import_file, ask, option, value):
    with pytest.raises(UsageError, match="source"):
        import_file("id,name\n1,A\n", **{option: value})
    assert ask("SELECT FROM imports") == []


def test_id_too_long_for_an_index_is_an_error_of_its_row(import_file, database):
    planned = import_file(f"id,name\n{_LONG},Forum Air\n2,Rukun Warga\n", dry_run=True)
    assert (planned.counts["rejected"], planned.counts["accepted"]) == (1, 1)
    with database.connect() as connection:
        assert {one.code for one in iter_row_issues(connection, planned.import_)} == {"value.too_long"}
