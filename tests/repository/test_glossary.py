"""The glossary: each term lives where it says, and words that were replaced stay out of the code."""

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
_TEXT = (PROJECT / "docs/glossary.md").read_text("utf-8")
_TERMS = re.findall(r"^\| ([a-z].*?) \| .*\| `([^`|]+)` \|$", _TEXT, re.MULTILINE)
_REPLACED = re.compile(
    r"(?<![a-z])(importrecord|workbench|parked|parkedrow|homes|handing_back|handover|read_before|seen_sql|deciding_seen|"
    r"promises|moments)(?![a-z])|\brecord: (int|import)\b|\brevision < 0",
    re.IGNORECASE,
)
_CODE = [
    file
    for folder in ("kelompok_core", "kelompok_pipelines", "plugins")
    for file in sorted((PROJECT / folder).rglob("*.py"))
    if "migrations" not in file.parts and "tests" not in file.parts
]


def test_the_glossary_has_terms():
    assert len(_TERMS) > 30


@pytest.mark.parametrize(("term", "place"), _TERMS)
def test_each_term_lives_where_the_glossary_says(term, place):
    assert (PROJECT / place).exists(), term


@pytest.mark.parametrize("file", _CODE, ids=lambda file: str(file.relative_to(PROJECT)))
def test_replaced_words_do_not_come_back(file):
    found = [match.group(0) for match in _REPLACED.finditer(file.read_text("utf-8"))]
    assert found == [], "See «Words we no longer use» in docs/glossary.md."


def test_the_pattern_finds_a_replaced_word():
    assert _REPLACED.search("def stage(workbench: Workbench) -> None:")
    assert _REPLACED.search("def find(record: int) -> None:")
    assert _REPLACED.search("WHERE d.revision < 0")
    assert _REPLACED.search("_PARKED = sa.text(_ROWS)")
    assert _REPLACED.search("*IDS_OF_HOMES")
    assert not _REPLACED.search("compromises")
