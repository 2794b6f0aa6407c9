"""Read the order of a column's dates from its header: «Joined (dd/mm/yyyy)», «Tanggal (hari/bulan/tahun)»."""

import re
from functools import lru_cache

_WORDS = {
    "d": ("d", "dd", "h", "hh", "tgl", "tanggal", "hari", "day"),
    "m": ("m", "mm", "mmm", "b", "bb", "bln", "bulan", "month"),
    "y": ("y", "yy", "yyyy", "tt", "tttt", "th", "thn", "tahun", "year", "jj", "jjjj"),
}
_PART_OF = {word: part for part, words in _WORDS.items() for word in words}
_PART = rf"(?:{'|'.join(sorted(_PART_OF, key=len, reverse=True))})"
_THREE = re.compile(rf"(?<![^\W_])(?=({_PART})\s*[-/. ]\s*({_PART})\s*[-/. ]\s*({_PART})(?![^\W_]))", re.IGNORECASE)
_TWO = re.compile(rf"(?<![^\W_])(?=({_PART})\s*[-/]\s*({_PART})(?![^\W_]))", re.IGNORECASE)
YEAR_FIRST = frozenset({"ymd", "ydm"})
_ORDERS = frozenset({"dmy", "mdy"}) | YEAR_FIRST
_ORDER_OF_TWO = {"dm": "dmy", "md": "mdy"}


@lru_cache(maxsize=10_000)
def order_in_header(header: str) -> str | None:
    """Return ``dmy``, ``mdy``, ``ymd`` or ``ydm`` if a header gives the order of its dates; else None."""
    for found in _THREE.finditer(header):
        if (order := _order_of(found)) in _ORDERS:
            return order
    orders = (_ORDER_OF_TWO.get(_order_of(found)) for found in _TWO.finditer(header))
    return next((order for order in orders if order is not None), None)


def _order_of(found: re.Match[str]) -> str:
    return "".join(_PART_OF[word.lower()] for word in found.groups())
