"""Recognizes rows that are about the table, not records: totals, source notes, end marks, page numbers."""

import re
from collections.abc import Sequence

_TOTALS = (
    r"(?:jumlah|total|sub[ -]?total|grand total|total keseluruhan|rata[- ]?rata|average|mean|summe|gesamt|insgesamt)"
)
_COUNTED = (
    r"(?:anggota|orang|jiwa|members?|people|persons?|rows?|records?|entries|data|baris|organisasi|organi[sz]ations?"
    r"|lembaga|yayasan|peserta|participants?|kegiatan|events?|posts?|acara|seluruhnya|keseluruhan|semua|all|akhir"
    r"|umum|biaya|dana|nilai|bantuan|amount)"
)
_SAYINGS = (
    r"(?:sumber|sources?|catatan|notes?|keterangan|ket|licen[cs]e|lisensi|last updated?|terakhir diperbarui|updated?"
    r"|data per|per tanggal|as of|disclaimer|mengetahui)"
)
_MADE = r"(?:dicetak|printed|generated|exported|diekspor|diunduh|downloaded)"
_LINK = r"(?:by|on|from|at|via|oleh|pada|dari|di|melalui|tanggal|tgl|per)"
_DATE = r"(?:\d{1,4}[-/.]\d|\d{1,2}\s+[^\W\d]{3,}\.?\s+\d{2,4}\b)"
_ENDS = (
    r"(?:end of (?:the )?(?:report|file|list|data|table|export)|akhir (?:dari )?(?:laporan|daftar|data|tabel|berkas))"
)
_TOTAL_LINE = re.compile(rf"{_TOTALS}(?:\s+{_COUNTED})*\s*(?P<behind>[:=].*|[\d(].*)?", re.IGNORECASE | re.DOTALL)
_BARE_TOTAL = re.compile(rf"{_TOTALS}\s*[:=]?", re.IGNORECASE)
_SAYING = re.compile(
    rf"{_SAYINGS}\s*(?P<behind>[:=.].*|\d.*|(?:pada|tanggal|tgl|on|by|oleh|dari)\b.*|,)?", re.IGNORECASE | re.DOTALL
)
_SURELY = re.compile(
    rf"{_MADE}(?:(?:\s+{_LINK})*\s*(?:[:=].*|{_DATE}.*)|(?:\s+{_LINK})+)"
    r"|copyright\s*(?:\(c\)|[©:]|\d{4}).*|©\s?\d{4}.*"
    r"|\(\d+ rows?\)|</?(?:a|b|br|body|div|font|h\d|hr|html|i|p|pre|script|span|strong|table|td|tr)\b[^<>]*>.*|<!.*",
    re.IGNORECASE | re.DOTALL,
)
"""What is no name, whatever the row has besides."""
_SENTENCE = re.compile(
    rf"{_MADE}\s*(?:{_LINK}|secara|otomatis|automatically)\b.*|{_ENDS}\s*(?:[\W\d]*|[:=.(].*)",
    re.IGNORECASE | re.DOTALL,
)
"""What begins a sentence on where the table comes from, or on its end."""
_MADE_LINE = re.compile(rf"{_MADE}\s*[.(\d].*", re.IGNORECASE | re.DOTALL)
_DRAWN = re.compile(r"\*{2,}.*\*{2,}|-{2,}.*-{2,}|={2,}.*={2,}|<[^<>]+>.*", re.DOTALL)
"""What is between signs that draw the eye, or begins like a tag."""
_OVER = re.compile(r"\W*(?:(?:selesai|sekian|tamat|akhir|end|eof|done)\W*)?", re.IGNORECASE)
_SIGNED = re.compile(r"[^\W\d][^\d,]*,\s*\d{1,2}\s+[^\W\d]{3,}\s+\d{4}")
"""Place and date over a signature: «Solo, 1 Januari 2024»."""
_PAGE = re.compile(r"(?:halaman|page|hal\.?|seite)\s*\d+(?:\s*(?:dari|of|von|/)\s*\d+)?", re.IGNORECASE)
_AMOUNT = re.compile(r"(?:[A-Za-z]{1,3}\.?\s?|[$€£])?[-+]?\d[\d.,' ]*%?(?:\s*[^\W\d]+){0,2}")

_BEGINNING = re.compile(
    rf"{_TOTALS}\b|{_SAYINGS}\b|{_MADE}|{_ENDS}|copyright|©|halaman|page|hal\b|seite"
    r"|\(\d|[-=_*~+.:|<]{1,3}|[^\d,]+,\s*\d{1,2} ",
    re.IGNORECASE,
)
_STARTS = frozenset(
    {
        "jum", "tot", "sub", "gra", "rat", "ave", "mea", "sum", "ges", "ins", "sou", "cat", "not", "ket", "lic", "lis",
        "las", "ter", "upd", "dat", "per", "as ", "dis", "men", "dic", "pri", "gen", "exp", "die", "diu", "dow", "cop",
        "end", "akh", "hal", "pag", "sei",
    }
)  # fmt: skip
"""The first three letters of those words."""
_SIGNS = frozenset("(-=_*~+.:|<©")


def may_start_footer(start: str) -> bool:
    """Return whether a footer without a comma may begin with these lower-case letters; three are enough to decide."""
    return start[0] in _SIGNS or start[:3] in _STARTS


def may_be_footer(first: str) -> bool:
    """Return whether a row that begins with this cell needs a look; most records do not."""
    return _BEGINNING.match(first) is not None


def is_page_mark(filled: Sequence[str]) -> bool:
    """Return whether the only filled cell of a row numbers a page."""
    return len(filled) == 1 and _PAGE.fullmatch(filled[0]) is not None


def is_total(filled: Sequence[str]) -> bool:
    """Return whether a row is nothing but the word for a sum, and amounts."""
    return len(filled) > 1 and _BARE_TOTAL.fullmatch(filled[0]) is not None and all(map(_AMOUNT.fullmatch, filled[1:]))


def is_footer(cells: Sequence[str], width: int) -> bool:
    """Return whether a row is a total or a source note, provided that no record follows.

    «Total Cinta Anak», «Sumber Air Foundation» and «Printed Matter» are names: a footer has a sign, a number, a
    linking word or what is counted after its word. A sentence counts if it is in one cell, or if its delimiters have
    split it into a number of cells other than the table's width.
    """
    filled = [text for cell in cells if (text := cell.strip())]
    first = filled[0]
    if _SURELY.fullmatch(first):
        return True
    if total := _TOTAL_LINE.fullmatch(first):
        return _has_words_behind(total, width) and all(map(_AMOUNT.fullmatch, filled[1:]))
    if len(filled) == 1:
        return _is_footer_alone(first, width)
    is_cut_up = len(cells) != width and _SENTENCE.fullmatch(first) is not None
    return is_cut_up or (_SAYING.fullmatch(first) is not None and first[-1] in ":=")


def _is_footer_alone(text: str, width: int) -> bool:
    if _DRAWN.fullmatch(text):
        inside = text.strip("*-=<> ")
        return width > 1 or _OVER.fullmatch(inside) is not None or is_footer([inside], width)
    if saying := _SAYING.fullmatch(text):
        return _has_words_behind(saying, width)
    return any(one.fullmatch(text) for one in (_SENTENCE, _MADE_LINE, _SIGNED, _PAGE))


def _has_words_behind(found: re.Match[str], width: int) -> bool:
    """Return whether anything follows the word; in a table of one column, the word alone may be a name."""
    return width > 1 or found["behind"] is not None
