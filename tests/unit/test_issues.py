"""Every issue code in use has its sentences in both languages, with the same facts; plugins add their own."""

import json
import re
from pathlib import Path

import pytest

import kelompok_core
from kelompok_core.contracts import Severity
from kelompok_core.entities import list_entities
from kelompok_core.issues.catalog import all_entries, core_entries, read_catalog
from kelompok_core.issues.entries import LANGUAGES, Entry, parse_catalog
from kelompok_core.issues.sentences import default_severity, describe, describe_without_values
from kelompok_core.plugin_host.discovery import Discovered
from kelompok_core.plugin_host.own_codes import settle_codes
from kelompok_core.records.registry import get_descriptor

_CODE = re.compile(
    r"""["']((?:file|header|row|value|id|dup|match|field|slug|permission|plan|org|ref|review|location|link)\.[a-z_]+)["']"""
)
_ROOT = Path(kelompok_core.__file__).parents[1]
_PLUGINS = sorted(path.parent for path in _ROOT.glob("plugins/*/*/kelompok-plugin.json"))
_GOOD = {"severity": "warning", "en": ["Odd {thing}.", "Mend it."], "id": ["{thing} aneh.", "Perbaiki."]}


def _source(*folders):
    return "\n".join(
        file.read_text("utf-8")
        for folder in folders
        for pattern in ("*.py", "*.sql")
        for file in folder.rglob(pattern)
        if file.stem != "fail_points"  # its names look alike
    )


def _used(folder):
    fields = {field.name for entity in list_entities() for field in get_descriptor(entity).fields}
    paths = {f"{field.stored_in}.{field.key}" for entity in list_entities() for field in get_descriptor(entity).fields}
    parts = {part.name for entity in list_entities() for field in get_descriptor(entity).fields for part in field.parts}
    return set(_CODE.findall(_source(folder))) - fields - paths - parts


def _is_in(code, source):
    return re.search(f"[\"']{re.escape(code)}[\"']", source) is not None


def test_every_code_in_the_core_is_in_its_catalog():
    # Reasons of decisions that ask nothing of anybody have no sentence of their own.
    silent = {"match.known", "match.none", "match.slug", "match.website", "match.email", "match.same_values"}
    silent |= {"review.decide"}
    used = _used(_ROOT / "kelompok_core")
    assert used - set(core_entries()) - silent == set()
    assert len(used) > 40


def test_the_core_raises_every_code_of_its_catalog():
    source = _source(_ROOT / "kelompok_core")
    assert {code for code in core_entries() if not _is_in(code, source)} == set()


@pytest.mark.parametrize("folder", _PLUGINS, ids=lambda folder: folder.name)
def test_a_plugin_brings_the_codes_it_raises_and_no_others(folder):
    own = set(read_catalog(folder).entries)
    assert _used(folder) - own - set(core_entries()) == set(), "has no sentence"
    source = _source(folder)
    assert {code for code in own if not _is_in(code, source)} == set(), "is never raised"


def test_the_core_has_no_code_that_only_plugins_raise():
    core, plugins = _source(_ROOT / "kelompok_core"), _source(*_PLUGINS)
    assert {code for code in core_entries() if _is_in(code, plugins) and not _is_in(code, core)} == set()


def test_no_code_is_defined_twice():
    plugins = [set(read_catalog(folder).entries) for folder in _PLUGINS]
    assert sum(map(len, plugins)) + len(core_entries()) == len(all_entries())


@pytest.mark.parametrize("file", ["kelompok_core/issues/catalog.json", "plugins/*/*/issues.json"])
def test_bundled_catalogs_are_valid(file):
    for path in _ROOT.glob(file):
        catalog = parse_catalog(path.read_text("utf-8"))
        assert catalog.problem is None
        assert list(catalog.entries) == list(json.loads(path.read_text("utf-8")))


@pytest.mark.parametrize(("entry", "problem"), [
    ([], "mine.odd: must be an object with severity, en, id"),
    (_GOOD | {"hint": "x"}, "mine.odd: hint: there is no such key"),
    ({"severity": "error", "en": ["A.", "B."]}, "mine.odd: id: must be there"),
    (_GOOD | {"severity": "bad"}, "mine.odd: severity: must be one of fatal, error, review, warning, info"),
    (_GOOD | {"en": "Odd {thing}."}, "mine.odd: en: must be a list of the sentence and the hint"),
    (_GOOD | {"id": ["{thing} aneh."]}, "mine.odd: id: must be a list of the sentence and the hint"),
    (_GOOD | {"en": ["Odd {thing}.", ""]}, "mine.odd: en: the sentence and the hint must be texts that are not empty"),
    (_GOOD | {"en": ["Odd {thing}.", 5]}, "mine.odd: en: the sentence and the hint must be texts that are not empty"),
    (_GOOD | {"en": ["Odd {thing}", "Mend it."]}, "mine.odd: en: a text must end with one of . ? …"),
    (_GOOD | {"en": ["Odd {thing}.", "x" * 501 + "."]}, "mine.odd: en: a text has 502 characters; at most 500 are"),
    (_GOOD | {"en": ["Odd\x1b {thing}.", "B."]}, "mine.odd: en: a text has the character U+001B"),
    (_GOOD | {"en": ["Odd\ud800 {thing}.", "B."]}, "mine.odd: en: a text has the character U+D800"),
    (_GOOD | {"en": ["Odd {thing.", "B."]}, "mine.odd: en: a text is not a format string"),
    (_GOOD | {"en": ["Odd {}.", "B."]}, "mine.odd: en: a text may only contain {fact}"),
    (_GOOD | {"en": ["Odd {thing.__class__}.", "B."]}, "mine.odd: en: a text may only contain {fact}"),
    (_GOOD | {"en": ["Odd {thing[0]}.", "B."]}, "mine.odd: en: a text may only contain {fact}"),
    (_GOOD | {"en": ["Odd {thing!r}.", "B."]}, "mine.odd: en: a text may only contain {fact}"),
    (_GOOD | {"en": ["Odd {thing:>99999999}.", "B."]}, "mine.odd: en: a text may only contain {fact}"),
    (_GOOD | {"en": ["Odd {thing:{value}|x}.", "B."]}, "mine.odd: en: a text may only contain {fact}"),
    (_GOOD | {"en": ["Odd {line:line|lines}.", "B."]}, "mine.odd: en: a text may only contain {fact}"),
    (_GOOD | {"short": ["Odd."]}, "mine.odd: short: must be a list of the sentence and the hint"),
    (_GOOD | {"id": ["Aneh.", "B."]}, "mine.odd: id: both languages must use the same facts; 'thing' is in only one"),
])  # fmt: skip
def test_problem_of_an_entry_names_code_and_key(entry, problem):
    catalog = parse_catalog(json.dumps({"mine.odd": entry, "mine.good": _GOOD}))
    assert catalog.problem.startswith(problem)
    assert list(catalog.entries) == ["mine.good"], "the others are used"


@pytest.mark.parametrize(("text", "problem"), [
    ("{", "it is not valid JSON: "),
    ("[]", "it must be an object with an entry for each code"),
    ("[" * 100_000, "it is not valid JSON: "),
    ('{"mine.odd": 1, "mine.odd": 2}', "it is not valid JSON: 'mine.odd' appears twice"),
    (json.dumps({"odd": _GOOD}), "odd: a code must be words with a dot between them"),
    (json.dumps({"Mine.odd": _GOOD}), "Mine.odd: a code must be words with a dot between them"),
])  # fmt: skip
def test_problem_of_a_catalog_is_named(text, problem):
    catalog = parse_catalog(text)
    assert catalog.problem.startswith(problem)
    assert catalog.entries == {}


def test_plugin_cannot_define_a_code_of_the_core(tmp_path):
    (tmp_path / "issues.json").write_text(json.dumps({"value.email": _GOOD, "mine.good": _GOOD}))
    catalog = read_catalog(tmp_path)
    assert catalog.problem == "issues.json: value.email: the core has this code"
    assert list(catalog.entries) == ["mine.good"]


@pytest.mark.parametrize("content", [b"\xff", b" " * 1_000_001])
def test_unusable_catalog_file_is_a_problem(tmp_path, content):
    (tmp_path / "issues.json").write_bytes(content)
    assert read_catalog(tmp_path).problem.startswith("issues.json: it ")


def _plugin(name, text, problem=None):
    entry = Entry(severity=Severity.ERROR, texts={"en": (text, "B."), "id": (text, "B.")}, short=(text, "B."))
    return Discovered(name=name, package=name, folder=None, manifest=None, issues={"mine.odd": entry}, problem=problem)


def test_later_of_two_plugins_with_the_same_code_has_the_problem():
    one, other, same = _plugin("a", "A."), _plugin("b", "B."), _plugin("c", "B.")

    def problems(*enabled):
        return {found.name: found.problem for found in settle_codes([one, other, same], enabled)}

    assert problems() == {
        "a": None,
        "b": "issues.json: mine.odd: the plugin a has this code, with another entry",
        "c": "issues.json: mine.odd: the plugin a has this code, with another entry",
    }
    assert problems("c", "a") == {
        "a": "issues.json: mine.odd: the plugin c has this code, with another entry", "b": None, "c": None,
    }, "the same entry is no problem, and an enabled plugin comes first"  # fmt: skip
    broken = _plugin("a", "A.", problem="broken")
    assert [found.problem for found in settle_codes([broken, other], ())] == ["broken", None]


def test_unknown_code_is_shown_with_its_facts():
    assert default_severity("mine.odd") is Severity.ERROR
    assert describe("mine.odd", params={"moon": "full"}) == "mine.odd: moon full"


_NUMBERS = {"size", "limit", "offset", "line", "found", "members", "number", "rows_read", "decided", "rows", "column"}
_KNOWN_WORDS = {"encoding": "utf-8", "field": "name", "entity": "organizations"}


@pytest.mark.parametrize("code", [code for code, entry in all_entries().items() if entry.severity is Severity.FATAL])
def test_sentence_of_an_issue_that_stops_a_file_is_complete_without_its_texts(code):
    told = describe_without_values(code, {**dict.fromkeys(_NUMBERS, 7), **_KNOWN_WORDS})
    assert "…" not in told.replace("delimiter=…", "")


def test_long_values_are_truncated_and_missing_facts_are_allowed():
    assert len(describe("value.email", column="E", value="x" * 5_000)) < 400
    for code in all_entries():
        for language in LANGUAGES:
            assert describe(code, language=language)


def test_braces_in_values_are_plain_text():
    assert "{boom}" in describe("value.email", column="E", value="{boom}")
