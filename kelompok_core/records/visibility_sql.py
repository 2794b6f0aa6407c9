"""SQL for visibility: which records an import or a reader may see, and which evidence about them counts."""

from collections.abc import Sequence
from uuid import UUID


def sees(organization: str) -> str:
    """Return SQL: whether the organization (an SQL expression) is visible. Needs :func:`sees_params`.

    Written so that the planner cannot estimate it: it would assume few visible rows, while most are.
    """
    return f"coalesce(CAST(:sees_all AS boolean) OR {organization} = ANY (CAST(:sees AS uuid[])), false)"


def sees_evidence(organization: str, limited: str) -> str:
    """Return SQL: whether evidence about a record of the organization counts for an import.

    ``limited`` is SQL: whether the evidence came only from senders who did not see all organizations.

    Several organizations may use the same source name. For an import that sees all organizations, evidence from limited
    senders does not identify records: otherwise one organization's editor could claim another's ids. Needs
    :func:`sees_params` and the parameter ``actor``.
    """
    return f"""coalesce(
        CASE WHEN CAST(:sees_all AS boolean) THEN NOT ({limited})
             ELSE {organization} = ANY (CAST(:sees AS uuid[])) END, false)"""


LIMITED = "SELECT id FROM imports WHERE NOT sees_all AND actor_id <> CAST(:actor AS uuid)"
"""Imports by other senders who did not see all organizations."""


def from_limited_senders(evidence: str) -> str:
    """Return SQL: whether this evidence came only from imports by limited senders. These are few, and selected once."""
    return f"{evidence}.import_id IN ({LIMITED}) AND {evidence}.last_import_id IN ({LIMITED})"


def sees_params(organizations: Sequence[UUID] | None) -> dict[str, object]:
    """Return the parameters for these organizations; None is all."""
    return {"sees_all": organizations is None, "sees": list(organizations or ())}
