"""Text as stored: composed (NFC), without control characters, trimmed; on one line or on several."""

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from kelompok_core.contracts import Severity
from kelompok_core.values.arrow import changed_where, to_arrow, to_mask, to_series
from kelompok_core.values.normalized import Normalized, all_findings, found, no_findings

# Controls, and format characters that are never meant: byte-order mark, zero-width space, direction overrides.
# Zero-width joiners stay: Persian, Hindi and emoji need them.
_UNWANTED = (
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x{80}-\x{9f}\x{200b}\x{200e}\x{200f}\x{202a}-\x{202e}\x{2060}\x{feff}\x{2400}]"
)
# UTF-8 read as Windows-1252: these pairs do not occur in any language's own spelling.
_MOJIBAKE = r"Ã[\x{80}-\x{bf}€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ ]|â€[™œ“”˜¢¦]|Â[\x{a0}-\x{bf}]|\x{fffd}"

# What is below U+0300 is composed already (UAX #15, quick check), and so are dashes, quotation marks and dots.
MAY_COMPOSE = r"[^\x00-\x{2ff}\x{2010}-\x{205e}]"

_FORMULA = r"^\s*[=@]"
# Runs of white space, but for the single spaces that most are: to put those in place of themselves is most of the cost.
_NOT_ONE_SPACE = r"[\t\n\f\r]\s*| \s+"


def line(cells: pd.Series) -> Normalized:
    """Normalize text that stands on one line: runs of white space become one space."""
    clean, findings = _clean(cells)
    values = pc.replace_substring_regex(clean, _NOT_ONE_SPACE, " ")
    return Normalized(values=_finish(values, cells.index), findings=findings)


def text(cells: pd.Series) -> Normalized:
    """Normalize text that may have several lines: line ends become LF, blank ends go."""
    clean, findings = _clean(cells)
    values = pc.replace_substring_regex(clean, r"\r\n?", "\n")
    return Normalized(values=_finish(values, cells.index), findings=findings)


def _compose(texts: pa.Array) -> pa.Array:
    return pc.utf8_normalize(texts, form="NFC")


def _clean(cells: pd.Series) -> tuple[pa.Array, pd.DataFrame]:
    array = changed_where(to_arrow(cells), MAY_COMPOSE, _compose)
    # One search tells whether any of the four below would find something; mostly none would.
    if not pc.any(pc.match_substring_regex(array, f"{_UNWANTED}|{_MOJIBAKE}|{_FORMULA}")).as_py():
        return array, no_findings()
    findings = all_findings(
        _found(cells, pc.match_substring_regex(array, _UNWANTED), "value.control_chars"),
        _found(cells, pc.match_substring_regex(array, _MOJIBAKE), "value.mojibake"),
        _found(cells, pc.match_substring_regex(array, _FORMULA), "value.formula_like"),
    )
    return pc.replace_substring_regex(array, _UNWANTED, ""), findings


def _found(cells: pd.Series, mask: pa.Array, code: str) -> pd.DataFrame:
    return found(cells, to_mask(mask, cells.index), code, Severity.WARNING)


def _finish(array: pa.Array, index: pd.Index) -> pd.Series:
    trimmed = pc.utf8_trim_whitespace(array)
    blank = pc.equal(trimmed, "")
    return to_series(pc.if_else(blank, pa.scalar(None, trimmed.type), trimmed), index)
