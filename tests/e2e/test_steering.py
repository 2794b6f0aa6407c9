"""A hostile file at a terminal: nothing it holds reaches the terminal as more than text."""

import json
import re

import pytest

from tests.e2e.test_terminal import _on_terminal

pytestmark = pytest.mark.xdist_group("terminal")

_OURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
"""Colours and moves of the line that shows the progress."""


@pytest.fixture(scope="module")
def ready(installation):
    assert installation.kelompok("plugin", "enable", "csv-import", "--grant").returncode == 0
    return installation


def _require_text(printed):
    left = _OURS.sub("", printed)
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", left), left
    assert "\x1b[8m" not in printed
    assert "\x1b]" not in printed


def test_headers_values_and_names_of_files_are_text(ready, tmp_path):
    evil = "\x1b]0;judul\x07\x1b[8m\u202e\x9b2J"
    file = tmp_path / f"da\x1b[8mftar{evil.replace('/', '')}.csv"
    file.write_text(f"name,email,{evil}kolom\nSatu{evil},a@a.or.id,{evil}\nDua,salah{evil},x\n", "utf-8")
    command = ("plugin", "run", "csv-import", "--job", "import-organizations", "--source", "daftar", "--file", file)
    commands = [
        (*command, "--dry-run"), ("csv-import", "show", file), ("import", "list"), ("import", "show", "last", "--rows"),
        ("import", "errors", "last", "--all"), ("import", "apply", "last"), ("org", "list"), ("audit",),
        ("org", "export"), ("import", "review", "list"), ("csv-import", "show", f"{file}.none"), command,
    ]  # fmt: skip
    told = [_on_terminal(ready, *one)[1] for one in commands]
    for printed in told:
        _require_text(printed)
    assert r"\x1b]0;judul\x07" in "".join(told)
    shown = ready.kelompok("import", "show", "last", "--json").stdout
    _require_text(shown)
    assert "\\u001b]0;judul" in shown
    assert json.loads(shown)
