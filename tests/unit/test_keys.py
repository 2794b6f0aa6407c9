"""Matching keys: which values are equal."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kelompok_core.matching.keys import email_key, name_key, natural_identity, website_key


def _one(key, value):
    found = key(pd.Series([value], dtype="str")).iloc[0]
    return None if pd.isna(found) else found


@pytest.mark.parametrize(("left", "right"), [
    ("Rumah Baca", "RUMAH  BACA."), ("Café", "cafe"), ("Ibu-Anak", "Ibu Anak"), ("Ｆｏｒｕｍ", "forum"),
])  # fmt: skip
def test_spellings_of_the_same_name_have_one_key(left, right):
    assert _one(name_key, left) == _one(name_key, right)


@pytest.mark.parametrize(
    ("left", "right"), [("Forum Air", "Forum Api"), ("日本", "中国"), ("!!!", "???"), ("A 1", "A 2")]
)
def test_different_names_have_different_keys(left, right):
    assert _one(name_key, left) != _one(name_key, right)


@pytest.mark.parametrize(("address", "key"), [
    ("https://www.rumah.or.id/", "rumah.or.id"), ("http://rumah.or.id", "rumah.or.id"),
    ("https://rumah.or.id/a/#b", "rumah.or.id/a"), ("https://facebook.com", None),
    ("https://www.facebook.com/rumah", "facebook.com/rumah"),
])  # fmt: skip
def test_website_key(address, key):
    assert _one(website_key, address) == key


def test_email_key():
    assert _one(email_key, "Info@Rumah.or.id") == "info@rumah.or.id"


@pytest.mark.slow
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40))
def test_name_key_is_idempotent_and_never_empty(name):
    key = _one(name_key, name)
    assert key
    assert _one(name_key, key) == key


def test_natural_identity_needs_only_its_first_part():
    parts = pd.DataFrame({"name_key": ["satu", None], "city": [None, "Bandung"]}, dtype="str")
    identities = natural_identity([parts])
    assert identities.iloc[0] == "nk:satu|"
    assert pd.isna(identities.iloc[1])
