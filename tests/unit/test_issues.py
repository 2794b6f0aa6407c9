"""Issue codes: every code in use has its sentences, in two languages, with the same facts."""

import re
import string
from pathlib import Path

import pytest

import kelompok_core
from kelompok_core.contracts import Severity
from kelompok_core.issues.sentences import LANGUAGES, catalog, default_severity, describe

_CODE = re.compile(
    r"""["']((?:file|header|row|value|id|dup|match|field|slug|permission|plan|org|ref|review)\.[a-z_]+)["']"""
)
_ROOT = Path(kelompok_core.__file__).parents[1]


def _used():
    files = [
        file
        for package in ("kelompok_core", "plugins/csv_import/kelompok_csv_import")
        for file in (_ROOT / package).rglob("*.py")
        if file.stem != "fail_points"  # its names look alike
    ]
    return {code for file in files for code in _CODE.findall(file.read_text("utf-8"))}


def test_every_code_in_the_source_is_in_the_catalog():
    # Reasons of decisions that ask nothing of anybody have no sentence of their own.
    silent = {"match.known", "match.none", "match.slug", "match.website", "match.email", "match.same_values"}
    silent |= {"review.decide"}
    assert _used() - set(catalog()) - silent == set()
    assert len(_used()) > 40


@pytest.mark.parametrize("code", sorted(catalog()))
def test_sentences_in_both_languages_speak_of_the_same_facts(code):
    entry = catalog()[code]
    assert Severity(entry["severity"])
    facts = []
    for language in LANGUAGES:
        sentence, hint = entry[language]
        assert sentence.endswith((".", "?"))
        assert hint
        facts.append({name for part in (sentence, hint) for _, name, _, _ in string.Formatter().parse(part) if name})
    assert facts[0] == facts[1]


def test_a_plugins_own_code_is_shown_with_its_facts():
    assert default_severity("mine.odd") is Severity.ERROR
    assert describe("mine.odd", params={"moon": "full"}) == "mine.odd: moon full"


def test_long_values_are_cut_and_missing_facts_do_not_fail():
    assert len(describe("value.email", column="E", value="x" * 5_000)) < 400
    for code in catalog():
        for language in LANGUAGES:
            assert describe(code, language=language)


def test_braces_in_values_are_only_text():
    assert "{boom}" in describe("value.email", column="E", value="{boom}")
