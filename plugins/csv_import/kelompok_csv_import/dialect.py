"""How a file's cells are set apart: delimiter, quote, line ends, and where its header is."""

import csv
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from kelompok_core.contracts import ConfigurationError, JsonValue

_SAMPLE_CHARACTERS = 1 << 16
_SAMPLE_RECORDS = 100
_DELIMITERS = (",", ";", "\t", "|")
_NAMES = {"tab": "\t", "\\t": "\t"}
_SHOWN = {"\t": "tab"}


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How to cut the text into cells.

    Attributes:
        skipped_lines: Physical lines before the header.
        line_ending: As most lines of the beginning have it: ``LF``, ``CRLF``, ``CR``.
    """

    delimiter: str
    quote: str
    skipped_lines: int
    line_ending: str

    def to_json(self) -> dict[str, JsonValue]:
        return {
            "delimiter": _SHOWN.get(self.delimiter, self.delimiter),
            "quote": self.quote,
            "header_line": self.skipped_lines + 1,
            "line_ending": self.line_ending,
        }


def find_dialect(path: Path, codec: str, config: Mapping[str, JsonValue]) -> Dialect:
    """Return the dialect: what is configured, and for the rest what the beginning of the file looks like.

    Raises:
        ConfigurationError: When the configured delimiter is none.
    """
    with path.open(encoding=codec, newline="") as file:
        sample = file.read(_SAMPLE_CHARACTERS)
    lines = sample.splitlines(keepends=True) if "\n" in sample or "\r" in sample else [sample]
    declared = _declared_delimiter(lines)
    quote = str(config.get("quote") or '"')
    skipped = _lines_before_header(lines, config, declared=declared is not None)
    body = "".join(lines[skipped:])
    configured = config.get("delimiter")
    delimiter = _delimiter(str(configured)) if configured else declared or _guess_delimiter(body, quote)
    return Dialect(delimiter=delimiter, quote=quote, skipped_lines=skipped, line_ending=_line_ending(sample))


def _delimiter(configured: str) -> str:
    delimiter = _NAMES.get(configured, configured)
    if len(delimiter) != 1 or delimiter in '\r\n"':
        raise ConfigurationError("delimiter", f"must be one character or «tab», not {configured!r}")
    return delimiter


def _declared_delimiter(lines: list[str]) -> str | None:
    """Return what a first line such as ``sep=;`` declares, as spreadsheets write it."""
    first = lines[0].strip("\r\n") if lines else ""
    return first[4] if len(first) == len("sep=;") and first.lower().startswith("sep=") else None


def _lines_before_header(lines: list[str], config: Mapping[str, JsonValue], *, declared: bool) -> int:
    if (configured := config.get("header_line")) is not None:
        return int(str(configured)) - 1
    skipped = 1 if declared else 0
    while skipped < len(lines) and not lines[skipped].strip():
        skipped += 1
    return skipped


def _guess_delimiter(body: str, quote: str) -> str:
    """Return the delimiter by which most records have as many cells as the header, and the header many."""
    scores = {delimiter: _score(body, delimiter, quote) for delimiter in _DELIMITERS}
    best = max(_DELIMITERS, key=lambda delimiter: scores[delimiter])
    return best if scores[best] > (0.0, 0) else ","


def _score(body: str, delimiter: str, quote: str) -> tuple[float, int]:
    widths = [len(record) for record in islice(_records(body, delimiter, quote), _SAMPLE_RECORDS) if record]
    if not widths or widths[0] == 1:
        return (0.0, 0)
    alike = sum(width == widths[0] for width in widths) / len(widths)
    return (round(alike, 1), widths[0])


def _records(body: str, delimiter: str, quote: str) -> "list[list[str]]":
    lines = body.splitlines(keepends=True)
    reader = csv.reader(lines, delimiter=delimiter, quotechar=quote)
    found: list[list[str]] = []
    try:
        found.extend(islice(reader, _SAMPLE_RECORDS))
    except csv.Error:  # a cell larger than the sample: what came before it must do
        return found
    # The sample ends anywhere: its last record may be cut.
    return found[:-1] if len(found) > 1 and len(body) >= _SAMPLE_CHARACTERS // 2 else found


def _line_ending(sample: str) -> str:
    crlf = sample.count("\r\n")
    counts = Counter(CRLF=crlf, LF=sample.count("\n") - crlf, CR=sample.count("\r") - crlf)
    ending, number = counts.most_common(1)[0]
    return ending if number else "none"
