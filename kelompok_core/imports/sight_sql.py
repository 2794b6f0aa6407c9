"""The SQL of whose records an import may meet, or a reader may see: those of some organizations, or of all."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID


def sees(organization: str) -> str:
    """Whether the organization, an expression, is one of those in sight; takes :func:`sees_params`.

    The planner cannot look into it: it would take rows in sight for rare, and most are.
    """
    return f"coalesce(CAST(:sees_all AS boolean) OR {organization} = ANY (CAST(:sees AS uuid[])), false)"


def sees_params(organizations: Sequence[UUID] | None) -> dict[str, Any]:
    """Return the parameters for these organizations; None is all."""
    return {"sees_all": organizations is None, "sees": list(organizations or ())}
