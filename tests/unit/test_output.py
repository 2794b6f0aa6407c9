"""How the command line prints: tables for terminals and pipes, JSON, commands to paste."""

import io
import json
import sys
from datetime import date

import pytest

from kelompok_core.cli import output
from kelompok_core.cli.language import use_language
from kelompok_core.cli.safe_console import SafeConsole


@pytest.fixture(autouse=True)
def _english():
    use_language("en")


def _printed(columns, rows, *, width=80, is_terminal=True, heading=None):
    console = SafeConsole(
        file=io.StringIO(), force_terminal=is_terminal, color_system=None, width=width, soft_wrap=not is_terminal,
        highlight=False,
    )  # fmt: skip
    output.table(console, columns, rows, heading=heading)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_a_table_that_fits_stands_side_by_side_with_numbers_to_the_right():
    lines = _printed(("name", "rows"), [("Klub Ani", 7), ("Klub Budi", 1200)])
    assert lines == ["name       rows", "Klub Ani      7", "Klub Budi  1200"]


def test_a_column_with_a_word_in_it_is_text_and_nothing_is_a_blank():
    lines = _printed(("name", "rows"), [("Ani", "7"), ("Budi", None), (None, 1200)])
    assert lines == ["name  rows", "Ani   7", "Budi", "      1200"]
    assert _printed(("name", "rows"), [("Ani", 7), ("Budi", None)])[1] == "Ani      7"


def test_a_terminal_shows_that_there_are_no_rows():
    assert _printed(("name", "rows"), []) == ["There are none."]


def test_a_program_gets_the_header_even_without_rows():
    assert _printed(("name", "rows"), [], is_terminal=False) == ["name  rows"]


def test_in_a_pipe_each_row_is_one_line_however_long():
    long = "satu dua " * 20
    lines = _printed(("name", "what"), [("Ani\nBudi", long), ("x" * 70, "y")], width=40, is_terminal=False)
    assert lines == [f"{'name':<60}  what", f"{'Ani Budi':<60}  {long.strip()}", f"{'x' * 70}  y"]


def test_a_column_without_a_name_has_no_header():
    assert _printed(("", "rows"), [("Ani", 7)], is_terminal=False) == ["     rows", "Ani  7"]


def test_rows_too_wide_for_the_terminal_become_blocks_without_losing_a_word():
    rows = [("Klub Ani", "a" * 30, "b" * 30), ("Klub Budi", "", "c" * 30)]
    assert _printed(("name", "first", "second"), rows, width=50) == [
        "Klub Ani", f"  first   {'a' * 30}", f"  second  {'b' * 30}", "", "Klub Budi", f"  second  {'c' * 30}",
    ]  # fmt: skip


def test_a_table_exactly_as_wide_as_the_terminal_is_no_block():
    row = ("a" * 14, "b" * 14)
    assert _printed(("x", "y"), [row], width=30)[1] == "  ".join(row)
    assert _printed(("x", "y"), [row], width=29) == [row[0], f"  {row[1]}"]


def test_one_column_is_never_a_block():
    assert _printed(("x",), [("a" * 30,)], width=20) == ["x", "a" * 20, "a" * 10]


def test_a_sentence_behind_a_heading_is_not_wrapped_in_a_narrow_column():
    row = ("error", "value.wrong", 3, "This cell is none of the words that are known here.")
    columns = ("severity", "code", "rows", "first of them")
    lines = _printed(columns, [row], width=60, heading=3)
    assert lines == ["error  value.wrong  rows 3", "  This cell is none of the words that are known here."]
    assert _printed(columns, [row], width=60)[0].split() == ["severity", "code", "rows", "first", "of", "them"]


def test_a_block_cuts_no_word_longer_than_the_terminal():
    lines = _printed(("name", "first", "second"), [("Ani", "a" * 50, "b" * 20)], width=30)
    assert "".join(line.split()[-1] for line in lines[1:]).count("a") == 50
    assert max(map(len, lines)) <= 30
    (_, *rest) = _printed(("name", "only"), [("Ani", "a" * 50)], width=30)
    assert rest == [f"  {'a' * 28}", f"  {'a' * 22}"]


def test_the_heading_of_a_block_names_its_numbers_and_leaves_out_what_is_empty():
    row = ("", 7, "1,200", "Klub Ani 7", "x" * 30)
    columns = ("", "line", "rows", "name", "why")
    assert _printed(columns, [row], width=40, heading=4)[0] == "line 7  rows 1,200  Klub Ani 7"
    assert _printed(columns, [("", 7, None, "", ""), row], width=40, heading=4)[:2] == ["line 7", ""]


def test_wide_characters_take_two_columns():
    rows = [("京" * 7, "b" * 14)]
    assert _printed(("x", "y"), rows, width=30)[1] == "  ".join(rows[0])
    assert _printed(("x", "y"), rows, width=29)[0] == rows[0][0]


def test_no_line_ends_within_a_command_that_can_be_pasted():
    row = ("Ani", "First type kelompok import errors, then wait.", "x" * 14)
    assert _printed(("name", "what", "more"), [row], width=31) == [
        "Ani", "  what  First type", "        kelompok import errors,", "        then wait.", f"  more  {'x' * 14}",
    ]  # fmt: skip


def test_a_command_is_quoted_for_the_shell(monkeypatch):
    monkeypatch.setattr(output, "program", lambda: "kelompok")
    assert output.command("import", "show", "daftar 1.csv", 7) == "kelompok import show 'daftar 1.csv' 7"


def test_a_text_that_is_made_keeps_its_style_in_a_line_and_a_cell(capsys):
    output.print_line(output.coloured("error"))
    assert capsys.readouterr().out == "error\n"
    assert _printed(("x", "y"), [(output.coloured("error"), 1)], is_terminal=False)[1] == "error  1"


def test_commands_in_a_sentence_are_as_they_are_typed_here(monkeypatch):
    monkeypatch.setattr(output, "program", lambda: "/opt/k/kelompok")
    sentence = "Type kelompok up, not ./kelompok up; kelompok.toml stays. kelompok: it"
    assert output.as_typed(sentence) == sentence.replace("Type kelompok", "Type /opt/k/kelompok")
    monkeypatch.setattr(output, "program", lambda: "kelompok")
    assert output.as_typed(sentence) == sentence


@pytest.fixture
def called(tmp_path, monkeypatch):
    """Let the program be started by a path, beside what the shell finds under its name."""

    def program(name, on_path):
        (tmp_path / "bin").mkdir()
        started, other = tmp_path / "bin" / name, tmp_path / "other"
        started.touch()
        other.touch()
        monkeypatch.setattr(sys, "argv", [str(started)])
        found = {"itself": str(started), "another": str(other), "nothing": None}[on_path]
        monkeypatch.setattr(output.shutil, "which", lambda _: found)
        output.program.cache_clear()
        return output.program(), str(started)

    yield program
    output.program.cache_clear()


@pytest.mark.parametrize("on_path", ["itself", "another", "nothing"])
def test_the_program_is_called_by_its_path_where_the_shell_would_not_find_it(called, on_path):
    name, started = called("kelompok", on_path)
    assert name == ("kelompok" if on_path == "itself" else started)


@pytest.mark.parametrize("on_path", ["another", "nothing"])
def test_a_test_runner_is_not_the_program(called, on_path):
    assert called("pytest", on_path)[0] == "kelompok"


def test_a_program_that_is_not_there_is_called_by_its_name(called, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "kelompok")])
    output.program.cache_clear()
    assert output.program() == "kelompok"


def test_json_keeps_letters_and_dates_and_is_made_to_be_read(capsys):
    output.print_json({"name": "Klub «Ani»", "on": date(2031, 1, 5)})
    printed = capsys.readouterr().out
    assert "«Ani»" in printed
    assert printed.startswith('{\n  "name"')
    assert json.loads(printed) == {"name": "Klub «Ani»", "on": "2031-01-05"}


def test_a_result_is_printed_in_the_form_asked_for(capsys):
    for as_json in (True, False):
        output.show(as_json, lambda: ["value"], lambda console: console.print("rendered"))
    printed = capsys.readouterr().out
    assert printed.endswith("rendered\n")
    assert json.loads(printed.removesuffix("rendered\n")) == ["value"]


def test_errors_go_to_the_other_stream(capsys):
    output.echo("one", errors=True)
    output.print_line("two", errors=True)
    output.echo("three")
    output.print_line("four")
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("three\nfour\n", "one\ntwo\n")


def test_the_next_commands_stand_on_lines_of_their_own(capsys):
    output.print_next("Next:", "kelompok up", "kelompok doctor")
    assert capsys.readouterr().out == "Next:\n  kelompok up\n  kelompok doctor\n"


def test_a_word_has_its_colour_and_the_readers_language():
    assert (output.coloured("error").plain, str(output.coloured("error").style)) == ("error", "red")
    assert str(output.coloured("unknown").style) == ""
    use_language("id")
    assert (output.coloured("rejected").plain, str(output.coloured("rejected").style)) == ("ditolak", "red")


def test_a_console_of_a_pipe_does_not_wrap(capsys):
    output.console().print("satu " * 60)
    assert capsys.readouterr().out.count("\n") == 1
