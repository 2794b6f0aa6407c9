"""The pandera schema of a batch of post candidates. The error of a check is its issue code."""

from functools import lru_cache

import pandera.pandas as pa

from kelompok_core.values.checks import DAY, LANGUAGE, MOMENT, SLUG, URL, one_of, pattern, short_words, text


@lru_cache
def post_schema() -> pa.DataFrameSchema:
    """Return the schema: one text column per field, null where the source has no value."""
    columns = {
        "title": text(1_000, required=True),
        "slug": pattern(SLUG, "value.type"),
        "excerpt": text(5_000),
        "content": text(1_000_000),
        "canonical_url": pattern(URL, "value.url"),
        "language": pattern(LANGUAGE, "value.language_unknown"),
        "written_on": pattern(DAY, "value.date"),
        "status": one_of("draft", "published", "archived"),
        "published_at": pattern(MOMENT, "value.date"),
        "category": text(200),
        "tags": short_words(200),
        "author": text(2_000),
    }
    return pa.DataFrameSchema(columns, strict=False, name="posts")
