"""SQL for rows that earlier imports did not apply: rows that a person rejected, or that contradicted another row."""

from kelompok_core.descriptor import EntityDescriptor
from kelompok_core.issues import reasons
from kelompok_core.records.visibility_sql import sees_evidence

_OF_THIS_SOURCE = "m.entity = '{entity}' AND m.source_name = :source AND m.state = 'applied'"


def is_visible(descriptor: EntityDescriptor, *, imported: str = "m", decided: str = "d") -> str:
    """Whether a past decision is visible to this import; several organizations may use the same source name.

    An organization's rows come from senders who see all organizations, or who belong to it. A faulty row without a
    known organization belongs to its sender.
    """
    owner, sender = f"{imported}.organization_id", f"{imported}.actor_id"
    limited = f"NOT {imported}.sees_all AND {sender} <> CAST(:actor AS uuid)"
    if not descriptor.belongs:
        return f"({owner} IS NULL OR {sees_evidence(owner, limited)})"
    whose = f"coalesce({decided}.organization_id, {owner})"
    return f"({sees_evidence(whose, limited)} OR {whose} IS NULL AND {sender} = CAST(:actor AS uuid))"


def rejected(descriptor: EntityDescriptor) -> str:
    """Find the rows that a person rejected: ``deciding_rejected``. Undone imports do not count."""
    return f"""
    CREATE TEMPORARY TABLE deciding_rejected ON COMMIT DROP AS
    SELECT DISTINCT o.identity, o.raw_sha256
    FROM review_decisions d
    JOIN imports m ON m.id = d.import_id AND {_OF_THIS_SOURCE.format(entity=descriptor.entity)}
    JOIN import_rows o ON o.import_id = d.import_id AND o.row_number = d.row_number
    WHERE d.decision = 'rejected' AND {is_visible(descriptor)}"""


_REJECTED_BEFORE = """
    FROM import_rows i JOIN deciding_rejected x ON x.identity = i.identity AND x.raw_sha256 = i.raw_sha256
    WHERE i.import_id = :import AND EXISTS (SELECT FROM deciding_rejected)"""

# Runs before the rows of a record are ordered, so that a rejected row does not affect the others.
REVIEW_REJECTED = f"""
    UPDATE deciding_rows r SET for_review = true, reason = '{reasons.REJECTED_BEFORE.code}' {_REJECTED_BEFORE}
      AND i.row_number = r.row_number
      AND NOT EXISTS (SELECT FROM deciding_included b WHERE b.row_number = r.row_number)"""

# A row that a person rejected does not go to review again while its source sends it unchanged.
REJECT_AGAIN = f"""
    UPDATE deciding_final f
    SET decision = 'rejected', reason = '{reasons.REJECTED_BEFORE.code}', severity = 'error', changes = NULL,
        params = '{{}}'
    {_REJECTED_BEFORE} AND i.row_number = f.row_number AND f.decision = 'review'"""


def contradictions(descriptor: EntityDescriptor) -> str:
    """Find the rows that contradicted another row of their record and that nobody decided: ``deciding_contested``.

    ``again`` is the reason when such a row is sent again; ``otherwise`` is the reason when another row would set the
    same values. If a person accepts one row of an id, that decides all rows of the id; rows without an id are decided
    one by one. If later rows are newer, a row is contested only if it would give its id to another name.
    """
    return f"""
    CREATE TEMPORARY TABLE deciding_contested ON COMMIT DROP AS
    SELECT DISTINCT ON (o.identity, o.raw_sha256) o.identity, o.raw_sha256, o.candidate,
           CASE d.reason WHEN '{reasons.SHARED_KEY.code}' THEN d.reason WHEN '{reasons.ID_TWICE_IN_FILE.code}'
                THEN CASE WHEN CAST(:last_wins AS boolean) THEN '{reasons.ID_CONFLICT_BEFORE.code}'
                          ELSE '{reasons.ID_TWICE_BEFORE.code}' END
                ELSE '{reasons.CONFLICT_BEFORE.code}' END AS again,
           CASE d.reason WHEN '{reasons.ID_TWICE_IN_FILE.code}' THEN '{reasons.ID_CONFLICT_BEFORE.code}'
                WHEN '{reasons.SHARED_KEY.code}' THEN d.reason
                ELSE '{reasons.CONFLICT_BEFORE.code}' END AS otherwise
    FROM import_decisions d
    JOIN imports m ON m.id = d.import_id AND m.plan_revision = d.revision
      AND {_OF_THIS_SOURCE.format(entity=descriptor.entity)}
    JOIN import_rows o ON o.import_id = d.import_id AND o.row_number = d.row_number
    WHERE d.reason IN {reasons.in_sql(reasons.codes(contradicts=True))}
      AND (d.reason = '{reasons.ID_TWICE_IN_FILE.code}' OR NOT CAST(:last_wins AS boolean)) AND {is_visible(descriptor)}
      AND NOT EXISTS (
        SELECT FROM review_decisions p
        JOIN imports n ON n.id = p.import_id AND n.entity = m.entity AND n.source_name = m.source_name
          AND n.state = 'applied'
        JOIN import_rows q ON q.import_id = p.import_id AND q.row_number = p.row_number
        WHERE q.identity = o.identity AND p.decided_at > m.applied_at
          AND {is_visible(descriptor, imported="n", decided="p")}
          AND CASE WHEN o.external_id IS NULL THEN q.raw_sha256 = o.raw_sha256 ELSE p.decision <> 'rejected' END)
    ORDER BY o.identity, o.raw_sha256, m.applied_at DESC"""


SENT_AGAIN = """
    EXISTS (SELECT FROM deciding_contested c WHERE c.identity = {row}.identity AND c.raw_sha256 = {row}.raw_sha256)"""


def contradiction_reason(label: str) -> str:
    """Select the reason why a change ``x`` of a known record is not allowed; null if it is allowed."""
    return f"""
        SELECT CASE WHEN c.raw_sha256 = r.raw_sha256 THEN c.again ELSE c.otherwise END
        FROM deciding_rows r
        JOIN deciding_contested c ON c.identity = r.identity
        CROSS JOIN LATERAL jsonb_each(x.changes) e
        WHERE r.row_number = x.row_number AND {_REPLACES}
          -- Another name; or, unless later rows are newer, any change by a row sent again, or a value of that row.
          AND (e.key = '{label}' OR NOT CAST(:last_wins AS boolean) AND (
               c.raw_sha256 = r.raw_sha256
               OR e.key <> 'extra' AND e.value->>1 IN (c.candidate->>e.key, c.candidate->>(e.key || '_slug'))))
        ORDER BY c.raw_sha256 = r.raw_sha256 DESC LIMIT 1"""


# Whether a change ``e`` replaces a value. For unmapped cells: whether it replaces one of the old cells.
_REPLACES = """
    CASE e.key WHEN 'extra' THEN e.value->1 <> (e.value->1 || (e.value->0)) ELSE e.value->>0 IS NOT NULL END"""
