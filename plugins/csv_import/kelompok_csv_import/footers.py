"""Rows that are about a table and none of its records: totals, where it comes from, its end, page numbers."""

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
_MADE = r"(?:dicetak|printed|generated|exported|diekspor|diunduh|downloaded|copyright|©\s?\d{4})"
_ENDS = (
    r"(?:end of (?:the )?(?:report|file|list|data|table|export)|akhir (?:dari )?(?:laporan|daftar|data|tabel|berkas))"
)
_TOTAL_LINE = re.compile(rf"{_TOTALS}(?:\s+{_COUNTED})*\s*(?:[:=].*|[\d(].*)?", re.IGNORECASE | re.DOTALL)
_BARE_TOTAL = re.compile(rf"{_TOTALS}\s*[:=]?", re.IGNORECASE)
_SAYING = re.compile(
    rf"{_SAYINGS}\s*(?:[:=.].*|\d.*|(?:pada|tanggal|tgl|on|by|oleh|dari)\b.*|,)?", re.IGNORECASE | re.DOTALL
)
_ANYTHING = re.compile(rf"{_MADE}\b.*|{_ENDS}\b.*", re.IGNORECASE | re.DOTALL)
_DRAWN = re.compile(r"\*{2,}.*\*{2,}|-{2,}.*-{2,}|={2,}.*={2,}|<[^<>]+>.*|\(\d+ rows?\)", re.DOTALL)
_SIGNED = re.compile(r"[^\W\d][^\d,]*,\s*\d{1,2}\s+[^\W\d]{3,}\s+\d{4}")
"""Place and date over a signature: «Solo, 1 Januari 2024»."""
_PAGE = re.compile(r"(?:halaman|page|hal\.?|seite)\s*\d+(?:\s*(?:dari|of|von|/)\s*\d+)?", re.IGNORECASE)
_AMOUNT = re.compile(r"(?:[A-Za-z]{1,3}\.?\s?|[$€£])?[-+]?\d[\d.,' ]*%?(?:\s*[^\W\d]+){0,2}")

_BEGINNING = re.compile(
    rf"{_TOTALS}\b|{_SAYINGS}\b|{_MADE}|{_ENDS}|halaman|page|hal\b|seite"
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
    """Return whether a footer without a comma may begin with these small letters, of which three tell."""
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


def is_footer(filled: Sequence[str]) -> bool:
    """Return whether the filled cells of a row sum the table up or say where it comes from, should no record follow.

    «Total Cinta Anak» and «Sumber Air Foundation» are names: behind the word there is a sign, a number, or what is
    counted.
    """
    first = filled[0]
    if _ANYTHING.fullmatch(first) or _DRAWN.fullmatch(first):
        return True
    if _SAYING.fullmatch(first):
        return len(filled) == 1 or first.rstrip()[-1] in ":="
    if _TOTAL_LINE.fullmatch(first):
        return all(map(_AMOUNT.fullmatch, filled[1:]))
    return len(filled) == 1 and (_SIGNED.fullmatch(first) or _PAGE.fullmatch(first)) is not None
