"""The pandera schema every batch of member candidates must pass; a check's error is its issue code."""

from functools import lru_cache

import pandera.pandas as pa

from kelompok_core.values.checks import COUNTRY, DAY, EMAIL, LONGEST_URL, URL, one_of, pattern, short_words, text


@lru_cache
def member_schema() -> pa.DataFrameSchema:
    """Return the schema: one column a field, text, null where the source says nothing."""
    columns = {
        "name": text(500, required=True),
        "position": text(500),
        "email": pattern(EMAIL, "value.email"),
        "phone": text(100),
        "started_on": pattern(DAY, "value.date"),
        "ended_on": pattern(DAY, "value.date"),
        "status": one_of("active", "inactive"),
        "do_not_contact": text(500),
        "birth_date": pattern(DAY, "value.date"),
        "address": text(1_000),
        "city": text(200),
        "region": text(200),
        "country": pattern(COUNTRY, "value.country_unknown"),
        "website_url": pattern(URL, "value.url"),
        "tags": short_words(200),
        "notes": text(20_000),
        **{network: text(LONGEST_URL) for network in ("facebook", "instagram", "twitter", "youtube", "linkedin")},
    }
    return pa.DataFrameSchema(columns, strict=False, name="members")
