"""The SQL of comparing a row's field with its record: what each merge policy replaces.

The properties build on one another: ``proposed`` uses ``stored``, which uses ``replaceable``, which uses ``replaces``.
So a merge policy in ``replaces`` uses none of these, but ``_before``: the value of the rows before, or of the record.
"""

from dataclasses import dataclass

from kelompok_core.descriptor import Detail, Field, Kind, Withdrawal
from kelompok_core.imports.deciding import less_detail_sql
from kelompok_core.imports.staging.candidates import IN_BRIEF
from kelompok_core.values.merge_policy import MergePolicy


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """SQL about one field of one row: its value, the record's value at that point, and who set it.

    Compares lists after appending to them, and incomplete dates and times after completing them from the record.
    """

    field: Field
    policy: MergePolicy
    withdrawal: Withdrawal | None = None
    zone: Field | None = None

    @property
    def name(self) -> str:
        return self.field.name

    @property
    def incoming(self) -> str:
        """The row's value."""
        value = f"b.candidate->>'{self.field.compared_as}'"
        if self.field.only_added:
            added = f"CAST({value} AS jsonb) - ARRAY(SELECT jsonb_array_elements_text(b.reported))"
            return f"CASE WHEN b.reported IS NULL THEN {value} ELSE nullif(({added})::text, '[]') END"
        if self.field.detail is not Detail.MOMENT:
            return value
        return less_detail_sql.whole_date_time(
            brief=self._brief,
            incoming=value,
            stored=f"({self.stored})",
            old_zone=self._zone_before,
            new_zone=self._zone_now,
        )

    @property
    def _brief(self) -> str:
        return f"(b.candidate->>'{self.name}{IN_BRIEF}')"

    @property
    def _zone_before(self) -> str:
        """The time zone of the record's date and time."""
        if self.zone is None:
            return "CAST(:timezone AS text)"
        return f"coalesce({_before(self.zone.name)}, '{self.zone.default}')"

    @property
    def _zone_now(self) -> str:
        """The row's own time zone; otherwise the one set in the record; otherwise the import's."""
        if self.zone is None:
            return self._zone_before
        own = f"b.candidate->>'{self.zone.name}'"
        is_set = f"{_is_derived(self.zone.name)} AND b.origins ? '{self.zone.name}'"
        return f"CASE WHEN {is_set} THEN {self._zone_before} ELSE coalesce({own}, {self._zone_before}) END"

    @property
    def is_less_detailed(self) -> str:
        """Whether the record's value includes the row's, and more detail."""
        base = _before(self.field.derived_from) if self.field.derived_from else "NULL::text"
        return less_detail_sql.is_less_detailed(self.field, brief=self._brief, stored=f"({self.stored})", base=base)

    @property
    def setter(self) -> str:
        return f"coalesce(b.origins->>'{self.name}', :origin)"

    @property
    def declined(self) -> str:
        """Whether a person declined the row's value when merging such a row into the record."""
        if self.policy is MergePolicy.OVERWRITE or self.field.only_added:
            return "false"
        value = f"b.declined->>'{self.name}'"
        again = f"b.declined ? '{self.name}' AND coalesce({value} = {self.incoming}, {value} IS NULL)"
        return f"coalesce({again} AND {self.stored} IS NOT NULL, false)"

    @property
    def keeps_stored(self) -> str:
        """Whether the record keeps its value, whoever set it."""
        return f"({self.is_less_detailed} OR {self.declined})"

    @property
    def replaces(self) -> str:
        """Whether this row would replace an existing value, by the merge policy."""
        match self.policy:
            case MergePolicy.OWN | MergePolicy.OVERWRITE:
                return "true"
            case MergePolicy.NEWEST:
                return "coalesce((b.candidate->>'changed_at')::timestamptz > b.updated_at, true)"
            case MergePolicy.APPEND_SET:
                return "true" if self.appends else "false"
            case MergePolicy.FILL_EMPTY | MergePolicy.KEEP:
                return "false"

    @property
    def replaceable(self) -> str:
        """Whether an existing value may be replaced by this row's."""
        if self.field.only_added:
            return "true"
        if self.field.derived_from is not None:
            return f"CASE WHEN {self.is_derived} THEN {self._replaces_derived} ELSE {self._replaceable} END"
        if self.withdrawal is not None:
            return f"({self._replaceable} OR {self._withdraws})"
        return self._replaceable

    @property
    def is_derived(self) -> str:
        """Whether the row's value was derived from another field."""
        return _is_derived(self.name)

    @property
    def _replaces_derived(self) -> str:
        """Whether a derived value may replace another derived one: only if this source set the field it is based on."""
        base = f"coalesce(b.origins->>'{self.field.derived_from}', :origin)"
        return f"(NOT b.origins ? '{self.name}' AND {base} = :origin)"

    @property
    def _withdraws(self) -> str:
        """Whether the row withdraws consent, which overrides any source's status."""
        withdrawal = self.withdrawal
        if withdrawal is None:
            return "false"
        reports_it = f"b.candidate->>'{withdrawal.field}' IS NOT NULL"
        return f"({self.setter} NOT LIKE 'person:%' AND {self.incoming} = '{withdrawal.inactive}' AND {reports_it})"

    @property
    def withheld(self) -> str:
        """Whether consent was withdrawn, and the row would make the person active again."""
        withdrawal = self.withdrawal
        if withdrawal is None:
            return "false"
        was_withdrawn = (
            f"coalesce(b.stored->'{withdrawal.field}', '[]') <> '[]' OR b.earlier->>'{withdrawal.field}' IS NOT NULL"
        )
        returns = f"{self.incoming} = '{withdrawal.active}' AND {self.stored} = '{withdrawal.inactive}'"
        return f"coalesce({returns} AND ({was_withdrawn}), false)"

    @property
    def _replaceable(self) -> str:
        if self.policy is MergePolicy.OWN:
            return f"{self.setter} = :origin"
        return f"({self.setter} NOT LIKE 'person:%' AND {self.replaces})"

    @property
    def appends(self) -> bool:
        return self.policy is MergePolicy.APPEND_SET and self.field.kind is Kind.LIST

    @property
    def stored(self) -> str:
        """The record's value as left by the rows before this one."""
        name = self.field.compared_as
        before = f"coalesce(b.earlier->>'{name}', b.stored->>'{name}')"
        if self.appends:
            both = _union(f"b.stored->>'{name}'", f"b.earlier->>'{name}'")
            before = f"coalesce({both}, b.stored->>'{name}')"
        return f"CASE WHEN b.stored->>'{name}' IS NULL OR {self.replaceable} THEN {before} ELSE b.stored->>'{name}' END"

    @property
    def proposed(self) -> str:
        """The value that the record would get."""
        return _union(self.stored, self.incoming) if self.appends else self.incoming

    @property
    def change(self) -> str:
        fills = "false" if self.policy is MergePolicy.KEEP else f"{self.stored} IS NULL"
        kept = f" AND NOT {self.withheld}" if self.withdrawal is not None else ""
        kept += f" AND NOT {self.keeps_stored}"
        return (
            f"CASE WHEN {self.proposed} <> coalesce({self.stored}, '') AND ({fills} OR {self.replaceable}){kept}"
            f" THEN jsonb_build_array({self.stored}, {self.proposed}) END"
        )

    def differs_from(self, setter: str) -> str:
        """The field's name if the row would replace a value that is kept because of its setter."""
        if self.field.only_added:
            return "NULL"
        differs = f"{self.proposed} <> {self.stored} AND {self.replaces} AND NOT {self.keeps_stored}"
        if self.field.derived_from is not None:
            differs += f" AND NOT {self.is_derived}"
        if self.withdrawal is not None:
            differs += f" AND NOT {self.withheld} AND NOT {self._withdraws}"
        return f"CASE WHEN {differs} AND {self.setter} {setter} THEN '{self.name}' END"


def _before(name: str) -> str:
    """A field's value in the rows before this one, or otherwise in the record."""
    return f"coalesce(b.earlier->>'{name}', b.stored->>'{name}')"


def _is_derived(name: str) -> str:
    return f"coalesce('{name}' = ANY (string_to_array(b.candidate->>'derived', ',')), false)"


def _union(left: str, right: str) -> str:
    """The union of two lists, the left's entries first; null if the right is null."""
    return f"jsonb_list_union(CAST({left} AS jsonb), CAST({right} AS jsonb))::text"
