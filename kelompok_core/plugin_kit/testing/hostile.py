"""Hostile inputs: files that a reader must take as issues, as unreadable, or as they are, but never fail on."""

import json
from collections.abc import Mapping

_TEXT = 'id,name,city\n1,Rumah Air,Jakarta\n2,"Sanggar ""Seni""",Depok\n'

DELIMITED: Mapping[str, bytes] = {
    "empty": b"",
    "only a header": b"id,name,city\n",
    "only blank lines": b"\n\n\n",
    "byte order mark": b"\xef\xbb\xbf" + _TEXT.encode(),
    "UTF-16": _TEXT.encode("utf-16"),
    "windows-1252": "id,name\n1,Caf\u00e9 \u201cR\u00e9my\u201d\n".encode("cp1252"),
    "CRLF": _TEXT.replace("\n", "\r\n").encode(),
    "lone CR": _TEXT.replace("\n", "\r").encode(),
    "no newline at the end": _TEXT.rstrip().encode(),
    "semicolons": _TEXT.replace(",", ";").encode(),
    "ragged rows": b"id,name,city\n1,A\n2,B,Depok,more,and more\n",
    "repeated header": b"id,name,name\n1,A,B\n",
    "blank header": b"id,,\n1,A,B\n",
    "quoted line break": b'id,name\n1,"A\nB"\n2,C\n',
    "unclosed quote": b'id,name\n1,"A\n2,B\n',
    "NUL": b"id,name\n1,A\0B\n",
    "invalid UTF-8": b"id,name\n1,A\xff\xfeB\n",
    "surrogates in UTF-8": b"id,name\n1,A\xed\xa0\x80B\n",
    "formulas": b"id,name\n1,\"=cmd|' /C calc'!A0\"\n2,+62812,\n3,@SUM(A1)\n",
    "odd values": b'id,name,date,amount,phone\n1,A,31/12/2024,"1.234,5",0812-3456-789\n2,B,2024-13-45,NaN,+62\n',
    "a large cell": b"id,name\n1," + b"x" * 10_000_000 + b"\n",
    "many columns": (",".join(f"c{n}" for n in range(1_500)) + "\n" + "," * 1_499 + "\n").encode(),
    "control characters": b"id,name\n1,\x1b[31mA\x07\n",
    "text direction": "id,name\n1,A\u202eB\n".encode(),
    "not text": bytes(range(256)) * 20,
}
"""For media types of delimited text."""

JSON: Mapping[str, bytes] = {
    "empty": b"",
    "null": b"null",
    "a number": b"1",
    "an empty list": b"[]",
    "byte order mark": b"\xef\xbb\xbf" + b'[{"id": 1, "name": "A"}]',
    "UTF-16": '[{"id": 1, "name": "A"}]'.encode("utf-16"),
    "cut off": b'[{"id": 1, "name": "A"}, {"id"',
    "something behind": b'[{"id": 1, "name": "A"}] x',
    "repeated key": b'[{"name": "A", "name": "B"}]',
    "mixed kinds": b'[{"id": 1, "name": "A"}, 5, null, "x", [1]]',
    "NUL": b'[{"id": 1, "name": "A\\u0000B"}]',
    "lone surrogate": b'[{"id": 1, "name": "A\\ud800B"}]',
    "invalid UTF-8": b'[{"id": 1, "name": "A\xffB"}]',
    "deep": b"[" * 5_000 + b"]" * 5_000,
    "deep object": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    "large number": b'[{"id": ' + b"9" * 5_000 + b', "name": "A"}]',
    "not a number": b'[{"id": NaN, "name": Infinity}]',
    "a large cell": json.dumps([{"id": 1, "name": "x" * 10_000_000}]).encode(),
    "many keys": json.dumps([{f"k{n}": n for n in range(1_500)}]).encode(),
    "a nested record": b'[{"id": 1, "name": {"first": "A", "others": [{"b": [1, 2]}]}}]',
    "not text": bytes(range(256)) * 20,
}
"""For media types of JSON."""

_EVENT = "BEGIN:VEVENT\r\nUID:1\r\nSUMMARY:A\r\nDTSTART:20240105T020000Z\r\n"
_CARD = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:A\r\nN:A;B;;;\r\n"


def _content_lines(kind: str, record: str) -> Mapping[str, bytes]:
    """Return hostile inputs of calendars or cards; a record is given without its end."""
    end = f"END:{kind}\r\n"
    return {
        "empty": b"",
        "only blank lines": b"\n\n\n",
        "not of its kind": b"id,name\n1,A\n",
        "byte order mark": b"\xef\xbb\xbf" + (record + end).encode(),
        "UTF-16": (record + end).encode("utf-16"),
        "lone CR": (record + end).replace("\r\n", "\r").encode(),
        "no end": record.encode(),
        "only ends": (end * 100).encode(),
        "many beginnings": f"BEGIN:{kind}\r\n".encode() * 10_000,
        "deep": "".join(f"BEGIN:X{number}\r\n" for number in range(10_000)).encode(),
        "deep inside": (record + "".join(f"BEGIN:X{number}\r\n" for number in range(10_000))).encode(),
        "NUL": (record + f"NOTE:A\0B\r\nDESCRIPTION:A\0B\r\n{end}").encode(),
        "control characters": (record + f"CATEGORIES:\x1b[31mA\x07,\x0b\r\nX\x07Y:1\r\n{end}").encode(),
        "invalid UTF-8": record.encode() + b"CATEGORIES:A\xff\xfeB\r\nNOTE;X=\xff:A\xed\xa0\x80\r\n" + end.encode(),
        "a large line": (record + "NOTE:" + "x" * 10_000_000 + "\r\n" + end).encode(),
        "a large folded line": (record + "NOTE:" + "x\r\n " * 2_000_000 + "\r\n" + end).encode(),
        "a large record": (record + ("COMMENT:" + "x" * 900_000 + "\r\n") * 20 + end).encode(),
        "many quotation marks": (record + 'X;A="' * 150_000 + "\r\n" + end).encode(),
        "many parameters": (record + "X" + ";A=b" * 240_000 + ":c\r\n" + end).encode(),
        "quoted-printable without an end": (record + "NOTE;ENCODING=QUOTED-PRINTABLE:" + "=\r\n" * 100_000).encode(),
        "unknown character set": (record + f"NOTE;CHARSET=bz2;ENCODING=QUOTED-PRINTABLE:=42=5A\r\n{end}").encode(),
        "odd times": (record + "DTEND;TZID=Nowhere:99991231T235959\r\nREV:x\r\nBDAY:0000-00-00\r\n" + end).encode(),
        "an endless rule": (record + "RRULE:FREQ=SECONDLY;INTERVAL=0;BYMONTH=2;BYMONTHDAY=30\r\n" + end).encode(),
        "no colon": (record + "NOTE\r\n;;;\r\n:\r\n" + end).encode(),
        "not text": bytes(range(256)) * 20,
    }


CALENDARS = _content_lines("VEVENT", _EVENT)
"""For calendars."""
CARDS = _content_lines("VCARD", _CARD)
"""For address cards."""

OTHER: Mapping[str, bytes] = {
    "empty": b"",
    "text": b"nothing but text\n",
    "not text": bytes(range(256)) * 20,
    "zeros": b"\0" * 100_000,
}
"""For all other media types."""


def hostile_inputs(media_type: str) -> Mapping[str, bytes]:
    """Return hostile inputs of a media type, by what is odd about them."""
    if "json" in media_type:
        return JSON
    if media_type in ("text/calendar", "text/vcard"):
        return CALENDARS if media_type == "text/calendar" else CARDS
    return DELIMITED if media_type.startswith("text/") else OTHER


CELLS = ("", " ", "A\0B", "x" * 100_000, "\u202e", "=1+1", "31/12/2024", "https://", "<b>", "\U0001f30f", None)
"""Hostile cells, for plugins that get tables."""
