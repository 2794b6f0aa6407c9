"""The steps of deciding, each with the temporary tables that it reads, changes and makes.

The steps run in order in one transaction and pass results on in temporary tables. Rows of one record (by target, or by
identity if the record is new) form a group, in file order; a row is compared with the record as left by the rows before
it. tests/golden/deciding has the statements of each entity.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kelompok_core.descriptor import EntityDescriptor
from kelompok_core.imports.deciding import decide_sql, duplicates_in_file_sql, earlier_decisions_sql, matching_sql
from kelompok_core.imports.deciding.decision_rules import DecisionRules
from kelompok_core.imports.deciding.field_changes_sql import create_diffs
from kelompok_core.imports.shared import repeated_rows_sql
from kelompok_core.records import owners_sql


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of deciding.

    Attributes:
        does: What it does.
        reads: The temporary tables that it reads.
        changes: The temporary tables of earlier steps that it changes.
        makes: The temporary tables that it makes.
        statements: Its SQL, in order.
    """

    does: str
    reads: frozenset[str] = frozenset()
    changes: frozenset[str] = frozenset()
    makes: frozenset[str] = frozenset()
    statements: Sequence[str]


def statements(rules: DecisionRules, *, shared: bool) -> Iterator[str]:
    """Yield the statements of all steps; :func:`kelompok_core.imports.deciding.decide.make_plan` has their parameters.

    ``shared`` is whether an identity of the source may refer to several records.
    """
    for step in steps(rules, shared=shared):
        yield from step.statements


def steps(rules: DecisionRules, *, shared: bool) -> Iterator[Step]:
    """Yield the steps, in order."""
    descriptor, named = rules.descriptor, rules.rows_name_owners
    if descriptor.belongs:
        yield _step(
            "Find the owner of each row.", owners_sql.owners(named=named), "ANALYZE deciding_owners", makes="owners"
        )
    refused = owners_sql.refused(named=named) if descriptor.belongs else owners_sql.NOBODY_REFUSED
    yield _step("Refuse rows whose owner is missing or not permitted.", refused, reads="owners", makes="refused")
    yield from _repeated(rules, shared=shared)
    yield from _matched(rules, shared=shared)
    yield from _reviewed(descriptor)
    yield from _compared(rules)


def _step(does: str, *found: str, reads: str = "", changes: str = "", makes: str = "") -> Step:
    """Return a step; tables are named without their prefix ``deciding_``."""

    def tables(names: str) -> frozenset[str]:
        return frozenset(f"deciding_{name}" for name in names.split())

    return Step(does=does, reads=tables(reads), changes=tables(changes), makes=tables(makes), statements=found)


def _repeated(rules: DecisionRules, *, shared: bool) -> Iterator[Step]:
    """Find the rows that are the same as last time."""
    descriptor, named = rules.descriptor, rules.rows_name_owners
    if shared:
        yield _step(
            "Find rows whose identity refers to several records.",
            repeated_rows_sql.assign_shared(descriptor),
            makes="shared",
        )
    yield _step(
        "Find rows that the source sent before, word for word.",
        repeated_rows_sql.repeated(descriptor, named=named, shared=shared), "ANALYZE deciding_repeated",
        reads="owners refused shared", makes="repeated",
    )  # fmt: skip
    of_shared = [repeated_rows_sql.known_shared(descriptor.entity)] if shared else []
    yield _step(
        "Find the records that the source already knows by the identities of the other rows.",
        repeated_rows_sql.known(descriptor), *of_shared, "ANALYZE deciding_known",
        reads="repeated shared", makes="known",
    )  # fmt: skip
    yield _step(
        "Find further repeated rows, by what the source last sent of these records.",
        repeated_rows_sql.repeated_by_words(descriptor, named=named, shared=shared),
        "CREATE UNIQUE INDEX ON deciding_repeated (row_number)", "ANALYZE deciding_repeated",
        reads="known owners refused shared", changes="repeated",
    )  # fmt: skip


def _matched(rules: DecisionRules, *, shared: bool) -> Iterator[Step]:
    """Find the record of each other row."""
    descriptor = rules.descriptor
    keys = f"{decide_sql.keys(rules, shared=shared)}{repeated_rows_sql.NOT_REPEATED}"
    yield _step("Fill in the values of rows that refer to an earlier row.", repeated_rows_sql.RECALL, reads="repeated")
    yield _step(
        "List the other rows with the keys that records are found by.",
        f"CREATE TEMPORARY TABLE deciding_keys ON COMMIT DROP AS {keys}", "ANALYZE deciding_keys",
        reads="owners refused repeated shared", makes="keys",
    )  # fmt: skip
    yield _step(
        "Find records by an id of our own, from an export.",
        repeated_rows_sql.OWN_IDS.format(entity=descriptor.entity, at_owner=matching_sql.at_owner(descriptor)),
        reads="keys", changes="known",
    )  # fmt: skip
    yield _step(
        "Check whether there is any record yet.", decide_sql.any_record(descriptor), reads="owners", makes="there"
    )
    yield _step(
        "Find records by key.", decide_sql.matches(descriptor), "ANALYZE deciding_matches", reads="keys known there",
        makes="matches",
    )  # fmt: skip
    yield _step(
        "Count repeated rows by name.",
        repeated_rows_sql.NAMESAKES.format(entity=descriptor.entity, name_key=descriptor.name_key),
        "ANALYZE deciding_namesakes", reads="keys repeated", makes="namesakes",
    )  # fmt: skip
    yield _step(
        "Give each row its record and the reason.", decide_sql.rows(descriptor),
        reads="keys known matches namesakes there", makes="rows",
    )  # fmt: skip
    yield _step(
        "Include repeated rows whose record other rows of the file refer to as well.",
        *repeated_rows_sql.include_repeated(decide_sql.keys(rules, shared=shared), shared=shared),
        reads="owners refused shared", changes="keys repeated rows", makes="included",
    )  # fmt: skip


def _reviewed(descriptor: EntityDescriptor) -> Iterator[Step]:
    """Send rows to review before they are compared with their record."""
    outside = [] if descriptor.belongs else [owners_sql.REFUSE_OUTSIDE]
    yield _step("Refuse rows of records outside the import's scope.", *outside, "ANALYZE deciding_rows",
                changes="refused rows")  # fmt: skip
    yield _step(
        "Find rows that a person rejected before.", earlier_decisions_sql.rejected(descriptor),
        earlier_decisions_sql.REVIEW_REJECTED, reads="included", changes="rows", makes="rejected",
    )  # fmt: skip
    yield _step(
        "Send rows to review that may be the record of an earlier row.",
        *duplicates_in_file_sql.duplicates_to_review(descriptor), reads="keys", changes="rows",
    )  # fmt: skip
    yield _step(
        "Find rows that contradicted another row and that nobody has decided.",
        earlier_decisions_sql.contradictions(descriptor), makes="contested",
    )  # fmt: skip


def _compared(rules: DecisionRules) -> Iterator[Step]:
    """Compare rows with their records, and decide."""
    descriptor = rules.descriptor
    yield _step(
        "Order the rows of each record.", decide_sql.GROUPS, "ANALYZE deciding_groups", reads="included contested rows",
        makes="groups",
    )  # fmt: skip
    yield _step(
        "Find values that people did not accept.", decide_sql.DECLINED.format(entity=descriptor.entity),
        makes="declined",
    )  # fmt: skip
    yield _step("List rows with errors.", decide_sql.WRONG, makes="wrong")
    yield _step(
        "Find rows with errors whose id another row has.", decide_sql.USED_IDS.format(label=descriptor.label),
        reads="wrong", makes="used_ids",
    )  # fmt: skip
    yield _step(
        "Compare each row with its record as the rows before it leave it.", create_diffs(rules),
        reads="declined groups rows", makes="diffs",
    )  # fmt: skip
    yield _step(
        "Decide each row.", decide_sql.final(rules), earlier_decisions_sql.REJECT_AGAIN,
        reads="contested diffs groups keys known refused rejected repeated rows used_ids wrong", makes="final",
    )  # fmt: skip
