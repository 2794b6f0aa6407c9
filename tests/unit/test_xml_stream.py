"""XML of strangers: parsed as a stream, refused where it would cost more than it is worth."""

import time

import pytest

from kelompok_core.contracts import UnreadableSource
from kelompok_core.plugin_kit.reading.xml_stream import feed, local_name, make_parser


def _parse(*chunks, part=None):
    parser, events = make_parser(), []
    parser.StartElementHandler = lambda name, attributes: events.append((name, attributes))
    parser.CharacterDataHandler = events.append
    for _ in feed(parser, chunks, part=part):
        pass
    return events


def test_elements_have_namespaces_and_text_is_joined():
    events = _parse(b'<a xmlns="urn:x" xmlns:y="urn:y"><y:b c="1" y:d="2">one &amp; two</y:b></a>')
    assert events == [("urn:x a", {}), ("urn:y b", {"c": "1", "urn:y d": "2"}), "one & two"]


@pytest.mark.parametrize(("document", "code", "line"), [
    (b"<a>\n<b></a>", "file.xml_invalid", 2),
    (b"<a>", "file.xml_invalid", 1),
    (b"", "file.xml_invalid", 1),
    (b"<a>&x;</a>", "file.xml_invalid", 1),
    (b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "file.xml_document_type", 1),
    (b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>', "file.xml_document_type", 1),
])  # fmt: skip
def test_what_is_refused_has_its_place(document, code, line):
    with pytest.raises(UnreadableSource) as refused:
        _parse(document)
    assert (refused.value.issue.code, refused.value.issue.line) == (code, line)
    with pytest.raises(UnreadableSource) as refused:
        _parse(document, part="xl/workbook.xml")
    assert refused.value.issue.line is None
    assert refused.value.issue.params["place"] == "xl/workbook.xml"


@pytest.mark.parametrize("opening", [b"<a b='", b"<!--", b"<a><![CDATA[", b"<a ", b"<?x "])
def test_a_token_without_end_is_refused_early(opening):
    started = time.process_time()
    chunks = (opening if number == 0 else b"x" * 65_536 for number in range(1_000))
    if opening == b"<a><![CDATA[":
        assert _parse(*list(chunks)[:9], b"]]></a>"), "text comes in pieces, however long it is"
        return
    with pytest.raises(UnreadableSource) as refused:
        _parse(*chunks)
    assert refused.value.issue.code == "file.xml_token_too_long"
    assert time.process_time() - started < 5


@pytest.mark.parametrize(("name", "local"), [("urn:x a", "a"), ("a", "a"), ("urn:x y:b", "y:b"), ("", "")])
def test_local_names(name, local):
    assert local_name(name) == local


def test_what_was_collected_can_be_taken_after_each_chunk():
    parser, found, taken = make_parser(), [], []
    parser.StartElementHandler = lambda name, _: found.append(name)
    for _ in feed(parser, [b"<a><b/>", b"<c/>", b"</a>"]):
        taken.append(list(found))
        found.clear()
    assert taken == [["a", "b"], ["c"], [], []]


def test_encoding_as_given_wins_over_the_declaration():
    parser, texts = make_parser(encoding="windows-1252"), []
    parser.CharacterDataHandler = texts.append
    for _ in feed(parser, ['<?xml version="1.0" encoding="utf-8"?><a>Café</a>'.encode("cp1252")]):
        pass
    assert "".join(texts) == "Café"
