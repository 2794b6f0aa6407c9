"""Places: official names and codes, and no guesses."""

import csv

import pandas as pd
import pytest
from kelompok_locations.places import DATA, resolve
from kelompok_locations.plugin import LocationsEnricher, LocationsNormalizer

from kelompok_core.contracts import PluginContext, text_table
from tests.reading import normalized


def _codes(**written):
    found = resolve(**written)
    return tuple(place.code if place else None for place in (found.country, found.region, found.city))


def _rows(name):
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _findings(**written):
    return [(one.code, one.field) for one in resolve(**written).findings]


@pytest.mark.parametrize(("written", "codes"), [
    ({"country": "Indonesia", "region": "Jabar", "city": "Kab. Bandung"}, ("ID", "32", "32.04")),
    ({"country": "RI", "region": "PROV. JAWA BARAT", "city": "KOTA BANDUNG"}, ("ID", "32", "32.73")),
    ({"region": "DKI Jakarta", "city": "Jakarta Selatan"}, ("ID", "31", "31.74")),
    ({"region": "Daerah Khusus Jakarta", "city": "Kota Adm. Jakarta Pusat"}, ("ID", "31", "31.71")),
    ({"country": "ID", "city": "Sleman"}, ("ID", "34", "34.04")),
    ({"region": "D.I. Yogyakarta", "city": "Yogyakarta"}, ("ID", "34", "34.71")),
    ({"region": "Jateng", "city": "Solo"}, ("ID", "33", "33.72")),
    ({"region": "Sulsel", "city": "Kodya Ujung Pandang"}, ("ID", "73", "73.71")),
    ({"region": "Sulsel", "city": "Kab. Kep. Selayar"}, ("ID", "73", "73.01")),
    ({"city": "Bandung Regency"}, ("ID", "32", "32.04")),
    ({"city": "Kota Bandung"}, ("ID", "32", "32.73")),
    ({"country": "ID", "region": "32"}, ("ID", "32", None)),
    ({"country": "NLD", "region": "Utrecht"}, ("NL", "NL-UT", None)),
    ({"country": "Amerika Serikat", "region": "California", "city": "Oakland"}, ("US", "US-CA", None)),
    ({"country": "Côte d’Ivoire"}, ("CI", None, None)),
    ({}, (None, None, None)),
])  # fmt: skip
def test_official_codes(written, codes):
    assert _codes(**written) == codes
    assert _findings(**written) == []


class TestWhatIsNotClear:
    def test_a_regency_and_a_city_of_one_name(self):
        assert _codes(region="Jawa Barat", city="Bandung") == ("ID", "32", None)
        finding = resolve(region="Jawa Barat", city="Bandung").findings[0]
        assert finding.code == "location.ambiguous"
        assert "32.04" in finding.params["places"]
        assert "32.73" in finding.params["places"]

    def test_a_bare_name_shows_no_country(self):
        assert _codes(city="Bandung") == (None, None, None)
        assert _codes(city="Sleman") == (None, None, None)

    @pytest.mark.parametrize(("written", "finding"), [
        ({"country": "Atlantis", "city": "Kota Bandung"}, ("location.unknown", "country")),
        ({"country": "ID", "region": "Jawa Utara"}, ("location.unknown", "region")),
        ({"country": "ID", "city": "Kota Antah Berantah"}, ("location.unknown", "city")),
    ])  # fmt: skip
    def test_an_unknown_place(self, written, finding):
        assert _findings(**written) == [finding]

    def test_a_country_that_is_unknown_makes_nothing_of_the_rest(self):
        assert _codes(country="Atlantis", region="Jawa Barat", city="Kota Bandung") == (None, None, None)

    @pytest.mark.parametrize(("region", "city", "code"), [
        ("Papua", "Kab. Merauke", "93"), ("Irian Jaya", "Kab. Nabire", "94"), ("Papua", "Kab. Jayawijaya", "95"),
        ("Papua Barat", "Kota Sorong", "96"), ("Kalimantan Timur", "Kota Tarakan", "65"),
        ("Jawa Barat", "Kota Serang", "36"), ("Riau", "Kota Batam", "21"),
    ])  # fmt: skip
    def test_a_split_province_is_todays(self, region, city, code):
        assert _codes(region=region, city=city)[1] == code
        assert _findings(region=region, city=city) == [("location.region_differs", "city")]

    def test_a_province_it_never_was_in_is_a_conflict(self):
        assert _codes(region="Bali", city="Kota Bandung") == ("ID", "51", None)
        assert _findings(region="Bali", city="Kota Bandung") == [("location.conflict", "city")]

    def test_names_elsewhere_are_not_indonesian(self):
        assert _codes(country="Suriname", city="Kota Bandung") == ("SR", None, None)


def test_every_official_name_is_known_by_itself():
    rows = _rows("regions.csv")
    assert len(rows) == 38 + 514
    for row in rows:
        if row["level"] == "province":
            assert _codes(region=row["name"])[1] == row["code"], row
        else:
            assert _codes(country="ID", city=row["name"])[2] == row["code"], row
            assert _codes(country="ID", city=row["name"].upper())[2] == row["code"], row


def test_every_alias_leads_somewhere():
    assert {row["code"] for row in _rows("aliases.csv")} <= {row["code"] for row in _rows("regions.csv")}


def _normalize(**columns):
    return normalized(LocationsNormalizer(), {"Negara": "country", "Provinsi": "region", "Kota/Kab": "city"}, columns)


class TestOnImport:
    def test_places_are_rewritten_and_codes_added(self):
        found = _normalize(Provinsi=["jabar", "", None], **{"Kota/Kab": ["kab. bandung", "Antah", "Kota Bandung"]})
        assert found.cells["Provinsi"][0] == "Jawa Barat"
        assert found.cells["Kota/Kab"].tolist() == ["Kabupaten Bandung", "Antah", "Kota Bandung"]
        assert found.cells["city_code"].fillna("").tolist() == ["32.04", "", "32.73"]
        assert found.cells["region_code"].fillna("").tolist() == ["32", "", ""]
        assert pd.isna(found.cells["Provinsi"][2])

    def test_findings_name_line_column_and_value(self):
        found = _normalize(Provinsi=["Bali", "Jawa Barat"], **{"Kota/Kab": ["Kota Denpasar", "Bandung"]})
        issue = found.issues.iloc[0]
        assert (issue["code"], issue["line"], issue["column"], issue["value"]) == (
            "location.ambiguous", 3, "Kota/Kab", "Bandung"
        )  # fmt: skip

    def test_a_source_without_places_is_left_alone(self):
        assert list(_normalize(nama=["A"]).cells.columns) == ["nama"]


def test_signals_quote_what_was_read():
    records = text_table({"record": ["a", "b"], "country": ["", "Atlantis"], "region": ["", ""],
                          "city": ["Kab. Merauke", "X"]})  # fmt: skip
    found = LocationsEnricher().enrich(records, PluginContext())
    values = dict(zip(found["property"], found["value"], strict=True))
    assert values == {
        "location.country": "Indonesia", "location.country_code": "ID", "location.region": "Papua Selatan",
        "location.region_code": "93", "location.city": "Kabupaten Merauke", "location.city_code": "93.01",
    }  # fmt: skip
    assert set(found["record"]) == {"a"}
    assert set(found["quote"]) == {"Kab. Merauke"}
