"""Makes slugs from names in any script: lower-case Latin letters, digits and single hyphens."""

import hashlib
import re

import pandas as pd
import pyarrow.compute as pc
from anyascii import anyascii

from kelompok_core.contracts import Severity, to_arrow
from kelompok_core.values.arrow import to_mask, to_series
from kelompok_core.values.normalized import Normalized, found, map_others
from kelompok_core.values.text import line

MAX_LENGTH = 80
LONGEST_BEFORE_NUMBER = MAX_LENGTH - len("-99999999")
"""Length to which a slug is truncated before a number is appended."""
_NOT_ONE_HYPHEN = "[^a-z0-9-][^a-z0-9]*|-[^a-z0-9]+"


def slug_of(names: pd.Series) -> pd.Series:
    """Return each name's slug; null stays null."""
    array = to_arrow(names)
    hyphened = pc.replace_substring(pc.utf8_lower(array), " ", "-")
    slugs = pc.utf8_trim(pc.replace_substring_regex(hyphened, _NOT_ONE_HYPHEN, "-"), characters="-")
    lengths = pc.utf8_length(slugs)
    plain = pc.and_(pc.string_is_ascii(array), pc.and_(pc.greater(lengths, 0), pc.less_equal(lengths, MAX_LENGTH)))
    kept = to_mask(plain, names.index)
    return to_series(slugs, names.index).where(kept, map_others(names, kept, slug_of_one))


def slug_of_one(name: str) -> str:
    """Return one name's slug."""
    latin = re.sub(r"[^a-z0-9]+", "-", anyascii(name).lower()).strip("-")
    if len(latin) > MAX_LENGTH:
        cut = latin[: MAX_LENGTH + 1]
        latin = (cut.rpartition("-")[0] if "-" in cut[MAX_LENGTH // 2 :] else cut[:MAX_LENGTH]).strip("-")
    # A name without letters or digits gets a slug from its hash, the same each time.
    return latin or "x-" + hashlib.sha256(name.encode()).hexdigest()[:8]


def slug(cells: pd.Series) -> Normalized:
    """Normalize a slug given by the source; one that had to change gets a warning."""
    given = line(cells).values
    values = slug_of(given)
    changed = given.notna() & (values != given)
    return Normalized(values=values, findings=found(cells, changed, "slug.normalized", Severity.WARNING))
