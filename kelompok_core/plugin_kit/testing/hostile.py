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
    return DELIMITED if media_type.startswith("text/") else OTHER


CELLS = ("", " ", "A\0B", "x" * 100_000, "\u202e", "=1+1", "31/12/2024", "https://", "<b>", "\U0001f30f", None)
"""Hostile cells, for plugins that get tables."""
