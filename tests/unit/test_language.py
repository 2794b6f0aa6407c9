"""Every sentence of the command line, every error message and every issue has an Indonesian translation."""

import json
import re
from datetime import UTC, datetime
from string import Formatter

import pandas as pd
import pytest

from kelompok_core.cli import language
from kelompok_core.errors import Ambiguous, NotFound, NotPermitted, PluginUnavailable, SettingsError, UsageError
from kelompok_core.events import entity as events
from kelompok_core.imports.shared.imports import DECISIONS, ImportState
from kelompok_core.imports.undoing.undo import OUTCOMES
from kelompok_core.issues.catalog import all_entries
from kelompok_core.issues.sentences import describe
from kelompok_core.members import entity as members
from kelompok_core.plugin_host.registry import PluginState
from kelompok_core.posts import entity as posts
from kelompok_core.sources import forms
from kelompok_core.suggestions import find_near, suggest
from kelompok_core.values.words import choice
from tests.wording import messages, sentences


@pytest.fixture
def indonesian():
    language.use_language("id")
    yield
    language.use_language("en")


@pytest.mark.parametrize("found", [sentences, messages])
def test_all_sentences_are_translated(found):
    missing = sorted({f"{file}:{line}: {text}" for file, line, text in found() if text not in language.indonesian()})
    assert missing == []


def test_words_for_states_and_decisions_are_translated():
    severities = ("fatal", "error", "review", "warning", "info")
    words = {*DECISIONS, *ImportState, *OUTCOMES, *PluginState, *severities}
    words |= {one.called for one in vars(forms).values() if isinstance(one, forms.FileFormat)}
    words |= {one.advice for one in vars(forms).values() if isinstance(one, forms.FileFormat)}
    assert {word for word in words if word not in language.indonesian()} == set()


def _places(text):
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name)


def test_translations_have_the_same_placeholders():
    assert {
        en: translated for en, translated in language.indonesian().items() if _places(en) != _places(translated)
    } == {}
    for code, entry in all_entries().items():
        for english, translated in zip(entry.texts["en"], entry.texts["id"], strict=True):
            assert set(_places(translated)) <= set(_places(english)) | {"line"}, code


def test_json_members_are_not_called_people_in_indonesian():
    people = [code for code, entry in all_entries().items() if code.startswith(("file.", "row.")) and
              re.search(r"\banggota\b", " ".join(entry.texts["id"]), re.IGNORECASE)]  # fmt: skip
    assert people == []


def test_numbers_and_nouns(indonesian):
    assert language.number(1234567) == "1.234.567"
    assert language.number(0.5, digits=1) == "0,5"
    assert language.counted(2, "row", "rows") == "2 data", "«baris» is a line of a file"
    language.use_language("en")
    assert language.number(1234567) == "1,234,567"
    assert (language.counted(1, "row", "rows"), language.counted(0, "row", "rows")) == ("1 row", "0 rows")


@pytest.mark.parametrize(("error", "message"), [
    (NotFound("plugin", "csv-imprt"), "tidak ada plugin 'csv-imprt'"),
    (NotFound("organization", "x"), "tidak ada organisasi 'x'"),
    (Ambiguous("member", "ab", which=["1", "2"]), "lebih dari satu anggota bernama 'ab'"),
    (NotPermitted("a@b.id", "import.apply", "the account is not active"),
     "a@b.id tidak boleh melakukan import.apply: akunnya tidak aktif"),
    (PluginUnavailable("x", "it is disabled"), "plugin 'x' tidak dapat dijalankan: tidak aktif"),
    (SettingsError("plugins.x.y", "there is no such setting"), "plugins.x.y: pengaturan itu tidak ada"),
    (UsageError("--date-order: 'ymd' is not one of dmy, mdy"), "--date-order: 'ymd' bukan salah satu dari dmy, mdy"),
    (UsageError("whatever nobody translated"), "whatever nobody translated"),
], ids=lambda one: type(one).__name__ if isinstance(one, Exception) else "")  # fmt: skip
def test_errors_are_composed_in_indonesian(indonesian, error, message):
    assert language.translate_message(error.message) == message
    language.use_language("en")
    assert language.translate_message(error.message) == error.message


@pytest.mark.parametrize(("message", "expected"), [
    ("Did you mean name?", "Mungkin maksud Anda name?"),
    ("Did you mean delimiter or quote?", "Mungkin maksud Anda delimiter atau quote?"),
    ("Did you mean city? There are: city, name, region.", "Mungkin maksud Anda city? Pilihannya: city, name, region."),
    ("mapping 'x': there is no field 'status'", "pemetaan 'x': tidak ada isian 'status'"),
    ("--file: status already exists", "--file: status sudah ada"),
])  # fmt: skip
def test_typed_names_are_never_translated(indonesian, message, expected):
    assert language.translate_message(message) == expected


@pytest.mark.parametrize(("message", "expected"), [
    ("/srv/x: there is no .kelompok and no kelompok.toml, here or in a parent folder",
     "/srv/x: tidak ada .kelompok maupun kelompok.toml, di sini atau di folder di atasnya"),
    ("plugin 'x' cannot run: it is broken: not valid TOML: line 3",
     "plugin 'x' tidak dapat dijalankan: rusak: bukan TOML yang valid: line 3"),
    (NotFound("job of csv-import", "impor").message, "tidak ada tugas csv-import 'impor'"),
    (NotFound("member", "d'arc").message, "tidak ada anggota \"d'arc\""),
])  # fmt: skip
def test_nested_sentences_are_translated(indonesian, message, expected):
    assert language.translate_message(message) == expected


@pytest.mark.parametrize(("environ", "expected"), [
    ({}, "en"), ({"LANG": "id_ID.UTF-8"}, "id"), ({"LANG": "en_US.UTF-8"}, "en"), ({"LANG": "C.UTF-8"}, "en"),
    ({"LANG": "id_ID", "LC_ALL": "en_GB.UTF-8"}, "en"), ({"LANG": "en_US", "LC_MESSAGES": "id_ID"}, "id"),
    ({"LANG": "in_ID"}, "id"), ({"LANG": "idb"}, "en"), ({"LANG": "en_US", "KELOMPOK_LANGUAGE": "id"}, "id"),
    ({"LANG": "", "LC_ALL": ""}, "en"),
])  # fmt: skip
def test_environment_selects_the_language(environ, expected):
    assert language.find_language(environ) == expected


def test_unknown_language_is_reported():
    with pytest.raises(SettingsError, match="KELOMPOK_LANGUAGE"):
        language.find_language({"KELOMPOK_LANGUAGE": "fr"})


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (1, "1 line with totals or notes about the table was not"),
        (2, "2 lines with totals or notes about the table were not"),
    ],
)
def test_plural_forms_match_the_number(rows, message):
    assert describe("file.footer_skipped", params={"rows": rows, "line": 9}).startswith(message)


@pytest.mark.parametrize("words", [members.STATUS_WORDS, posts.STATUS_WORDS, events.STATUS_WORDS])
def test_allowed_words_are_localized_and_accepted(words):
    for language_of_words in ("en", "id"):
        sentence = describe("value.enum_unknown", language=language_of_words, params={"allowed": sorted(words)})
        named = sentence.rpartition(": ")[2].rstrip(".").split(", ")
        assert list(choice(words)(pd.Series(named, dtype="string")).values) == sorted(words)
        assert (named == sorted(words)) is (language_of_words == "en")


def test_yes_and_no_are_localized():
    allowed = {"allowed": ["ya", "tidak"]}
    assert describe("value.enum_unknown", params=allowed).endswith("Use one of: yes, no.")
    assert describe("value.enum_unknown", language="id", params=allowed).endswith(": ya, tidak.")


def test_long_lists_are_not_truncated_and_times_are_local():
    choices = ", ".join(f"windows-125{number} («{'Jos' * 5}»)" for number in range(8))
    assert choices in describe("file.encoding_unclear", params={"encoding": choices, "offset": 1, "line": 1})
    sentence = describe("file.already_imported", params={"at": "2026-11-30T05:40+00:00", "import": "x"})
    date_time = datetime(2026, 11, 30, 5, 40, tzinfo=UTC).astimezone()
    assert date_time.strftime("%Y-%m-%d %H:%M %Z") in sentence


def test_no_sentence_says_one_with_a_plural():
    plural = re.compile(r"\b1 (other |comment )?(lines|rows|records|items|members|columns|cells|times|bytes)\b")
    found = {}
    for code, entry in all_entries().items():
        facts = {name: 1 for part in entry.texts["en"] for name in _places(part)}
        sentence = describe(code, column="Nama", value="x", params=facts)
        if plural.search(sentence) or re.search(r"\ba [aeio]", sentence):
            found[code] = sentence
    assert found == {}


def test_similar_names():
    plugins = ["csv-import", "json-import", "sdgs-keyword"]
    assert find_near("csv-imprt", plugins) == ["csv-import"]
    assert find_near("sdgs", plugins) == ["sdgs-keyword"]
    assert find_near("zzz", plugins) == []
    assert find_near("tidakada.csv", ["dpdf.csv", "data.csv"]) == [], "an ending in common makes no likeness"
    assert find_near("yayasan-xx", ["yayasan-harapan", "yayasan-melati"]) == []
    assert find_near("yayasan-harpan", ["yayasan-harapan", "yayasan-melati"]) == ["yayasan-harapan"]
    assert suggest("csv-imprt", plugins) == "Did you mean csv-import? There are: csv-import, json-import, sdgs-keyword."
    assert suggest("zzz", [str(number) for number in range(50)]) is None
    assert suggest("x", []) is None


def test_catalog_is_sorted_without_duplicates():
    from kelompok_core.cli import language as module

    text = (module.Path(module.__file__).parent / "indonesian.json").read_text("utf-8")
    pairs = json.loads(text, object_pairs_hook=list)
    names = [name for name, _ in pairs]
    assert names == sorted(set(names), key=lambda name: (name.casefold(), name))
