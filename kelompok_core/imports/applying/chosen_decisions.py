"""Which decisions a statement of apply acts on: those of a plan, or one that a person made."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ChosenDecisions:
    """The decisions that a statement acts on, as SQL.

    Attributes:
        table: The table that has them. In statements it is called ``d``.
        condition: Chooses them among the decisions of the table. It names the parameters that a statement needs.
    """

    table: str
    condition: str

    @property
    def with_rows(self) -> str:
        """The decisions ``d``, each joined with its row ``r``."""
        return f"{self.table} d JOIN import_rows r ON r.import_id = d.import_id AND r.row_number = d.row_number"


_OF_PLAN = "d.import_id = :import AND d.revision = :revision"

PLANNED = ChosenDecisions(table="import_decisions", condition=_OF_PLAN)
"""All decisions of a plan. Parameters: ``import``, ``revision``."""

PLANNED_STEP = ChosenDecisions(table="import_decisions", condition=f"{_OF_PLAN} AND d.apply_order = :apply_order")
"""The decisions of a plan that are applied in one step. Parameters: ``import``, ``revision``, ``apply_order``."""

REVIEWED = ChosenDecisions(table="review_decisions", condition="d.import_id = :import AND d.row_number = :row_number")
"""What a person decided about one row. Parameters: ``import``, ``row_number``."""
