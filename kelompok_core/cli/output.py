"""How the command line prints: tables that fit the terminal, JSON for programs, commands that can be pasted."""

import json
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from kelompok_core.cli.language import translate
from kelompok_core.cli.visible_text import visible, visible_json

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_SEVERITIES = {"fatal": "bold red", "error": "red", "review": "yellow", "warning": "magenta", "info": "dim"}
_DECISIONS = {"accepted": "green", "merged": "cyan", "unchanged": "dim", "rejected": "red", "review": "yellow"}
COLOURS = _SEVERITIES | _DECISIONS
"""Colours of severities and decisions in all output."""

_NARROWEST = 14
"""Minimum width of a text column in characters; if columns do not fit, rows are printed as blocks."""

_LONGEST_WORD = 40
"""Longer words, such as URLs, may be broken in a table."""

_PADDING = 60
"""Maximum padding of a column in a pipe, in characters."""

_GAP = 2
_PASTED = re.compile(r"--[a-z-]+ (?:'[^'\n]*'|[^\s'=]+=[^\s'.,;]+)|kelompok(?: [a-z-]+){1,3}(?: --[a-z-]+ \S+)*")
"""Parts of a sentence that people paste: an option with its value, or a command."""

_KEPT = "\ue000"
"""Replaces spaces that must not be wrapped at, while text is wrapped."""


def console(*, errors: bool = False) -> "Console":
    """Return the console to print to; in a pipe it does not wrap lines."""
    from kelompok_core.cli.safe_console import SafeConsole

    stream = sys.stderr if errors else sys.stdout
    return SafeConsole(file=stream, soft_wrap=not stream.isatty(), highlight=False)


def is_for_a_person() -> bool:
    """Whether output goes to a terminal. Output to a program must be complete."""
    return sys.stdout.isatty()


def echo(text: str, *, errors: bool = False) -> None:
    """Print a line without colours; faster than :func:`print_line`, as it needs no imports."""
    print(visible(text), file=sys.stderr if errors else sys.stdout, flush=True)


def print_json(value: object) -> None:
    echo(visible_json(json.dumps(value, ensure_ascii=False, indent=2, default=str)))


def show(as_json: bool, value: Callable[[], object], render: Callable[["Console"], None]) -> None:
    """Print a result as JSON or for people."""
    if as_json:
        print_json(value())
    else:
        render(console())


def coloured(word: str) -> "Text":
    """Return a translated severity or decision in its colour."""
    from rich.text import Text

    return Text(visible(translate(word)), style=COLOURS.get(word, ""))


def safe_text(text: str, *, style: str = "") -> "Text":
    """Return a text for printing or for a table cell, with control characters escaped."""
    from rich.text import Text

    return Text(visible(text), style=style)


@lru_cache
def program() -> str:
    """Return how to call this program: its name, or its path if the shell would not find it by name."""
    started = Path(sys.argv[0])
    found = shutil.which("kelompok")
    is_on_path = found is not None and started.exists() and Path(found).samefile(started)
    is_kelompok = started.name == "kelompok" and started.exists()
    return "kelompok" if is_on_path or not is_kelompok else shlex.quote(sys.argv[0])


def as_typed(text: str) -> str:
    """Return a text with its commands written so that they work in this shell; see :func:`program`."""
    return text if program() == "kelompok" else re.sub(r"(?<![\w./-])kelompok (?=[a-z])", f"{program()} ", text)


def command(*words: object) -> str:
    """Return a command of this program, quoted for the shell."""
    return f"{program()} {shlex.join(str(word) for word in words)}"


def print_line(text: "str | Text", *, style: str = "", errors: bool = False) -> None:
    """Print one line without wrapping, so that a command in it can be copied whole."""
    line = safe_text(text, style=style) if isinstance(text, str) else text
    console(errors=errors).print(line, soft_wrap=True)


def print_next(what: str, *commands: str) -> None:
    """Print what to do next, then its commands, each on its own line and never wrapped."""
    console().print(safe_text(what))
    for one in commands:
        print_line(f"  {one}")


def table(
    console: "Console", columns: Sequence[str], rows: Sequence[Sequence[object]], *, heading: int | None = None
) -> None:
    """Print rows as a table, or each row as a block if the columns do not fit the terminal.

    In a pipe each row is one line. Cells are never truncated.

    Args:
        console: Where to print.
        columns: Names of the columns, translated when printed.
        rows: The cells of each row.
        heading: Number of cells in the first line of a block. Set it for rows that end with a sentence: they are
            printed as a table only if no cell has to be wrapped.
    """
    cells = [[_text(cell) for cell in row] for row in rows]
    headers = [visible(translate(column)) if column else "" for column in columns]
    if not console.is_terminal:
        _print_plain(console, headers, cells)
        return
    if not rows:
        console.print(translate("There are none."))
        return
    texts = [[row[at].plain for row in cells] for at in range(len(headers))]
    least = [
        _least_width(header, column) if heading is None else _width(header, column)
        for header, column in zip(headers, texts, strict=True)
    ]
    if sum(least) + _GAP * (len(least) - 1) > console.width and len(columns) > 1:
        _print_blocks(console, headers, cells, heading or 1)
    else:
        narrow = [min(one, console.width) for one in least]
        _print_table(console, headers, cells, narrow, [_is_number(rows, at) for at in range(len(columns))])


def _text(cell: object) -> "Text":
    from rich.text import Text

    if isinstance(cell, Text):
        return cell
    return safe_text("" if cell is None else str(cell))


def _is_number(rows: Sequence[Sequence[object]], at: int) -> bool:
    values = [row[at] for row in rows if row[at] is not None]
    return bool(values) and all(isinstance(value, int | float) for value in values)


def _width(header: str, cells: Sequence[str]) -> int:
    """Return the width of the widest line in terminal columns; some characters take two."""
    from rich.cells import cell_len

    return max([cell_len(header), *(cell_len(line) for cell in cells for line in cell.splitlines())])


def _least_width(header: str, cells: Sequence[str]) -> int:
    """Return the minimum width of a column: that of its longest word, within limits."""
    widest = _width(header, cells)
    if widest <= _NARROWEST:
        return widest
    words = max(_width(word, ()) for cell in [header, *cells] for word in cell.split() or [""])
    return min(widest, max(_NARROWEST, min(words, _LONGEST_WORD)))


def _print_table(
    console: "Console",
    headers: Sequence[str],
    rows: "Sequence[Sequence[Text]]",
    least: Sequence[int],
    numbers: Sequence[bool],
) -> None:
    from rich.table import Table

    drawn = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold underline")
    for header, width, is_number in zip(headers, least, numbers, strict=True):
        drawn.add_column(header, overflow="fold", min_width=width, justify="right" if is_number else "left")
    for row in rows:
        drawn.add_row(*row)
    console.print(drawn)


def _print_blocks(console: "Console", headers: Sequence[str], rows: "Sequence[Sequence[Text]]", heading: int) -> None:
    """Print each row as a block: its first cells as a heading, then one line for each other cell."""
    for number, row in enumerate(rows):
        if number:
            console.print()
        console.print(_heading(headers[:heading], row[:heading]))
        _print_block(console, headers[heading:], row[heading:])


def _heading(headers: Sequence[str], cells: "Sequence[Text]") -> "Text":
    """Return cells in one line, numbers with the name of their column."""
    from rich.text import Text

    parts = []
    for header, cell in zip(headers, cells, strict=True):
        if cell.plain:
            name = f"{header} " if header and re.fullmatch(r"[\d,. …]+", cell.plain) else ""
            parts.append(Text().append(name, style="dim").append_text(cell))
    line = Text("  ").join(parts)
    line.stylize("bold")
    return line


def _print_block(console: "Console", headers: Sequence[str], cells: "Sequence[Text]") -> None:
    from rich.padding import Padding
    from rich.table import Table

    if len(cells) == 1:  # a single cell needs no name
        if cells[0].plain:
            console.print(Padding(_unbroken(console, cells[0], console.width - 2), (0, 0, 0, 2)))
        return
    block = Table.grid(padding=(0, _GAP, 0, 0))
    first = max(_width(header, ()) for header in headers) + 2
    block.add_column(min_width=first, no_wrap=True, style="dim")
    block.add_column(overflow="fold")
    for header, cell in zip(headers, cells, strict=True):
        if cell.plain:
            block.add_row(f"  {header}", _unbroken(console, cell, console.width - first - _GAP))
    console.print(block)


def _unbroken(console: "Console", text: "Text", width: int) -> "Text":
    """Wrap a text without breaking commands and options that people paste, if they fit."""
    from rich.text import Text

    kept = text.copy()
    kept.plain = _PASTED.sub(lambda found: found[0].replace(" ", _KEPT), text.plain)
    lines = kept.wrap(console, width, overflow="fold")
    for one in lines:
        one.plain = one.plain.replace(_KEPT, " ").rstrip()
    return Text("\n").join(lines)


def _print_plain(console: "Console", headers: Sequence[str], rows: "Sequence[Sequence[Text]]") -> None:
    """Print one row per line, with columns separated by two or more spaces."""
    lines = [list(headers), *([" ".join(cell.plain.split("\n")) for cell in row] for row in rows)]
    widths = [min(_PADDING, max(map(len, column))) for column in zip_longest(*lines, fillvalue="")]
    for line in lines:
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        console.file.write(visible((" " * _GAP).join(padded).rstrip()) + "\n")
