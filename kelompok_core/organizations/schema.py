"""The pandera schema every batch of organization candidates must pass; a check's error is its issue code."""

from functools import lru_cache

import pandera.pandas as pa

_EMAIL = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"
_URL = r"^https?://\S+$"
_PARTIAL_DATE = r"^\d{4}(-\d{2}(-\d{2})?)?$"
_SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"


def _text(max_length: int, *, required: bool = False) -> pa.Column:
    return pa.Column(str, pa.Check.str_length(max_value=max_length, error="value.too_long"), nullable=not required)


def _pattern(pattern: str, code: str) -> pa.Column:
    return pa.Column(str, pa.Check.str_matches(pattern, error=code), nullable=True)


@lru_cache
def organization_schema() -> pa.DataFrameSchema:
    """Return the schema: one column a field, text, null where the source says nothing."""
    columns = {
        "name": _text(500, required=True),
        "slug": _pattern(_SLUG, "value.type"),
        "legal_name": _text(500),
        "description": _text(20_000),
        "history": _text(50_000),
        "category": _text(500),
        "country": _pattern(r"^[A-Z]{2}$", "value.country_unknown"),
        "region": _text(200),
        "city": _text(200),
        "address": _text(1_000),
        "website_url": _pattern(_URL, "value.url"),
        "official_email": _pattern(_EMAIL, "value.email"),
        "phone": _text(100),
        "founded_on": _pattern(_PARTIAL_DATE, "value.date"),
        "dissolved_on": _pattern(_PARTIAL_DATE, "value.date"),
        "facebook": _text(2_048),
        "instagram": _text(2_048),
        "twitter": _text(2_048),
        "youtube": _text(2_048),
    }
    return pa.DataFrameSchema(columns, strict=False, name="organizations")
