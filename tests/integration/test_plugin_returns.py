"""A plugin that violates its contract or raises fails its own job, with a stored error."""

import json
import signal
import sys
from threading import Timer

import pandas as pd
import pytest

from kelompok_core.cli.app import run
from kelompok_core.contracts import SIGNAL_COLUMNS
from kelompok_core.enrichment.run import EnrichmentRequest, enrich, request_enrichment
from kelompok_core.errors import EnrichmentFailed, ImportFailed, PluginUnavailable, SourceUnreadable
from kelompok_core.imports.receiving.receive import ImportRequest, receive
from kelompok_core.imports.staging.stage import stage
from kelompok_core.plugin_host.registry import get_plugin
from kelompok_core.plugin_host.running import try_loading
from tests.enabling import set_enabled

pytestmark = pytest.mark.own_processes

_MANIFEST = {
    "name": "odd",
    "version": "1.0",
    "api": "1",
    "implements": {
        "organization_importer": "odd_plugin.code:Odd",
        "source_normalizer": "odd_plugin.code:Odd",
        "cli_command_provider": "odd_plugin.code:Odd",
    },
    "permissions": {"propose": ["organizations"]},
    "jobs": [{"name": "read", "uses": "organization_importer", "entity": "organizations", "inputs": ["text/csv"]}],
    "commands": [{"name": "go"}],
}
_CODE = """
import asyncio, sys
from dataclasses import replace
import pandas as pd
from kelompok_core.contracts import (
    CommandResult, Issue, Severity, SourceBatch, UnreadableSource, issue_table, location_table, text_table)

class Own(BaseException):
    pass

class Mute(Exception):
    def __str__(self):
        raise RuntimeError

def fails(error):
    raise error

def batch(issues=(), **more):
    return SourceBatch(cells=text_table({"name": ["A"]}), issues=issue_table(issues), **{
        "locations": location_table([1], lines=[2], selectors=["#row=2"]), **more})

def issue(**more):
    return Issue(**{"code": "mine.odd", "severity": Severity.WARNING, "row_number": 1, **more})

class Odd:
    def read(self, source, context):
        yield {READ}

    def normalize(self, batch, context):
        return {NORMALIZE}

    def run_command(self, command, arguments, context):
        return {COMMAND}
"""
_RAISED = [
    ("fails(SystemExit(0))", "SystemExit: 0"),
    ("sys.exit('bye')", "SystemExit: bye"),
    ("fails(KeyboardInterrupt())", "KeyboardInterrupt"),
    ("fails(asyncio.CancelledError())", "CancelledError"),
    ("fails(Own('x'))", "Own: x"),
    ("fails(Mute())", "Mute: no readable message"),
    ("fails(ValueError('a' + chr(0) + chr(0xd800)))", "ValueError: a␀�"),
    ("fails(ValueError('a' * 10**6))", "ValueError: aaa"),
]


@pytest.fixture
def odd(install, settings):
    """Install and enable a plugin with this behavior."""

    def run(**does):
        code = _CODE
        for what in ("read", "normalize", "command"):
            default = "batch" if what == "normalize" else "batch()" if what == "read" else "CommandResult()"
            code = code.replace(f"{{{what.upper()}}}", does.get(what, default))
        install(_MANIFEST, code=does.get("module", "") + code)
        set_enabled(settings, "odd", enabled=True)

    return run


@pytest.fixture
def in_a_step():
    """Behave as Dagster does while a step runs: Ctrl-C raises another exception than KeyboardInterrupt."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def stage_odd(installation, operator, tmp_path):
    def run():
        file = tmp_path / "list.csv"
        file.write_text("x")
        return stage(
            installation, receive(installation, ImportRequest(plugin="odd", job="read", file=file), operator).import_id
        )

    return run


@pytest.mark.parametrize("what", ["read", "normalize"])
@pytest.mark.parametrize(("code", "message"), _RAISED)
def test_any_exception_of_a_plugin_fails_the_import(odd, stage_odd, ask, in_a_step, what, code, message):
    odd(**{what: code})
    with pytest.raises(ImportFailed, match=f"odd@1.0 failed while {what[:7]}") as caught:
        stage_odd()
    assert message in caught.value.message
    assert len(caught.value.message) < 1_000
    (row,) = ask("SELECT state, failure FROM imports")
    assert (row.state, row.failure) == ("failed", caught.value.message)


def test_keyboard_interrupt_does_not_fail_the_import(odd, stage_odd, ask):
    odd(read="__import__('time').sleep(60)")
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)  # as in a program that has just begun
    Timer(1, signal.raise_signal, [signal.SIGINT]).start()
    try:
        with pytest.raises(KeyboardInterrupt):
            stage_odd()
    finally:
        signal.signal(signal.SIGINT, handler)
    assert ask("SELECT state FROM imports")[0].state == "received"


@pytest.mark.parametrize("error", ["SystemExit(0)", "KeyboardInterrupt()", "BaseException('x')"])
def test_exception_at_module_import_is_the_plugins_failure(odd, settings, in_a_step, error):
    odd(module=f"raise {error}\n")
    with pytest.raises(PluginUnavailable, match="cannot be loaded"):
        try_loading(settings, get_plugin(settings, "odd"), "organization_importer")


_READ = [
    ("batch([issue(params={'a': object()})])", "params of an issue must be JSON"),
    ("batch([issue(params={'a': float('nan')})])", "params of an issue must be JSON"),
    ("batch([issue(params=['a'])])", "params of an issue must be a dict"),
    ("batch([issue(params={'a': 'x' * 10**6})])", "at most 20000 characters"),
    ("batch([issue(code=5)])", "code of an issue"),
    ("batch([issue(code='a b')])", "code of an issue"),
    ("batch([issue(column=5)])", "column of an issue must be text"),
    ("batch([issue(value=['a'])])", "value of an issue must be text"),
    ("replace(batch(), issues=batch([issue()]).issues.assign(line='x'))", "cannot be inspected"),
    ("replace(batch(), issues=batch([issue()]).issues.assign(severity=5))", "no severity '5'"),
    ("batch(read_as=['utf-8'])", "read_as must be a dict, not list"),
    ("batch(read_as={'encoding': object()})", "read_as must be JSON"),
    ("batch(read_as={'encoding': 'x' * 10**6})", "at most 100000 characters"),
    ("batch(read_as={'date_order': 'x'})", "which the host sets"),
    ("batch(blank_lines='3')", "blank_lines must be a number"),
    ("batch(blank_lines=-1)", "blank_lines must be a number"),
    ("batch(mapping=['name'])", "mapping must have columns as keys"),
    ("batch(mapping={'name': 1})", "mapping must have columns as keys"),
    ("batch(mapping={'other': 'name'})", "mapping names the column 'other'"),
    ("batch(locations=None)", "locations must be a data frame, not NoneType"),
    ("batch(locations=location_table([1], lines=[0], selectors=['x']))", "line numbers"),
    ("batch(locations=batch().locations.assign(line='x'))", "cannot be inspected"),
    ("batch(locations=location_table([1], lines=[1], selectors=[chr(0)]))", "a selector has a NUL"),
    ("replace(batch(), cells={'name': ['A']})", "cells must be a data frame, not dict"),
]


@pytest.mark.parametrize(("code", "message"), _READ)
def test_malformed_batch_fails_the_import(odd, stage_odd, ask, code, message):
    odd(read=code)
    with pytest.raises(ImportFailed, match=r"odd@1\.0 broke its contract") as caught:
        stage_odd()
    assert message in caught.value.message
    assert ask("SELECT state FROM imports")[0].state == "failed"


def test_columns_are_mapped_and_kept_as_the_reader_says(odd, stage_odd, ask):
    cells = "text_table({'name': ['A'], 'Title': ['B'], 'Stand': ['2024-05-01'], 'Internal': ['C']})"
    odd(
        read=f"replace(batch(), cells={cells}, mapping="
        "{'name': 'extra', 'Title': 'name', 'Stand': 'changed_at', 'Internal': 'extra'})",
        normalize="replace(batch, mapping={})",
    )
    assert stage_odd().state == "staged"
    (row,) = ask("SELECT candidate FROM import_rows")
    assert row.candidate["name"] == "B"
    assert row.candidate["extra"] == {"name": "A", "Internal": "C"}
    assert ask("SELECT mapping, issues FROM imports")[0].mapping == {"Title": "name", "Stand": "changed_at"}
    assert ask("SELECT issues FROM imports")[0].issues == []


def test_malformed_batch_of_a_normalizer_fails_the_import(odd, stage_odd, ask):
    odd(normalize="replace(batch, read_as={'a': {1, 2}})")
    with pytest.raises(ImportFailed, match="read_as must be JSON"):
        stage_odd()
    assert ask("SELECT state FROM imports")[0].state == "failed"


def test_unstorable_characters_are_replaced_in_findings(odd, stage_odd, ask):
    odd(
        read="batch([issue(column='a' + chr(0), value=chr(0xd800) + 'x' * 20000, params={'b' + chr(0): [chr(0)]})],"
        " read_as={'encoding': chr(0)}).__class__(**vars(batch([issue(column='a' + chr(0),"
        " value=chr(0xd800) + 'x' * 20000, params={'b' + chr(0): [chr(0)]})], read_as={'encoding': chr(0)})))"
    )
    assert stage_odd().state == "staged"
    (row,) = ask("SELECT issues FROM import_rows")
    (found,) = row.issues
    assert (found["column"], found["params"]) == ("a␀", {"b␀": ["␀"]})
    assert (found["value"][:2], len(found["value"])) == ("�x", 10_000)
    assert ask("SELECT read_as FROM imports")[0].read_as["encoding"] == "␀"


@pytest.mark.parametrize("issue", ["params={'a': object()}", "code=5", "column=5"])
def test_unstorable_characters_are_replaced_in_file_findings(odd, stage_odd, ask, issue):
    odd(read=f"fails(UnreadableSource(issue(severity=Severity.FATAL, row_number=None, **dict({issue}))))")
    with pytest.raises(ImportFailed, match="broke its contract"):
        stage_odd()
    assert ask("SELECT state FROM imports")[0].state == "failed"


@pytest.mark.parametrize(("code", "message"), [
    *_RAISED[:2], *_RAISED[4:6],
    ("None", "returned a NoneType"),
    ("CommandResult(text=5)", "text of a result"),
    ("CommandResult(tables={'a': [1]})", "data frames by title"),
    ("CommandResult(exit_code='0')", "exit code"),
    ("CommandResult(exit_code=4000)", "exit code"),
    ("CommandResult(read_as={'a': object()})", "read_as of a result must be JSON"),
])  # fmt: skip
def test_failing_command_is_reported(odd, capsys, tmp_path, monkeypatch, code, message):
    odd(command=code)
    monkeypatch.chdir(tmp_path)
    assert run(["odd", "go"], launcher=None) == 1
    assert message in " ".join(capsys.readouterr().err.split())


def _signals(**wrong):
    def enrich_wrongly(_self, texts, _context):
        row = {"record": texts["record"][0], "property": "sdg", "value": "4", "confidence": 0.9, "field": "name",
               "start": 0, "end": 4, "quote": texts["name"][0][:4], "method": "x"}  # fmt: skip
        return pd.DataFrame([row | wrong], columns=list(SIGNAL_COLUMNS))

    return enrich_wrongly


@pytest.mark.parametrize(("does", "message"), [
    (lambda *_: sys.exit(0), "SystemExit"),
    (lambda *_: 1 / 0, "ZeroDivisionError"),
    (lambda *_: None, "returned a NoneType"),
    (_signals(confidence="high"), "confidence is not a number"),
    (_signals(confidence=float("nan")), "confidence"),
    (_signals(start="0"), "start is not a whole number"),
    (_signals(end=None), "end is not a whole number"),
    (_signals(record=5), "record is not a text"),
    (_signals(property="p\0"), "property cannot be stored"),
    (_signals(property="p", value="x" * 10_000), "value cannot be stored"),
    (_signals(method="x" * 10_000), "method cannot be stored"),
])  # fmt: skip
def test_enricher_that_returns_no_signals_fails_its_run(
    in_process, import_file, settings, installation, operator, ask, monkeypatch, does, message
):
    import_file("id,name\n1,Rumah Air\n")
    set_enabled(settings, "sdgs-keyword", enabled=True)
    monkeypatch.setattr("kelompok_sdgs_keyword.plugin.SdgsKeywordEnricher.enrich", does)
    request = EnrichmentRequest(plugin="sdgs-keyword", job="detect-sdgs")
    with pytest.raises(EnrichmentFailed, match=message):
        enrich(installation, request_enrichment(installation, request, operator))
    assert ask("SELECT state FROM enrichments")[0].state == "failed"


# Names of columns that PostgreSQL cannot hold


@pytest.mark.parametrize(("plugin", "content", "column", "line"), [
    ("csv-import", "judul\n\nname,ci\0ty,email\nA,B,\n", 2, 3),
    ("csv-import", "name,\0\nA,B\n", 2, 1),
    ("json-import", '[\n{"name": "A"},\n{"name": "B", "ci\\u0000ty": "x"}\n]', 2, 3),
    ("json-import", '[{"name": "A", "\\ud800": "x"}]', 2, 1),
])  # fmt: skip
def test_unstorable_name_is_an_error_with_line_and_column(import_file, ask, plugin, content, column, line):
    with pytest.raises(SourceUnreadable) as caught:
        import_file(content, name=f"daftar.{plugin[:4].strip('-')}", plugin=plugin)
    assert f"name of column {column} on line {line}" in caught.value.message
    assert "daftar." in caught.value.message
    (row,) = ask("SELECT state, failure, issues FROM imports")
    assert row.state == "failed"
    assert row.issues[0]["code"] == "header.unstorable"
    json.dumps(row.issues)
