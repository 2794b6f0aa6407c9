"""Resolves places as people write them: countries to ISO 3166, Indonesian regions to codes of the Interior Ministry."""

import csv
import dataclasses
import gettext
import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import pycountry

DATA = Path(__file__).parent / "data"
INDONESIA = "ID"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Place:
    """An official place.

    Attributes:
        code: ISO 3166-1 alpha-2 for countries; such as 32 and 32.73 for Indonesian regions; ISO 3166-2 for others.
        name: The official name.
        kind: country, province, regency or city.
        exact: Whether the text was the official name, rather than a short, old or other one.
    """

    code: str
    name: str
    kind: str
    exact: bool = True


@dataclasses.dataclass(frozen=True, kw_only=True)
class Finding:
    """An unclear place: an issue code, the field, its text, and parameters for the sentence."""

    code: str
    field: str
    value: str
    params: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Resolved:
    """A record's place. Missing and unknown parts are None; nothing is guessed."""

    country: Place | None = None
    region: Place | None = None
    city: Place | None = None
    findings: tuple[Finding, ...] = ()


def resolve(*, country: str = "", region: str = "", city: str = "") -> Resolved:
    """Return the official places for these texts.

    A missing country is Indonesia if the province, regency or city is certainly Indonesian. A regency or city gets its
    current province: lists from before provinces were split in 2022 are not wrong.
    """
    nation = _country(country)
    if nation is None and country.strip():
        return Resolved(findings=(Finding(code="location.unknown", field="country", value=country),))
    if nation is not None and nation.code != INDONESIA:
        return _elsewhere(nation, region)
    return _indonesian(nation, region, city)


def _indonesian(nation: Place | None, region: str, city: str) -> Resolved:
    """Resolve an Indonesian place; without a country, only names that are certainly Indonesian."""
    province = _table().province(region)
    is_certain = nation is not None or province is not None
    town, problem = _table().town(city, province, strict=not is_certain)
    findings = [problem] if problem is not None and is_certain else []
    if region.strip() and province is None and nation is not None:
        findings.append(Finding(code="location.unknown", field="region", value=region))
    if town is not None:
        province, town, odd = _with_current_province(town, province, city)
        findings += odd
    if nation is None and province is not None:
        nation = Place(code=INDONESIA, name="Indonesia", kind="country", exact=False)
    return Resolved(country=nation, region=province, city=town, findings=tuple(findings))


def _with_current_province(town: Place, province: Place | None, city: str) -> tuple[Place, Place | None, list[Finding]]:
    """Return the town with its current province; if it never belonged to the given one, only the given province."""
    current = _table().province_of(town.code)
    if province is None or province.code == current.code:
        return current, town, []
    was_split = current.code in _SPLIT.get(province.code, ())
    code = "location.region_differs" if was_split else "location.conflict"
    odd = [Finding(code=code, field="city", value=city, params={"place": current.name})]
    return (current, town, odd) if was_split else (province, None, odd)


_SPLIT = {
    "14": ("21",), "16": ("19",), "32": ("36",), "64": ("65",), "71": ("75",), "73": ("76",), "81": ("82",),
    "91": ("92", "93", "94", "95", "96"), "92": ("96",),
}  # fmt: skip
"""Provinces, and those split off from them since 1999: Kepulauan Riau, Bangka Belitung, Banten, Kalimantan Utara,
Gorontalo, Sulawesi Barat, Maluku Utara, and the provinces of Papua (UU 14-16 and 29/2022)."""


def _elsewhere(nation: Place, region: str) -> Resolved:
    """Return a place in another country, with its region if ISO 3166-2 has it."""
    found = _subdivisions(nation.code).get(_fold(region)) if region.strip() else None
    return Resolved(country=nation, region=found)


def _fold(written: str) -> str:
    letters = (one for one in unicodedata.normalize("NFKD", written) if not unicodedata.combining(one))
    return re.sub(r"[\W_]+", " ", "".join(letters)).strip().lower()


@lru_cache(maxsize=1)
def _countries() -> dict[str, Place]:
    indonesian = gettext.translation("iso3166-1", pycountry.LOCALES_DIR, languages=["id"], fallback=True)
    found: dict[str, Place] = {}
    for one in pycountry.countries:
        official = Place(code=one.alpha_2, name=one.name, kind="country")
        other = Place(code=one.alpha_2, name=one.name, kind="country", exact=False)
        for spelling in (one.name, one.alpha_2):
            found[_fold(spelling)] = official
        for name in filter(None, (one.alpha_3, getattr(one, "common_name", ""), getattr(one, "official_name", ""))):
            found.setdefault(_fold(name), other)
        found.setdefault(_fold(indonesian.gettext(one.name)), other)
    return found | {
        alias: Place(code=code, name=found[code.lower()].name, kind="country", exact=False)
        for alias, code in _COUNTRY_ALIASES.items()
    }


_COUNTRY_ALIASES = {
    "ri": "ID", "nkri": "ID", "republik indonesia": "ID", "indo": "ID", "usa": "US", "amerika": "US",
    "amerika serikat": "US", "uk": "GB", "england": "GB", "inggris": "GB", "belanda": "NL", "holland": "NL",
    "jerman": "DE", "jepang": "JP", "korea selatan": "KR", "south korea": "KR", "korea": "KR", "rusia": "RU",
    "russia": "RU", "vietnam": "VN", "laos": "LA", "taiwan": "TW", "timor timur": "TL", "turkey": "TR", "turki": "TR",
    "brunei": "BN", "iran": "IR", "syria": "SY", "tanzania": "TZ", "bolivia": "BO", "venezuela": "VE",
}  # fmt: skip
"""Common names that neither ISO 3166 nor its Indonesian translation has."""


def _country(written: str) -> Place | None:
    folded = _fold(written)
    return _countries().get(folded) or _countries().get(folded.removeprefix("the "))


@lru_cache(maxsize=64)
def _subdivisions(country: str) -> dict[str, Place]:
    found: dict[str, Place] = {}
    for one in pycountry.subdivisions:
        if one.country_code != country:
            continue
        place = Place(code=one.code, name=one.name, kind="region")
        for spelling in (one.name, one.code, one.code.partition("-")[2]):
            found.setdefault(_fold(spelling), place)
    return found


_PROVINCE_WORDS = re.compile(r"^(?:provinsi|propinsi|prov|prop)\b ?")
_KINDS = (
    (re.compile(r"^(?:kabupaten administrasi|kab adm|kabupaten|kab|kabupaten dati ii|regency of)\b ?"), "kabupaten"),
    (re.compile(r"^(?:kota administrasi|kota adm|kotamadya dati ii|kotamadya|kodya|kotif|kota|city of)\b ?"), "kota"),
    (re.compile(r" (?:regency)$"), "kabupaten"),
    (re.compile(r" (?:city)$"), "kota"),
)
_ABBREVIATIONS = ((re.compile(r"\bkep\b"), "kepulauan"), (re.compile(r"\bpeg\b"), "pegunungan"))


class _Table:
    """Indonesian regions by folded name."""

    def __init__(self, rows: Sequence[Mapping[str, str]], aliases: Sequence[Mapping[str, str]]) -> None:
        self._by_code = {
            row["code"]: Place(code=row["code"], name=row["name"], kind=_kind(row["name"], row["level"]))
            for row in rows
        }
        self._provinces: dict[str, Place] = {}
        self._towns: dict[str, list[Place]] = defaultdict(list)
        for place in self._by_code.values():
            if place.kind == "province":
                self._provinces[_fold(place.name)] = place
            else:
                self._towns[_bare(_fold(place.name))[0]].append(place)
        for row in aliases:
            self._add_alias(row["alias"], self._by_code[row["code"]])

    def _add_alias(self, alias: str, place: Place) -> None:
        other = dataclasses.replace(place, exact=False)
        if place.kind == "province":
            self._provinces.setdefault(alias, other)
        elif place.code not in [town.code for town in self._towns[alias]]:
            self._towns[alias].append(other)

    def province(self, written: str) -> Place | None:
        folded = _spelled_out(_PROVINCE_WORDS.sub("", _fold(written)))
        return self._provinces.get(folded) or self._by_code.get(_only_code(written))

    def province_of(self, code: str) -> Place:
        return self._by_code[code.partition(".")[0]]

    def town(self, written: str, province: Place | None, *, strict: bool) -> tuple[Place | None, Finding | None]:
        """Return the regency or city, or a finding if it is unclear.

        Set ``strict`` if the country is not known: then the text must name the kind of place, such as «Kota».
        """
        bare, kind = _bare(_spelled_out(_fold(written)))
        if not bare or (strict and not kind):
            return None, None
        found = self._candidates(bare, kind, province)
        if not found:
            return None, Finding(code="location.unknown", field="city", value=written)
        if len(found) > 1:
            names = ", ".join(f"{place.name} ({place.code})" for place in found)
            return None, Finding(code="location.ambiguous", field="city", value=written, params={"places": names})
        return found[0], None

    def _candidates(self, bare: str, kind: str, province: Place | None) -> list[Place]:
        """Return the towns with this name and kind in the province, or elsewhere if the province has none."""
        found = [place for place in self._towns.get(bare, ()) if kind in ("", _kind_word(place.name))]
        inside = [place for place in found if province is not None and place.code.startswith(province.code)]
        return inside or found


def _only_code(written: str) -> str:
    """Return the text if it is only a province's code, otherwise an empty text."""
    return written.strip() if re.fullmatch(r"\s*[0-9]{2}\s*", written) else ""


def _kind(name: str, level: str) -> str:
    if level == "province":
        return "province"
    return "city" if name.startswith("Kota") else "regency"


def _kind_word(name: str) -> str:
    return "kota" if name.startswith("Kota") else "kabupaten"


def _bare(folded: str) -> tuple[str, str]:
    """Return a name without the word for its kind, and the kind; empty if it has no such word."""
    for words, kind in _KINDS:
        if words.search(folded):
            bare = words.sub("", folded).strip()
            return (bare, kind) if bare else (folded, "")
    return folded, ""


def _spelled_out(folded: str) -> str:
    for short, word in _ABBREVIATIONS:
        folded = short.sub(word, folded)
    return folded


@lru_cache(maxsize=1)
def _table() -> _Table:
    return _Table(_rows("regions.csv"), _rows("aliases.csv"))


def _rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
