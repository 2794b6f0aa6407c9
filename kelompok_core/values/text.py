"""Text as stored: composed (NFC), without control characters, trimmed; on one line or on several."""

import html
import re
import unicodedata
from dataclasses import dataclass, replace
from functools import cache

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from kelompok_core.contracts import Severity, to_arrow
from kelompok_core.values.arrow import change_matching, change_non_ascii, is_non_ascii, to_mask, to_series
from kelompok_core.values.blanks import PLACEHOLDER, is_placeholder
from kelompok_core.values.normalized import Normalized, all_findings, found, found_read_as, map_others, no_findings


@cache
def _in_python(pattern: str) -> re.Pattern[str]:
    """Return an RE2 pattern as a Python pattern: they write character codes differently."""
    return re.compile(re.sub(r"\\x\{(\w+)\}", lambda hit: f"\\u{int(hit[1], 16):04x}", pattern))


# Control characters, and format characters that nobody writes on purpose: byte order mark, soft hyphen, zero-width
# space, direction overrides. Zero-width joiners stay, because Persian, Hindi and emoji need them.
_UNWANTED = (
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x{80}-\x{9f}\x{ad}\x{200b}\x{200e}\x{200f}\x{202a}-\x{202e}\x{2060}\x{feff}"
    r"\x{2400}]"
)
_UNWANTED_OF_ASCII = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
_UNWANTED_IN_PYTHON = _in_python(_UNWANTED)
# UTF-8 decoded as Windows-1252 (a first byte and continuation bytes), as Mac Roman, or as an MS-DOS encoding. If one of
# these patterns is found, the library decides. The pairs in _NEVER are always wrong, because no language has them.
_GOES_ON = r"\x{80}-\x{bf}€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"
_NEVER = rf"Ã[{_GOES_ON}]"
_MOJIBAKE = rf"[Â-ß][{_GOES_ON}]|[à-ï][{_GOES_ON}][{_GOES_ON}]|â€|ð[{_GOES_ON}]|[√≈¬├┬╨╤]|‚Ä"
_MOJIBAKE_IN_PYTHON, _NEVER_IN_PYTHON = (
    _in_python(_MOJIBAKE),
    _in_python(rf"{_NEVER}|(?<=[A-Za-z])á[º»][{_GOES_ON}](?=[A-Za-z])"),
)
# Letters of another script that were decoded as western ones give words without any plain letter: «Èâàí», «ÍõÐ¡Ã÷».
_UNLIKELY = r"(?:^|[^\pL\pM\pN])[\x{a1}-\x{ff}]{3,}(?:$|[^\pL\pM\pN])"
_UNLIKELY_WORD = re.compile(r"(?<![^\W_])[\u00a1-\u00ff]{3,}(?![^\W_])")
_ACCENTED = re.compile(r"[À-ÖØ-öø-ÿ]")
_ALPHABETS = frozenset("ÆØÅÄÖÜæøåäöüß")
"""Letters that a word may consist of if it means an alphabet: «Foreningen ÆØÅ»."""
_LOST = "\ufffd"
"""The replacement character, which programs write for bytes that they could not decode."""

# Characters below U+0300 are composed already (UAX #15, quick check), as are dashes, quotation marks and dots.
MAY_COMPOSE = r"[^\x00-\x{2ff}\x{2010}-\x{205e}]"

_FORMULA = r"^\s*[=@]"
_CONSTANT = re.compile(r'\s*="((?:[^"]|"")*)"\s*')
"""A spreadsheet's notation for digits as text: ``="00123"``."""
_REFERENCE = r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"
"""A character reference of HTML, such as ``&amp;``. Without the semicolon, it may be part of an address."""
_PLACEHOLDER = rf"^[\s\pZ]*(?i:{PLACEHOLDER})[\s\pZ]*$"


@dataclass(frozen=True, kw_only=True)
class _Layout:
    """How to normalize white space: which characters are replaced by what.

    Attributes:
        of_ascii: The pattern of these characters in ASCII text.
        anywhere: Their pattern in any text; slower to search.
        by: The replacement.
        references: Whether character references are decoded.
    """

    of_ascii: str
    anywhere: str
    by: str
    references: bool = True

    def applied(self, written: str) -> str:
        """Return the text with normalized white space."""
        return _in_python(self.anywhere).sub(self.by, written)


# Runs of white space, except single spaces: most runs are.
_OTHER_SPACE = r"\t\n\f\r\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}"
_ON_ONE_LINE = _Layout(
    of_ascii=r"[\t\n\f\r]| [ \t\n\f\r]",
    anywhere=rf"[{_OTHER_SPACE}][ {_OTHER_SPACE}]*| [ {_OTHER_SPACE}]+",
    by=" ",
)
_ON_LINES = _Layout(of_ascii=r"\r", anywhere=r"\r\n?", by="\n")
_MARKED_UP = replace(_ON_LINES, references=False)


def line(cells: pd.Series) -> Normalized:
    """Normalize text on one line: runs of white space become one space."""
    return _normalize_layout(cells, _ON_ONE_LINE)


def text(cells: pd.Series) -> Normalized:
    """Normalize text that may have several lines: line ends become LF, white space at both ends is removed."""
    return _normalize_layout(cells, _ON_LINES)


def source_text(cells: pd.Series) -> Normalized:
    """Normalize text with markup as :func:`text` does, but leave its character references alone."""
    return _normalize_layout(cells, _MARKED_UP)


def unwrap_constants(cells: pd.Series) -> pd.Series:
    """Return the cells with ``="00123"`` as ``00123``, and any other cell unchanged."""
    array = to_arrow(cells)
    wrapped = pc.fill_null(pc.match_substring_regex(array, r'^\s*="'), False)
    if not pc.any(wrapped).as_py():
        return cells
    return map_others(cells, ~to_mask(wrapped, cells.index), _unwrapped)


def _unwrapped(written: str) -> str:
    fits = _CONSTANT.fullmatch(written)
    return fits[1].replace('""', '"') if fits else written


def _compose(texts: pa.Array) -> pa.Array:
    return pc.utf8_normalize(texts, form="NFC")


def _normalize_layout(cells: pd.Series, layout: _Layout) -> Normalized:
    """Return the cells cleaned, with normalized white space. Only the few that need it go through all the steps."""
    array, findings = to_arrow(cells), no_findings()
    if array.null_count < len(array):
        array = change_non_ascii(array, lambda some: change_matching(some, MAY_COMPOSE, _compose))
        odd = _may_need_change(array, layout)
        if pc.any(odd).as_py():
            clean, findings = _cleaned(cells[to_mask(odd, cells.index)], array.filter(odd), layout)
            tidy = pc.replace_substring_regex(clean, layout.anywhere, layout.by)
            array = pc.replace_with_mask(array, odd, tidy)
    return Normalized(values=_finish(array, cells.index), findings=findings)


def _may_need_change(texts: pa.Array, layout: _Layout) -> pa.Array:
    """Return a mask of the cells that may need a change.

    Most cells are plain ASCII, which is fast to check; patterns of other characters are searched only in the rest.
    """
    reference = f"|{_REFERENCE}" if layout.references else ""
    anywhere = f"{_UNWANTED_OF_ASCII}|{layout.of_ascii}|{_FORMULA}|{_PLACEHOLDER}{reference}"
    odd = pc.fill_null(pc.match_substring_regex(texts, anywhere), False)
    foreign = is_non_ascii(texts)
    if not pc.any(foreign).as_py():
        return odd
    of_foreign = f"{_UNWANTED}|{layout.anywhere}|{_MOJIBAKE}|{_UNLIKELY}|{_LOST}"
    found_in_foreign = pc.match_substring_regex(texts.filter(foreign), of_foreign)
    return pc.or_(odd, pc.replace_with_mask(foreign, foreign, found_in_foreign))


def _cleaned(cells: pd.Series, texts: pa.Array, layout: _Layout) -> tuple[pa.Array, pd.DataFrame]:
    """Return the cleaned text of odd cells, and the findings; ``texts`` are the cells in Unicode's composed form."""
    unwanted, wrapped, letters = _UNWANTED_OF_ASCII, rf'{_PLACEHOLDER}|^\s*="', no_findings()
    if layout.references:
        wrapped += f"|{_REFERENCE}"
    if pc.any(is_non_ascii(texts)).as_py():
        unwanted, wrapped = _UNWANTED, f"{wrapped}|{_MOJIBAKE}"
        texts, letters = _legible(cells, texts, layout)  # first, as a control character may be a part of a letter
    controls = _found(cells, pc.match_substring_regex(texts, unwanted), "value.control_chars")
    visible = pc.replace_substring_regex(texts, unwanted, "") if len(controls) else texts
    plain = change_matching(visible, wrapped, lambda some: _each(some, layout))
    formulas = _found(cells, pc.match_substring_regex(plain, _FORMULA), "value.formula_like")
    return plain, all_findings(controls, letters, formulas)


def _legible(cells: pd.Series, texts: pa.Array, layout: _Layout) -> tuple[pa.Array, pd.DataFrame]:
    """Return texts with wrongly decoded letters repaired, and the findings about them."""
    repaired = change_matching(texts, _MOJIBAKE, lambda some: _repair(some, layout))
    changed = to_mask(pc.not_equal(repaired, texts), cells.index)
    read = to_series(repaired, cells.index)
    return repaired, all_findings(
        found_read_as(cells, changed, "value.mojibake", Severity.WARNING, taken=read),
        _found(cells, pc.match_substring(repaired, _LOST), "value.characters_lost", Severity.REVIEW),
        found(cells, _unlikely(repaired, cells.index), "value.characters_unlikely", Severity.REVIEW),
    )


def _unlikely(texts: pa.Array, index: pd.Index) -> pd.Series:
    """Return a mask of the texts with a word that looks like another script decoded as a western encoding."""
    where = to_mask(pc.match_substring_regex(texts, _UNLIKELY), index)
    if where.any():
        where &= pd.Series([one is not None and _has_unlikely_word(one) for one in texts.to_pylist()], index=index)
    return where


def _has_unlikely_word(written: str) -> bool:
    words = _UNLIKELY_WORD.findall(written)
    return any(len(_ACCENTED.findall(word)) > 2 and not _ALPHABETS.issuperset(word) for word in words)  # noqa: PLR2004


def _each(texts: pa.Array, layout: _Layout) -> pa.Array:
    encoded = texts.dictionary_encode()  # mostly the same few words
    plain = [_plain(written, layout) for written in encoded.dictionary.to_pylist()]
    return pa.array(plain, texts.type).take(encoded.indices)


def _plain(written: str, layout: _Layout) -> str | None:
    """Return a cell's text with constants unwrapped and references decoded; None for a placeholder.

    One step may uncover work for another, so they repeat until nothing changes.
    """
    before = None
    while written != before:
        before = written
        written = _unwrapped(written)
        if layout.references:
            written = re.sub(_REFERENCE, lambda hit: html.unescape(hit[0]), written)
        written = unicodedata.normalize("NFC", _UNWANTED_IN_PYTHON.sub("", _repaired(written, layout)))
    return None if is_placeholder(written) else written


def _found(cells: pd.Series, mask: pa.Array, code: str, severity: Severity = Severity.WARNING) -> pd.DataFrame:
    return found(cells, to_mask(mask, cells.index), code, severity)


def _repair(texts: pa.Array, layout: _Layout) -> pa.Array:
    return _compose(pa.array([_repaired(written, layout) for written in texts.to_pylist()], texts.type))


def _repaired(written: str, layout: _Layout) -> str:
    """Return a text with its letters repaired, also those that show only once the text is laid out."""
    repaired = _repaired_at_once(written)
    laid_out = layout.applied(repaired)
    again = _repaired_at_once(laid_out)
    return repaired if again == laid_out else again


def _repaired_at_once(written: str) -> str:
    if written.isascii() or not _MOJIBAKE_IN_PYTHON.search(written):
        return written
    import ftfy  # takes a while to load, and few files need it; its codecs come with it

    if _has_unlikely_word(written):  # not UTF-8, unless all of the text decodes as UTF-8
        return _decoded(written, "sloppy-windows-1252")
    return _NEVER_IN_PYTHON.sub(lambda hit: _decoded(hit[0], "cp1252"), ftfy.fix_encoding(written))


def _decoded(written: str, wrongly_as: str) -> str:
    try:
        return written.encode(wrongly_as).decode()
    except UnicodeError:
        return written


def _finish(array: pa.Array, index: pd.Index) -> pd.Series:
    trimmed = pc.utf8_trim_whitespace(array)
    blank = pc.equal(trimmed, "")
    return to_series(pc.if_else(blank, pa.scalar(None, trimmed.type), trimmed), index)
