"""The SQL of rows their source sent before, word for word: told from the others, and let among them if need be."""

from collections.abc import Iterator

from kelompok_core.descriptor import EntityDescriptor
from kelompok_core.issues import reasons
from kelompok_core.records.owners_sql import OWNER, join_owners
from kelompok_core.records.visibility_sql import said_by_limited, sees_said


def owner(descriptor: EntityDescriptor) -> str:
    return "h.owner, h.guarded" if descriptor.belongs else "NULL::uuid AS owner, false AS guarded"


def good_rows(descriptor: EntityDescriptor, *, named: bool, shared: bool) -> str:
    """The import's rows ``i`` that are not wrong, each with where it belongs; a condition may follow.

    With ``shared``, rows of an identity that several records share have one of their own, ``p.identity``.
    """
    return f"""
        import_rows i {join_owners(named=named) if descriptor.belongs else ""} {_SHARED if shared else ""}
        WHERE i.import_id = :import AND i.verdict IS DISTINCT FROM 'error'
          AND NOT EXISTS (SELECT FROM deciding_refused f WHERE f.row_number = i.row_number)"""


_SHARED = "LEFT JOIN deciding_shared p ON p.row_number = i.row_number"


def identity(*, shared: bool) -> str:
    """What a row ``i`` calls its record, as deciding goes by it."""
    return "coalesce(p.identity, i.identity)" if shared else "i.identity"


# Whether somebody has said of a row of this source that it is no record its identity stands for.
SOME_SHARED = """
    SELECT EXISTS (SELECT FROM judgements
                   WHERE entity = :entity AND judgement = 'different' AND superseded_at IS NULL
                     AND starts_with(right_ref, 'source:' || CAST(:source AS text) || ':'))"""


def share(descriptor: EntityDescriptor) -> str:
    """Tell the rows apart whose identity stands for several records, as siblings with one e-mail address are.

    A row is of the record that the same words became part of, else of the one with its name, else of none of them.
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
            AND {in_sight(descriptor)}),
        several AS (
          SELECT identity FROM words GROUP BY identity HAVING count(DISTINCT record_id) > 1)
        SELECT i.row_number, i.identity || '|' || coalesce(same.record_id::text, named.record_id::text, '') AS identity,
               coalesce(same.record_id, named.record_id) AS record_id
        FROM import_rows i
        LEFT JOIN import_rows o ON o.import_id = i.as_import AND o.row_number = i.as_row_number
        LEFT JOIN LATERAL (
          SELECT s.record_id FROM words s WHERE s.identity = i.identity AND s.raw_sha256 = i.raw_sha256
          ORDER BY {LAST_SAID} LIMIT 1) same ON true
        LEFT JOIN LATERAL (
          SELECT s.record_id FROM words s
          WHERE s.identity = i.identity AND s.name = coalesce(i.candidate, o.candidate)->>'{name}'
          ORDER BY {LAST_SAID} LIMIT 1) named ON true
        WHERE i.import_id = :import AND i.verdict IS DISTINCT FROM 'error'
          AND i.identity IN (SELECT identity FROM several)"""


def known_shared(entity: str) -> str:
    """What this source last said of the records that share an identity with others."""
    return f"""
        INSERT INTO deciding_known (identity, record_id, raw_sha256, reading_sha256, reason, alive)
        SELECT DISTINCT ON (p.identity) p.identity, s.record_id, s.raw_sha256, s.reading_sha256,
               '{reasons.KNOWN.code}', true
        FROM deciding_shared p JOIN evidence s ON s.record_id = p.record_id
        WHERE s.entity = '{entity}' AND s.source_name = :source
        ORDER BY p.identity, {LAST_SAID}"""


OWN_ID = "'^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'"

# Whether this source has said anything before.
SAID_BEFORE = "EXISTS (SELECT FROM source_records WHERE entity = :entity AND source_name = :source)"

# What tells in which order a source said things; evidence ``s`` in that order, the last first.
_SAID = ("last_seen_at", "last_row_number", "id")
LAST_SAID = ", ".join(f"s.{column} DESC" for column in _SAID)
_SAID_LATER = "({}) > ({})".format(*(", ".join(f"{one}.{column}" for column in _SAID) for one in "os"))

# Evidence ``s`` that rows of an import may refer to: several organizations may use the same source name, and the
# identity of an organization does not name its owner.
OF_SCOPE = f"(CAST(:scope AS uuid) IS NULL OR s.entity <> '{OWNER}' OR s.record_id = CAST(:scope AS uuid))"


def in_sight(descriptor: EntityDescriptor) -> str:
    """Whether the import may see a record ``t`` through evidence ``s``."""
    return sees_said(f"t.{descriptor.organization_column}", said_by_limited("s"))


# Asked once: of a list that comes again unchanged nothing is left, and nothing need be looked through.
_SOME_UNSEEN = "(SELECT count(*) FROM deciding_repeated) < (SELECT rows_staged FROM imports WHERE id = :import)"
NOT_REPEATED = f" AND {_SOME_UNSEEN} AND NOT EXISTS (SELECT FROM deciding_repeated s WHERE s.row_number = i.row_number)"

# Of a bare comparison with what it has no statistics of the planner expects one row in two hundred to pass, of this one
# in two: a list that comes again is mostly what it was.
_LIKELY = "coalesce({}, false)"


def seen(descriptor: EntityDescriptor, *, named: bool, shared: bool) -> str:
    """Rows staged as references to what their source last said of records still there: nothing is to be found out."""
    entity = descriptor.entity
    same = "o.record_id = s.record_id" if shared else "o.identity = g.identity"
    return f"""
        CREATE TEMPORARY TABLE deciding_repeated ON COMMIT DROP AS
        SELECT g.row_number, g.owner, g.guarded, s.record_id AS target FROM (
          SELECT i.row_number, {identity(shared=shared)} AS identity, i.evidence_id, {owner(descriptor)}
          FROM {good_rows(descriptor, named=named, shared=shared)}) g
        JOIN evidence s ON s.id = g.evidence_id
        JOIN {entity} t ON t.id = s.record_id
        WHERE {SAID_BEFORE}
          AND {_LIKELY.format("s.reading_sha256 = :reading")}
          AND {in_sight(descriptor)}
          AND NOT EXISTS (
            SELECT FROM evidence o
            WHERE o.entity = '{entity}' AND o.source_name = :source AND {same}
              AND {_SAID_LATER})"""


def known(descriptor: EntityDescriptor) -> str:
    """The source's latest values for the records that other rows refer to; only visible ones, or once visible ones."""
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
          -- A record that an undo took away was never there, for what comes after.
          AND (t.id IS NOT NULL OR NOT EXISTS (
            SELECT FROM audit_logs a WHERE a.record_id = s.record_id AND a.action = 'delete' AND a.origin = 'undo'))
          AND ({in_sight(descriptor)} OR t.id IS NULL AND {_was_in_sight(descriptor)})
        ORDER BY s.identity, {LAST_SAID}"""


def _was_in_sight(descriptor: EntityDescriptor) -> str:
    """Whether the deleted record of evidence ``s`` was visible when it was written."""
    if not descriptor.belongs:
        return "false"
    said = sees_said("d.organization_id", said_by_limited("s"))
    return f"""EXISTS (
            SELECT FROM imports m CROSS JOIN LATERAL (
              SELECT target_id, organization_id FROM import_decisions
              WHERE import_id = m.id AND row_number = s.row_number AND revision = m.plan_revision
              UNION ALL
              SELECT target_id, organization_id FROM review_decisions
              WHERE import_id = m.id AND row_number = s.row_number) d
            WHERE m.id = s.import_id AND d.target_id = s.record_id AND {said})"""


def repeated_by_words(descriptor: EntityDescriptor, *, named: bool, shared: bool) -> str:
    """Rows that are no references and say word for word what their source last said."""
    return f"""
        INSERT INTO deciding_repeated (row_number, owner, guarded, target)
        SELECT g.row_number, g.owner, g.guarded, n.record_id FROM (
          SELECT i.row_number, {identity(shared=shared)} AS identity, i.raw_sha256, {owner(descriptor)}
          FROM {good_rows(descriptor, named=named, shared=shared)} AND i.evidence_id IS NULL AND {_SOME_UNSEEN}) g
        JOIN deciding_known n ON n.identity = g.identity AND n.alive
        WHERE {_LIKELY.format("n.raw_sha256 = g.raw_sha256")} AND {_LIKELY.format("n.reading_sha256 = :reading")}
          AND EXISTS (SELECT FROM deciding_known)"""


# A row of an export has the id of our own record.
OWN_IDS = f"""
    INSERT INTO deciding_known (identity, record_id, reason, alive)
    SELECT DISTINCT ON (k.identity) k.identity, t.id, '{reasons.OWN_ID.code}', true
    FROM deciding_keys k JOIN {{entity}} t ON t.id = k.own_id
    WHERE {{at_owner}} AND NOT EXISTS (SELECT FROM deciding_known n WHERE n.identity = k.identity)"""


def recall(records: str) -> str:
    """Fill in what rows say that were staged as references; ``records`` selects the numbers of those wanted."""
    return f"SELECT recall_rows(:import, ARRAY({records}))"


# References that have something to be found out after all. Subtracted, not joined: how many rows are references is what
# the planner knows least.
RECALL = recall(f"""
    SELECT row_number FROM import_rows WHERE import_id = :import AND raw IS NULL
      AND {SAID_BEFORE} AND {_SOME_UNSEEN}
    EXCEPT SELECT row_number FROM deciding_repeated""")

# Seen rows that bear the name of another row count among its namesakes.
NAMESAKES = """
    CREATE TEMPORARY TABLE deciding_namesakes ON COMMIT DROP AS
    SELECT s.owner, t.{name_key} AS name_key, count(DISTINCT s.target) AS number
    FROM deciding_repeated s JOIN {entity} t ON t.id = s.target
    WHERE t.{name_key} IN (SELECT {name_key} FROM deciding_keys) GROUP BY s.owner, t.{name_key}"""


def bring_back(keys: str, *, shared: bool) -> Iterator[str]:
    """Yield what lets seen rows take their turns where another row speaks of the same record; ``keys`` selects them."""
    yield f"""
        CREATE TEMPORARY TABLE deciding_back ON COMMIT DROP AS
        SELECT s.*, {identity(shared=shared)} AS identity, i.external_id IS NOT NULL AS explicit, i.raw_sha256
        FROM deciding_repeated s JOIN import_rows i ON i.import_id = :import AND i.row_number = s.row_number
        {_SHARED if shared else ""}
        WHERE s.target IN (SELECT target FROM deciding_rows)"""
    yield "DELETE FROM deciding_repeated s USING deciding_back b WHERE s.row_number = b.row_number"
    yield recall("SELECT row_number FROM deciding_back")
    back = "EXISTS (SELECT FROM deciding_back b WHERE b.row_number = i.row_number)"
    yield f"INSERT INTO deciding_keys {keys} AND {back}"
    yield f"""
        INSERT INTO deciding_rows
            (row_number, identity, explicit, raw_sha256, owner, guarded, target, reason, for_review, namesakes)
        SELECT row_number, identity, explicit, raw_sha256, owner, guarded, target, '{reasons.KNOWN.code}', false, 0
        FROM deciding_back"""
