"""The SQL of deciding: it finds the record of each row and decides the row. Built from an entity's descriptor.

:mod:`kelompok_core.imports.deciding.steps` runs the statements.
"""

from kelompok_core.descriptor import EntityDescriptor, Kind, MatchRule
from kelompok_core.imports.deciding import earlier_decisions_sql, matching_sql
from kelompok_core.imports.deciding.decision_rules import DecisionRules
from kelompok_core.imports.shared import repeated_rows_sql
from kelompok_core.imports.staging.candidates import SLUG_BASE
from kelompok_core.issues import reasons
from kelompok_core.records import field_sql


def final(rules: DecisionRules) -> str:
    descriptor = rules.descriptor
    return _FINAL.format(
        may_create="true" if descriptor.belongs else "CAST(:scope AS uuid) IS NULL",
        label=descriptor.label,
        another=_another_name(descriptor),
        notes=", ".join([*(_note(code, fields) for code, fields in _NOTES.items()), _withdrawal_of_compared(rules)]),
        withdrawal=_withdrawal_of_asking(rules),
        contested=earlier_decisions_sql.contradiction_reason(descriptor.label),
        reason=reasons,
        naming_fields=reasons.in_sql(reasons.codes(names_fields=True)),
        verdicts=_verdicts(),
    )


def _verdicts() -> str:
    """Return what comparing a row with its record can end with, as rows of VALUES."""
    rows = [", ".join("NULL" if one is None else f"'{one}'" for one in row) for row in reasons.verdicts()]
    return ", ".join(f"({row})" for row in rows)


def keys(rules: DecisionRules, *, shared: bool) -> str:
    descriptor = rules.descriptor
    ruled = [column for rule in descriptor.rules for column in rule.columns]
    names = dict.fromkeys([descriptor.name_key, *descriptor.discriminators, *ruled])
    kinds = {name: descriptor.kind_of(name) for name in names}
    nameless = matching_sql.nameless(descriptor)
    columns = ", ".join(
        f"i.candidate->>'{name}' AS {name}" if kind is Kind.TEXT else f"(i.candidate->>'{name}')::{kind} AS {name}"
        for name, kind in kinds.items()
    )
    return f"""
        SELECT i.row_number, {repeated_rows_sql.identity(shared=shared)} AS identity,
               i.external_id IS NOT NULL AS explicit,
               i.raw_sha256, {repeated_rows_sql.owner(descriptor)}, i.new_record_id, i.reason AS asks,
               {nameless} AS nameless,
               CASE WHEN i.external_id ~ {repeated_rows_sql.OWN_ID} THEN i.external_id::uuid END AS own_id,
               i.candidate->>'{SLUG_BASE}' AS {SLUG_BASE}, {columns}
        FROM {repeated_rows_sql.valid_rows(descriptor, named=rules.rows_name_owners, shared=shared)}"""


def any_record(descriptor: EntityDescriptor) -> str:
    """Find one record that rows could match, to skip matching when there is none, as in a first import.

    Uses the order of the name index, so that an organization without records does not scan all others' records.
    """
    if not descriptor.belongs:
        some = f"SELECT id FROM {descriptor.entity} LIMIT 1"
    else:
        owner = descriptor.organization_column
        some = f"""
            SELECT t.id FROM deciding_owners h CROSS JOIN LATERAL (
              SELECT id FROM {descriptor.entity} WHERE {owner} = h.owner
              ORDER BY {owner}, {descriptor.name_key} LIMIT 1) t LIMIT 1"""
    return f"CREATE TEMPORARY TABLE deciding_there ON COMMIT DROP AS {some}"


_ANY_THERE = "EXISTS (SELECT FROM deciding_there)"


def matches(descriptor: EntityDescriptor) -> str:
    found = " UNION ALL ".join(
        _matches_of(rule, rank, descriptor) for rank, rule in enumerate(descriptor.rules, start=1)
    )
    return f"""
        CREATE TEMPORARY TABLE deciding_matches ON COMMIT DROP AS
        SELECT row_number,
               count(DISTINCT target) FILTER (WHERE agrees) AS agreeing,
               (array_agg(target ORDER BY rank, target) FILTER (WHERE agrees))[1] AS target,
               (array_agg(reason ORDER BY rank, target) FILTER (WHERE agrees))[1] AS reason,
               bool_or(renumbered) AS renumbered,
               array_agg(DISTINCT target) AS candidates
        FROM ({found}) found GROUP BY row_number"""


def _matches_of(rule: MatchRule, rank: int, descriptor: EntityDescriptor) -> str:
    fits, agrees, is_open = matching_sql.found_by(rule, descriptor)
    complete = " AND ".join(f"k.{column} IS NOT NULL" for column in rule.columns)
    return f"""
        SELECT k.row_number, m.id AS target, '{rule.reason}' AS reason, {rank} AS rank, m.agrees AND m.open AS agrees,
               m.agrees AND NOT m.open AS renumbered
        FROM deciding_keys k
        CROSS JOIN LATERAL (
          SELECT t.id, {agrees} AS agrees, {is_open} AS open FROM {descriptor.entity} t
          WHERE {fits}
          ORDER BY agrees DESC, t.id LIMIT 3) m
        WHERE {complete} AND {_ANY_THERE}
          AND NOT EXISTS (SELECT FROM deciding_known n WHERE n.identity = k.identity)"""


def rows(descriptor: EntityDescriptor) -> str:
    """Assign each valid row its target and reason, or send it to review. A name alone never merges.

    Sorts by name before owner, because sorting is fast when the first eight bytes differ.
    """
    unknown = f"{_ANY_THERE} AND n.identity IS NULL AND m.row_number IS NULL"
    namesakes = matching_sql.namesakes(descriptor, when=unknown)
    return f"""
        CREATE TEMPORARY TABLE deciding_rows ON COMMIT DROP AS
        SELECT k.row_number, k.identity, k.explicit, k.raw_sha256, k.owner, k.guarded, k.new_record_id,
               CASE WHEN k.asks IS NULL THEN coalesce(n.record_id, CASE WHEN m.agreeing = 1 THEN m.target END)
               END AS target,
               CASE WHEN k.asks IS NOT NULL THEN k.asks
                    WHEN n.record_id IS NOT NULL THEN n.reason
                    WHEN m.agreeing = 1 THEN m.reason
                    WHEN m.agreeing > 1 THEN '{reasons.SEVERAL_MATCHES.code}'
                    WHEN m.renumbered THEN '{reasons.NEW_ID_FOR_KNOWN.code}'
                    WHEN m.row_number IS NOT NULL THEN '{descriptor.reason_of_shared_keys}'
                    WHEN w.id IS NOT NULL THEN '{reasons.POSSIBLE_DUPLICATE.code}'
                    ELSE '{reasons.NO_MATCH.code}' END AS reason,
               k.asks IS NOT NULL
                 OR n.record_id IS NULL AND coalesce(m.agreeing <> 1, w.id IS NOT NULL) AS for_review,
               CASE WHEN n.record_id IS NOT NULL THEN ARRAY[n.record_id]
                    ELSE coalesce(m.candidates, ARRAY[w.id]) END AS candidates,
               NULL::integer AS duplicate_of,
               k.alike - 1 + coalesce(o.number, 0) AS namesakes
        FROM (SELECT y.*, max(y.place) OVER (PARTITION BY y.{descriptor.name_key}, y.owner) AS alike
              FROM (SELECT x.*, dense_rank() OVER (
                      PARTITION BY x.{descriptor.name_key}, x.owner ORDER BY x.identity) AS place
                    FROM deciding_keys x) y) k
        LEFT JOIN deciding_known n ON n.identity = k.identity
        LEFT JOIN deciding_matches m ON m.row_number = k.row_number
        LEFT JOIN deciding_namesakes o ON o.name_key = k.{descriptor.name_key} AND o.owner IS NOT DISTINCT FROM k.owner
        LEFT JOIN LATERAL ({namesakes} LIMIT 1) w ON true"""


_PARTY = "coalesce(d.target::text, d.identity)"

# repeated: up to this row of its group, the source sent the same data as last time.
GROUPS = f"""
    CREATE TEMPORARY TABLE deciding_groups ON COMMIT DROP AS
    SELECT o.row_number, o.explicit, o.reason, o.namesakes, o.party, o.is_new, o.owner, o.guarded,
           (row_number() OVER of_target)::integer AS apply_order,
           first_value(o.given) OVER of_target AS target,
           coalesce(o.row_number <= s.until, false) AND NOT o.contradicted AS repeated
    FROM (SELECT d.row_number, d.explicit, d.reason, d.namesakes, d.owner, d.guarded, d.target IS NULL AS is_new,
                 {earlier_decisions_sql.SENT_AGAIN.format(row="d")} AS contradicted,
                 -- Computed here once per row: in the window it would be computed repeatedly.
                 coalesce(d.target, d.new_record_id, new_id()) AS given, {_PARTY} AS party
          FROM deciding_rows d WHERE NOT d.for_review) o
    LEFT JOIN (
      SELECT {_PARTY} AS party, max(d.row_number) AS until
      FROM deciding_rows d JOIN deciding_included b ON b.row_number = d.row_number
      GROUP BY {_PARTY}) s ON s.party = o.party
    WINDOW of_target AS (PARTITION BY o.party ORDER BY o.row_number)"""


# Values that people declined when they merged a row of this source into a record, by field: the declined value, null
# if every value is declined, or a list if a later decision lifts that.
DECLINED = """
    CREATE TEMPORARY TABLE deciding_declined ON COMMIT DROP AS
    SELECT identity, target, jsonb_object_agg(field, value ORDER BY decided_at) AS declined
    FROM (
      SELECT q.identity, p.target_id AS target, p.decided_at, e.key AS field, e.value
      FROM review_decisions p
      JOIN imports n ON n.id = p.import_id AND n.state = 'applied' AND n.entity = '{entity}' AND n.source_name = :source
      JOIN import_rows q ON q.import_id = p.import_id AND q.row_number = p.row_number
      CROSS JOIN LATERAL (
        SELECT key, value FROM jsonb_each(p.issues->0->'params'->'declined')
        UNION ALL SELECT key, '[]' FROM jsonb_each(p.changes)) e
      WHERE p.target_id IS NOT NULL) f
    GROUP BY identity, target"""


WRONG = """
    CREATE TEMPORARY TABLE deciding_wrong ON COMMIT DROP AS
    SELECT row_number, identity, external_id, reason, candidate FROM import_rows
    WHERE import_id = :import AND verdict = 'error'"""

# Invalid rows whose id another row of the file has with different values: corrected and imported alone, such a row
# would overwrite the other.
USED_IDS = """
    CREATE TEMPORARY TABLE deciding_used_ids ON COMMIT DROP AS
    SELECT i.row_number, array_agg(DISTINCT e.key) AS fields
    FROM deciding_wrong i
    JOIN import_rows q ON q.import_id = :import AND q.identity = i.identity AND q.row_number <> i.row_number
    CROSS JOIN LATERAL jsonb_each_text(jsonb_strip_nulls(q.candidate - 'extra')) e
    WHERE i.external_id IS NOT NULL
      AND NOT CAST(:last_wins AS boolean)
      AND (i.candidate->>e.key <> e.value OR e.key = '{label}' AND i.candidate->>e.key IS NULL)
    GROUP BY i.row_number"""


def _another_name(descriptor: EntityDescriptor) -> str:
    """Whether a row matched by a key that people share would replace the name by one without a common word."""
    if not descriptor.keys_are_shared:
        return "false"
    old, new = (f"string_to_array(lower(d.changes->'{descriptor.label}'->>{at}), ' ')" for at in (0, 1))
    return f"NOT d.explicit AND d.changes ? '{descriptor.label}' AND NOT {old} && {new}"


# Notes on a row besides its decision: fields of the record that keep their values.
_NOTES = {
    "field.source_outranked": "o.outranked",
    "consent.withdrawn_kept": "o.withheld",
    "field.less_said": "o.less_detailed",
    "field.kept_in_review": "o.kept",
}


def _note(code: str, fields: str) -> str:
    return f"""
        CASE WHEN cardinality({fields}) > 0 THEN jsonb_build_object(
          'code', '{code}', 'severity', 'warning', 'params', jsonb_build_object('fields', {fields})) END"""


WITHDRAWN = "consent.taken"
"""Code of the note that makes apply record a consent withdrawal from a row that is not imported."""


def _withdrawal_of_compared(rules: DecisionRules) -> str:
    """The note of consent withdrawn by a row that is not imported because of its other values."""
    name = _withdrawing_field(rules)
    if name is None:
        return "NULL::jsonb"
    label = f"o.changes->'{rules.descriptor.label}'"
    same_name = f"lower({label}->>0) = lower({label}->>1)"
    blocking = reasons.in_sql(reasons.codes(blocks_values=True))
    return f"""
        CASE WHEN v.verdict IN {blocking} AND o.changes ? '{name}' AND coalesce({same_name}, true)
             THEN {_withdrawn("o.target", f"o.changes->'{name}'->>1")} END"""


def _withdrawal_of_asking(rules: DecisionRules) -> str:
    """The same for a row that goes to review for a reason of its own, if its source and name identify the person."""
    name, descriptor = _withdrawing_field(rules), rules.descriptor
    if name is None:
        return "NULL::jsonb"
    incoming, stored = f"CAST(i.candidate->>'{name}' AS jsonb)", field_sql.stored(descriptor.field(name))
    return f"""(
        SELECT {_withdrawn("t.id", f"i.candidate->>'{name}'")}
        FROM deciding_known n JOIN {descriptor.entity} t ON t.id = n.record_id
        JOIN import_rows i ON i.import_id = :import AND i.row_number = r.row_number
        WHERE n.identity = k.identity AND t.{descriptor.name_key} = k.{descriptor.name_key}
          AND NOT coalesce({stored}, '[]') @> {incoming}
          AND coalesce(t.field_origins->>'{name}', '') NOT LIKE 'person:%')"""


def _withdrawing_field(rules: DecisionRules) -> str | None:
    withdrawal = rules.descriptor.withdrawal
    return withdrawal.field if withdrawal is not None and withdrawal.field in rules.policies else None


def _withdrawn(record_id: str, ways: str) -> str:
    return f"""jsonb_build_object('code', '{WITHDRAWN}', 'severity', 'warning', 'params',
                 jsonb_build_object('record', {record_id}, 'ways', CAST({ways} AS jsonb)))"""


_FINAL = """
    CREATE TEMPORARY TABLE deciding_final ON COMMIT DROP AS
    SELECT i.row_number, 'rejected' AS decision,
           CASE WHEN u.row_number IS NULL THEN i.reason ELSE '{reason.ID_TWICE_IN_FILE.code}' END
             AS reason,
           NULL::uuid AS target_id, NULL::uuid AS owner, NULL::integer AS base_version, 1 AS apply_order,
           NULL::jsonb AS changes, CASE WHEN u.row_number IS NOT NULL THEN 'error' END AS severity,
           CASE WHEN u.row_number IS NOT NULL THEN jsonb_build_object('fields', u.fields) END AS params,
           NULL::jsonb AS notes
    FROM deciding_wrong i LEFT JOIN deciding_used_ids u ON u.row_number = i.row_number
    UNION ALL
    SELECT r.row_number, 'rejected', r.problem, NULL, NULL, NULL, 1, NULL, 'error', r.params, NULL
    FROM deciding_refused r
    UNION ALL
    SELECT r.row_number, 'review', r.reason, NULL, r.owner, NULL, 1, NULL, CASE WHEN k.asks IS NULL THEN 'review' END,
           jsonb_build_object('candidates', array_remove(r.candidates, NULL), 'row_number', r.duplicate_of),
           -- The question itself is stored with the row; this only names the record it is about.
           CASE WHEN k.asks IS NOT NULL AND cardinality(array_remove(r.candidates, NULL)) > 0
                THEN to_jsonb(array_remove(ARRAY[
                  jsonb_build_object(
                    'code', '{reason.KNOWN.code}', 'severity', 'info',
                    'params', jsonb_build_object('candidates', array_remove(r.candidates, NULL))),
                  {withdrawal}], NULL)) END
    FROM deciding_rows r JOIN deciding_keys k ON k.row_number = r.row_number WHERE r.for_review
    UNION ALL
    SELECT r.row_number, 'unchanged', '{reason.KNOWN.code}', r.target, r.owner, NULL, r.apply_order, NULL, NULL,
           NULL, NULL
    FROM deciding_groups r WHERE r.repeated
    UNION ALL
    SELECT s.row_number, 'unchanged', '{reason.KNOWN.code}', s.target, s.owner, NULL, 1, NULL, NULL, NULL, NULL
    FROM deciding_repeated s
    UNION ALL
    SELECT r.row_number, 'accepted', CASE WHEN r.namesakes > 0 THEN '{reason.SAME_NAME.code}' ELSE r.reason END,
           r.target, r.owner, NULL, 1, NULL,
           CASE WHEN r.namesakes > 0 THEN 'info' END,
           CASE WHEN r.namesakes > 0 THEN jsonb_build_object('namesakes', r.namesakes) END, NULL
    FROM deciding_groups r WHERE r.is_new AND r.apply_order = 1 AND {may_create} AND NOT r.guarded
    UNION ALL
    SELECT r.row_number, 'review', '{reason.TARGET_CLAIMED.code}', NULL, r.owner, NULL, 1, NULL, 'review', '{{}}', NULL
    FROM deciding_groups r WHERE r.is_new AND r.apply_order = 1 AND r.guarded
    UNION ALL
    SELECT r.row_number, 'rejected', '{reason.OUT_OF_SCOPE.code}', NULL, r.owner, NULL, 1, NULL, 'error', '{{}}', NULL
    FROM deciding_groups r WHERE r.is_new AND r.apply_order = 1 AND NOT {may_create}
    UNION ALL
    SELECT o.row_number, v.decision, coalesce(v.reason, o.reason), o.target, o.owner, o.base_version, o.apply_order,
           CASE v.decision WHEN 'merged' THEN o.changes END, v.severity,
           jsonb_strip_nulls(jsonb_build_object(
             'fields', CASE WHEN v.verdict IN {naming_fields}
                            THEN (SELECT jsonb_agg(key) FROM jsonb_object_keys(o.changes) key)
                            WHEN cardinality(o.locked) > 0 THEN to_jsonb(o.locked) END,
             'candidates', CASE WHEN v.decision = 'review' AND NOT o.is_new THEN to_jsonb(ARRAY[o.target]) END,
             'changes', CASE v.decision WHEN 'review' THEN o.changes END)),
           nullif(to_jsonb(array_remove(ARRAY[{notes}], NULL)), '[]')
    FROM (
      SELECT d.*,
             CASE WHEN NOT d.is_new AND NOT d.alive THEN '{reason.TARGET_DELETED.code}'
                  WHEN d.owner IS NULL AND CAST(:scope AS uuid) IS NOT NULL
                       AND d.organization_id IS DISTINCT FROM CAST(:scope AS uuid) THEN '{reason.OUT_OF_SCOPE.code}'
                  WHEN NOT d.is_new AND d.owner <> d.organization_id THEN '{reason.OTHER_ORGANIZATION.code}'
                  WHEN cardinality(d.locked) > 0 THEN '{reason.LOCKED_BY_PERSON.code}'
                  WHEN d.contradicts AND NOT CAST(:last_wins AS boolean) AND d.explicit
                       THEN '{reason.ID_TWICE_IN_FILE.code}'
                  WHEN d.contradicts AND NOT CAST(:last_wins AS boolean) AND d.changes ? '{label}'
                       THEN '{reason.SHARED_KEY.code}'
                  WHEN d.contradicts AND NOT CAST(:last_wins AS boolean) THEN '{reason.CONFLICT_IN_FILE.code}'
                  WHEN d.guarded AND d.is_new THEN '{reason.TARGET_CLAIMED.code}'
                  WHEN d.changes = '{{}}' AND d.apply_order > 1 THEN '{reason.IDENTICAL_IN_FILE.code}'
                  WHEN d.changes = '{{}}' THEN '{reason.SAME_VALUES.code}'
                  WHEN d.reversed THEN '{reason.END_BEFORE_START.code}'
                  WHEN d.guarded THEN '{reason.TARGET_CLAIMED.code}'
                  WHEN d.claimed AND NOT d.organization_id = ANY (CAST(:manages AS uuid[]))
                       THEN '{reason.TARGET_CLAIMED.code}'
                  WHEN {another} THEN '{reason.SHARED_KEY.code}'
                  WHEN d.contested IS NOT NULL THEN d.contested
                  ELSE 'merge' END AS verdict
      FROM (
        SELECT x.*,
               CASE WHEN NOT x.is_new AND EXISTS (SELECT FROM deciding_contested) THEN ({contested}) END AS contested
        FROM deciding_diffs x WHERE NOT (x.is_new AND x.apply_order = 1)) d) o
    JOIN (VALUES {verdicts})
      v (verdict, decision, reason, severity) ON v.verdict = o.verdict"""
