"""Computes matching keys, column by column. Two values with the same key are treated as equal."""

import re
from collections.abc import Sequence

import idna
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from kelompok_core.contracts import to_arrow
from kelompok_core.values.arrow import change_matching, to_series

# On these hosts, the path identifies the owner. The host alone is nobody's website.
_SHARED_HOSTS = (
    "facebook.com", "m.facebook.com", "instagram.com", "twitter.com", "x.com", "youtube.com", "linkedin.com",
    "tiktok.com", "linktr.ee", "sites.google.com", "drive.google.com", "bit.ly", "wa.me", "t.me", "google.com",
    "wordpress.com", "blogspot.com", "medium.com",
)  # fmt: skip

_HOST = re.compile(r"^[^/?#:]+")

# Everything between words except a single space, which stays.
_BETWEEN_WORDS = r"[^\p{L}\p{N} ][^\p{L}\p{N}]*| [^\p{L}\p{N}]+"


def name_key(names: pd.Series) -> pd.Series:
    """Return the name without case, accents and punctuation; a name without letters and digits only in lower case."""
    array = to_arrow(names)
    folded = pc.utf8_lower(change_matching(array, r"[^\x00-\x7f]", _without_accents))
    words = pc.replace_substring_regex(folded, _BETWEEN_WORDS, " ")
    key = pc.utf8_trim_whitespace(words)
    return to_series(pc.if_else(pc.equal(key, ""), pc.utf8_lower(array), key), names.index)


_FORMS = {
    "yay": "yayasan", "yys": "yayasan", "yayasan": "yayasan", "perkump": "perkumpulan", "perkumpulan": "perkumpulan",
    "kop": "koperasi", "koperasi": "koperasi", "pt": "pt", "cv": "cv", "lembaga": "lembaga", "komunitas": "komunitas",
    "paguyuban": "paguyuban", "persatuan": "persatuan", "ikatan": "ikatan", "forum": "forum",
    "foundation": "foundation", "fdn": "foundation", "assoc": "association", "association": "association",
}  # fmt: skip
"""Legal forms and kinds of organizations: abbreviations and full words, each with its full word."""

_SHORT = "|".join(form for form, whole in _FORMS.items() if form != whole)
_SHORT_FORM = rf"(?i)^[\s\pZ]*(?:{_SHORT})(?:\.|[\s\pZ])"
_SHORT_FIRST = re.compile(rf"^\s*({_SHORT})(?:\.|\s)\s*", re.IGNORECASE)
_FORM_AT_END = r"(?i)[^\s\pZ][\s\pZ]*[,(][\s\pZ]*(?:{})\.?[\s\pZ]*\)?[\s\pZ]*$|[^\s\pZ][\s\pZ]+(?:pt|cv)\.?[\s\pZ]*$"
_FORM_AT_END = _FORM_AT_END.format("|".join(_FORMS))
_FORM_LAST = re.compile(
    r"(.*\S)\s*(?:[,(]\s*({})\.?\s*\)?|\s(pt|cv)\.?)\s*".format("|".join(_FORMS)), re.IGNORECASE | re.DOTALL
)
"""«Air Kita, Yayasan», «Air Kita (Yayasan)», «Air Kita PT»."""
_OF_SHARES = r"(?i)\(\s*(?:persero|tbk)\.?\s*\)|[^\s\pZ][\s\pZ,]+(?:persero|tbk)\.?[\s\pZ]*$"
_SHARES = re.compile(r"\(\s*(?:persero|tbk)\.?\s*\)|(?<=\S)[\s,]+(?:persero|tbk)\.?\s*$", re.IGNORECASE)
"""«(Persero)» and «Tbk» say who holds a company's shares. They are not part of its name."""


def organization_name_key(names: pd.Series) -> pd.Series:
    """Return the key of an organization's name: «Yay. Air Kita» and «Air Kita, Yayasan» are «yayasan air kita»."""
    array = to_arrow(names)
    if pc.any(pc.match_substring_regex(array, f"{_FORM_AT_END}|{_OF_SHARES}|{_SHORT_FORM}")).as_py():
        array = change_matching(array, _OF_SHARES, _without_shares)
        array = change_matching(array, _FORM_AT_END, _with_form_first)
        array = change_matching(array, _SHORT_FORM, _with_whole_form)
    return name_key(to_series(array, names.index))


def _without_shares(names: pa.Array) -> pa.Array:
    return pa.array([_SHARES.sub(" ", name) for name in names.to_pylist()], names.type)


def _with_form_first(names: pa.Array) -> pa.Array:
    return pa.array([_form_first(name) for name in names.to_pylist()], names.type)


def _form_first(name: str) -> str:
    parted = _FORM_LAST.fullmatch(name)
    return f"{parted[2] or parted[3]} {parted[1]}" if parted else name


def _with_whole_form(names: pa.Array) -> pa.Array:
    whole = [
        _SHORT_FIRST.sub(lambda short: f"{_FORMS[short[1].lower()]} ", name, count=1) for name in names.to_pylist()
    ]
    return pa.array(whole, names.type)


def _without_accents(texts: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(pc.utf8_normalize(texts, form="NFKD"), r"\p{M}+", "")


def website_key(urls: pd.Series) -> pd.Series:
    """Return host and path without scheme, «www.», fragment and final slashes; null for a shared host without path."""
    array = pc.replace_substring_regex(to_arrow(urls), r"^https?://(?:www\.)?", "")
    array = change_matching(array, r"^[^/?#]*[^\x00-\x7f]", _with_ascii_host)
    key = pc.utf8_rtrim(pc.replace_substring_regex(array, r"#.*$", ""), characters="/")
    shared = pc.is_in(key, value_set=pa.array(_SHARED_HOSTS, key.type))
    return to_series(pc.if_else(shared, pa.scalar(None, key.type), key), urls.index)


def _with_ascii_host(addresses: pa.Array) -> pa.Array:
    """Return the addresses with their hosts in Punycode, so that both spellings of a host have the same key."""
    return pa.array([_HOST.sub(_to_punycode, one) for one in addresses.to_pylist()], addresses.type)


def _to_punycode(host: re.Match[str]) -> str:
    try:
        return idna.encode(host[0], uts46=True).decode()
    except idna.IDNAError:
        return host[0]


def email_key(addresses: pd.Series) -> pd.Series:
    """Return the address in lower case."""
    return addresses.str.lower()


def natural_identity(alternatives: Sequence[pd.DataFrame]) -> pd.Series:
    """Return the identities of rows without an external id: ``nk:`` and a natural key in lower case.

    Each frame of ``alternatives`` has the parts of a natural key. Uses the first key whose first part is not empty;
    null if there is none.
    """
    first, *others = [_joined(parts) for parts in alternatives]
    for other in others:
        first = first.fillna(other)
    return first


def _joined(parts: pd.DataFrame) -> pd.Series:
    columns = [pc.utf8_lower(to_arrow(parts[name].astype("str"))) for name in parts.columns]
    known = [columns[0], *(pc.fill_null(column, "") for column in columns[1:])]
    joined = pc.binary_join_element_wise(*known, pa.scalar("|", known[0].type))
    prefix, colon = pa.scalar("nk", joined.type), pa.scalar(":", joined.type)
    return to_series(pc.binary_join_element_wise(prefix, joined, colon), parts.index)
