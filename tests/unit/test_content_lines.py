"""Content lines and components of calendars and address cards: unfolded, split, decoded, cut."""

import time

import pytest

from kelompok_core.contracts import UnreadableSource
from kelompok_core.plugin_kit.reading.components import Component, Problem, cut
from kelompok_core.plugin_kit.reading.content_lines import open_content_lines, split_value, unescape


@pytest.fixture
def read(tmp_path):
    def run(content, **more):
        path = tmp_path / "file"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        with open_content_lines(path, **more) as lines:
            return list(lines)

    return run


@pytest.fixture
def components(read):
    def run(content, whole=("VEVENT", "VTODO"), nesting=()):
        return list(cut(iter(read(content)), whole=whole, nesting=nesting))

    return run


def _values(lines):
    return [(one.line, one.name, one.value) for one in lines]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_folded_lines_have_the_number_of_their_first_line(read, end):
    text = end.join(["\ufeffA:one", "", "B:tw", " o", "\t, three", "", "C;X=1:", "D:é"])
    assert _values(read(text)) == [(1, "A", "one"), (3, "B", "two, three"), (7, "C", ""), (8, "D", "é")]


def test_a_fold_may_split_a_character_or_a_parameter(read):
    assert _values(read(b"A:caf\xc3\n \xa9\n")) == [(1, "A", "café")]
    (line,) = read('ATTENDEE;CN="Siti;\n : R":mailto:x\n')
    assert (line.name, line.value, line.head.params) == ("ATTENDEE", "mailto:x", {"CN": ("Siti;: R",)})


@pytest.mark.parametrize(("head", "group", "name", "params", "types"), [
    ("item1.tel;type=CELL;TYPE=voice", "item1", "TEL", {"TYPE": ("CELL", "voice")}, {"cell", "voice"}),
    ('TEL;TYPE="voice,work"', "", "TEL", {"TYPE": ("voice,work",)}, {"voice", "work"}),
    ("TEL;CELL;PREF", "", "TEL", {"TYPE": ("CELL", "PREF")}, {"cell", "pref"}),
    ('X;A="x:y;z",b', "", "X", {"A": ("x:y;z", "b")}, set()),
    ("X;A=^'q^'^n^^", "", "X", {"A": ('"q"\n^',)}, set()),
    ("X;A=", "", "X", {"A": ("",)}, set()),
    ('X;A="open', "", "X", {"A": ("open",)}, set()),
    ("X-É;A=É", "", "", {}, set()),
    ("X;A=É", "", "X", {"A": ("É",)}, set()),
])  # fmt: skip
def test_heads(read, head, group, name, params, types):
    (line,) = read(f"{head}:value")
    assert (line.head.group, line.name, line.head.params, line.head.types) == (group, name, params, types)


def test_quoted_printable_with_soft_breaks_and_charset(read):
    lines = read(
        b"N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Nurj=C3=A1=\nnah;=\n=\n Dewi\n"
        b"NOTE;QUOTED-PRINTABLE;CHARSET=SHIFT_JIS:=83=81=83=82=\nEND:VCARD\n"
        b"FN;CHARSET=SHIFT_JIS:\x94\x5c\n"
        b"ORG;ENCODING=QUOTED-PRINTABLE:two=0D=0Alines\n"
    )
    assert [one.value for one in lines] == ["Nurjánah; Dewi", "メモ", "VCARD", "能", "two\nlines"]


def test_base64_is_skipped_however_long_it_is(read):
    photo = "\n".join("A" * 70 for _ in range(30_000))
    lines = read(f"PHOTO;ENCODING=b:{'A' * 1_500_000}\nPHOTO;BASE64:\n{photo}\n\nLOGO:data:image/png;base64,{'A' * 9}\n"
                 f"KEY;ENCODING=BASE64:\n {'B' * 2_000_000}\nFN:A\n")  # fmt: skip
    assert [(one.name, one.value) for one in lines] == [
        ("PHOTO", ""), ("PHOTO", ""), ("LOGO", ""), ("KEY", ""), ("FN", "A"),
    ]  # fmt: skip
    assert lines[-1].line == 30_007


@pytest.mark.parametrize("content", [
    "A:" + "x" * 1_000_001, "A:x\n" + " y" * 3 + "\n " + "z" * 1_000_001, "A:\n" + (" " + "x" * 100 + "\n") * 10_001,
    "A" * 1_000_002,
])  # fmt: skip
def test_a_line_that_is_too_long_is_refused_with_its_place(read, content):
    with pytest.raises(UnreadableSource) as refused:
        read(content)
    assert (refused.value.issue.code, refused.value.issue.line) == ("file.content_line_too_long", 1)


@pytest.mark.parametrize("content", [
    'A;X="' * 150_000, "A;X=" + '"' * 900_000, "A;X=" + "a," * 400_000 + ":v", "A" + ";T=a" * 240_000 + ":v",
    "A;X=" + '"a",' * 200_000 + ":v", "A:" + "\\" * 900_000, "A" * 900_000, "=\n" * 300_000,
    "A;ENCODING=QUOTED-PRINTABLE:" + "=\n" * 300_000,
])  # fmt: skip
def test_odd_lines_take_linear_time(read, content):
    started = time.process_time()
    for one in read(content):
        split_value(one.value, ",")
    assert time.process_time() - started < 3


def test_text_in_other_encodings(read):
    (line,) = read("A:Café".encode("cp1252"))
    assert (line.value, line.is_text) == ("Caf\ufffd", False)
    assert [one.value for one in read("A:Café\nB:".encode("cp1252") + "é".encode(), encoding="cp1252")] == ["Café", "é"]
    assert _values(read("A:Café\r\nB;ENCODING=QUOTED-PRINTABLE:=C3=A9".encode("utf-16"))) == [
        (1, "A", "Café"), (2, "B", "é"),
    ]  # fmt: skip
    with pytest.raises(UnreadableSource) as refused:
        read("A:x\n".encode("utf-16") + b"\x00\xd8")
    assert refused.value.issue.code == "file.encoding_unreadable"


def test_lines_without_a_name_and_odd_characters_stay_one_line(read):
    lines = read("no colon\nA:x\x0by\x85z\u2028\x00\n:x\n")
    assert _values(lines) == [(1, "", ""), (2, "A", "x\x0by\x85z\u2028\x00"), (3, "", "")]


def test_escapes():
    assert unescape(r"a\, b\; c\\n\nd\Ne\:f\"g\x") == 'a, b; c\\n\nd\ne:f"g\\x'
    assert split_value(r"a\,b,c\\,,d\\\,e", ",") == ["a,b", "c\\", "", "d\\,e"]
    assert split_value(r"N\;x;y\\;\:z;", ";") == ["N;x", "y\\", ":z", ""]
    assert split_value("a,b", ",") == ["a", "b"]
    assert split_value("a\\", ",") == ["a\\"]


def _shape(found):
    return [
        (one.name, one.line, one.problem, [inside.name for inside in one.inside])
        if isinstance(one, Component) else (one.name, one.value) for one in found
    ]  # fmt: skip


def test_components_are_cut_whole_and_other_lines_pass(components):
    text = ("BEGIN:VCALENDAR\nA:1\nBEGIN:VEVENT\nUID:1\nBEGIN:VALARM\nB:2\nEND:VALARM\nEND:VEVENT\nEND:X\n"
            "END:VCALENDAR\n")  # fmt: skip
    found = components(text)
    assert _shape(found) == [
        ("BEGIN", "VCALENDAR"), ("A", "1"), ("VEVENT", 3, None, ["VALARM"]), ("END", "X"), ("END", "VCALENDAR"),
    ]  # fmt: skip
    assert [one.value for one in found[2].lines] == ["1"]


@pytest.mark.parametrize(("text", "expected"), [
    ("BEGIN:VEVENT\nA:1\nBEGIN:VEVENT\nB:2\nEND:VEVENT", [("VEVENT", 1, "unclosed", []), ("VEVENT", 3, None, [])]),
    ("BEGIN:VEVENT\nBEGIN:VTODO\nEND:VTODO", [("VEVENT", 1, "unclosed", []), ("VTODO", 2, None, [])]),
    ("BEGIN:VEVENT\nBEGIN:VALARM\nEND:VEVENT", [("VEVENT", 1, None, ["VALARM"])]),
    ("BEGIN:C\nBEGIN:VEVENT\nA:1\nEND:C\nBEGIN:VEVENT\nEND:VEVENT",
     [("BEGIN", "C"), ("VEVENT", 2, "unclosed", []), ("END", "C"), ("VEVENT", 5, None, [])]),
    ("BEGIN:VEVENT\nEND:VALARM\nA:1\nEND:VEVENT", [("VEVENT", 1, None, [])]),
    ("begin:vevent\nend:VEvent ", [("VEVENT", 1, None, [])]),
])  # fmt: skip
def test_missing_ends_affect_one_component(components, text, expected):
    assert _shape(components(text)) == expected


def test_cards_in_cards_and_cards_without_an_end(components):
    nested = "BEGIN:VCARD\nN:a\nBEGIN:VCARD\nN:b\nEND:VCARD\nBEGIN:VCARD\nEND:VCARD\nTEL:1\nEND:VCARD\n"
    cards = {"whole": ("VCARD",), "nesting": ("VCARD",)}
    assert _shape(components(nested, **cards)) == [("VCARD", 1, None, ["VCARD", "VCARD"])]
    unclosed = "BEGIN:VCARD\nN:a\n" + "BEGIN:VCARD\nN:b\nEND:VCARD\n" * 1_500
    found = components(unclosed, **cards)
    assert [one.problem for one in found] == [Problem.UNCLOSED] + [None] * 1_500
    assert [one.line for one in found] == sorted(one.line for one in found)
    found = components("BEGIN:VCARD\nN:a\n" * 50, **cards)
    assert [(one.line, one.problem) for one in found] == [(2 * n + 1, Problem.UNCLOSED) for n in range(50)]


def test_a_component_may_be_large_but_not_too_large(components):
    found = components(f"BEGIN:VEVENT\n{('A:' + 'x' * 900_000 + chr(10)) * 6}END:VEVENT\nBEGIN:VEVENT\nEND:VEVENT\n")
    assert [(one.problem, len(one.lines)) for one in found] == [(Problem.TOO_LARGE, 4), (None, 0)]
    (found,) = components("BEGIN:VEVENT\n" + "BEGIN:VALARM\nEND:VALARM\n" * 1_002 + "END:VEVENT\n")
    assert (len(found.inside), found.left_out) == (1_000, 2)


def test_components_that_are_too_deep_are_refused(components):
    with pytest.raises(UnreadableSource) as refused:
        components("BEGIN:VEVENT\n" + "".join(f"BEGIN:X{number}\n" for number in range(50)))
    assert (refused.value.issue.code, refused.value.issue.line) == ("file.components_too_deep", 11)
