"""The pandera schema of a batch of organization candidates. The error of a check is its issue code."""

from functools import lru_cache

import pandera.pandas as pa

from kelompok_core.values.checks import COUNTRY, EMAIL, LONGEST_URL, PARTIAL_DATE, SLUG, URL, pattern, text


@lru_cache
def organization_schema() -> pa.DataFrameSchema:
    """Return the schema: one text column per field, null where the source has no value."""
    columns = {
        "name": text(500, required=True),
        "slug": pattern(SLUG, "value.type"),
        "legal_name": text(500),
        "description": text(20_000),
        "history": text(50_000),
        "category": text(500),
        "country": pattern(COUNTRY, "value.country_unknown"),
        "region": text(200),
        "city": text(200),
        "address": text(1_000),
        "website_url": pattern(URL, "value.url"),
        "official_email": pattern(EMAIL, "value.email"),
        "phone": text(100),
        "founded_on": pattern(PARTIAL_DATE, "value.date"),
        "dissolved_on": pattern(PARTIAL_DATE, "value.date"),
        "facebook": text(LONGEST_URL),
        "instagram": text(LONGEST_URL),
        "twitter": text(LONGEST_URL),
        "youtube": text(LONGEST_URL),
    }
    return pa.DataFrameSchema(columns, strict=False, name="organizations")
