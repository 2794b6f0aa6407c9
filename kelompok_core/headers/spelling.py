"""Comparing headers as people write them: without case, accents, punctuation, camel humps, notes and wrappers."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

_NOTE = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|\{[^{}]*\}|<[^<>]*>")
"""What stands in brackets: «(required)», «[dd/mm/yyyy]»."""
_STAR = re.compile(r"\s*\*.*$", re.DOTALL)
"""A star marks a needed column, and begins what is said about that: «Nama *wajib»."""
_NUMBER = re.compile(r"^\s*\d{1,3}[.)]\s+")
"""Forms number their questions: «3. Nama Organisasi»."""
_MARKS = frozenset({"required", "optional", "mandatory", "wajib", "opsional"})
_WRAPPERS = ("data.", "attributes.", "fields.", "properties.", "record.")
_INNER = (".rendered", ".value", ".text", ".#text", ".$t")
"""Members that programs put around the one that is meant, or inside it: ``data.title``, ``title.rendered``."""


def fold_header(written: str) -> str:
    """Return the words of a header: ``Nama_Organisasi*`` and ``namaOrganisasi`` are «nama organisasi»."""
    return _fold(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", written))


def _fold(written: str) -> str:
    plain = unicodedata.normalize("NFKD", written)
    letters = "".join(character for character in plain if not unicodedata.combining(character))
    return re.sub(r"[\W_]+", " ", letters).strip().casefold()


@lru_cache(maxsize=10_000)
def spellings(written: str) -> tuple[str, ...]:
    """Return what a header may mean, folded: as it stands first, then without notes, wrappers and humps.

    «E-mail [required]» is also «e mail», ``DoB`` is «dob», ``title.rendered`` is «title», «City / Town» is «city».
    """
    return tuple(dict.fromkeys(filter(None, _spellings(written))))


def _spellings(written: str) -> Iterator[str]:
    yield fold_header(written)
    yield _fold(written)
    bare = _NUMBER.sub("", _STAR.sub("", _NOTE.sub(" ", written)))
    words = fold_header(bare).split()
    while words and words[-1] in _MARKS:
        words.pop()
    yield " ".join(words)
    unwrapped = _unwrapped(bare.strip())
    if unwrapped is not None:
        yield fold_header(unwrapped)
    if "/" in bare:
        yield from map(fold_header, bare.split("/"))


def _unwrapped(path: str) -> str | None:
    inner = next((path.removesuffix(end) for end in _INNER if path.endswith(end)), path)
    outer = next((inner.removeprefix(start) for start in _WRAPPERS if inner.startswith(start)), inner)
    return outer if outer != path else None


def squeeze(folded: str) -> str:
    """Return the letters of a folded header without blanks between them, for those whose words run together."""
    return folded.replace(" ", "")


_DATE_WORDS = frozenset(
    {"date", "tanggal", "tgl", "datum", "dob", "birthday", "birthdate", "since", "until", "startdate", "enddate"}
)


def names_a_date(header: str) -> bool:
    """Return whether a column's header says that its cells are dates to the day."""
    return any(_DATE_WORDS.intersection(one.split()) for one in spellings(header))
