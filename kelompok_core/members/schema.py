"""The pandera schema of a batch of member candidates. The error of a check is its issue code."""

from functools import lru_cache

import pandera.pandas as pa

from kelompok_core.values.checks import COUNTRY, DAY, EMAIL, LONGEST_URL, URL, one_of, pattern, short_words, text


@lru_cache
def member_schema() -> pa.DataFrameSchema:
    """Return the schema: one text column per field, null where the source has no value."""
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
