"""Merge policies: what an import may do to a value that a record already has."""

from enum import StrEnum


class MergePolicy(StrEnum):
    """What an import may do to a record's value. A blank cell never changes anything.

    ``OWN`` replaces values from the same source and fills empty fields. ``FILL_EMPTY`` only fills empty fields.
    ``OVERWRITE`` also replaces values from other sources. ``KEEP`` never changes existing records. ``NEWEST`` replaces
    values that were written before the row's ``changed_at``. ``APPEND_SET`` adds new entries to lists, and treats other
    fields like ``FILL_EMPTY``. No policy replaces a value that a person set.
    """

    OWN = "own"
    FILL_EMPTY = "fill_empty"
    OVERWRITE = "overwrite"
    KEEP = "keep"
    NEWEST = "newest"
    APPEND_SET = "append_set"
