"""Encodings of text; codecs that are not encodings are refused."""

import codecs
import io

import pytest

from kelompok_core.contracts import TEXT_ENCODINGS, find_encoding, find_undecodable


@pytest.mark.parametrize("name", [
    "bz2", "zlib", "zip", "base64", "hex", "uu", "quopri", "rot13", "BZ2_codec", "punycode", "idna", "unicode_escape",
    "raw_unicode_escape", "undefined", "charmap", "utf-7", "", "x" * 41, "utf-8\0", "aliases", "../bz2", "bz2.",
])  # fmt: skip
def test_codecs_that_are_not_text_encodings(name):
    assert find_encoding(name) is None


@pytest.mark.parametrize(("name", "codec"), [
    ("windows-1252", "cp1252"), ("UTF-8", "utf-8"), ("latin-1", "iso8859-1"), ("ISO-8859-15", "iso8859-15"),
    ("Shift_JIS", "shift_jis"), ("macintosh", "mac-roman"), ("utf_16", "utf-16"),
])  # fmt: skip
def test_encodings_by_common_names(name, codec):
    assert find_encoding(name) == codec


def test_every_encoding_round_trips():
    for name in TEXT_ENCODINGS:
        assert find_encoding(name) == name
        assert codecs.decode(codecs.encode("name 123", name), name) == "name 123"


@pytest.mark.parametrize(
    ("before", "line"), [(b"a\r\nb\n", 3), (b"a\rb\rc\r", 4), (b"", 1), (b"x\n" * 900_000, 900_001)]
)
def test_line_of_the_first_invalid_byte(before, line):
    found = find_undecodable(io.BytesIO(before + b"\xff\n\n"), "utf-8")
    assert (found.offset, found.line) == (len(before), line)
