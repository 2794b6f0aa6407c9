"""Removes unsafe markup from text. The evidence keeps the original cell."""

import re

import nh3
import pandas as pd
import pyarrow.compute as pc

from kelompok_core.contracts import Severity, to_arrow
from kelompok_core.values.arrow import matching, to_mask
from kelompok_core.values.normalized import Normalized, all_findings, found, map_distinct, map_others
from kelompok_core.values.text import source_text

_MARKUP = r"<[A-Za-z/!?]|&#?\w+;"
_SCHEMES = {"http", "https", "mailto"}
_TAG = re.compile(r"<\s*([A-Za-z][\w:-]*)")
_ANY_MARKUP = re.compile(r"</?[A-Za-z][^<>]*>|<!--.*?-->|&#?\w{1,32};", re.DOTALL)
_ACTIVE = re.compile(r"<[^>]*\s(?:on\w+|style)\s*=|(?:javascript|data|vbscript)\s*:", re.IGNORECASE)

# RE2 patterns, on lower case, for everything that cleaning may remove, and a little more. Most texts match none, and
# checking that is much faster than inspecting every tag.
_ANY_TAG = r"<[\s\pZ\pC]*[a-z]"
_ALLOWED_TAG = rf"<(?:{'|'.join(sorted(nh3.ALLOWED_TAGS))})(?:[^\w:\-\x{{80}}-\x{{10ffff}}]|$)"
_MAY_BE_ACTIVE = r"<[^>]*[\s\pZ\pC](?:on|[sſ]tyle)|(?:java[sſ]cript|data|vb[sſ]cript)[\s\pZ\pC]*:"


def html(cells: pd.Series) -> Normalized:
    """Normalize text that may have markup; removes scripts, styles, frames and handlers, with a warning."""
    tidy = source_text(cells)
    marked = matching(tidy.values, _MARKUP)
    if not marked.any():
        return tidy
    values = map_others(tidy.values, ~marked, _clean)
    suspicious = tidy.values.where(marked & _may_lose_something(tidy.values))
    unsafe = map_distinct(suspicious, lambda one: one if _loses_markup(one) else None).notna()
    findings = all_findings(tidy.findings, found(cells, unsafe, "value.html_cleaned", Severity.WARNING))
    return Normalized(values=values, findings=findings)


def _clean(written: str) -> str | None:
    return nh3.clean(written, url_schemes=_SCHEMES).strip() or None


def _may_lose_something(values: pd.Series) -> pd.Series:
    lower = pc.utf8_lower(to_arrow(values))
    tags, allowed = (pc.count_substring_regex(lower, pattern) for pattern in (_ANY_TAG, _ALLOWED_TAG))
    return to_mask(pc.or_(pc.not_equal(tags, allowed), pc.match_substring_regex(lower, _MAY_BE_ACTIVE)), values.index)


def _loses_markup(written: str) -> bool:
    tags = {tag.lower() for tag in _TAG.findall(written)}
    return bool(tags - nh3.ALLOWED_TAGS) or _ACTIVE.search(written) is not None


def blank_markup(written: str) -> str:
    """Return the text with tags and character references replaced by blanks; other characters keep their offsets."""
    if "<" not in written and "&" not in written:
        return written
    return _ANY_MARKUP.sub(lambda found: " " * len(found[0]), written)
