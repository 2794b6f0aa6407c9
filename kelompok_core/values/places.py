"""Normalizes countries to ISO 3166 codes, and regions and cities to one spelling; expands Indonesian short forms."""

import gettext
import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

import pandas as pd
import pycountry

from kelompok_core.contracts import Severity
from kelompok_core.values.blanks import drop_blank_words
from kelompok_core.values.normalized import Normalized, found, map_distinct
from kelompok_core.values.text import line

# Names that people use and neither ISO 3166 nor its Indonesian translation has.
_COUNTRY_ALIASES = {
    "uk": "GB", "u k": "GB", "great britain": "GB", "england": "GB", "scotland": "GB", "wales": "GB",
    "northern ireland": "GB", "inggris": "GB", "britania raya": "GB", "usa": "US", "u s a": "US", "u s": "US",
    "amerika": "US", "amerika serikat": "US", "united states of america": "US", "ri": "ID",
    "republik indonesia": "ID", "nkri": "ID", "belanda": "NL", "holland": "NL", "the netherlands": "NL",
    "jerman": "DE", "prancis": "FR", "perancis": "FR", "jepang": "JP", "korea": "KR", "south korea": "KR",
    "korea selatan": "KR", "russia": "RU", "rusia": "RU", "vietnam": "VN", "laos": "LA", "syria": "SY",
    "iran": "IR", "bolivia": "BO", "venezuela": "VE", "tanzania": "TZ", "moldova": "MD", "taiwan": "TW",
    "czech republic": "CZ", "ivory coast": "CI", "cape verde": "CV", "swaziland": "SZ", "macedonia": "MK",
    "burma": "MM", "brunei": "BN", "timor timur": "TL", "timor leste": "TL", "east timor": "TL", "palestine": "PS",
    "palestina": "PS", "turkey": "TR", "turki": "TR", "swiss": "CH", "kosovo": "XK", "vatican": "VA",
    "dr congo": "CD", "democratic republic of the congo": "CD", "congo": "CG", "the gambia": "GM",
    "the bahamas": "BS", "hong kong": "HK", "hongkong": "HK", "hong kong sar": "HK", "hong kong sar china": "HK",
    "macau": "MO", "macao sar": "MO", "ina": "ID",
}  # fmt: skip

_LONGEST_INITIALS = 3  # USA, DKI

# Provinces by the short forms used in Indonesian sheets (Kepmendagri 100.1.1-6117/2022 for the names).
_PROVINCES = {
    "nad": "Aceh", "nanggroe aceh darussalam": "Aceh", "sumut": "Sumatera Utara", "sumbar": "Sumatera Barat",
    "sumsel": "Sumatera Selatan", "kepri": "Kepulauan Riau", "babel": "Kepulauan Bangka Belitung",
    "bangka belitung": "Kepulauan Bangka Belitung", "dki": "DKI Jakarta", "dki jakarta": "DKI Jakarta",
    "jakarta": "DKI Jakarta", "daerah khusus ibukota jakarta": "DKI Jakarta", "jabar": "Jawa Barat",
    "jateng": "Jawa Tengah", "jatim": "Jawa Timur", "diy": "DI Yogyakarta", "di yogyakarta": "DI Yogyakarta",
    "d i yogyakarta": "DI Yogyakarta", "daerah istimewa yogyakarta": "DI Yogyakarta",
    "yogyakarta": "DI Yogyakarta", "ntb": "Nusa Tenggara Barat", "ntt": "Nusa Tenggara Timur",
    "kalbar": "Kalimantan Barat", "kalteng": "Kalimantan Tengah", "kalsel": "Kalimantan Selatan",
    "kaltim": "Kalimantan Timur", "kaltara": "Kalimantan Utara", "sulut": "Sulawesi Utara",
    "sulteng": "Sulawesi Tengah", "sulsel": "Sulawesi Selatan", "sultra": "Sulawesi Tenggara",
    "sulbar": "Sulawesi Barat", "malut": "Maluku Utara",
}  # fmt: skip
_WITHOUT_SHORT_FORM = (
    "Riau", "Jambi", "Bengkulu", "Lampung", "Banten", "Bali", "Gorontalo", "Maluku", "Papua", "Papua Barat",
    "Papua Selatan", "Papua Tengah", "Papua Pegunungan", "Papua Barat Daya",
)  # fmt: skip


def country(cells: pd.Series) -> Normalized:
    """Normalize to an ISO 3166-1 alpha-2 code; an unknown country gives null and a warning."""
    names = drop_blank_words(line(cells).values)
    values = map_distinct(names, _country_code)
    unknown = names.notna() & values.isna()
    return Normalized(values=values, findings=found(cells, unknown, "value.country_unknown", Severity.WARNING))


def region(cells: pd.Series) -> Normalized:
    """Normalize a province or state: «Prov. Jabar» is Jawa Barat."""
    return _place(cells, _region_name)


def city(cells: pd.Series) -> Normalized:
    """Normalize a city or regency: «KAB. BANDUNG» is Kabupaten Bandung, which is not Kota Bandung."""
    return _place(cells, _city_name)


def country_of_region(written: str) -> str | None:
    """Return the country of a region outside Indonesia; None if no country or several countries have this region."""
    folded = _fold(written)
    if folded in _indonesian():  # the usual case; the list of all countries' regions is slow to load
        return None
    countries = _subdivisions().get(folded, set())
    return next(iter(countries)) if len(countries) == 1 and "ID" not in countries else None


@lru_cache
def _indonesian() -> frozenset[str]:
    """Return the names of Indonesia's provinces and their short forms, folded."""
    return frozenset(map(_fold, (*_PROVINCES, *_PROVINCES.values(), *_WITHOUT_SHORT_FORM)))


@lru_cache
def _subdivisions() -> dict[str, set[str]]:
    """Return the countries that have a subdivision of this name, folded."""
    found: dict[str, set[str]] = {}
    for one in pycountry.subdivisions:
        found.setdefault(_fold(one.name), set()).add(one.country_code)
    return found


def _place(cells: pd.Series, name: Callable[[str], str]) -> Normalized:
    tidy = line(cells)
    return Normalized(values=map_distinct(drop_blank_words(tidy.values), name), findings=tidy.findings)


def _country_code(written: str) -> str | None:
    folded = _fold(written)
    return _countries().get(folded) or _countries().get(folded.removeprefix("the "))


@lru_cache
def _countries() -> dict[str, str]:
    """Return codes by folded name: English, official, Indonesian, and the codes themselves."""
    indonesian = gettext.translation("iso3166-1", pycountry.LOCALES_DIR, languages=["id"], fallback=True)
    codes: dict[str, str] = {}
    for one in pycountry.countries:
        names = [one.alpha_2, one.alpha_3, one.name, getattr(one, "common_name", None)]
        names += [getattr(one, "official_name", None)]
        for name in filter(None, names):
            head, _, tail = name.partition(", ")
            for spelling in (name, indonesian.gettext(name), head, f"{tail} {head}"):
                codes.setdefault(_fold(spelling), one.alpha_2)
    # «Korea, Republic of» without its end is the name of two countries: the aliases decide.
    return codes | _COUNTRY_ALIASES | {"xk": "XK"}  # Kosovo: user-assigned, used by the EU and the UN


def _fold(written: str) -> str:
    plain = unicodedata.normalize("NFKD", written).encode("ascii", "ignore").decode() or written
    return re.sub(r"[\W_]+", " ", plain).strip().casefold()


def _region_name(written: str) -> str:
    bare = re.sub(r"^(?:provinsi|propinsi|prov\.?|prop\.)\s+", "", written, flags=re.IGNORECASE)
    return _PROVINCES.get(_fold(bare)) or _recase(bare)


def _city_name(written: str) -> str:
    bare = re.sub(r"^(?:kabupaten|kab)(?:\.\s*|\s+)", "Kabupaten ", written, flags=re.IGNORECASE)
    bare = re.sub(r"^kota\s+(?:administrasi|adm\.?)\s+", "Kota ", bare, flags=re.IGNORECASE)
    head, _, rest = bare.partition(" ")
    if head in ("Kabupaten", "Kota", "KOTA", "kota") and rest:
        return f"{head.capitalize()} {_recase(rest)}"
    return _recase(bare)


def _recase(name: str) -> str:
    """Capitalize the words of a name that is all upper or all lower case; return any other name unchanged."""
    if len(name) <= _LONGEST_INITIALS or not (name.isupper() or name.islower()):
        return name
    # Match letters only, so that the letter after a sign such as «¹» is not treated as the beginning of a word.
    return re.sub(r"[^\W\d_]{2,}|[A-Za-z]", lambda word: word[0].capitalize() if word[0].isalpha() else word[0], name)
