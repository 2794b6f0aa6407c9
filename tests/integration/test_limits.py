"""Limits on columns and text size that a request cannot raise."""

import json
from functools import partial
from time import process_time

import pytest

from kelompok_core.contracts import SourceBatch, UnreadableSource, location_table, text_table
from kelompok_core.errors import SettingsError, SourceUnreadable
from kelompok_core.imports.receiving.file_rules import operator_rules
from kelompok_core.imports.shared.options import ImportOptions
from kelompok_core.imports.shared.profiles import read_profile
from kelompok_core.imports.staging import source_size
from kelompok_core.imports.staging.plugin_reading import reading_context
from kelompok_core.imports.staging.source_size import SourceSize
from kelompok_core.plugin_host.configuration import plugin_settings
from kelompok_core.plugin_host.limits import read_limits
from kelompok_core.plugin_host.registry import get_plugin
from kelompok_pipelines.gate import read_hosts
from kelompok_pipelines.scaling import read_scaling
from kelompok_pipelines.sources import read_scheduled


@pytest.fixture
def limit(settings):
    """Write a limit into kelompok.toml."""

    def run(line):
        with settings.config_file.open("a") as file:
            file.write(f"\n[limits]\n{line}\n")

    return run


@pytest.mark.parametrize(("text", "key", "read"), [
    ("limits = 1", "limits", read_limits), ("files = []", "files", operator_rules), ("ui = ''", "ui", read_hosts),
    ("scaling = 1", "scaling", read_scaling), ("plugins = 1", "plugins", plugin_settings),
    ("plugins.x = 1", "plugins.x", plugin_settings), ("profiles.x = 1", "profiles.x", partial(read_profile, name="x")),
])  # fmt: skip
def test_setting_that_must_be_a_table_is_reported(settings, text, key, read):
    settings.config_file.write_text(text)
    with pytest.raises(SettingsError, match=f"^{key}: must be a table$") as caught:
        read(settings)
    assert caught.value.hint.startswith(f"Write [{key}")


def test_schedule_that_is_not_a_table_is_reported(settings):
    settings.config_file.write_text("schedules = [1]")
    assert [one.message for one in read_scheduled(settings)] == ["schedules.1: must be a table. Write [[schedules]]."]


def _wide(columns):
    header = ",".join(["Name", *(f"Notes of {at}" for at in range(columns - 1))])
    return "\n".join([header, *(f"{name}{f',{name} text' * (columns - 1)}" for name in ("Satu", "Dua"))]) + "\n"


def test_only_the_operator_raises_the_limit_on_columns(import_file, limit):
    options = ImportOptions(config={"max_columns": 100_000})
    with pytest.raises(
        SourceUnreadable, match="Up to line 1 there are 2001 columns; at most 2000 are allowed"
    ) as caught:
        import_file(_wide(2_001), options=options)
    assert caught.value.findings[0]["code"] == "header.too_many_columns"
    limit("columns = 2001")
    assert import_file(_wide(2_001), options=options).import_.counts["accepted"] == 2


def test_columns_are_counted_over_all_records(import_file, limit):
    limit("columns = 50")
    lines = "".join(json.dumps({"name": f"Nomor {at}", f"k{at}": 1}) + "\n" for at in range(60))
    with pytest.raises(SourceUnreadable, match="Up to line 50 there are 51 columns; at most 50 are allowed"):
        import_file(lines, name="list.ndjson", plugin="json-import")


@pytest.mark.parametrize("around", [dict, lambda record: [record], lambda record: [{"name": "x", "a": record}]])
def test_columns_are_counted_before_they_are_mapped(import_file, around):
    record = {"name": "Satu", **{f"k{at}": "x" for at in range(30_000)}}
    before = process_time()
    with pytest.raises(SourceUnreadable, match="columns; at most 2000 are allowed"):
        import_file(json.dumps(around(record)), name="list.json", plugin="json-import")
    assert process_time() - before < 5


def test_wide_list_next_to_the_records_adds_no_columns(import_file):
    others = [{f"k{at}": "x" for at in range(5_000)}]
    both = {"stats": others, "organizations": [{"name": "Satu"}, {"name": "Dua"}]}
    assert import_file(json.dumps(both), name="list.json", plugin="json-import").counts["accepted"] == 2


def test_plugin_columns_are_limited(settings):
    plugin = get_plugin(settings, "json-import")
    columns = [f"k{at}" for at in range(4_001)]
    context = reading_context(settings, plugin, config={})
    assert len(context.map_headers("members", columns[:4_000])) == 4_000
    with pytest.raises(UnreadableSource, match="too_many_columns"):
        context.map_headers("members", columns)
    with pytest.raises(UnreadableSource, match="too_many_columns"):
        context.judge_columns("members", text_table({column: [] for column in columns}))


def test_host_counts_the_columns_of_every_reader():
    size = SourceSize(columns=3, file_bytes=1)
    size.add(_batch({"a": ["x"], "b": ["x"]}))
    with pytest.raises(UnreadableSource, match=r"header\.too_many_columns") as caught:
        size.add(_batch({"c": ["x"], "d": ["x"]}))
    assert (caught.value.issue.line, caught.value.issue.params) == (7, {"found": 4, "limit": 3})


def test_endlessly_growing_text_fails_the_import(import_file, monkeypatch):
    monkeypatch.setattr(source_size, "_ALWAYS_TAKEN", 10_000)
    monkeypatch.setattr(source_size, "_MOST_TIMES", 10)
    around = {"about": "x" * 9_000, "items": [{"name": f"Nomor {at}"} for at in range(300)]}
    with pytest.raises(SourceUnreadable, match="the cells have 27") as caught:
        import_file(json.dumps(around), name="list.json", plugin="json-import")
    assert caught.value.findings[0]["code"] == "file.grows"


@pytest.mark.parametrize("line", ["columns = 0", "columns = 'all'", "colums = 5"])
def test_invalid_limit_is_named(settings, limit, line):
    limit(line)
    with pytest.raises(SettingsError, match=r"limits\.col"):
        read_limits(settings)


def _batch(columns):
    return SourceBatch(cells=text_table(columns), locations=location_table([1], lines=[7], selectors=[""]))
