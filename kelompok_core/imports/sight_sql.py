"""The SQL of whose records an import may meet, or a reader may see, and of whose word about them counts."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID


def sees(organization: str) -> str:
    """Whether the organization, an expression, is one of those in sight; takes :func:`sees_params`.

    The planner cannot look into it: it would take rows in sight for rare, and most are.
    """
    return f"coalesce(CAST(:sees_all AS boolean) OR {organization} = ANY (CAST(:sees AS uuid[])), false)"


def sees_said(organization: str, said: str) -> str:
    """Whether evidence, said of a record of the organization by one of the imports ``said``, counts for an import.

    Names of lists are nobody's own. Where all organizations are in sight, what somebody said who did not see them all
    does not tell which record of a list is which: else one organization's editor could claim another's ids. Takes
    :func:`sees_params` and the parameter ``actor``.
    """
    return f"""coalesce(
        CASE WHEN CAST(:sees_all AS boolean) THEN NOT ({said})
             ELSE {organization} = ANY (CAST(:sees AS uuid[])) END, false)"""


LIMITED = "SELECT id FROM imports WHERE NOT sees_all AND actor_id <> CAST(:actor AS uuid)"
"""The imports of others who did not see all organizations."""


def said_by_limited(evidence: str) -> str:
    """Whether only such imports said this; few or none, so that they are looked up once."""
    return f"{evidence}.import_id IN ({LIMITED}) AND {evidence}.last_import_id IN ({LIMITED})"


def sees_params(organizations: Sequence[UUID] | None) -> dict[str, Any]:
    """Return the parameters for these organizations; None is all."""
    return {"sees_all": organizations is None, "sees": list(organizations or ())}
