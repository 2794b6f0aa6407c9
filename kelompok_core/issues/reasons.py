"""The reasons of decisions: one table that the SQL of deciding, reviewing, the API and the docs are made from.

Rows with errors of their own are rejected with the code of their first error as the reason; see issues/catalog.json.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from kelompok_core.contracts import Severity


class Decision(StrEnum):
    """What happens with a row."""

    ACCEPTED = "accepted"
    MERGED = "merged"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"
    REVIEW = "review"


class Question(StrEnum):
    """What a reviewer is asked about a row in review.

    Attributes:
        IDENTITY: Which record the row is. If it is merged into a record, it only fills empty fields by default.
        VALUES: Whether its values may be written. If it is merged into a record, its values win by default.
    """

    IDENTITY = "identity"
    VALUES = "values"


@dataclass(frozen=True, kw_only=True)
class Reason:
    """A reason that the core defines.

    Attributes:
        code: Stable code, with a sentence in the catalog.
        decisions: The decisions that it may explain.
        question: The question for the reviewer; None if the row does not go to review.
        blocks_values: Whether the row's record is identified, but its values are not written. A withdrawal of consent
            in such a row still counts.
        contradicts: Whether another row of the source contradicts the row. If the row comes again, it is not applied.
        names_fields: Whether the issue lists the fields that differ.
    """

    code: str
    decisions: frozenset[Decision]
    question: Question | None = None
    blocks_values: bool = False
    contradicts: bool = False
    names_fields: bool = False

    @property
    def severity(self) -> Severity | None:
        """The severity of the issue that explains the decision; None if the decision has no issue."""
        if Decision.REVIEW in self.decisions:
            return Severity.REVIEW
        return Severity.ERROR if Decision.REJECTED in self.decisions else None


_FOUND = frozenset({Decision.MERGED, Decision.UNCHANGED})


def _reason(code: str, *decisions: Decision) -> Reason:
    return Reason(code=code, decisions=frozenset(decisions))


def _review(
    code: str, question: Question = Question.VALUES, *, blocks_values: bool = False, contradicts: bool = False,
    names_fields: bool = False,
) -> Reason:  # fmt: skip
    return Reason(
        code=code, decisions=frozenset({Decision.REVIEW}), question=question, blocks_values=blocks_values,
        contradicts=contradicts, names_fields=names_fields,
    )  # fmt: skip


def _reject(code: str, *, blocks_values: bool = False, contradicts: bool = False, names_fields: bool = False) -> Reason:
    return Reason(
        code=code, decisions=frozenset({Decision.REJECTED}), blocks_values=blocks_values, contradicts=contradicts,
        names_fields=names_fields,
    )  # fmt: skip


NO_MATCH = _reason("match.none", Decision.ACCEPTED)
SAME_NAME = _reason("match.same_name", Decision.ACCEPTED)
KNOWN = Reason(code="match.known", decisions=_FOUND)
OWN_ID = Reason(code="match.own_id", decisions=_FOUND)
SAME_VALUES = _reason("match.same_values", Decision.UNCHANGED)
IDENTICAL_IN_FILE = _reason("dup.identical_in_file", Decision.UNCHANGED)

OUT_OF_SCOPE = _reject("permission.scope")
NOT_PERMITTED = _reject("permission.denied")
OWNER_NOT_FOUND = _reject("relation.not_found")
OWNER_AMBIGUOUS = _reject("relation.ambiguous")
REJECTED_BEFORE = _reject("review.rejected_before")
ID_TWICE_IN_FILE = _reject("id.duplicate_in_file", blocks_values=True, contradicts=True, names_fields=True)
ID_TWICE_BEFORE = _reject("id.duplicate_before", names_fields=True)

POSSIBLE_DUPLICATE = _review("match.possible_duplicate", Question.IDENTITY)
SEVERAL_MATCHES = _review("match.multiple", Question.IDENTITY)
KEY_CONFLICT = _review("match.key_conflict", Question.IDENTITY)
SHARED_KEY = _review("match.shared_key", Question.IDENTITY, contradicts=True, names_fields=True)
NEW_ID_FOR_KNOWN = _review("id.new_for_known", Question.IDENTITY)
ID_CONFLICT_BEFORE = _review("id.conflict_before", Question.IDENTITY, names_fields=True)
CONFLICT_IN_FILE = _review("dup.conflict_in_file", blocks_values=True, contradicts=True, names_fields=True)
CONFLICT_BEFORE = _review("dup.conflict_before", contradicts=True, names_fields=True)
TARGET_DELETED = _review("match.target_deleted")
TARGET_CLAIMED = _review("match.target_claimed", blocks_values=True)
OTHER_ORGANIZATION = _review("match.other_organization")
LOCKED_BY_PERSON = _review("field.locked_by_person", blocks_values=True)
END_BEFORE_START = _review("value.end_before_start", blocks_values=True)
PLAN_IS_STALE = _review("plan.stale")

REASONS: Mapping[str, Reason] = {one.code: one for one in list(globals().values()) if isinstance(one, Reason)}
"""All reasons by code. The matching rules of entities add reasons for records that they found."""


def codes(**having: object) -> tuple[str, ...]:
    """Return the codes of the reasons whose attributes have these values, in order."""
    return tuple(
        code for code, one in REASONS.items() if all(getattr(one, name) == value for name, value in having.items())
    )


def in_sql(found: tuple[str, ...]) -> str:
    """Return codes as a list for ``IN``."""
    return "(" + ", ".join(f"'{one}'" for one in found) + ")"


def verdicts() -> Iterator[tuple[str, str, str | None, str | None]]:
    """Yield the possible results of comparing a row with its record: verdict, decision, reason, severity of the issue.

    A reason of None stands for the reason for which the record was found.
    """
    for one in REASONS.values():
        if one.severity is not None:  # a row whose verdict were missing here would get no decision
            (decision,) = one.decisions
            yield one.code, decision.value, one.code, one.severity.value
    yield IDENTICAL_IN_FILE.code, Decision.UNCHANGED.value, IDENTICAL_IN_FILE.code, Severity.INFO.value
    yield SAME_VALUES.code, Decision.UNCHANGED.value, None, None
    yield "merge", Decision.MERGED.value, None, None
