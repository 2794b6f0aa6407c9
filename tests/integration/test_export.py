"""An export can be imported again and changes nothing, for any values."""

import csv
import io
import json
import re

import pytest

from kelompok_core.imports.shared.options import ImportOptions
from kelompok_core.records.export import ExportFormat, write_export
from kelompok_core.records.registry import get_descriptor
from kelompok_core.values.merge_policy import MergePolicy

_ORGANIZATIONS = '''name,country,city,phone,email,website,description,history,kategori,instagram,tahun berdiri
=cmd|' /C calc'!A0,ID,Bandung,+62 812 1111 2222,a@example.org,https://a.example.org,"dua
baris, «kutip» dan ""tanda""",-1+1,NGO,@satu,1998-05
@Sanggar 🎨 Warna,ID,Garut,+62 812 1111 2223,b@example.org,b.example.org,"'=1+1",,Komunitas,,1999
'Yayasan Petik',ID,Bogor,,,,,,,,
Kembar,ID,Depok,,,,,,,,
'''
_MEMBERS = """id,nama,jabatan,email,no hp,tags,catatan,mulai menjabat
m1,=HYPERLINK("x"),-Ketua,satu@example.org,+62 812 3333 4444,"a; b, c",tahun 🎉,2020-01-01
m2,Budi,Anggota,,,,,
m3,Budi,Bendahara,,,,"dua
baris",
"""
_POSTS = """title,slug,content,kategori,tags,status,tanggal terbit,tanggal
+62 Kabar 📣,kabar,<p>Isi &amp; tanda</p>,Berita Utama,"satu, dua",published,2024-05-01 10:00,2024-05-01
-Draf,draf,,,,draft,,
"""
_EVENTS = """title,start,end,time zone,lokasi,kota,tags,all day
@Temu Tahunan,2025-05-01 09:00,2025-05-01 12:00,Asia/Makassar,=Balai,Palu,"a, b",
Seharian,2025-06-01,,,Rumah,Depok,,ya
"""
_LISTS = {"organizations": _ORGANIZATIONS, "members": _MEMBERS, "posts": _POSTS, "events": _EVENTS}


@pytest.fixture
def export(database):
    def run(entity, form, organization_id=None):
        target = io.StringIO(newline="")
        with database.connect() as connection:
            write_export(connection, get_descriptor(entity), target, form=form, organization_id=organization_id)
        return target.getvalue()

    return run


@pytest.fixture
def filled(import_file):
    """An installation with records of all four entities."""
    import_file("name\nForum Air\n", name="forum.csv")
    for entity, content in _LISTS.items():
        home = None if entity == "organizations" else "forum-air"
        report = import_file(content, name=f"{entity}.csv", entity=entity, organization=home)
        assert report.counts["rejected"] == report.counts["review"] == 0, report


@pytest.mark.parametrize("entity", list(_LISTS))
@pytest.mark.parametrize("form", list(ExportFormat))
def test_importing_an_export_changes_nothing(filled, export, import_file, ask, entity, form):
    written = export(entity, form)
    before = ask(f"SELECT * FROM {entity} ORDER BY id")
    plugin = "csv-import" if form is ExportFormat.CSV else "json-import"
    report = import_file(written, name=f"export.{form}", entity=entity, plugin=plugin)
    assert report.counts["unchanged"] == report.counts["rows_read"] == len(before)
    assert [group.code for group in report.groups if group.code != "value.formula_like"] == []
    assert ask(f"SELECT * FROM {entity} ORDER BY id") == before


def test_name_corrected_in_an_export_renames_the_same_record(filled, export, import_file, ask):
    written = export("organizations", ExportFormat.CSV).replace("Kembar", "Kembar Siam")
    options = ImportOptions(policies={"name": MergePolicy.OVERWRITE})
    report = import_file(written, name="export.csv", options=options)
    assert (report.counts["merged"], report.counts["unchanged"]) == (1, 4)
    names = [name for (name,) in ask("SELECT name FROM organizations")]
    assert "Kembar Siam" in names
    assert len(names) == 5


def test_exported_id_grants_no_right_to_its_record(filled, import_file, ask):
    home = ask("SELECT id FROM organizations WHERE slug = 'forum-air'")[0][0]
    text = f"_kelompok_id,name,country\n{home},Forum Air,MY\n"
    report = import_file(text, name="export.csv", organization="kembar")
    assert report.counts["rejected"] == 1
    assert {group.code for group in report.groups} >= {"permission.scope"}
    member = ask("SELECT id FROM members WHERE name = 'Budi' ORDER BY id LIMIT 1")[0][0]
    text = f"_kelompok_id,nama,jabatan\n{member},Budi,Ketua\n"
    assert import_file(text, name="e.csv", entity="members", organization="kembar").counts["accepted"] == 1
    assert ask("SELECT count(*) FROM members WHERE name = 'Budi'")[0][0] == 3, "of another organization: another member"


def test_csv_export_guards_formulas_and_json_export_does_not(filled, export):
    rows = list(csv.DictReader(io.StringIO(export("organizations", ExportFormat.CSV), newline="")))
    assert not [cell for row in rows for cell in row.values() if cell[:1] in ("=", "+", "-", "@")]
    records = json.loads(export("organizations", ExportFormat.JSON))
    assert "=cmd|' /C calc'!A0" in [record["name"] for record in records]
    assert all(None not in record.values() for record in records)
    lines = export("organizations", ExportFormat.NDJSON).splitlines()
    assert [json.loads(line) for line in lines] == records


_SPLIT = [
    "x;=HYPERLINK(1)",
    "x, @SUM(1)",
    "x|+1+1",
    "baris\n=1+1",
    'x;"=1+1;y',
    "x;＝1+1",
    "x;'=1+1",
    "a\u00a0= b;\u00a0-c",
]


def test_formulas_in_texts_are_guarded_and_restored(export, import_file, ask):
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["name", "description"], *([f"Satu {at}", one] for at, one in enumerate(_SPLIT))])
    import_file(text.getvalue())
    stored = ask("SELECT name, description FROM organizations ORDER BY id")
    written = export("organizations", ExportFormat.CSV)
    assert not re.search(r"""[;,|\t\r\n][\s"]*[=+@＝]""", written)
    again = import_file(written, name="export.csv")
    assert again.counts["unchanged"] == len(_SPLIT)
    assert ask("SELECT name, description FROM organizations ORDER BY id") == stored


def test_export_of_one_organization_has_only_its_records(filled, export, import_file, ask):
    import_file("nama,email\nLain,lain@example.org\n", name="lain.csv", entity="members", organization="kembar")
    home = ask("SELECT id FROM organizations WHERE slug = 'forum-air'")[0][0]
    names = [one["name"] for one in json.loads(export("members", ExportFormat.JSON, home))]
    assert len(names) == 3
    assert "Lain" not in names


def test_export_without_records_is_an_empty_list(export):
    assert json.loads(export("events", ExportFormat.JSON)) == []
    assert export("events", ExportFormat.NDJSON) == ""
    assert export("events", ExportFormat.CSV).startswith("_kelompok_id,organization,title,")
