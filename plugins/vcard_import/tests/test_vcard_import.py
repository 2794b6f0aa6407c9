"""The reader on cards as programs write them: names, preferred values, people and organizations, broken cards."""

import json
import os
from collections import Counter
from pathlib import Path

import pytest
from kelompok_vcard_import.cells import network_of
from kelompok_vcard_import.commands import VCardCommands
from kelompok_vcard_import.plugin import VCardImporter

from kelompok_core.contracts import ConfigurationError, PluginContext
from tests.reading import Bytes, peak_memory, read_with, source_of

_DATA = os.environ.get("KELOMPOK_TEST_DATA")
needs_data = pytest.mark.skipif(not _DATA, reason="KELOMPOK_TEST_DATA names no folder")


@pytest.fixture(scope="session")
def read(tmp_path_factory):
    files = Bytes(tmp_path_factory.mktemp("files"))

    def run(content, *, entity="members", **more):
        return read_with(VCardImporter(), files.source(content, "a.vcf", "text/vcard"), entity=entity, **more)

    return run


def _card(*lines, name="FN:A\nN:B;A;;;"):
    return "\n".join(["BEGIN:VCARD", "VERSION:3.0", *([name] if name else []), *lines, "END:VCARD", ""])


def _one(found):
    (record,) = found.records
    return record


def test_all_fields_of_a_member(read):
    found = read(_card(
        "UID:urn:uuid:1", r"ORG:Forum\; Air;Bidang Satu;Seksi", "ROLE:Relawan", "EMAIL:mailto:a@x.example",
        "TEL;VALUE=uri:tel:+62-274-555;ext=12;phone-context=+62",
        "ADR:Kotak 7;Lt. 2;Jl. Satu 1,;Sleman;DIY;55281;Indonesia", "URL:https://a.example",
        "CATEGORIES:satu,dua", r"NOTE:Baris\nDua", "NOTE:Tiga", "REV:20230517T030000Z"))  # fmt: skip
    assert _one(found) == {
        "external_id": "urn:uuid:1", "name": "A", "organization": "Forum; Air",
        "organization_unit": "Bidang Satu; Seksi", "position": "Relawan", "email": "a@x.example",
        "phone": "+62-274-555", "phone_extension": "12",
        "address": "Jl. Satu 1, Lt. 2, Kotak 7, 55281", "city": "Sleman", "region": "DIY", "country": "Indonesia",
        "website_url": "https://a.example", "tags": "satu,dua", "notes": "Baris\nDua\n\nTiga",
        "changed_at": "20230517T030000Z",
    }  # fmt: skip
    assert found.codes == []
    assert list(found.locations.itertuples(index=False, name=None)) == [(1, 1, "#card=1")]
    assert found.batches[0].mapping | {"name": "name", "other_phones": "extra"} == found.batches[0].mapping


@pytest.mark.parametrize(("lines", "name"), [
    ("FN:Siti Rahmawati\\, S.Sos.\nN:Rahmawati;Siti;;;S.Sos.", "Siti Rahmawati, S.Sos."),
    ("N:Rahmawati;Siti;Nur;Dr.;S.Sos.", "Siti Nur Rahmawati"),
    ("FN: \nN:Rahmawati;Siti", "Siti Rahmawati"),
    ("N:Siti", "Siti"),
    ("NICKNAME:Iti", None),
    ("FN;PREF=2:Kedua\nFN;PREF=1:Pertama\nFN:Ketiga", "Pertama"),
    ("N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Nurj=C3=A1=\nnah;Dewi;;;", "Dewi Nurjánah"),
])  # fmt: skip
def test_names(read, lines, name):
    assert _one(read(_card(lines, "TITLE:X", name="")))["position"] == "X"
    assert _one(read(_card(lines, "TITLE:X", name=""))).get("name") == name


@pytest.mark.parametrize(("lines", "phone", "others"), [
    (["TEL;TYPE=WORK:1", "TEL;TYPE=CELL:2", "TEL:3"], "2", "1; 3"),
    (["TEL;HOME:1", "TEL;WORK;PREF:2", "TEL;CELL:3"], "2", "3; 1"),
    (["TEL;TYPE=home:1", "TEL;TYPE=work:2"], "2", "1"),
    (["TEL;PREF=50:1", "TEL;PREF=1:2", "TEL;PREF=x:3"], "2", "1; 3"),
    (["TEL;TYPE=FAX,PREF:1", "TEL;TYPE=HOME:2"], "2", "1 (fax)"),
    (["TEL;TYPE=PAGER:1"], None, "1 (pager)"),
    (["TEL;VALUE=uri:sip:a@x.example", "TEL:TEL:+62 1"], "+62 1", "sip:a@x.example"),
    (["item1.TEL:1", "item1.X-ABLabel:_$!<Main>!$_"], "1", None),
])  # fmt: skip
def test_the_preferred_phone_is_taken(read, lines, phone, others):
    record = _one(read(_card(*lines)))
    assert (record.get("phone"), record.get("other_phones")) == (phone, others)


def test_the_preferred_address_and_email_are_taken(read):
    lines = ("ADR;TYPE=WORK:;;Kantor;;;;", "ADR;TYPE=HOME:;;Rumah;;;;", "EMAIL;TYPE=HOME:home@x.example",
             "EMAIL;TYPE=WORK:work@x.example")  # fmt: skip
    member = _one(read(_card(*lines)))
    assert (member["address"], member["email"], member["other_emails"]) == ("Rumah", "work@x.example", "home@x.example")
    organization = _one(read(_card("KIND:org", *lines), entity="organizations"))
    assert (organization["address"], organization["official_email"]) == ("Kantor", "work@x.example")
    preferred = _one(read(_card(*lines, "ADR;TYPE=PREF:;;Utama;;;;", "EMAIL;PREF=1:utama@x.example")))
    assert (preferred["address"], preferred["email"]) == ("Utama", "utama@x.example")


@pytest.mark.parametrize(("lines", "cells"), [
    (["X-SOCIALPROFILE;TYPE=instagram:https://instagram.com/siti"], {"instagram": "https://instagram.com/siti"}),
    (["X-SOCIALPROFILE;type=twitter;x-user=siti:x-apple:siti"], {"twitter": "siti"}),
    (["X-SOCIALPROFILE;TYPE=twitter:@siti"], {"twitter": "@siti"}),
    (["X-SOCIALPROFILE;TYPE=flickr:https://flickr.com/siti"], {}),
    (["IMPP;X-SERVICE-TYPE=Facebook:xmpp:siti"], {"facebook": "siti"}),
    (["IMPP:facebook:siti", "IMPP:xmpp:siti@x.example"], {"facebook": "siti"}),
    (["URL:https://m.facebook.com/siti", "URL:https://siti.example", "URL:https://dua.example"],
     {"facebook": "https://m.facebook.com/siti", "website_url": "https://siti.example"}),
    ([r"URL;TYPE=WORK:http\://www.linkedin.com/in/siti"], {"linkedin": "http://www.linkedin.com/in/siti"}),
    (["URL:https://dua.example", "URL;TYPE=pref:https://satu.example"], {"website_url": "https://satu.example"}),
])  # fmt: skip
def test_websites_and_accounts(read, lines, cells):
    record = _one(read(_card(*lines)))
    assert {name: cell for name, cell in record.items() if name != "name"} == cells


@pytest.mark.parametrize(("url", "network"), [
    ("https://www.instagram.com/x", "instagram"), ("facebook.com", "facebook"), ("x.com?y", "twitter"),
    ("https://notfacebook.com/x", None), ("https://facebook.com.evil.example/", None),
    ("https://a@facebook.com/", None), ("", None), ("a." * 100_000, None), ("http://youtube.com:443/x", "youtube"),
])  # fmt: skip
def test_networks_by_their_hosts(url, network):
    assert network_of(url) == network


@pytest.mark.parametrize(("lines", "is_organization"), [
    ("KIND:org\nFN:A\nN:A;B", True), ("KIND:individual\nFN:A\nORG:A", True), ("X-ABShowAs:COMPANY\nFN:A\nN:A;B", True),
    ("FN:Forum  air\nORG:Forum Air;", True), ("FN:Forum Air Seksi\nORG:Forum Air;Seksi\nN:;;;;", True),
    ("ORG:Forum Air", True), ("FN:Siti\nORG:Forum Air", False), ("FN:Forum Air\nORG:Forum Air\nN:Siti", False),
    ("FN:Forum Air\nORG:Forum Air\nN:;;;;\nX-ABShowAs:PERSON", False), ("FN:A\nORG:;", False), ("FN:A", False),
])  # fmt: skip
def test_people_and_organizations(read, lines, is_organization):
    content = _card(lines, name="")
    counts = [len(read(content, entity=entity).cells) for entity in ("members", "organizations")]
    assert counts == ([0, 1] if is_organization else [1, 0])


def test_cards_of_another_kind_are_counted(read):
    kinds = ("KIND:individual", "KIND:group", "KIND:org", "KIND:org", "KIND:Location", "X-ADDRESSBOOKSERVER-KIND:group")
    content = "".join(map(_card, kinds))
    found = read(content)
    assert dict(zip(found.codes, (one["count"] for one in found.issues["params"]), strict=True)) == {
        "vcard.organizations_left": 2, "vcard.groups_left": 3,
    }  # fmt: skip
    found = read(content, entity="organizations")
    assert found.codes == ["vcard.people_left", "vcard.groups_left"]
    assert list(found.locations["selector"]) == ["#card=3", "#card=4"]
    assert "organization" not in found.cells.columns
    assert found.batches[0].mapping["notes"] == "extra"


def test_private_values_reach_no_cell_and_no_issue(read):
    hidden = "Rahasia"
    content = _card(f"BDAY:{hidden}", f"X-{hidden}:{hidden}", f"{hidden}", f"PHOTO;ENCODING=b:{hidden}",
                    f"KEY:{hidden}", "AGENT:BEGIN:VCARD", f"FN:{hidden}", "END:VCARD", f"ANNIVERSARY:{hidden}",
                    f"ORG:A\nORG:{hidden}")  # fmt: skip
    found = read(content)
    assert hidden.casefold() not in repr((found.records, found.issues.to_dict(), found.read_as)).casefold()
    first = next(found.issues.itertuples())
    assert (first.code, first.row_number, first.line) == ("vcard.line_invalid", 1, 7)
    assert found.issues["params"].iloc[-1] == {
        "count": 7, "parts": "AGENT (1), ANNIVERSARY (1), BDAY (1), KEY (1), ORG (1), PHOTO (1), X-… (1)",
    }  # fmt: skip


def test_broken_cards_are_rows_and_affect_no_others(read):
    cut_off = _card("TITLE:X").replace("END:VCARD\n", "")
    found = read(cut_off + _card() + _card() + "stray\nTITLE:Y\n")
    assert [one.get("position") for one in found.records] == ["X", None, None]
    assert [(one.code, one.line) for one in found.issues.itertuples()][:2] == [
        ("vcard.card_unclosed", 1), ("vcard.line_invalid", 16),
    ]  # fmt: skip
    large = _card(*[f"NOTE:{'x' * 900_000}"] * 6)
    assert read(large + _card()).codes == ["vcard.card_too_large"]


def test_cards_in_cards(read):
    found = read(_card("AGENT:", _card("TITLE:Y").rstrip(), "TITLE:X") + _card())
    assert [one.get("position") for one in found.records] == ["X", None]


def test_other_encodings(read):
    content = _card(name="FN:Café").encode("cp1252")
    found = read(content)
    assert (_one(found)["name"], found.codes) == ("Caf\ufffd", ["file.lines_undecodable"])
    assert _one(read(content, encoding="cp1252"))["name"] == "Café"
    assert _one(read(_card(name="FN:Café").encode("utf-16")))["name"] == "Café"
    with pytest.raises(ConfigurationError, match="encoding"):
        read(content, encoding="no such")


def test_a_file_without_cards(read):
    assert read("").codes == ["file.empty"]
    assert read("name,email\nA,a@x.example\n").codes == ["vcard.line_invalid", "vcard.line_invalid", "file.no_records"]


def test_a_preview_shows_fields(tmp_path):
    path = tmp_path / "a.vcf"
    path.write_text(_card("TEL:1"))
    arguments = {"file": source_of(path, media_type="text/vcard"), "rows": 5, "entity": "members"}
    shown = VCardCommands().run_command("show", arguments, PluginContext())
    fields = dict(shown.tables["Columns"][["column", "becomes"]].itertuples(index=False, name=None))
    assert (fields["phone"], fields["other_phones"]) == ("phone", "(extra)")


def test_memory_stays_flat(tmp_path):
    path = tmp_path / "large.vcf"
    with path.open("w") as file:
        for number in range(8_000):
            file.write(_card(f"UID:{number}", f"PHOTO;ENCODING=b:{'A' * 1_500}"))
    assert path.stat().st_size > 12_000_000
    assert peak_memory(VCardImporter(), path) < 4_000_000


@needs_data
@pytest.mark.parametrize(("folder", "cards"), [("mem-vcards", 26), ("mem-vcards-android", 37)])
def test_every_card_of_real_files_is_read(folder, cards):
    expected = json.loads((Path(str(_DATA)) / folder / "expected.json").read_text("utf-8"))
    counted = Counter()
    for path in sorted((Path(str(_DATA)) / folder / "files").iterdir()):
        rows = [
            len(batch.cells) for entity in ("members", "organizations")
            for batch in VCardImporter().read(source_of(path, media_type="text/vcard"), PluginContext(entity=entity))
        ]  # fmt: skip
        # One of the files has two cards inside its card.
        assert sum(rows) == expected[path.name]["cards"] - (2 if path.name == "v21_nest.vcf" else 0), path.name
        counted["cards"] += sum(rows)
    assert counted["cards"] == cards


@needs_data
@pytest.mark.parametrize(("name", "cells"), [
    ("mem-vcards-android/files/v21_japanese_2.vcf", {"notes": "メモ"}),
    ("mem-vcards-android/files/v21_pref_handling.vcf", {"phone": "2", "email": "test@example.com"}),
    ("mem-vcards-android/files/v21_backslash.vcf", {"name": "A;B\\C;D:E\\"}),
    ("mem-vcards/files/John_Doe_IPHONE.vcf", {"phone": "905-555-1234", "organization": "IBM", "city": "New York"}),
    ("mem-vcards/files/John_Doe_LOTUS_NOTES.vcf", {"phone": "+1 (212) 204-34456", "email": "john.doe@ibm.com"}),
    ("mem-vcards/files/rfc6350-example.vcf", {"phone": "+1-418-656-9254", "phone_extension": "102"}),
])  # fmt: skip
def test_values_of_real_cards(name, cells):
    source = source_of(Path(str(_DATA)) / name, media_type="text/vcard")
    record = read_with(VCardImporter(), source, entity="members").records[0]
    assert cells.items() <= record.items()
