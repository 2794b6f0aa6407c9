"""Formulas in files for spreadsheets are guarded wherever a cell may be split, and restored exactly."""

import csv
import io
import re
import subprocess
import sys
import time
import unicodedata
from shutil import which

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kelompok_core.records.formulas import SafeWriter, guard_formula, unguard_formula

_SIGNS = "=+-@＝＋－＠"
_HOSTILE = [
    '=HYPERLINK("https://example.org")', "+1+1", "-1+1", "@SUM(1)", "'=1+1", "''=1+1", "＝1+1", "＠SUM(1)",
    " =1+1", "\u00a0=1+1", "\ufeff=1+1", "\u200b=1+1", "\u2028=1+1", "\u3164=1+1", "\x0b=1+1", "\x1b=1+1",
    "\t=1+1", "\r\n=1+1", "\n\n =1+1", "x;=1+1", "x,=1+1", "x|=1+1", "x\t=1+1", "x\n=1+1", "x\r\n=1+1",
    'x; "=1+1;y', 'x;"=1+1";y', 'x;=HYPERLINK("a";"b")', "a;;,|=1+1", "x;'=1+1", "'x;=1+1", "x;\u202e=1+1", '"\n=1+1',
]  # fmt: skip
_PIECES = st.lists(st.sampled_from([*"'\";,|\t\r\n =+-@＝xé", "\ufeff", "\u00a0", "\u202e", "0", "\r\n"]), max_size=12)
_CELLS = st.one_of(st.sampled_from(_HOSTILE), _PIECES.map("".join), st.text(max_size=30))


def _begins_a_formula(piece):
    seen = (one for one in piece if one != '"' and unicodedata.category(one) not in ("Zs", "Zl", "Zp", "Cf", "Cc"))
    return next(seen, "") in tuple(_SIGNS)


@given(_CELLS)
def test_guarded_cell_is_restored_exactly(cell):
    assert unguard_formula(guard_formula(cell)) == cell


@given(_CELLS)
def test_no_part_of_a_guarded_cell_begins_a_formula(cell):
    guarded = guard_formula(cell)
    assert guarded[:1] not in ("\t", "\r", "\n")
    assert not [piece for piece in re.split(r"[;,|\t\r\n]", guarded) if _begins_a_formula(piece)]


@pytest.mark.parametrize("cell", _HOSTILE)
def test_known_formula_tricks_are_marked(cell):
    assert guard_formula(cell) != cell


@pytest.mark.parametrize(
    "cell", ["Bandung - Garut", "a@b.id", "https://a.or.id/?x=1&y=2", "baris\nkedua", "a; b, c", "'kutip'", "1=1", ""]
)  # fmt: skip
def test_ordinary_text_is_unchanged(cell):
    assert guard_formula(cell) == cell
    assert unguard_formula(cell) == cell


@pytest.mark.parametrize("category", ["Zs", "Zl", "Zp", "Cf", "Cc"])
def test_formulas_after_invisible_characters_are_marked(category):
    hidden = [chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) == category]
    assert [one for one in hidden if "'" not in guard_formula(f"x;{one}=1")] == []


@pytest.mark.slow
@pytest.mark.parametrize("long", ["\n" * 1_000_000, ";" * 1_000_000, " " * 1_000_000, "'" * 1_000_000, '";' * 500_000])
def test_guarding_takes_linear_time(long):
    started = time.monotonic()
    assert unguard_formula(guard_formula(f"{long}=1")) == f"{long}=1"
    assert unguard_formula(guard_formula(f"{long}x")) == f"{long}x"
    assert time.monotonic() - started < 5


_SETTINGS = {"comma": "44", "semicolon": "59", "tab": "9", "bar": "124", "several": "44/59/9/124", "merged": "59/9/MRG"}


@pytest.fixture(scope="module")
def spreadsheet(tmp_path_factory):
    """Open CSV files in LibreOffice with a separator and a quote; return the formulas of each by its name."""
    program = which("soffice")
    if program is None:
        pytest.skip("LibreOffice is not installed: apt-get install libreoffice-calc-nogui")
    profile = tmp_path_factory.mktemp("profile")

    def run(folder, separators, quote):
        opened = folder / "opened"
        how = f"CSV:{separators},{quote},76,1,,0,false,true,false,false,false,-1,true"
        subprocess.run(
            [program, f"-env:UserInstallation={profile.as_uri()}", "--headless", f"--infilter={how}", "--convert-to",
             "fods", "--outdir", str(opened), *map(str, sorted(folder.glob("*.csv")))],
            check=True, capture_output=True, timeout=120,
        )  # fmt: skip
        pages = {page.stem: page.read_text("utf-8") for page in opened.glob("*.fods")}
        return {name: re.findall(r'table:formula="([^"]*)"', page) for name, page in pages.items()}

    return run


@pytest.mark.proof
@pytest.mark.parametrize("setting", list(_SETTINGS))
@pytest.mark.parametrize("quote", ["34", ""], ids=["quoted", "unquoted"])
def test_no_formula_for_any_delimiter(spreadsheet, tmp_path, setting, quote):
    for delimiter in ",;|\t":
        with (tmp_path / f"{ord(delimiter)}.csv").open("w", encoding="utf-8", newline="") as target:
            writer = SafeWriter(target, delimiter=delimiter)
            writer.writerow(_HOSTILE)
            for cell in _HOSTILE:
                writer.writerow([cell])
                writer.writerow(["1", cell, "z"])
    with (tmp_path / "plain.csv").open("w", encoding="utf-8", newline="") as target:
        csv.writer(target).writerows([one, "1", "z"] for one in _HOSTILE)
    found = spreadsheet(tmp_path, _SETTINGS[setting], quote)
    assert found.pop("plain"), "it does look for formulas"
    assert found == {str(ord(delimiter)): [] for delimiter in ",;|\t"}


def test_headers_are_guarded():
    target = io.StringIO(newline="")
    SafeWriter(target, delimiter=";").writerow(["=1+1", None, 5, -5])
    assert target.getvalue() == "'=1+1;;5;'-5\r\n"
