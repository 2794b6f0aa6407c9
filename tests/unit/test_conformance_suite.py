"""The conformance suite: a new plugin passes it, and each fault fails the check that is made for it."""
# ruff: noqa: E501 -- each change of a text is one line

import json
import sys
from itertools import count

import pytest

from kelompok_core.plugin_kit.scaffold import write_plugin
from kelompok_core.plugin_kit.testing import Skip, conformance_suite
from kelompok_core.plugin_kit.testing.subject import Subject
from kelompok_core.plugin_kit.testing.suite import list_checks

_EVERYTHING = (
    "organization_importer", "source_normalizer", "source_matcher", "profile_enricher", "cli_command_provider",
)  # fmt: skip
_numbers = count()


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """Write a new plugin, change texts of its files, and return it as the subject of the suite."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def run(*changes, contracts=_EVERYTHING, file="plugin.py", sample=None, **given):
        name = f"try-{next(_numbers)}-{tmp_path.name[-12:].replace('_', 'x').lower()}"
        name = "".join(one for one in name if one.isalnum() or one == "-").strip("-")
        write_plugin(tmp_path, name, contracts)
        package = f"kelompok_{name.replace('-', '_')}"
        path = tmp_path / package / file
        text = path.read_text()
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path.write_text(text)
        samples = tmp_path / "tests" / "inputs"
        if sample is not None:
            (samples / "list.txt").write_bytes(sample)
        inputs = sorted(samples.iterdir()) if samples.is_dir() else []
        return Subject(package=package, inputs=inputs, **given)

    yield run
    for name in [name for name in sys.modules if name.startswith("kelompok_try_")]:
        for kept in getattr(sys.modules.pop(name), "KEPT", ()):
            kept.close()


def _check(subject, name):
    """Run the checks of this name."""
    found = [check for known, check in list_checks(subject) if known.partition("[")[0] == name]
    assert found, f"there is no check {name}"
    for check in found:
        check()


def test_new_plugin_passes_every_check(plugin):
    checks = list_checks(plugin())
    assert len(checks) >= 15
    for _, check in checks:
        check()


_FAULTS = [
    ("manifest_and_code_agree", [("class Importer", "class Reader")], "plugin.py", "has no attribute 'Importer'"),
    ("manifest_and_code_agree", [("def read(self, source", "def read(self, more, source")], "plugin.py", r"read\(\)"),
    ("manifest_and_code_agree", [('"organization_import"', '"organisation_import"')], "kelompok-plugin.json",
     "did you mean 'organization_import'"),
    ("manifest_can_be_read", [('"jobs"', '"job"')], "kelompok-plugin.json", "job: there is no such key"),
    ("invalid_settings_are_refused", [('"additionalProperties": false,', "")], "kelompok-plugin.json",
     "expected no_such_setting"),
    ("import_has_no_side_effects", [("COLUMNS = ", "open('/dev/shm/x-kelompok', 'w')\nCOLUMNS = ")], "plugin.py",
     "for writing"),
    ("import_has_no_side_effects", [("COLUMNS = ", "print('hello')\nCOLUMNS = ")], "plugin.py", "prints: hello"),
    ("import_has_no_side_effects",
     [("COLUMNS = ", "import threading, time\nthreading.Thread(target=time.sleep, args=[5], daemon=True).start()\nCOLUMNS = ")],
     "plugin.py", "starts a thread"),
    ("import_has_no_side_effects", [("COLUMNS = ", "import subprocess\nsubprocess.run(['true'])\nCOLUMNS = ")],
     "plugin.py", "subprocess.Popen"),
    ("only_the_contracts_are_imported", [("COLUMNS = ", "import sqlalchemy\nCOLUMNS = ")], "plugin.py",
     r"plugin.py:\d+: it imports sqlalchemy"),
    ("only_the_contracts_are_imported", [("COLUMNS = ", "from kelompok_core.settings import Settings\nCOLUMNS = ")],
     "plugin.py", "kelompok_core.settings"),
    ("sample_is_read", [("while chunk :=", "while False and (chunk :="), ("len(COLUMNS)))):", "len(COLUMNS))))):")],
     "plugin.py", "expected rows; found none"),
    ("sample_is_read", [("range(first, first", "range(first + 1, first + 1")], "plugin.py", "row numbers must go on from 1"),
    ("sample_is_read", [("cells=text_table(cells)", "cells=cells")], "plugin.py", "cells must be a data frame, not dict"),
    ("same_bytes_give_the_same_batches",
     [("COLUMNS = ", "import itertools\ncounter = itertools.count()\nCOLUMNS = "), ('"delimiter": "|"', '"delimiter": str(next(counter))')],
     "plugin.py", "read_as differs"),
    ("any_batch_size_gives_the_same_rows", [("first += len(chunk)", "first += len(chunk)\n                return")],
     "plugin.py", "in batches of 1 rows: rows differs"),
    ("reading_can_stop_and_begin_again",
     [("            require_decodable", "            KEPT.append(source.path.open('rb'))\n            require_decodable"),
      ("COLUMNS = ", "KEPT = []\nCOLUMNS = ")], "plugin.py", "the file is still open"),
    ("locations_are_true", [("lines = [number for number, _ in records]", "lines = [number + 5 for number, _ in records]")],
     "plugin.py", "on line 6 of 3"),
    ("locations_are_true", [('line.split("|", len(COLUMNS) - 1)', 'line.title().replace("R", "Q").split("|", 2)')],
     "plugin.py", "expected cells as written"),
    ("hostile_inputs_are_taken", [("            require_decodable(file, ENCODING)\n", "")], "plugin.py", "UnicodeDecodeError"),
    ("hostile_inputs_are_taken", [("rows = [line", "records[0][1][200_000]\n    rows = [line")], "plugin.py", "IndexError"),
    ("seen_issues_have_sentences", [("bad_line", "bad_row")], "issues.json", "bad_line' is missing"),
    ("memory_stays_flat",
     [("COLUMNS = ", "KEPT = []\nCOLUMNS = "), ("                first += len(chunk)", "                KEPT.append([c * 8 for _, c in chunk]); first += len(chunk)")],
     "plugin.py", "expected less than"),
    ("normalizer_keeps_rows_and_columns", [("replace(batch, cells=cells,", "replace(batch, cells=cells.drop(columns='website'),")],
     "plugin.py", "dropped the column 'website'"),
    ("normalizer_keeps_rows_and_columns", [('"jkt": "Jakarta"', '"jakarta": "Jkt"'), ("city_renamed", "city_unnamed")],
     "plugin.py", "city_unnamed' is missing"),
    ("matcher_only_suggests", [("likeness >= LEAST_LIKENESS", "True"), ("likeness, features", "likeness * 2 + 1, features")],
     "plugin.py", "from 0 to 1"),
    ("matcher_only_suggests", [("likeness >= LEAST_LIKENESS", "True"), ("(candidate, key,", "(candidate, 'other',")],
     "plugin.py", "an existing record that was not given"),
    ("enricher_quotes_what_it_found",
     [(r'"\b(?:19|20)[0-9]{2}\b"', '"Jakarta"'), ("found.start(), found.end()", "found.start() + 1, found.end() + 1")],
     "plugin.py", "not 'Jakarta'"),
    ("enricher_quotes_what_it_found", [(r'"\b(?:19|20)[0-9]{2}\b"', '"Jakarta"'), ('"year", found[0], 0.5', '"year", found[0], 5.0')],
     "plugin.py", "from 0 to 1"),
    ("commands_return_results", [("return CommandResult(text=", "return str(")], "plugin.py", "returned a str"),
]  # fmt: skip


@pytest.mark.parametrize(("check", "changes", "file", "message"), _FAULTS)
def test_each_fault_fails_its_check(plugin, check, changes, file, message):
    with pytest.raises((AssertionError, AttributeError), match=message):
        _check(plugin(*changes, file=file), check)


def test_secret_in_an_issue_is_found(plugin, tmp_path):
    subject = plugin(
        ('"expected": len(COLUMNS)', '"expected": context_secret()'),
        ("COLUMNS = ", "LAST = []\n\ndef context_secret():\n    return LAST[-1]\n\nCOLUMNS = "),
        ('        with source.path.open("rb") as file:', '        LAST.append(context.secrets.get("token"))\n        with source.path.open("rb") as file:'),
        contracts=("organization_importer",),
        sample=b"only one cell\n",
    )  # fmt: skip
    path = tmp_path / subject.package / "kelompok-plugin.json"
    manifest = json.loads(path.read_text())
    manifest["permissions"]["secrets"] = ["token"]
    manifest["config_schema"]["properties"]["token"] = {"type": "string"}
    path.write_text(json.dumps(manifest))
    with pytest.raises(AssertionError, match="the secret 'token' appears in what was read"):
        _check(subject, "secrets_stay_secret")


def test_importer_without_samples_fails(plugin, tmp_path):
    subject = Subject(package=plugin(contracts=("organization_importer",)).package)
    with pytest.raises(AssertionError, match="needs sample files"):
        _check(subject, "samples_are_there")


def test_a_skip_needs_a_reason_and_ends(plugin):
    package = plugin(contracts=("cli_command_provider",)).package
    for skip, message in (
        ({"no_such_check": Skip(reason="why", until="2026-01-01")}, "there is no check 'no_such_check'"),
        ({"commands_return_results": Skip(reason=" ", until="2026-01-01")}, "needs a reason"),
        ({"commands_return_results": Skip(reason="why", until="soon")}, "soon"),
    ):
        with pytest.raises(ValueError, match=message):
            conformance_suite(package, skip=skip)
    suite = conformance_suite(
        package, skip={"commands_return_results": Skip(reason="broken upstream", until="2999-01-01")}
    )
    with pytest.raises(pytest.skip.Exception, match="broken upstream"):
        suite().test("commands_return_results", lambda: None)
    suite = conformance_suite(
        package, skip={"commands_return_results": Skip(reason="broken upstream", until="2020-01-01")}
    )
    with pytest.raises(pytest.fail.Exception, match="ended on 2020-01-01"):
        suite().test("commands_return_results", lambda: None)
