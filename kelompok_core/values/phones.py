"""Phone numbers in international form (E.164): +6281234567890."""

import re
from functools import lru_cache
from typing import NamedTuple

import pandas as pd
import phonenumbers
import pyarrow.compute as pc

from kelompok_core.contracts import Severity
from kelompok_core.values.arrow import matching, to_arrow, to_series
from kelompok_core.values.blanks import drop_blank_words
from kelompok_core.values.normalized import Normalized, all_findings, found, map_distinct, map_others
from kelompok_core.values.places import country, country_of_region
from kelompok_core.values.reading import Inputs
from kelompok_core.values.scientific import all_digits
from kelompok_core.values.text import line, text

_SEVERAL = re.compile(r"\s*(?::::|[/;,|\n]|\bor\b|\batau\b|\bdan\b|\band\b)\s*", re.IGNORECASE)
_PUNCTUATION = r"[\s().\-–]"
_EXTENSION = re.compile(
    r"(?:\bext(?:ension|n)?\b|\bpes(?:awat)?\b|\bpsw\b|\bx(?=\s*\d))\.?\s*:?\s*\d*|#\s*\d+\s*$", re.IGNORECASE
)
_WORDS_BEHIND = re.compile(r"(?<=\d)\s*(?:\(\s*[^\W\d_][^()]*\)|(?:a\.?n\.?|u\.?p\.?|wa|hp)\b.*)$", re.IGNORECASE)
"""What people write behind a number: whose it is, «a.n. Ibu», or what it is for, «(WA)»."""

_NOT_DIGITS = r"(?i:wa\.me|whatsapp|tel:|e\+|\.0+$|^'|^[a-z][a-z .]{0,14}:)"
_LABEL = re.compile(
    r"(?:no\.?|nomor)?\s*"
    r"(?:t|tel|telp|telepon|telephone|p|ph|phone|m|mob|mobile|cell|hp|handphone|wa|whatsapp|kontak|contact)?"
    r"\.?\s*:\s*(?=[+(\d])",
    re.IGNORECASE,
)
"""What stands before a number and says that it is one: «p:», «No. HP:»."""
_LINK = re.compile(
    r"(?:https?://)?(?:wa\.me/|api\.whatsapp\.com/send/?\?phone=|tel:)\+?(\d+)(?:[?&].*)?", re.IGNORECASE
)
_DECIMAL = re.compile(r"'?(\+?\d+)(?:\.0+)?")

UNKNOWN = "?"
"""Stands for the country of a number that is of some country nobody knows."""


def phone(inputs: Inputs) -> Normalized:
    """Read a number; of several the first that is one, with a warning; what is none stays as written, with a warning.

    A number without country code is one of the country whose code stands in the header, else of the country in the
    part ``country`` or of the one that the part ``region`` lies in, else of its organization's, else of the import's.
    Where a row names a country nobody knows, only numbers with a code are read. Digits that are a number only with the
    zero a spreadsheet took away get it back, with a warning.
    """
    cells = inputs.own
    written = drop_blank_words(line(cells).values)
    broken = matching(cells, r"\d\s*[\r\n]\s*\S")  # between several numbers
    said = written.mask(broken, text(cells).values) if broken.any() else written
    numbers, restored, several, more = _read(
        map_others(said, ~matching(said, _NOT_DIGITS), _written_out), _regions(inputs)
    )
    findings = all_findings(
        found(cells, restored, "value.phone_zero_restored", Severity.WARNING),
        found(cells, several, "value.phone_several", Severity.WARNING),
        found(cells, more, "value.phone_words_left", Severity.WARNING),
        found(cells, said.notna() & numbers.isna(), "value.phone", Severity.WARNING),
    )
    return Normalized(values=numbers.fillna(written), findings=findings, brief=written.where(numbers.isna()))


def _regions(inputs: Inputs) -> pd.Series:
    """Return the country whose numbering plan a row's number is of, the header's before any that the row names.

    :data:`UNKNOWN` where the row names one nobody knows.
    """
    called = region_in_header(str(inputs.own.name))
    if called is not None:
        return pd.Series(called, index=inputs.own.index, dtype="str")
    regions = pd.Series(inputs.reading.phone_country, index=inputs.own.index, dtype="str")
    if inputs.owner_country is not None:
        regions = inputs.owner_country.fillna(regions)
    if "region" in inputs.parts:
        elsewhere = map_distinct(inputs.parts["region"], country_of_region)
        regions = elsewhere.fillna(regions)
    if "country" in inputs.parts:
        named = drop_blank_words(line(inputs.parts["country"]).values)
        codes = country(inputs.parts["country"]).values
        regions = codes.fillna(regions.mask(named.notna(), UNKNOWN))
    return regions


@lru_cache(maxsize=1_000)
def region_in_header(header: str) -> str | None:
    """Return the country whose calling code a header has, «HP (+60)»; None where there is none, or are several."""
    codes = {int(code) for code in _CALLING_CODE.findall(header)}
    regions = {phonenumbers.region_code_for_country_code(code) for code in codes} - {"ZZ", "001"}
    return next(iter(regions)) if len(regions) == 1 else None


_CALLING_CODE = re.compile(r"\+\s?(\d{1,3})(?!\d)")


def _written_out(written: str) -> str:
    """Return a number that stands in an address, in scientific notation or with a decimal, as its digits."""
    written = _LABEL.sub("", written, count=1) if _LABEL.match(written) else written
    if fits := _LINK.fullmatch(written):
        return "+" + fits[1]
    if fits := _DECIMAL.fullmatch(written):
        return fits[1]
    # With fewer digits than the exponent says, the others are lost: then it is no number any more.
    return all_digits(written) or written


def _read(said: pd.Series, regions: pd.Series) -> tuple[pd.Series, ...]:
    """Return numbers, and where a zero was restored, where others were passed over, and where words were."""
    numbers = pd.Series(None, index=said.index, dtype="str")
    restored, several, words = (pd.Series(data=False, index=said.index) for _ in range(3))
    for region in regions[said.notna()].unique():
        here = said[said.notna() & (regions == region)]
        plain, lost = _mobiles(here, region)
        numbers[here.index], restored[here.index] = plain, lost
        rest = here[plain.isna()]
        if rest.empty:
            continue
        others = {text: _number(text, region) for text in rest.unique()}
        numbers[rest.index] = rest.map({text: one.number for text, one in others.items()}).astype("str")
        for mask, name in ((restored, "restored"), (several, "several"), (words, "words")):
            mask[rest.index] = rest.map({text: getattr(one, name) for text, one in others.items()}).astype(bool)
    return numbers, restored, several, words


def _mobiles(said: pd.Series, region: str) -> tuple[pd.Series, pd.Series]:
    """Return the numbers that are plainly mobile ones of the region, by the library's own pattern.

    Nearly all are; asking the library for each takes a hundred times as long.
    """
    pattern, code = _mobile_pattern(region)
    digits = pc.replace_substring_regex(to_arrow(said), _PUNCTUATION, "")
    parts = pc.extract_regex(digits, pattern)
    numbers = to_series(pc.struct_field(parts, "number"), said.index)
    prefixes = to_series(pc.struct_field(parts, "prefix"), said.index)
    return code + numbers, numbers.notna() & (prefixes == "") & _begins_with_zero(region)


@lru_cache
def _mobile_pattern(region: str) -> tuple[str, str]:
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region, None)
    mobile = metadata.mobile if metadata else None
    if metadata is None or mobile is None or not metadata.national_prefix or not mobile.national_number_pattern:
        return r"(?P<prefix>$.)(?P<number>.)", ""  # fits nothing
    code, zero = metadata.country_code, metadata.national_prefix
    pattern = mobile.national_number_pattern
    return rf"^(?P<prefix>\+{code}|{zero}|)(?P<number>{pattern})$", f"+{code}"


class _Number(NamedTuple):
    """A number in E.164, and what was done to find it in its cell."""

    number: str | None = None
    restored: bool = False
    several: bool = False
    words: bool = False


def _number(written: str, region: str) -> _Number:
    parts = [part for part in _SEVERAL.split(written) if part]
    # A number that is broken over lines is one only when its lines are put together.
    for part in [*parts, *([" ".join(written.split())] if "\n" in written else [])]:
        bare = _EXTENSION.sub("", _WORDS_BEHIND.sub("", part))
        if (number := _parse(bare, region)) is not None:
            lost = _digits(bare) == str(number.national_number) and _has_zero(number)
            form = phonenumbers.PhoneNumberFormat.E164
            return _Number(
                phonenumbers.format_number(number, form), lost, len(parts) > 1 and part in parts, bare != part
            )
    return _Number()


def _begins_with_zero(region: str) -> bool:
    """Return whether numbers of the country are dialled with a zero before them inside it."""
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region, None)
    return metadata is not None and metadata.national_prefix == "0"


def _has_zero(number: phonenumbers.PhoneNumber) -> bool:
    """Return whether the number is written with a zero before it inside its country, as most but no short ones are."""
    national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    return _digits(national) == f"0{number.national_number}"


def _parse(written: str, region: str) -> phonenumbers.PhoneNumber | None:
    if re.search(r"[^\W\d_]", written):
        return None  # letters stand for digits on some dials, and for slips everywhere
    digits, code = _digits(written), str(phonenumbers.country_code_for_region(region) or "")
    number = _valid(written, region)
    if code and digits.startswith(code):
        # «62 812…» without its plus is what exports write where «+» would be a formula.
        coded = _valid("+" + digits, region) or _valid(f"+{code}{digits.removeprefix(code).lstrip('0')}", region)
        return _of_two(written, coded, number, code)
    if number is None and digits.startswith("00"):
        return _valid("+" + digits.removeprefix("00"), region)
    return number


def _of_two(
    written: str, coded: phonenumbers.PhoneNumber | None, plain: phonenumbers.PhoneNumber | None, code: str
) -> phonenumbers.PhoneNumber | None:
    """Return the number that digits are which begin like a country's code; None where that cannot be told.

    They are a number with that code, or one that lost its zero: «62 21 5550113», «622 7435123». How the digits are
    grouped tells, else whether with the code it is as long as numbers there are.
    """
    if plain is None or plain == coded or not (_digits(written) == str(plain.national_number) and _has_zero(plain)):
        return plain or coded
    group = next(iter(re.findall(r"\d+", written)), "")
    if group == code or (coded is not None and group == code + _area(coded)):
        return coded
    if group == _area(plain):
        return plain
    if coded is not None:
        return coded if len(str(coded.national_number)) >= _usual_length(int(code)) else None
    return None if _is_possible("+" + _digits(written)) else plain


def _area(number: phonenumbers.PhoneNumber) -> str:
    return str(number.national_number)[: phonenumbers.length_of_national_destination_code(number)]


@lru_cache
def _usual_length(code: int) -> int:
    region = phonenumbers.region_code_for_country_code(code)
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region, None)
    example = metadata.fixed_line.example_number if metadata and metadata.fixed_line else None
    return len(example or "")


def _is_possible(written: str) -> bool:
    try:
        return bool(phonenumbers.is_possible_number(phonenumbers.parse(written, None)))
    except phonenumbers.NumberParseException:
        return False


def _valid(written: str, region: str) -> phonenumbers.PhoneNumber | None:
    try:
        number = phonenumbers.parse(written, region if region != UNKNOWN else None)
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) else None


def _digits(written: str) -> str:
    """Return the digits of a number, in ASCII."""
    return "".join(str(int(sign)) for sign in written if sign.isdecimal())
