"""Normalizers: common spellings and the stored values."""

import re
import unicodedata

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kelompok_core.values.arrow import matching
from kelompok_core.values.blanks import has_content
from kelompok_core.values.dates import partial_date
from kelompok_core.values.email import email
from kelompok_core.values.places import city, country, region
from kelompok_core.values.reading import alone
from kelompok_core.values.slug import MAX_LENGTH, slug, slug_of
from kelompok_core.values.text import MAY_COMPOSE, line, text
from kelompok_core.values.url import url
from kelompok_core.values.words import tags

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


def _partial_date(cells):
    return partial_date(alone(cells))


def _one(normalize, written):
    found = normalize(pd.Series([written], dtype="str"))
    value = found.values.iloc[0]
    return (None if pd.isna(value) else value), list(found.findings["code"])


@pytest.mark.parametrize(("written", "value", "codes"), [
    ("  Rumah \t Baca\n", "Rumah Baca", []),
    ("Cafe\u0301", "Café", []),
    ("a\x00b\u200bc", "abc", ["value.control_chars"]),
    ("می\u200cخواهم", "می\u200cخواهم", []),
    ("SÃ£o", "São", ["value.mojibake"]),
    ("=SUM(A1)", "=SUM(A1)", ["value.formula_like"]),
    ("-5", "-5", []),
    ("   ", None, []),
    ("", None, []),
    (None, None, []),
])  # fmt: skip
def test_line(written, value, codes):
    assert _one(line, written) == (value, codes)


def test_text_keeps_its_lines():
    assert _one(text, " a\r\nb\rc \n") == ("a\nb\nc", [])


@pytest.mark.parametrize(("written", "value", "codes"), [
    ("Info@Rumah.OR.ID", "info@rumah.or.id", []),
    ("<mailto:info@rumah.or.id>", "info@rumah.or.id", []),
    ("a@b.id; c@d.id", "a@b.id", ["value.email_several"]),
    ("a@b.id c@d.id", "a@b.id", ["value.email_several"]),
    ("-", None, []),
    ("tidak ada", None, []),
    ("info(at)rumah", None, ["value.email"]),
    ("a@b", None, ["value.email"]),
    ("a..b@c.id", None, ["value.email"]),
    ("@", None, ["value.email"]),
    ("x" * 250 + "@b.id", None, ["value.email"]),
    ("rené@exämple.org", "rené@exämple.org", []),
])  # fmt: skip
def test_email(written, value, codes):
    assert _one(email, written) == (value, codes)


@pytest.mark.parametrize(("written", "value", "codes"), [
    ("https://rumah.or.id/a?b=1", "https://rumah.or.id/a?b=1", []),
    ("HTTP://WWW.Rumah.or.id", "http://www.rumah.or.id", []),
    ("www.rumah.or.id", "https://www.rumah.or.id", ["value.url_scheme_added"]),
    ("rumah.or.id:8080/x", "https://rumah.or.id:8080/x", ["value.url_scheme_added"]),
    ("http:/rumah.or.id", "http://rumah.or.id", []),
    ("https://пример.рф/", "https://пример.рф/", []),
    ("https://xn--e1afmkfd.xn--p1ai", "https://xn--e1afmkfd.xn--p1ai", []),
    ("http://10.0.0.1/x", "http://10.0.0.1/x", []),
    ("n/a", None, []),
    ("ftp://rumah.or.id", None, ["value.url"]),
    ("javascript:alert(1)", None, ["value.url"]),
    ("https://user:pass@rumah.or.id", None, ["value.url"]),
    ("https://rumah.or.id:99999", None, ["value.url"]),
    ("https://", None, []),
    ("https://?", None, ["value.url"]),
    ("rumah baca", None, ["value.url"]),
    ("http://[::1", None, ["value.url"]),
])  # fmt: skip
def test_url(written, value, codes):
    assert _one(url, written) == (value, codes)


@pytest.mark.parametrize(("written", "value"), [
    ("1998", "1998"), ("1998-5", "1998-05"), ("1998/05/17", "1998-05-17"), ("1998-05-17T10:00:00Z", "1998-05-17"),
    ("794", "0794"), ("-", None),
])  # fmt: skip
def test_partial_date(written, value):
    assert _one(_partial_date, written) == (value, [])


@pytest.mark.parametrize("written", ["1998-13", "1998-02-30", "98", "199855"])
def test_invalid_date_is_left_out_with_a_warning(written):
    assert _one(_partial_date, written) == (None, ["value.date"])


@pytest.mark.parametrize(("written", "value"), [
    ("Indonesia", "ID"), ("ID", "ID"), ("idn", "ID"), ("Belanda", "NL"), ("Amerika Serikat", "US"), ("Jerman", "DE"),
    ("UK", "GB"), ("The Netherlands", "NL"), ("Côte d'Ivoire", "CI"), ("Kosovo", "XK"), ("XK", "XK"),
    ("Republic of Korea", "KR"), ("Korea Selatan", "KR"), ("INA", "ID"), ("Hongkong", "HK"), ("-", None),
])  # fmt: skip
def test_country(written, value):
    assert _one(country, written)[0] == value


def test_unknown_country_is_left_out_with_a_warning():
    assert _one(country, "Wakanda") == (None, ["value.country_unknown"])


@pytest.mark.parametrize(("written", "value"), [
    ("Prov. Jabar", "Jawa Barat"), ("JAWA BARAT", "Jawa Barat"), ("Provinsi DIY", "DI Yogyakarta"),
    ("ntt", "Nusa Tenggara Timur"),
    ("Bavaria", "Bavaria"), ("NSW", "NSW"),
])  # fmt: skip
def test_region(written, value):
    assert _one(region, written)[0] == value


@pytest.mark.parametrize(("written", "value"), [
    ("KAB. BANDUNG", "Kabupaten Bandung"), ("Kab Bandung", "Kabupaten Bandung"),
    ("kabupaten bandung", "Kabupaten Bandung"),
    ("KOTA BANDUNG", "Kota Bandung"), ("Kota Adm. Jakarta Timur", "Kota Jakarta Timur"), ("bandung", "Bandung"),
    ("Kabul", "Kabul"), ("Kotabaru", "Kotabaru"), ("McAllen", "McAllen"),
])  # fmt: skip
def test_city(written, value):
    assert _one(city, written)[0] == value


@pytest.mark.parametrize(("name", "made"), [
    ("Rumah Baca Bahari", "rumah-baca-bahari"), ("Ibu & Anak (Bdg.)", "ibu-anak-bdg"), ("Café", "cafe"),
    ("Общество", "obshchestvo"), ("日本", "riben"), ("---", "x-"),
])  # fmt: skip
def test_slug_of(name, made):
    assert slug_of(pd.Series([name], dtype="str")).iloc[0].startswith(made)


def test_changed_slug_gives_a_warning():
    assert _one(slug, "rumah-baca") == ("rumah-baca", [])
    assert _one(slug, "Rumah Baca") == ("rumah-baca", ["slug.normalized"])


@pytest.mark.slow
@given(ANY_TEXT)
def test_every_name_has_a_valid_slug(name):
    kept = _one(line, name)[0]
    if kept is not None:
        made = slug_of(pd.Series([kept], dtype="str")).iloc[0]
        assert 0 < len(made) <= MAX_LENGTH
        assert made.isascii()
        assert slug_of(pd.Series([made], dtype="str")).iloc[0] == made


def test_skipped_texts_are_composed_already():
    stable = [chr(code) for code in (*range(0x20, 0x300), *range(0x2010, 0x205F))]
    assert not any(unicodedata.combining(character) for character in stable)
    assert [unicodedata.normalize("NFC", character) for character in stable] == stable
    assert not matching(pd.Series(stable, dtype="str"), MAY_COMPOSE).any()
    assert matching(pd.Series(["\u0301", "\u212b", "\u1100"], dtype="str"), MAY_COMPOSE).all()


@pytest.mark.slow
@given(ANY_TEXT)
def test_line_is_composed_trimmed_and_idempotent(written):
    value = _one(line, written)[0]
    if value is not None:
        assert value == unicodedata.normalize("NFC", value).strip()
        assert not re.search(r"[ \t\n\f\r]{2}|[\t\n\f\r]", value)
        assert not any(unicodedata.category(character) == "Cc" for character in value)
        assert _one(line, value)[0] == value


@pytest.mark.slow
@pytest.mark.parametrize("normalize", [line, text, email, url, _partial_date, country, region, city, slug])
@given(st.lists(st.none() | ANY_TEXT, max_size=5))
def test_normalizers_keep_length_and_return_valid_findings(normalize, cells):
    column = pd.Series(cells, dtype="str")
    found = normalize(column)
    assert list(found.values.index) == list(column.index)
    assert set(found.findings["position"]) <= set(column.dropna().index)
    again = normalize(found.values)
    # Namibia's code is also how many programs write «not available», and read again it is taken for that.
    kept = [value for value in found.values.dropna() if normalize is not country or value != "NA"]
    assert list(again.values.dropna()) == kept, "what is normalized stays as it is"


def test_namibia_is_read_by_name_but_na_is_a_blank_word():
    assert _one(country, "Namibia") == ("NA", [])
    assert _one(country, "NA") == (None, [])


@pytest.mark.parametrize(("written", "value"), [
    ("ÃŽles", "Îles"), ("Ä°lker", "İlker"), ("Ä†iriÄ‡", "Ćirić"), ("Å arÅ«nÄ—", "Šarūnė"),
    ("Mar√≠a Nu√±ez", "María Nuñez"),
    ("Chlo√´", "Chloë"), ("Andr├⌐", "André"), ("æ\x9d\x8eå°\x8fé¾\x99", "李小龙"),
    ("Nguyá»…n", "Nguyễn"), ("Ã‰lodie", "Élodie"), ("Ð\x9eÐ»Ñ\x8cÐ³Ð°", "Ольга"),
])  # fmt: skip
def test_wrongly_decoded_text_is_repaired(written, value):
    assert _one(line, written) == (value, ["value.mojibake"])
    assert _one(text, written)[0] == value


def test_wrongly_decoded_byte_order_mark_is_removed():
    assert _one(line, "ï»¿Sari") == ("Sari", ["value.control_chars", "value.mojibake"])


@pytest.mark.parametrize("written", [
    "Àííà Ïàâëîâà", "Îëüãà", "ëåâ", "Ìåñòî: Êèåâ", "ÀÍÍÀ", "ÍõÐ¡Ã÷", "ÀîÐ¡Áú", "Ãéþñãïò", "ùìåí", "ãÍãÏ Úáí",
    "ÊÁªÒÂ ã¨´Õ", "Yayasan Ìèð",
])  # fmt: skip
def test_wrongly_decoded_letters_of_another_script_go_to_review(written):
    assert _one(line, written) == (written, ["value.characters_unlikely"])


_NAMES = (
    "Ñáéíz", "Łódź", "Ångström", "Đặng Thị Ánh", "Éléonore Héraïs", "Þórunn Ævarsdóttir", "Öö", "Åå", "Øyvind Ødegård",
    "ÆØÅ", "Verein ÄÖÜ", "Île-de-Ré", "Ó Súilleabháin", "ÇAĞRI ÖZGÜR", "Üçüncü", "Äijälä", "Ñuñoa", "São João",
    "Đorđe Đukić", "Œuvre", "Čačak", "Žižek", "Iñigo Íñiguez", "Ùna", "Õnne Õunapuu", "Ïa", "Élie Éà", "Ýmir", "Ölçü",
    "Müğe", "Køge Å", "À l'été", "«Était-ce»", "CAFÉ™", "NESTLÉ®", "«Está»…", "¡Ánimo!", "Señor Núñez", "Bjørn Åge",
    "100°C ±½", "§§ 12–14", "Société Éâ", "Hôpital «Áé»", "Ægir Óðinsson", "Íñaki", "Gülşöğüt", "Ústí nad Labem",
    "Ōtsuka", "Ngô Đình Diệm", "Ấn Ðộ", "Êà", "Zoë Ëë", "L’Âge d’Or", "Ðuro", "Tchouaméni", "Pokémon", "Ôtaku",
)  # fmt: skip


@pytest.mark.parametrize("name", _NAMES)
def test_names_of_many_languages_are_unchanged(name):
    assert _one(line, name) == (name, [])


@pytest.mark.parametrize("written", ["Rina&nbsp;Kusuma", "Rina\u00a0Kusuma", "Rina \u00a0 Kusuma", "Rina\u3000Kusuma"])
def test_white_space_becomes_single_spaces(written):
    assert _one(line, written) == ("Rina Kusuma", [])


_NOTHING = (
    "#REF!", "#VALUE!", "#Name?", "#DIV/0!", "#NUM!", "#SPILL!", "#WERT!", "\\N", "(blank)", "[Blank]", "(none)",
    "< none >", "n.a", "blm ada", "-tidak ada-", "- Tidak  Ada -", "not available", "(tidak\u00a0ada)", "*kosong*",
    "[[null]]", "--none--", "_n/a_",
)  # fmt: skip


@pytest.mark.parametrize("normalize", [line, text, email, url, _partial_date, country, region, city, tags])
@pytest.mark.parametrize("written", _NOTHING)
def test_placeholders_are_null_in_columns_of_any_kind(normalize, written):
    value, codes = _one(normalize, written)
    assert value is None
    assert codes == []
    assert not has_content(pd.Series([written], dtype="str")).any()


@pytest.mark.parametrize(
    "name",
    ["Nan Goldin", "Nonen", "Kosongan", "Ada", "Na Li", "N. A. Noor", "#Berani", "Nulla", "Blank", "Dan Nil", "(NA)"],
)
def test_names_that_resemble_placeholders_are_kept(name):
    assert _one(line, name) == (name, [])
