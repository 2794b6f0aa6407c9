"""Merge policies: what an import may do to a value that a record already has."""

from enum import StrEnum


class MergePolicy(StrEnum):
    """What an import may do to a value that is already there. A blank cell never changes anything.

    ``OWN`` replaces values from the same source and fills empty ones; ``FILL_EMPTY`` only fills empty ones;
    ``OVERWRITE`` replaces another source's value too; ``KEEP`` leaves an existing record's value alone;
    ``NEWEST`` replaces what was written before the day this row says it was changed (``changed_at``);
    ``APPEND_SET`` adds what a list does not have yet, and elsewhere does as ``FILL_EMPTY``.
    None of them replaces what a person set.
    """

    OWN = "own"
    FILL_EMPTY = "fill_empty"
    OVERWRITE = "overwrite"
    KEEP = "keep"
    NEWEST = "newest"
    APPEND_SET = "append_set"
