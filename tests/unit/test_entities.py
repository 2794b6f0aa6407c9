"""What is known of entities without loading them: their names, and what a manifest declares for all of them."""

import json
import re

import pytest

from kelompok_core import entities
from kelompok_core.entities import OWNERS, list_entities, list_words, words_of
from kelompok_core.plugin_host.manifest import BrokenManifest, parse_manifest

_WORDS = {
    "singular": "donation", "command": "donation", "called_by": "receipt", "columns": ["receipt"],
    "indonesian": {"singular": "donasi", "plural": "donasi"},
}  # fmt: skip
_MANIFEST = {
    "name": "odd", "version": "1.0", "capabilities": ["import:{entity}", "other"],
    "implements": {"importer": "odd:Reader"},
    "jobs": [
        {
            "name": "read-{entity}", "summary": "Read {entity}.", "uses": "importer", "entity": "*",
            "inputs": ["text/csv"],
        },
        {"name": "one", "uses": "importer", "entity": "members", "inputs": ["text/csv"]},
    ],
    "permissions": {"propose": ["*"]},
    "commands": [{"name": "show", "arguments_schema": {"properties": {"entity": {"format": "entity"}}}}, "plain"],
}  # fmt: skip


def test_organizations_come_first_and_the_others_by_name():
    assert list_entities()[0] == OWNERS
    assert list_entities()[1:] == sorted(list_entities()[1:])
    assert [words.entity for words in list_words()] == list_entities()


def test_no_two_entities_share_a_name():
    for name in ("singular", "command"):
        named = [getattr(words, name) for words in list_words()]
        assert len(set(named)) == len(named)


def test_no_entity_has_the_command_of_another_group():
    from kelompok_core.cli.app import app

    groups = [group.name for group in app.registered_groups]
    assert {words.command for words in list_words()} <= set(groups)
    assert len(set(groups)) == len(groups)


def test_entities_are_plain_words_that_names_of_jobs_take():
    for words in list_words():
        assert all(re.fullmatch("[a-z]+", name) for name in (words.entity, words.singular, words.command))


def test_the_columns_of_a_list_are_columns_of_the_table_and_include_the_label():
    from kelompok_core.records.registry import get_descriptor, get_queries

    for words in list_words():
        columns = set(get_queries(words.entity, None).model.__table__.columns.keys())
        assert {*words.columns, words.called_by} <= columns
        assert get_descriptor(words.entity).label in words.columns


@pytest.mark.parametrize(("words", "told"), [
    ("{", "Expecting"),
    ("[]", "list"),
    (json.dumps(_WORDS | {"plural": "x"}), "plural"),
    (json.dumps({name: one for name, one in _WORDS.items() if name != "called_by"}), "called_by"),
    (json.dumps({name: one for name, one in _WORDS.items() if name != "columns"}), "columns"),
    (json.dumps(_WORDS | {"indonesian": {"singular": "donasi"}}), "plural"),
])  # fmt: skip
def test_wrong_words_name_the_file_and_the_key(tmp_path, monkeypatch, words, told):
    folder = tmp_path / "donations"
    folder.mkdir()
    (folder / "words.json").write_text(words)
    monkeypatch.setattr(entities.kelompok_core, "__path__", [str(tmp_path)])
    with pytest.raises(ValueError, match=told) as caught:
        entities._read_words("donations")
    assert str(folder / "words.json") in str(caught.value)


def test_words_are_found_by_their_entity():
    assert words_of("members").singular == "member"
    with pytest.raises(KeyError):
        words_of("ghosts")


def test_a_job_for_every_entity_becomes_one_job_each():
    manifest = parse_manifest(json.dumps(_MANIFEST))
    assert [(job.name, job.entity, job.summary) for job in manifest.jobs] == [
        *((f"read-{entity}", entity, f"Read {entity}.") for entity in list_entities()),
        ("one", "members", ""),
    ]
    assert all(job.is_importer for job in manifest.jobs)
    assert list(manifest.permissions.propose) == list_entities()
    assert list(manifest.capabilities) == [*(f"import:{entity}" for entity in list_entities()), "other"]
    assert manifest.commands[0].arguments_schema["properties"]["entity"]["enum"] == list_entities()
    assert manifest.commands[1].name == "plain"


@pytest.mark.parametrize(("change", "told"), [
    ({"jobs": [_MANIFEST["jobs"][0] | {"name": "read"}]}, "two jobs have one name"),
    ({"jobs": [_MANIFEST["jobs"][1] | {"name": "read-{entity}"}]}, "jobs.0.name"),
    ({"jobs": [_MANIFEST["jobs"][0] | {"name": 1}]}, "jobs.0.name"),
    ({"jobs": "all"}, "jobs"),
    ({"commands": [{"name": "show", "arguments_schema": 1}]}, "arguments_schema"),
    ({"capabilities": [1]}, "capabilities"),
    ({"permissions": {"propose": ["*", "members"]}}, "permissions.propose: '\\*' stands alone"),
    ({"permissions": {"propose": "*"}}, "permissions.propose"),
    ({"implements": {"ghost_importer": "odd:Reader"}}, "there is no contract 'ghost_importer'"),
])  # fmt: skip
def test_a_wrong_declaration_for_every_entity_is_refused(change, told):
    with pytest.raises(BrokenManifest, match=told):
        parse_manifest(json.dumps(_MANIFEST | change))
