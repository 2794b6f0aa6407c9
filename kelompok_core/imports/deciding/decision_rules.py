"""The options of an import that determine the SQL of deciding."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kelompok_core.descriptor import EntityDescriptor, Field, Withdrawal
from kelompok_core.values.merge_policy import MergePolicy


@dataclass(frozen=True, kw_only=True)
class DecisionRules:
    """The options of an import that determine the SQL.

    Attributes:
        descriptor: The entity.
        policies: Merge policies of the mapped fields.
        last_wins: Whether the last of contradicting rows in a file wins.
        rows_name_owners: Whether a column names each row's organization; otherwise all rows belong to the import's.
    """

    descriptor: EntityDescriptor
    policies: Mapping[str, MergePolicy]
    last_wins: bool
    rows_name_owners: bool

    @property
    def fields(self) -> Sequence[Field]:
        return [field for field in self.descriptor.fields if field.name in self.policies]

    @property
    def withdrawal(self) -> Withdrawal | None:
        """The rules of withdrawn consent, if the import may change the status they protect."""
        withdrawal = self.descriptor.withdrawal
        return withdrawal if withdrawal is not None and withdrawal.status in self.policies else None

    @property
    def periods(self) -> Sequence[tuple[Field, Field]]:
        """Pairs of begin and end fields of which this import may change at least one."""
        pairs = [(self.descriptor.field(begin), self.descriptor.field(end)) for begin, end in self.descriptor.periods]
        return [(begin, end) for begin, end in pairs if begin.name in self.policies or end.name in self.policies]
