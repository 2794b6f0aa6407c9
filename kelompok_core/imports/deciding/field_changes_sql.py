"""The SQL of comparing rows with their records, field by field, by merge policy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kelompok_core.descriptor import Detail, EntityDescriptor, Field, Kind, Withdrawal
from kelompok_core.imports.deciding import less_detail_sql
from kelompok_core.imports.staging.candidates import IN_BRIEF
from kelompok_core.records import field_sql
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


def create_diffs(rules: DecisionRules) -> str:
    """Compare each row with its record as left by the rows before it: ``deciding_diffs``.

    Repeated rows are not compared. If the first row wins, later rows that contradict a repeated row do not win.
    The record's values are computed once per row: inlined, each comparison would compute them again.
    """
    descriptor = rules.descriptor
    fold = "jsonb_fold_last" if rules.last_wins else "jsonb_fold_first"
    claimed = f"t.{descriptor.claim_column} = 'claimed'" if descriptor.claim_column else "false"
    return f"""
        CREATE TEMPORARY TABLE deciding_diffs ON COMMIT DROP AS
        WITH sequence AS (
          SELECT r.row_number, r.apply_order, r.explicit, r.target, r.is_new, r.reason, r.owner, r.guarded, r.repeated,
                 i.raw_sha256, i.candidate, coalesce(jsonb_strip_nulls(i.candidate->'extra'), '{{}}') AS extra,
                 {fold}(jsonb_strip_nulls(i.candidate - 'extra')) OVER before AS earlier,
                 {fold}(jsonb_strip_nulls(i.candidate->'extra')) OVER before AS earlier_extra
          FROM deciding_groups r JOIN import_rows i ON i.import_id = :import AND i.row_number = r.row_number
          WHERE {"NOT r.repeated AND" if rules.last_wins else ""}
            (NOT r.is_new OR r.party IN (SELECT party FROM deciding_groups WHERE apply_order = 2))
          WINDOW before AS (PARTITION BY r.party ORDER BY r.apply_order
                            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)),
        based AS MATERIALIZED (
          SELECT s.*, t.id IS NOT NULL AS alive, t.version AS base_version, t.field_origins AS origins, t.updated_at,
                 {claimed} AS claimed, t.{descriptor.organization_column} AS organization_id,
                 jsonb_build_object({_current(rules)}) AS stored,
                 {_DECLINED} AS declined, {_reported(rules)} AS reported,
                 coalesce(t.{descriptor.extra_column}->'extra'->CAST(:source AS text), '{{}}')
                   || coalesce(s.earlier_extra, '{{}}') AS known_extra
          FROM sequence s LEFT JOIN {descriptor.entity} t ON t.id = s.target AND NOT s.is_new
          WHERE NOT s.repeated),
        compared AS MATERIALIZED (
          SELECT b.*,
                 jsonb_strip_nulls(jsonb_build_object({_changes(rules)}))
                   || CASE WHEN b.known_extra || b.extra = b.known_extra THEN '{{}}'::jsonb
                      ELSE jsonb_build_object(
                        'extra', jsonb_build_array(b.known_extra, b.known_extra || b.extra)) END AS changes,
                 array_remove(ARRAY[{_locked(rules)}]::text[], NULL) AS locked,
                 array_remove(ARRAY[{_outranked(rules)}]::text[], NULL) AS outranked,
                 array_remove(ARRAY[{_withheld(rules)}]::text[], NULL) AS withheld,
                 array_remove(ARRAY[{_less_detailed(rules)}]::text[], NULL) AS less_detailed,
                 array_remove(ARRAY[{_kept(rules)}]::text[], NULL) AS kept
          FROM based b)
        SELECT c.row_number, c.apply_order, c.explicit, c.target, c.is_new, c.reason, c.alive, c.base_version,
               c.claimed,
               c.organization_id, c.owner, c.guarded, c.changes, c.locked, c.outranked, c.withheld,
               c.less_detailed, c.kept,
               {_reversed(rules)} AS reversed,
               c.apply_order > 1 AND (EXISTS (
                 SELECT FROM jsonb_each(c.changes) e WHERE e.key <> 'extra' AND e.value->>0 IS NOT NULL)
                 OR EXISTS (SELECT FROM jsonb_each_text(c.extra) x
                            WHERE c.earlier_extra->>x.key IS NOT NULL AND c.earlier_extra->>x.key <> x.value))
                 AS contradicts
        FROM compared c"""


# Values that a person declined for such a row; looked up only if there are any.
_DECLINED = """CASE WHEN NOT s.is_new AND EXISTS (SELECT FROM deciding_declined) THEN (
                   SELECT n.declined FROM deciding_rows r
                   JOIN deciding_declined n ON n.target = r.target
                     AND r.identity IN (n.identity, n.identity || '|' || n.target)
                   WHERE r.row_number = s.row_number LIMIT 1) END"""


def _reported(rules: DecisionRules) -> str:
    """The withdrawals that this source reported before a person changed them: they must not be applied again.

    These are the source's latest values. If the same file was imported before, or the same row was rejected or sent to
    review, they are all values of the row.
    """
    withdrawal = rules.descriptor.withdrawal
    if withdrawal is None or withdrawal.field not in rules.policies:
        return "NULL::jsonb"
    name = withdrawal.field
    latest = f"CAST(o.candidate->>'{name}' AS jsonb)"
    owner = f"t.{rules.descriptor.organization_column}"
    return f"""CASE WHEN t.field_origins->>'{name}' LIKE 'person:%' AND s.candidate->>'{name}' IS NOT NULL THEN
                   CASE WHEN EXISTS (
                     SELECT FROM imports i JOIN imports m ON m.file_sha256 = i.file_sha256 AND m.entity = i.entity
                       AND m.source_name = i.source_name AND m.state = 'applied' AND m.id <> i.id
                     WHERE i.id = :import AND (m.organization_id = {owner} OR m.organization_id IS NULL AND EXISTS (
                       SELECT FROM import_decisions d WHERE d.import_id = m.id AND d.organization_id = {owner})))
                   OR EXISTS (
                     SELECT FROM imports m
                     JOIN import_decisions d ON d.import_id = m.id AND d.revision = m.plan_revision
                     JOIN import_rows o ON o.import_id = m.id AND o.row_number = d.row_number
                     WHERE m.entity = :entity AND m.source_name = :source AND m.state = 'applied'
                       AND d.decision IN ('rejected', 'review') AND o.raw_sha256 = s.raw_sha256
                       AND coalesce(d.organization_id, m.organization_id, {owner}) = {owner})
                   THEN CAST(s.candidate->>'{name}' AS jsonb)
                   ELSE (SELECT {latest} FROM evidence e
                         JOIN import_rows o ON o.import_id = e.import_id AND o.row_number = e.row_number
                         WHERE e.entity = '{rules.descriptor.entity}' AND e.record_id = t.id AND e.source_name = :source
                         ORDER BY e.last_seen_at DESC, e.last_row_number DESC, e.id DESC LIMIT 1) END END"""


def _current(rules: DecisionRules) -> str:
    sides = [field for period in rules.periods for field in period]
    if (withdrawal := rules.withdrawal) is not None:
        sides.append(rules.descriptor.field(withdrawal.field))
    sides += [rules.descriptor.field(field.zone_in) for field in rules.fields if field.zone_in]
    fields = {field.name: field for field in (*rules.fields, *sides)}
    return field_sql.stored_pairs(fields.values())


def _reversed(rules: DecisionRules) -> str:
    """Whether the record would end before it begins; dates of equal length compare as text."""

    def after(field: Field) -> str:
        return f"coalesce(c.changes->'{field.name}'->>1, c.stored->>'{field.name}')"

    pairs = [
        f"(length({after(begin)}) = length({after(end)}) AND {after(end)} < {after(begin)})"
        for begin, end in rules.periods
    ]
    return f"coalesce({' OR '.join(pairs)}, false)" if pairs else "false"


@dataclass(frozen=True, kw_only=True)
class _Comparison:
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


def _comparisons(rules: DecisionRules, *policies: MergePolicy) -> Sequence[_Comparison]:
    withdrawal = rules.withdrawal
    return [
        _Comparison(
            field=field,
            policy=rules.policies[field.name],
            withdrawal=withdrawal if withdrawal is not None and withdrawal.status == field.name else None,
            zone=rules.descriptor.field(field.zone_in) if field.zone_in else None,
        )
        for field in rules.fields
        if rules.policies[field.name] in policies
    ]


def _changes(rules: DecisionRules) -> str:
    return ", ".join(f"'{one.name}', {one.change}" for one in _comparisons(rules, *MergePolicy))


def _locked(rules: DecisionRules) -> str:
    """Fields where the row would replace a person's value."""
    return ", ".join(one.differs_from("LIKE 'person:%'") for one in _comparisons(rules, *MergePolicy))


def _outranked(rules: DecisionRules) -> str:
    """Fields where another source's value stays."""
    owning = _comparisons(rules, MergePolicy.OWN)
    return ", ".join(one.differs_from("LIKE 'source:%' AND " + one.setter + " <> :origin") for one in owning)


def _withheld(rules: DecisionRules) -> str:
    """The field that would reactivate a person who withdrew consent."""
    withdrawing = [one for one in _comparisons(rules, *MergePolicy) if one.withdrawal is not None]
    return ", ".join(f"CASE WHEN {one.withheld} THEN '{one.name}' END" for one in withdrawing)


def _less_detailed(rules: DecisionRules) -> str:
    """Fields where the record keeps its value because the row's is less detailed."""
    with_detail = (Detail.DATE, Detail.NAME, Detail.NUMBER)
    return ", ".join(
        f"CASE WHEN {one.proposed} <> {one.stored} AND {one.replaces} AND {one.is_less_detailed} THEN '{one.name}' END"
        for one in _comparisons(rules, *MergePolicy)
        if one.field.detail in with_detail
    )


def _kept(rules: DecisionRules) -> str:
    """Fields where a person declined a value that the row has again."""
    return ", ".join(
        f"CASE WHEN {one.proposed} <> {one.stored} AND {one.replaces} AND {one.declined} THEN '{one.name}' END"
        for one in _comparisons(rules, *MergePolicy)
    )


def compared_values(descriptor: EntityDescriptor, fields: Sequence[Field]) -> str:
    """Select one row's values of these fields as compared with a record: null if the record's is more detailed."""
    policies = {field.name: MergePolicy.OWN for field in fields}
    rules = DecisionRules(descriptor=descriptor, policies=policies, last_wins=False, rows_name_owners=False)
    pairs = ", ".join(
        f"'{one.field.compared_as}', CASE WHEN NOT {one.is_less_detailed} THEN {one.incoming} END"
        for one in _comparisons(rules, MergePolicy.OWN)
    )
    return f"""
        SELECT jsonb_build_object({pairs})
        FROM (SELECT r.candidate, '{{}}'::jsonb AS earlier, t.field_origins AS origins, t.updated_at,
                     jsonb_build_object({_current(rules)}) AS stored
              FROM import_rows r, {descriptor.entity} t
              WHERE r.import_id = :import AND r.row_number = :row_number AND t.id = :id) b"""
