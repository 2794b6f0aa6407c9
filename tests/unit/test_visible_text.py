"""Printed text cannot control a terminal, whether it comes from a file, a person, a plugin or a log."""

import io
import json
import logging
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kelompok_core.cli import output
from kelompok_core.cli.app import run
from kelompok_core.cli.progress import bytes_bar, progress_bar
from kelompok_core.cli.visible_text import VisibleStream, data_stream, visible, visible_json, visible_streams

_EVIL = "\x1b]0;judul\x07\x1b[31mmerah\x9b2J\r\u202etxt\u2066\ud800\x00"
_SEEN = r"\x1b]0;judul\x07\x1b[31mmerah\x9b2J\x0d\u202etxt\u2066\ud800\x00"
_TEXTS = st.text(st.characters(exclude_categories=()), max_size=40)


def _steers(text):
    return [
        one
        for one in text
        if (unicodedata.category(one) in ("Cc", "Cs") and one not in "\n\t")
        or unicodedata.bidirectional(one) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
    ]


def test_control_characters_are_shown_as_escapes():
    assert visible(_EVIL) == _SEEN
    assert visible("baris\n\tkedua é 🎨") == "baris\n\tkedua é 🎨"


@given(_TEXTS)
def test_no_text_controls_the_terminal(text):
    assert not _steers(visible(text))
    assert visible(visible(text)) == visible(text)


@given(_TEXTS)
def test_json_uses_its_own_escapes(text):
    written = visible_json(json.dumps({text: [text]}, ensure_ascii=False))
    assert not _steers(written)
    assert json.loads(written) == {text: [text]}


class _Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture(params=[io.StringIO, _Terminal], ids=["pipe", "terminal"])
def printing(request, monkeypatch):
    """Replace both streams by pipes or terminals; return the other ends."""

    def run():
        stream = request.param()
        monkeypatch.setattr(sys, "stdout", stream)
        monkeypatch.setattr(sys, "stderr", stream)
        for name, value in {"NO_COLOR": "1", "COLUMNS": "400", "TERM": "dumb"}.items():
            monkeypatch.setenv(name, value)
        return stream

    return run


def test_all_ways_to_print_are_safe(printing):
    stream = printing()
    with visible_streams():
        output.echo(_EVIL)
        output.print_line(_EVIL, style="red", errors=True)
        output.print_next(_EVIL, _EVIL)
        output.table(output.console(), [_EVIL, "b"], [[_EVIL, "1"], [output.safe_text(_EVIL), "2"]])
        output.console().print(_EVIL)
        output.print_json({_EVIL: _EVIL})
        print(_EVIL)
        logging.getLogger("kelompok.plugin.test").error(_EVIL.replace("\ud800", ""))  # pytest sends it on
        sys.stderr.write(_EVIL)
    printed = stream.getvalue()
    assert not _steers(printed)
    assert printed.count("judul") >= 8
    assert r"\x1b]0;judul\x07" in printed


@pytest.mark.parametrize("bar", [progress_bar, bytes_bar])
def test_output_next_to_a_progress_bar_is_safe(monkeypatch, bar):
    stream = _Terminal()
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")
    with visible_streams(), bar(as_json=False):
        print("warna \x1b[31mmerah\x1b[0m")
        sys.stderr.write("judul \x1b]0;judul\x07\n")
    assert r"warna \x1b[31mmerah\x1b[0m" in stream.getvalue()
    assert r"judul \x1b]0;judul\x07" in stream.getvalue()


@pytest.mark.parametrize("arguments", [
    ["plugin", "info", _EVIL], ["plugin", "run", "csv-import", f"--{_EVIL}"], [_EVIL],
    ["import", "list", "--limit", _EVIL], ["--language", _EVIL],
    ["plugin", "info", _EVIL, "--debug"], ["plugin", "info", _EVIL, "--json"],
])  # fmt: skip
def test_a_wrong_command_line_is_quoted_safely(printing, arguments, monkeypatch, tmp_path):
    monkeypatch.setenv("KELOMPOK_HOME", str(tmp_path / "none"))
    stream = printing()
    assert run(arguments, launcher=None) == 2
    assert "judul" in stream.getvalue()
    assert not _steers(stream.getvalue())


def test_unexpected_error_is_shown_safely(printing, monkeypatch):
    def fail():
        raise RuntimeError(_EVIL)

    monkeypatch.setattr("kelompok_core.cli.app.find_language", fail)
    stream = printing()
    assert run(["plugin", "list"], launcher=None) == 1
    assert "RuntimeError" in stream.getvalue()
    assert not _steers(stream.getvalue())


def test_data_is_unchanged_for_programs_and_visible_for_terminals(monkeypatch):
    for stream, expected in ((io.StringIO(), "\x1b[31m"), (_Terminal(), r"\x1b[31m")):
        monkeypatch.setattr(sys, "stdout", stream)
        with visible_streams():
            data_stream().write("\x1b[31m")
        assert stream.getvalue() == expected


def test_our_own_colours_reach_a_terminal(monkeypatch):
    stream = _Terminal()
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr(sys, "stdout", VisibleStream(stream))
    output.print_line("a\x1b[32mb", style="red")
    assert stream.getvalue() == "\x1b[31ma\\x1b[32mb\x1b[0m\n"


def test_no_command_bypasses_safe_printing():
    folder = Path(output.__file__).parent
    for file in folder.glob("*.py"):
        text = file.read_text("utf-8")
        for way in ("typer.echo(", "typer.secho(", "click.echo(", "sys.stdout.write(", "sys.stderr.write(", "Console("):
            assert way not in text.replace("class SafeConsole(Console)", "").replace("SafeConsole(", ""), (file, way)
        if file.name not in ("output.py", "safe_console.py"):
            assert " print(" not in text.replace("console.print(", ""), file
            assert "import Text\n" not in text or "TYPE_CHECKING" in text, file


def test_a_usage_error_shows_no_markup(capsys):
    assert run(["import", "[bold]tebal[/bold]"], launcher=None) == 2
    printed = capsys.readouterr().err
    assert "Try 'kelompok import --help' for help." in printed
    assert "No such command '[bold]tebal[/bold]'" in printed
