"""The SQL of comparing rows with their records, field by field, by merge policy."""

from collections.abc import Sequence

from kelompok_core.descriptor import Detail, EntityDescriptor, Field
from kelompok_core.imports.deciding.comparison_sql import Comparison
from kelompok_core.imports.deciding.decision_rules import DecisionRules
from kelompok_core.records import field_sql
from kelompok_core.values.merge_policy import MergePolicy


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


def _comparisons(rules: DecisionRules, *policies: MergePolicy) -> Sequence[Comparison]:
    withdrawal = rules.withdrawal
    return [
        Comparison(
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
