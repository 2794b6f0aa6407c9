"""Normalizers of phones, links, names and words, with common spellings."""

import pandas as pd
import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kelompok_core.members.entity import STATUS_WORDS
from kelompok_core.values.email import email
from kelompok_core.values.html import html
from kelompok_core.values.people import person_name
from kelompok_core.values.phones import phone
from kelompok_core.values.reading import Inputs, Reading, alone
from kelompok_core.values.social import social
from kelompok_core.values.words import choice, first_word, language, tags


def _cells(*written, name="kolom"):
    return pd.Series(written, dtype="str", name=name)


def _one(normalized):
    value = normalized.values.iloc[0]
    return None if pd.isna(value) else value, list(normalized.findings["code"])


@pytest.mark.parametrize(
    ("written", "number", "codes"),
    [
        ("0812-3456-7890", "+6281234567890", []),
        ("+62 812 3456 7890", "+6281234567890", []),
        ("6281234567890", "+6281234567890", []),
        ("81234567890", "+6281234567890", ["value.phone_zero_restored"]),
        ("(021) 555 1234", "+62215551234", []),
        ("0812 3456 7890 / 021-5551234", "+6281234567890", ["value.phone_several"]),
        ("+44 1835 703597", "+441835703597", []),
        ("01835-703597", "01835-703597", ["value.phone"]),
        ("8.12346E+10", "8.12346E+10", ["value.phone"]),
        ("81234567890 (Budi)", "+6281234567890", ["value.phone_zero_restored", "value.phone_words_left"]),
        ("tidak ada", None, []),
    ],
)
def test_phone_numbers(written, number, codes):
    assert _one(phone(alone(_cells(written)))) == (number, codes)


def test_country_of_a_number_comes_from_the_row_or_the_import():
    british = Reading(phone_country="GB")
    assert _one(phone(alone(_cells("01835-703597"), british))) == ("+441835703597", [])
    inputs = Inputs(own=_cells("01835-703597", "0812-3456-7890"), parts={"country": _cells("UK", None)})
    assert list(phone(inputs).values) == ["+441835703597", "+6281234567890"]


@pytest.mark.slow
@given(st.from_regex(r"(\+62|62|0|)[1-9][0-9]{7,11}", fullmatch=True))
def test_fast_path_for_mobile_numbers_agrees_with_the_library(written):
    number, codes = _one(phone(alone(_cells(written))))
    if "value.phone" not in codes:
        parsed = phonenumbers.parse(number, None)
        assert phonenumbers.is_valid_number(parsed)
        digits = written.lstrip("+")
        assert digits.endswith(str(parsed.national_number)), "no digit is lost or made up"
        assert _one(phone(alone(_cells(number)))) == (number, [])


@pytest.mark.parametrize(
    ("network", "written", "link", "codes"),
    [
        ("instagram", "@rumah.baca", "https://www.instagram.com/rumah.baca", []),
        ("instagram", "https://instagram.com/satu/?hl=id", "https://www.instagram.com/satu", []),
        ("instagram", "www.facebook.com/x", "https://www.facebook.com/x", ["value.social_elsewhere"]),
        ("instagram", "!!", None, ["value.social_unreadable"]),
        ("facebook", "m.facebook.com/profile.php?id=12&ref=x", "https://www.facebook.com/profile.php?id=12", []),
        ("facebook", "facebook.com/groups/abc/", "https://www.facebook.com/groups/abc", []),
        ("twitter", "https://twitter.com/satu/status/1", "https://x.com/satu", []),
        ("youtube", "youtube.com/channel/UC1/videos", "https://www.youtube.com/channel/UC1", []),
        ("youtube", "@satu", "https://www.youtube.com/@satu", []),
        ("linkedin", "https://id.linkedin.com/in/ani?trk=x", "https://www.linkedin.com/in/ani", []),
        ("linkedin", "ani", None, ["value.social_unreadable"]),
        ("instagram", "ada", None, ["value.social_unreadable"]),
        ("facebook", "Ya", None, ["value.social_unreadable"]),
        ("instagram", "@ada", "https://www.instagram.com/ada", []),
        ("instagram", "https://www.instagram.com/", None, ["value.social_unreadable"]),
        ("instagram", "https://", None, []),
    ],
)
def test_social_links(network, written, link, codes):
    assert _one(social(network)(_cells(written))) == (link, codes)
    if link and not codes:
        assert _one(social(network)(_cells(link))) == (link, [])


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ('"Editors"', '["Editors"]'),
        ("Multiple Tags,Example, More tags", '["Multiple Tags", "Example", "More tags"]'),
        ("Lorem | Ipsum Dolor | a, b", '["Lorem", "Ipsum Dolor", "a, b"]'),
        ('["a", "b"]', '["a", "b"]'),
        ("#Air; air ;#Hutan", '["Air", "Hutan"]'),
        (" | ", None),
        ("[]", None),
    ],
)
def test_tags(written, kept):
    assert _one(tags(_cells(written))) == (kept, [])


def test_status_and_language_words():
    status = choice(STATUS_WORDS)
    assert [_one(status(_cells(word)))[0] for word in ("Aktif", "TIDAK AKTIF", "un-subscribed", "unsubscribed")] == [
        "active", "inactive", None, "inactive",
    ]  # fmt: skip
    plain = {"0": "inactive", "1": "active", "0.0": "inactive", "False": "inactive", "Tidak": "inactive", "-": None}
    assert {word: _one(status(_cells(word))) for word in plain} == {word: (value, []) for word, value in plain.items()}
    assert _one(status(_cells("4"))) == (None, ["value.enum_unknown"])
    languages = ("English", "Bahasa Indonesia", "id", "en", "en-US", "English|French")
    assert [_one(language(_cells(word)))[0] for word in languages] == ["en", "id", "id", "en", "en", "en"]
    assert _one(language(_cells("Bahasa Kalbu"))) == (None, ["value.language_unknown"])


@pytest.mark.parametrize(
    ("written", "kept", "codes"),
    [
        ("AT&T < b & c", "AT&T < b & c", []),
        ("<p>ok <b>x</b></p>", "<p>ok <b>x</b></p>", []),
        ("<script>alert(1)</script>hai", "hai", ["value.html_cleaned"]),
        ('<a href="javascript:x">y</a>', '<a rel="noopener noreferrer">y</a>', ["value.html_cleaned"]),
        ('<img src="x" onerror="steal()">', '<img src="x">', ["value.html_cleaned"]),
        ("<iframe src='https://x'></iframe>", None, ["value.html_cleaned"]),
    ],
)
def test_html(written, kept, codes):
    assert _one(html(_cells(written))) == (kept, codes)


@pytest.mark.slow
@given(st.text(alphabet="<>/ab =\"'&;scriptonload:", max_size=60))
def test_active_markup_is_removed(written):
    kept = html(_cells(written)).values.iloc[0]
    if not pd.isna(kept):
        assert "<script" not in kept.lower()
        again = html(_cells(kept)).values.iloc[0]
        assert pd.isna(again) or "<script" not in again.lower()


def test_name_comes_from_the_full_name_or_its_parts_or_the_address():
    inputs = Inputs(
        own=_cells("Budi S.", None, None, None),
        parts={
            "given_name": _cells("x", " Ani ", None, None),
            "family_name": _cells("y", "Wati", "Siti", None),
            "email": _cells("a@b.id", None, None, "rudi.hartono@b.id", name="surel"),
        },
    )
    found = person_name(inputs)
    assert list(found.values) == ["Budi S.", "Ani Wati", "Siti", "Rudi Hartono"]
    assert [(one.column, one.code) for one in found.findings.itertuples()] == [("surel", "value.name_from_email")]


def test_address_in_the_name_column_is_not_a_name():
    parts = {"given_name": _cells("Ani", None, None), "email": _cells(None, "budi.s@b.id", None, name="surel")}
    found = person_name(Inputs(own=_cells("ani@b.id", "info@b.id", "cici.dewi@b.id"), parts=parts))
    assert (list(found.values), list(found.derived)) == (["Ani", "Budi S", "Cici Dewi"], [False, True, True])


def test_first_of_several_words():
    several = ["value.category_several"]
    for written, word, codes in (
        ("Berita|Umum", "Berita", several),
        ("Acara; Kegiatan", "Acara", several),
        ("Air, Tanah & Udara", "Air, Tanah & Udara", []),
        ("Berita|", "Berita", []),
    ):
        assert _one(first_word(_cells(written))) == (word, codes)


def test_mistyped_address_is_invalid():
    assert _one(email(_cells("Zsa Zsa.Lipson@mail.com"))) == (None, ["value.email"])
    assert _one(email(_cells("Zsa Zsa <zsa@mail.com>"))) == ("zsa@mail.com", [])
