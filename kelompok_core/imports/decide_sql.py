"""The SQL of deciding: set-based, made from an entity's descriptor, never from a value.

The statements run in order in one transaction and hand on by temporary tables:

``deciding_keys``     what identifies a good row       ``deciding_known``  rows this source sent before
``deciding_matches``  existing records by strong key   ``deciding_rows``   target, reason and turn of each
``deciding_diffs``    what a row would change          ``deciding_final``  one decision a row

Rows of one record (by target, or by identity when the record is new) form a group and take turns in file
order; a row is compared with the record as the rows before it leave it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kelompok_core.descriptor import EntityDescriptor, Field, MatchRule, MergePolicy


@dataclass(frozen=True, kw_only=True)
class DecisionRules:
    """What of the request shapes the SQL: mapped fields with their policies, and who wins inside the file."""

    descriptor: EntityDescriptor
    policies: Mapping[str, MergePolicy]
    last_wins: bool

    @property
    def fields(self) -> Sequence[Field]:
        return [field for field in self.descriptor.fields if field.name in self.policies]


def statements(rules: DecisionRules) -> Iterator[str]:
    """Yield the statements; they take import, source, origin, reading, scope, manages and last_wins."""
    descriptor = rules.descriptor
    yield _keys(descriptor)
    yield "ANALYZE deciding_keys"
    yield _KNOWN.format(entity=descriptor.entity)
    yield "ANALYZE deciding_known"
    yield _matches(descriptor)
    yield "ANALYZE deciding_matches"
    yield _rows(descriptor)
    yield "ANALYZE deciding_rows"
    yield _PARK_DUPLICATE_NAMES.format(
        name_key=descriptor.name_key, place_differs=_place_differs("first", "k", descriptor.places)
    )
    yield _GROUPS.format(entity=descriptor.entity)
    yield "ANALYZE deciding_rows"
    yield _diffs(rules)
    yield _FINAL


def _keys(descriptor: EntityDescriptor) -> str:
    names = dict.fromkeys([descriptor.name_key, *descriptor.places, *(rule.column for rule in descriptor.rules)])
    columns = ", ".join(f"candidate->>'{name}' AS {name}" for name in names)
    return f"""
        CREATE TEMPORARY TABLE deciding_keys ON COMMIT DROP AS
        SELECT record, identity, external_id IS NOT NULL AS explicit, raw_sha256, {columns}
        FROM import_rows WHERE import_id = :import AND verdict IS NULL"""


_KNOWN = """
    CREATE TEMPORARY TABLE deciding_known ON COMMIT DROP AS
    SELECT DISTINCT ON (s.identity) s.identity, s.record_id, s.raw_sha256, s.reading_sha256
    FROM source_records s
    WHERE s.entity = '{entity}' AND s.source_name = :source
      AND s.identity IN (SELECT identity FROM deciding_keys)
    ORDER BY s.identity, s.last_seen_at DESC, s.last_record DESC, s.id DESC"""


def _place_differs(left: str, right: str, places: Sequence[str]) -> str:
    """Two places differ when both say something about one level and it is not the same."""
    return " OR ".join(f"coalesce(lower({left}.{place}) <> lower({right}.{place}), false)" for place in places)


# A record this source already calls by another id is another record: the source itself says so.
_NOT_ANOTHERS = """
    NOT (k.explicit AND EXISTS (
      SELECT FROM source_records s WHERE s.record_id = t.id AND s.entity = '{entity}'
        AND s.source_name = :source AND s.external_id IS NOT NULL))"""


def _matches(descriptor: EntityDescriptor) -> str:
    found = " UNION ALL ".join(
        _matches_of(rule, rank, descriptor) for rank, rule in enumerate(descriptor.rules, start=1)
    )
    return f"""
        CREATE TEMPORARY TABLE deciding_matches ON COMMIT DROP AS
        SELECT record,
               count(DISTINCT target) FILTER (WHERE agrees) AS agreeing,
               (array_agg(target ORDER BY rank, target) FILTER (WHERE agrees))[1] AS target,
               (array_agg(reason ORDER BY rank, target) FILTER (WHERE agrees))[1] AS reason,
               array_agg(DISTINCT target) AS candidates
        FROM ({found}) found GROUP BY record"""


def _matches_of(rule: MatchRule, rank: int, descriptor: EntityDescriptor) -> str:
    agrees = f"t.{descriptor.name_key} = k.{descriptor.name_key}" if rule.name_agrees else "true"
    places = descriptor.places if rule.place_agrees else ()
    differs = _place_differs("t", "k", places) or "false"
    return f"""
        SELECT k.record, m.id AS target, '{rule.reason}' AS reason, {rank} AS rank, m.agrees
        FROM deciding_keys k
        CROSS JOIN LATERAL (
          SELECT t.id, {agrees} AS agrees FROM {descriptor.entity} t
          WHERE t.{rule.column} = k.{rule.column} AND NOT ({differs})
            AND {_NOT_ANOTHERS.format(entity=descriptor.entity)}
          ORDER BY agrees DESC, t.id LIMIT 3) m
        WHERE k.{rule.column} IS NOT NULL
          AND NOT EXISTS (SELECT FROM deciding_known n WHERE n.identity = k.identity)"""


def _rows(descriptor: EntityDescriptor) -> str:
    """Give each good row its target and the reason, or park it; a name alone never merges."""
    return f"""
        CREATE TEMPORARY TABLE deciding_rows ON COMMIT DROP AS
        SELECT k.record, k.identity, k.explicit, k.raw_sha256,
               coalesce(n.record_id, CASE WHEN m.agreeing = 1 THEN m.target END) AS target,
               CASE WHEN n.record_id IS NOT NULL THEN 'match.known'
                    WHEN m.agreeing = 1 THEN m.reason
                    WHEN m.agreeing > 1 THEN 'match.multiple'
                    WHEN m.record IS NOT NULL THEN 'match.key_conflict'
                    WHEN w.id IS NOT NULL THEN 'match.possible_duplicate'
                    ELSE 'match.none' END AS reason,
               n.record_id IS NULL AND coalesce(m.agreeing <> 1, w.id IS NOT NULL) AS parked,
               coalesce(m.candidates, ARRAY[w.id]) AS candidates,
               NULL::integer AS duplicate_of, NULL::text AS party, NULL::integer AS turn,
               NULL::integer AS seen_turn, false AS is_new,
               dense_rank() OVER (PARTITION BY k.{descriptor.name_key} ORDER BY k.identity)
                 + dense_rank() OVER (PARTITION BY k.{descriptor.name_key} ORDER BY k.identity DESC) - 2 AS namesakes
        FROM deciding_keys k
        LEFT JOIN deciding_known n ON n.identity = k.identity
        LEFT JOIN deciding_matches m ON m.record = k.record
        LEFT JOIN LATERAL (
          SELECT t.id FROM {descriptor.entity} t
          WHERE n.identity IS NULL AND m.record IS NULL AND t.{descriptor.name_key} = k.{descriptor.name_key}
            AND NOT ({_place_differs("t", "k", descriptor.places)})
            AND {_NOT_ANOTHERS.format(entity=descriptor.entity)}
          LIMIT 1) w ON true"""


# Two rows of the file with one name, no id of their own and no place that tells them apart.
_PARK_DUPLICATE_NAMES = """
    UPDATE deciding_rows r SET parked = true, reason = 'match.possible_duplicate', duplicate_of = first.record
    FROM deciding_keys k
    JOIN (SELECT DISTINCT ON (f.{name_key}) f.* FROM deciding_keys f
          JOIN deciding_rows g ON g.record = f.record AND g.target IS NULL AND NOT g.parked
          ORDER BY f.{name_key}, f.record) first ON first.{name_key} = k.{name_key}
    WHERE r.record = k.record AND r.target IS NULL AND NOT r.parked AND NOT r.explicit
      AND first.record < r.record AND first.identity <> r.identity AND NOT ({place_differs})"""

# seen_turn: up to this row of its group the source says what it said last time.
_GROUPS = """
    UPDATE deciding_rows r
    SET party = g.party, turn = g.turn, seen_turn = g.seen_turn, target = g.target, is_new = g.is_new
    FROM (
      SELECT o.record, o.party, o.turn, o.is_new,
             max(o.turn) FILTER (WHERE n.raw_sha256 = o.raw_sha256 AND n.reading_sha256 = :reading
                                   AND EXISTS (SELECT FROM {entity} t WHERE t.id = n.record_id))
               OVER (PARTITION BY o.party) AS seen_turn,
             first_value(o.given) OVER (PARTITION BY o.party ORDER BY o.turn) AS target
      FROM (SELECT d.record, d.identity, d.raw_sha256, d.target, d.target IS NULL AS is_new,
                   coalesce(d.target, new_id()) AS given,  -- here, once a row: a window would ask again and again
                   coalesce(d.target::text, d.identity) AS party,
                   row_number() OVER (PARTITION BY coalesce(d.target::text, d.identity)
                                      ORDER BY d.record)::integer AS turn
            FROM deciding_rows d WHERE NOT d.parked) o
      LEFT JOIN deciding_known n ON n.identity = o.identity) g
    WHERE r.record = g.record"""


def _diffs(rules: DecisionRules) -> str:
    descriptor = rules.descriptor
    fold = "jsonb_fold_last" if rules.last_wins else "jsonb_fold_first"
    claimed = f"t.{descriptor.claim_column} = 'claimed'" if descriptor.claim_column else "false"
    return f"""
        CREATE TEMPORARY TABLE deciding_diffs ON COMMIT DROP AS
        WITH sequence AS (
          SELECT r.record, r.turn, r.explicit, r.target, r.is_new, r.reason,
                 i.candidate, coalesce(jsonb_strip_nulls(i.candidate->'extra'), '{{}}') AS extra,
                 {fold}(jsonb_strip_nulls(i.candidate - 'extra')) OVER before AS said,
                 {fold}(jsonb_strip_nulls(i.candidate->'extra')) OVER before AS said_extra
          FROM deciding_rows r JOIN import_rows i ON i.import_id = :import AND i.record = r.record
          WHERE NOT r.parked AND r.turn > coalesce(r.seen_turn, 0)
            AND (NOT r.is_new OR r.party IN (SELECT party FROM deciding_rows WHERE turn = 2))
          WINDOW before AS (PARTITION BY r.party ORDER BY r.turn
                            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)),
        based AS (
          SELECT s.*, t.id IS NOT NULL AS alive, t.version AS base_version, t.field_origins AS origins,
                 {claimed} AS claimed, t.{descriptor.organization_column} AS organization_id,
                 jsonb_build_object({_current(rules)}) AS stored,
                 coalesce(t.{descriptor.extra_column}->'extra'->CAST(:source AS text), '{{}}')
                   || coalesce(s.said_extra, '{{}}') AS known_extra
          FROM sequence s LEFT JOIN {descriptor.entity} t ON t.id = s.target AND NOT s.is_new),
        compared AS (
          SELECT b.*,
                 jsonb_strip_nulls(jsonb_build_object({_changes(rules)}))
                   || CASE WHEN b.known_extra || b.extra = b.known_extra THEN '{{}}'::jsonb
                      ELSE jsonb_build_object(
                        'extra', jsonb_build_array(b.known_extra, b.known_extra || b.extra)) END AS changes,
                 array_remove(ARRAY[{_locked(rules)}]::text[], NULL) AS locked,
                 array_remove(ARRAY[{_outranked(rules)}]::text[], NULL) AS outranked
          FROM based b)
        SELECT c.record, c.turn, c.explicit, c.target, c.is_new, c.reason, c.alive, c.base_version, c.claimed,
               c.organization_id, c.changes, c.locked, c.outranked,
               c.turn > 1 AND (EXISTS (
                 SELECT FROM jsonb_each(c.changes) e WHERE e.key <> 'extra' AND e.value->>0 IS NOT NULL)
                 OR EXISTS (SELECT FROM jsonb_each_text(c.extra) x
                            WHERE c.said_extra->>x.key IS NOT NULL AND c.said_extra->>x.key <> x.value))
                 AS contradicts
        FROM compared c"""


def _current(rules: DecisionRules) -> str:
    return ", ".join(f"'{field.name}', {_column(field)}" for field in rules.fields)


def _column(field: Field) -> str:
    return f"t.{field.stored_in}->'{field.key}'" if field.key else f"t.{field.stored_in}"


@dataclass(frozen=True, kw_only=True)
class _Comparison:
    """SQL about one field of one row: what it says, what the record says by then, who set that."""

    field: str
    policy: MergePolicy

    @property
    def said(self) -> str:
        return f"b.candidate->>'{self.field}'"

    @property
    def setter(self) -> str:
        return f"coalesce(b.origins->>'{self.field}', :origin)"

    @property
    def replaceable(self) -> str:
        """Whether a value that is there may give way to this row's."""
        match self.policy:
            case MergePolicy.OWN:
                return f"{self.setter} = :origin"
            case MergePolicy.OVERWRITE:
                return f"{self.setter} NOT LIKE 'person:%'"
            case MergePolicy.FILL_EMPTY:
                return "false"
            case MergePolicy.KEEP:
                return "false"

    @property
    def stored(self) -> str:
        """The record's value as the rows before this one leave it."""
        name = self.field
        return (
            f"CASE WHEN b.stored->>'{name}' IS NULL OR {self.replaceable}"
            f" THEN coalesce(b.said->>'{name}', b.stored->>'{name}') ELSE b.stored->>'{name}' END"
        )

    @property
    def change(self) -> str:
        fills = "false" if self.policy is MergePolicy.KEEP else f"{self.stored} IS NULL"
        return (
            f"CASE WHEN {self.said} <> coalesce({self.stored}, '') AND ({fills} OR {self.replaceable})"
            f" THEN jsonb_build_array({self.stored}, {self.said}) END"
        )

    def differs_from(self, setter: str) -> str:
        return f"CASE WHEN {self.said} <> {self.stored} AND {self.setter} {setter} THEN '{self.field}' END"


def _comparisons(rules: DecisionRules, *policies: MergePolicy) -> Sequence[_Comparison]:
    pairs = [(field.name, rules.policies[field.name]) for field in rules.fields]
    return [_Comparison(field=name, policy=policy) for name, policy in pairs if policy in policies]


def _changes(rules: DecisionRules) -> str:
    return ", ".join(f"'{one.field}', {one.change}" for one in _comparisons(rules, *MergePolicy))


def _locked(rules: DecisionRules) -> str:
    """Fields where the row would replace what a person set."""
    replacing = _comparisons(rules, MergePolicy.OWN, MergePolicy.OVERWRITE)
    return ", ".join(one.differs_from("LIKE 'person:%'") for one in replacing)


def _outranked(rules: DecisionRules) -> str:
    """Fields where another source's value stays."""
    owning = _comparisons(rules, MergePolicy.OWN)
    return ", ".join(one.differs_from("LIKE 'source:%' AND " + one.setter + " <> :origin") for one in owning)


_FINAL = """
    CREATE TEMPORARY TABLE deciding_final ON COMMIT DROP AS
    SELECT i.record, CASE i.verdict WHEN 'error' THEN 'rejected' ELSE 'review' END AS decision, i.reason,
           NULL::uuid AS target_id, NULL::integer AS base_version, 1 AS turn, NULL::text AS slug,
           NULL::jsonb AS changes, NULL::text AS severity, NULL::jsonb AS params
    FROM import_rows i WHERE i.import_id = :import AND i.verdict IS NOT NULL
    UNION ALL
    SELECT r.record, 'review', r.reason, NULL, NULL, 1, NULL, NULL, 'review',
           jsonb_build_object('candidates', array_remove(r.candidates, NULL), 'record', r.duplicate_of)
    FROM deciding_rows r WHERE r.parked
    UNION ALL
    SELECT r.record, 'unchanged', 'match.known', r.target, NULL, r.turn, NULL, NULL, NULL, NULL
    FROM deciding_rows r WHERE NOT r.parked AND r.turn <= r.seen_turn
    UNION ALL
    SELECT r.record, 'accepted', CASE WHEN r.namesakes > 0 THEN 'match.same_name' ELSE r.reason END,
           r.target, NULL, 1, NULL, NULL,
           CASE WHEN r.namesakes > 0 THEN 'info' END, jsonb_build_object('namesakes', r.namesakes)
    FROM deciding_rows r WHERE NOT r.parked AND r.is_new AND r.turn = 1 AND CAST(:scope AS uuid) IS NULL
    UNION ALL
    SELECT r.record, 'rejected', 'permission.scope', NULL, NULL, 1, NULL, NULL, 'error', '{}'
    FROM deciding_rows r WHERE NOT r.parked AND r.is_new AND r.turn = 1 AND CAST(:scope AS uuid) IS NOT NULL
    UNION ALL
    SELECT o.record, v.decision, coalesce(v.reason, o.reason), o.target, o.base_version, o.turn, NULL,
           CASE v.decision WHEN 'merged' THEN o.changes END,
           coalesce(v.severity, CASE WHEN cardinality(o.outranked) > 0 THEN 'warning' END),
           jsonb_strip_nulls(jsonb_build_object(
             'fields', CASE WHEN v.verdict IN ('id.duplicate_in_file', 'dup.conflict_in_file')
                            THEN (SELECT jsonb_agg(key) FROM jsonb_object_keys(o.changes) key)
                            WHEN cardinality(o.locked) > 0 THEN to_jsonb(o.locked)
                            WHEN cardinality(o.outranked) > 0 THEN to_jsonb(o.outranked) END,
             'candidates', CASE v.decision WHEN 'review' THEN to_jsonb(ARRAY[o.target]) END,
             'changes', CASE v.decision WHEN 'review' THEN o.changes END))
    FROM (
      SELECT d.*,
             CASE WHEN NOT d.is_new AND NOT d.alive THEN 'match.target_deleted'
                  WHEN CAST(:scope AS uuid) IS NOT NULL
                       AND d.organization_id IS DISTINCT FROM CAST(:scope AS uuid) THEN 'permission.scope'
                  WHEN cardinality(d.locked) > 0 THEN 'field.locked_by_person'
                  WHEN d.contradicts AND NOT CAST(:last_wins AS boolean) AND d.explicit
                       THEN 'id.duplicate_in_file'
                  WHEN d.contradicts AND NOT CAST(:last_wins AS boolean) THEN 'dup.conflict_in_file'
                  WHEN d.changes = '{}' AND d.turn > 1 THEN 'dup.identical_in_file'
                  WHEN d.changes = '{}' THEN 'match.same_values'
                  WHEN d.claimed AND NOT d.organization_id = ANY (CAST(:manages AS uuid[]))
                       THEN 'match.target_claimed'
                  ELSE 'merge' END AS verdict
      FROM deciding_diffs d WHERE NOT (d.is_new AND d.turn = 1)) o
    JOIN (VALUES ('match.target_deleted', 'review', 'match.target_deleted', 'review'),
                 ('permission.scope', 'rejected', 'permission.scope', 'error'),
                 ('field.locked_by_person', 'review', 'field.locked_by_person', 'review'),
                 ('id.duplicate_in_file', 'rejected', 'id.duplicate_in_file', 'error'),
                 ('dup.conflict_in_file', 'review', 'dup.conflict_in_file', 'review'),
                 ('dup.identical_in_file', 'unchanged', 'dup.identical_in_file', 'info'),
                 ('match.same_values', 'unchanged', NULL, NULL),
                 ('match.target_claimed', 'review', 'match.target_claimed', 'review'),
                 ('merge', 'merged', NULL, NULL))
      v (verdict, decision, reason, severity) ON v.verdict = o.verdict"""


def assign_slugs(descriptor: EntityDescriptor) -> Iterator[str]:
    """Yield statements that give each accepted row a free slug: its own, or with a number behind it."""
    table = descriptor.entity
    yield """
        CREATE TEMPORARY TABLE deciding_slugs ON COMMIT DROP AS
        SELECT f.record, i.candidate->>'slug_base' COLLATE "C" AS base,
               row_number() OVER (PARTITION BY i.candidate->>'slug_base' ORDER BY f.record)::integer AS place,
               NULL::text COLLATE "C" AS slug
        FROM deciding_final f JOIN import_rows i ON i.import_id = :import AND i.record = f.record
        WHERE f.decision = 'accepted'"""
    yield f"""
        UPDATE deciding_slugs s SET slug = base
        WHERE place = 1 AND NOT EXISTS (SELECT FROM {table} t WHERE t.slug = s.base)"""
    yield "CREATE INDEX ON deciding_slugs (slug)"
    # Behind «base-» only digits count; the range scan keeps to slugs that start with it («.» follows «-»).
    yield f"""
        UPDATE deciding_slugs s SET slug = s.base || '-' || (coalesce(top.number, 1) + n.place)
        FROM (SELECT record, base, row_number() OVER (PARTITION BY base ORDER BY record) AS place
              FROM deciding_slugs WHERE slug IS NULL) n
        CROSS JOIN LATERAL (
          SELECT max(substring(x.slug FROM length(n.base) + 2)::integer) AS number
          FROM (SELECT slug FROM {table} WHERE slug >= n.base || '-' AND slug < n.base || '.'
                UNION ALL
                SELECT slug FROM deciding_slugs WHERE slug >= n.base || '-' AND slug < n.base || '.') x
          WHERE substring(x.slug FROM length(n.base) + 2) ~ '^[1-9][0-9]{{0,7}}$') top
        WHERE s.record = n.record"""
    yield "UPDATE deciding_final f SET slug = s.slug FROM deciding_slugs s WHERE s.record = f.record"


INSERT_DECISIONS = """
    INSERT INTO import_decisions
        (import_id, revision, record, decision, reason, target_id, base_version, turn, slug, changes, issues)
    SELECT :import, :revision, f.record, f.decision, f.reason, f.target_id, f.base_version, f.turn, f.slug,
           f.changes,
           CASE WHEN f.severity IS NOT NULL THEN jsonb_build_array(jsonb_build_object(
             'code', CASE f.severity WHEN 'warning' THEN 'field.source_outranked' ELSE f.reason END,
             'severity', f.severity, 'params', coalesce(f.params, '{}'))) END
    FROM deciding_final f ORDER BY f.record"""

# A reviewed plan stands: what would now come out otherwise is not done but parked.
KEEP_REVIEWED = """
    UPDATE deciding_final f
    SET decision = 'review', reason = 'plan.stale', severity = 'review', changes = NULL, slug = NULL,
        params = jsonb_build_object('planned', p.decision, 'now', f.decision, 'because', f.reason)
    FROM import_decisions p
    WHERE p.import_id = :import AND p.revision = :reviewed AND p.record = f.record
      AND (p.decision, p.changes) IS DISTINCT FROM (f.decision, f.changes)
      OR p.import_id = :import AND p.revision = :reviewed AND p.record = f.record
      AND f.decision <> 'accepted' AND p.target_id IS DISTINCT FROM f.target_id"""
