"""The pandera schema of a batch of event candidates. The error of a check is its issue code."""

from functools import lru_cache

import pandera.pandas as pa

from kelompok_core.values.checks import COUNTRY, MOMENT, SLUG, URL, one_of, pattern, short_words, text


@lru_cache
def event_schema() -> pa.DataFrameSchema:
    """Return the schema: one text column per field, null where the source has no value."""
    columns = {
        "title": text(1_000, required=True),
        "slug": pattern(SLUG, "value.type"),
        "description": text(200_000),
        "starts_at": pattern(MOMENT, "value.date"),
        "ends_at": pattern(MOMENT, "value.date"),
        "timezone": text(64),
        "all_day": one_of("true", "false"),
        "location_name": text(500),
        "address": text(1_000),
        "city": text(200),
        "region": text(200),
        "country": pattern(COUNTRY, "value.country_unknown"),
        "url": pattern(URL, "value.url"),
        "external_uid": text(1_000),
        "status": one_of("draft", "planned", "cancelled", "held"),
        "tags": short_words(200),
    }
    return pa.DataFrameSchema(columns, strict=False, name="events")
