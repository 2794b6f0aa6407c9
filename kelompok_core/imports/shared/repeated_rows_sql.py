"""SQL that finds repeated rows, which their source sent before word for word, and includes them again where needed."""

from collections.abc import Iterator

from kelompok_core.descriptor import EntityDescriptor
from kelompok_core.issues import reasons
from kelompok_core.records.owners_sql import OWNER, join_owners
from kelompok_core.records.visibility_sql import from_limited_senders, sees_evidence


def owner(descriptor: EntityDescriptor) -> str:
    return "h.owner, h.guarded" if descriptor.belongs else "NULL::uuid AS owner, false AS guarded"


def valid_rows(descriptor: EntityDescriptor, *, named: bool, shared: bool) -> str:
    """Return the FROM clause of the import's valid rows ``i``, joined with their owners ``h``; conditions may follow.

    With ``shared``, rows whose identity refers to several records get an identity of their own, ``p.identity``.
    """
    return f"""
        import_rows i {join_owners(named=named) if descriptor.belongs else ""} {_SHARED if shared else ""}
        WHERE i.import_id = :import AND i.verdict IS DISTINCT FROM 'error'
          AND NOT EXISTS (SELECT FROM deciding_refused f WHERE f.row_number = i.row_number)"""


_SHARED = "LEFT JOIN deciding_shared p ON p.row_number = i.row_number"


def identity(*, shared: bool) -> str:
    """Return SQL of the identity by which deciding looks up the record of a row ``i``."""
    return "coalesce(p.identity, i.identity)" if shared else "i.identity"


# Whether a person judged that a row of this source is not the record with the row's identity.
SOME_SHARED = """
    SELECT EXISTS (SELECT FROM judgements
                   WHERE entity = :entity AND judgement = 'different' AND superseded_at IS NULL
                     AND starts_with(right_ref, 'source:' || CAST(:source AS text) || ':'))"""


def assign_shared(descriptor: EntityDescriptor) -> str:
    """Assign the rows whose identity refers to several records, such as those of siblings who share an e-mail address.

    A row gets the record that an identical row was applied to, or else the record with its name, or else none.
    """
    entity, name = descriptor.entity, descriptor.name_key
    return f"""
        CREATE TEMPORARY TABLE deciding_shared ON COMMIT DROP AS
        WITH judged AS (
          SELECT DISTINCT substr(right_ref, length('source:' || CAST(:source AS text) || ':') + 1) AS identity
          FROM judgements WHERE entity = '{entity}' AND judgement = 'different' AND superseded_at IS NULL
            AND starts_with(right_ref, 'source:' || CAST(:source AS text) || ':')),
        words AS (
          SELECT s.identity, s.raw_sha256, s.record_id, t.{name} AS name, s.last_seen_at, s.last_row_number, s.id
          FROM evidence s JOIN {entity} t ON t.id = s.record_id
          WHERE s.entity = '{entity}' AND s.source_name = :source AND s.identity IN (SELECT identity FROM judged)
            AND {is_visible(descriptor)}),
        several AS (
          SELECT identity FROM words GROUP BY identity HAVING count(DISTINCT record_id) > 1)
        SELECT i.row_number, i.identity || '|' || coalesce(same.record_id::text, named.record_id::text, '') AS identity,
               coalesce(same.record_id, named.record_id) AS record_id
        FROM import_rows i
        LEFT JOIN import_rows o ON o.import_id = i.as_import AND o.row_number = i.as_row_number
        LEFT JOIN LATERAL (
          SELECT s.record_id FROM words s WHERE s.identity = i.identity AND s.raw_sha256 = i.raw_sha256
          ORDER BY {LATEST_FIRST} LIMIT 1) same ON true
        LEFT JOIN LATERAL (
          SELECT s.record_id FROM words s
          WHERE s.identity = i.identity AND s.name = coalesce(i.candidate, o.candidate)->>'{name}'
          ORDER BY {LATEST_FIRST} LIMIT 1) named ON true
        WHERE i.import_id = :import AND i.verdict IS DISTINCT FROM 'error'
          AND i.identity IN (SELECT identity FROM several)"""


def known_shared(entity: str) -> str:
    """Add the source's latest evidence for records that share an identity with others."""
    return f"""
        INSERT INTO deciding_known (identity, record_id, raw_sha256, reading_sha256, reason, alive)
        SELECT DISTINCT ON (p.identity) p.identity, s.record_id, s.raw_sha256, s.reading_sha256,
               '{reasons.KNOWN.code}', true
        FROM deciding_shared p JOIN evidence s ON s.record_id = p.record_id
        WHERE s.entity = '{entity}' AND s.source_name = :source
        ORDER BY p.identity, {LATEST_FIRST}"""


OWN_ID = "'^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'"

# Whether this source has evidence from an earlier import.
SOURCE_IS_KNOWN = "EXISTS (SELECT FROM source_records WHERE entity = :entity AND source_name = :source)"

# The columns that order the evidence of a source by time, and evidence ``s`` in that order, the latest first.
_ORDER = ("last_seen_at", "last_row_number", "id")
LATEST_FIRST = ", ".join(f"s.{column} DESC" for column in _ORDER)
_IS_LATER = "({}) > ({})".format(*(", ".join(f"{one}.{column}" for column in _ORDER) for one in "os"))

# Whether rows of the import may refer to evidence ``s``. Several organizations may use the same source name, and the
# identity of an organization does not name its owner.
OF_SCOPE = f"(CAST(:scope AS uuid) IS NULL OR s.entity <> '{OWNER}' OR s.record_id = CAST(:scope AS uuid))"


def is_visible(descriptor: EntityDescriptor) -> str:
    """Return SQL: whether the import may see the record ``t`` of evidence ``s``."""
    return sees_evidence(f"t.{descriptor.organization_column}", from_limited_senders("s"))


# Evaluated once: if a list comes again unchanged, no rows are left, and nothing needs to be scanned.
_SOME_NEW = "(SELECT count(*) FROM deciding_repeated) < (SELECT rows_staged FROM imports WHERE id = :import)"
NOT_REPEATED = f" AND {_SOME_NEW} AND NOT EXISTS (SELECT FROM deciding_repeated s WHERE s.row_number = i.row_number)"

# Without statistics, the planner expects a plain comparison to match one row in 200, and this expression one in two.
# Most rows of a list that comes again are unchanged.
_LIKELY = "coalesce({}, false)"


def repeated(descriptor: EntityDescriptor, *, named: bool, shared: bool) -> str:
    """Find rows that refer to the source's latest evidence for a record that still exists; they need no matching."""
    entity = descriptor.entity
    same = "o.record_id = s.record_id" if shared else "o.identity = g.identity"
    return f"""
        CREATE TEMPORARY TABLE deciding_repeated ON COMMIT DROP AS
        SELECT g.row_number, g.owner, g.guarded, s.record_id AS target FROM (
          SELECT i.row_number, {identity(shared=shared)} AS identity, i.evidence_id, {owner(descriptor)}
          FROM {valid_rows(descriptor, named=named, shared=shared)}) g
        JOIN evidence s ON s.id = g.evidence_id
        JOIN {entity} t ON t.id = s.record_id
        WHERE {SOURCE_IS_KNOWN}
          AND {_LIKELY.format("s.reading_sha256 = :reading")}
          AND {is_visible(descriptor)}
          AND NOT EXISTS (
            SELECT FROM evidence o
            WHERE o.entity = '{entity}' AND o.source_name = :source AND {same}
              AND {_IS_LATER})"""


def known(descriptor: EntityDescriptor) -> str:
    """Find the source's latest evidence by the identities of the other rows: of visible records, or deleted ones."""
    entity = descriptor.entity
    others = f"""
        SELECT i.identity FROM import_rows i
        WHERE i.import_id = :import AND i.verdict IS DISTINCT FROM 'error'{NOT_REPEATED}"""
    return f"""
        CREATE TEMPORARY TABLE deciding_known ON COMMIT DROP AS
        SELECT DISTINCT ON (s.identity) s.identity, s.record_id, s.raw_sha256, s.reading_sha256,
               '{reasons.KNOWN.code}' AS reason, t.id IS NOT NULL AS alive
        FROM evidence s LEFT JOIN {entity} t ON t.id = s.record_id
        WHERE s.entity = '{entity}' AND s.source_name = :source AND s.identity IN ({others})
          -- A record that an undo deleted counts as never created.
          AND (t.id IS NOT NULL OR NOT EXISTS (
            SELECT FROM audit_logs a WHERE a.record_id = s.record_id AND a.action = 'delete' AND a.origin = 'undo'))
          AND ({is_visible(descriptor)} OR t.id IS NULL AND {_was_visible(descriptor)})
        ORDER BY s.identity, {LATEST_FIRST}"""


def _was_visible(descriptor: EntityDescriptor) -> str:
    """Whether the deleted record of evidence ``s`` was visible when it was written."""
    if not descriptor.belongs:
        return "false"
    counts = sees_evidence("d.organization_id", from_limited_senders("s"))
    return f"""EXISTS (
            SELECT FROM imports m CROSS JOIN LATERAL (
              SELECT target_id, organization_id FROM import_decisions
              WHERE import_id = m.id AND row_number = s.row_number AND revision = m.plan_revision
              UNION ALL
              SELECT target_id, organization_id FROM review_decisions
              WHERE import_id = m.id AND row_number = s.row_number) d
            WHERE m.id = s.import_id AND d.target_id = s.record_id AND {counts})"""


def repeated_by_words(descriptor: EntityDescriptor, *, named: bool, shared: bool) -> str:
    """Add rows that are no references but have the same content as the source's latest evidence."""
    return f"""
        INSERT INTO deciding_repeated (row_number, owner, guarded, target)
        SELECT g.row_number, g.owner, g.guarded, n.record_id FROM (
          SELECT i.row_number, {identity(shared=shared)} AS identity, i.raw_sha256, {owner(descriptor)}
          FROM {valid_rows(descriptor, named=named, shared=shared)} AND i.evidence_id IS NULL AND {_SOME_NEW}) g
        JOIN deciding_known n ON n.identity = g.identity AND n.alive
        WHERE {_LIKELY.format("n.raw_sha256 = g.raw_sha256")} AND {_LIKELY.format("n.reading_sha256 = :reading")}
          AND EXISTS (SELECT FROM deciding_known)"""


# A row of an export has the id of a record in this database.
OWN_IDS = f"""
    INSERT INTO deciding_known (identity, record_id, reason, alive)
    SELECT DISTINCT ON (k.identity) k.identity, t.id, '{reasons.OWN_ID.code}', true
    FROM deciding_keys k JOIN {{entity}} t ON t.id = k.own_id
    WHERE {{at_owner}} AND NOT EXISTS (SELECT FROM deciding_known n WHERE n.identity = k.identity)"""


def recall(records: str) -> str:
    """Fill in the values of rows that were staged as references; ``records`` selects their row numbers."""
    return f"SELECT recall_rows(:import, ARRAY({records}))"


# References that are not repeated rows after all. Uses EXCEPT instead of a join, because the planner cannot estimate
# how many rows are references.
RECALL = recall(f"""
    SELECT row_number FROM import_rows WHERE import_id = :import AND raw IS NULL
      AND {SOURCE_IS_KNOWN} AND {_SOME_NEW}
    EXCEPT SELECT row_number FROM deciding_repeated""")

# Repeated rows with the name of another row count among its namesakes.
NAMESAKES = """
    CREATE TEMPORARY TABLE deciding_namesakes ON COMMIT DROP AS
    SELECT s.owner, t.{name_key} AS name_key, count(DISTINCT s.target) AS number
    FROM deciding_repeated s JOIN {entity} t ON t.id = s.target
    WHERE t.{name_key} IN (SELECT {name_key} FROM deciding_keys) GROUP BY s.owner, t.{name_key}"""


def include_repeated(keys: str, *, shared: bool) -> Iterator[str]:
    """Yield statements that treat repeated rows like other rows if another row refers to the same record.

    ``keys`` selects the keys of rows.
    """
    yield f"""
        CREATE TEMPORARY TABLE deciding_included ON COMMIT DROP AS
        SELECT s.*, {identity(shared=shared)} AS identity, i.external_id IS NOT NULL AS explicit, i.raw_sha256
        FROM deciding_repeated s JOIN import_rows i ON i.import_id = :import AND i.row_number = s.row_number
        {_SHARED if shared else ""}
        WHERE s.target IN (SELECT target FROM deciding_rows)"""
    yield "DELETE FROM deciding_repeated s USING deciding_included b WHERE s.row_number = b.row_number"
    yield recall("SELECT row_number FROM deciding_included")
    included = "EXISTS (SELECT FROM deciding_included b WHERE b.row_number = i.row_number)"
    yield f"INSERT INTO deciding_keys {keys} AND {included}"
    yield f"""
        INSERT INTO deciding_rows
            (row_number, identity, explicit, raw_sha256, owner, guarded, target, reason, for_review, namesakes)
        SELECT row_number, identity, explicit, raw_sha256, owner, guarded, target, '{reasons.KNOWN.code}', false, 0
        FROM deciding_included"""
