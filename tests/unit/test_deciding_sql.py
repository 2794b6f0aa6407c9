"""The SQL of deciding: each step declares its temporary tables, and golden files show every change.

To accept a change: ``KELOMPOK_WRITE_GOLDEN=1 pytest tests/unit/test_deciding_sql.py``, and review the difference.
"""

import os
import re
from collections import defaultdict
from itertools import product
from pathlib import Path

import pytest

from kelompok_core.entities import list_entities
from kelompok_core.imports.deciding.decision_rules import DecisionRules
from kelompok_core.imports.deciding.steps import steps
from kelompok_core.records.registry import get_descriptor

_GOLDEN = Path(__file__).parents[1] / "golden" / "deciding"
_TABLE = re.compile(r"\bdeciding_[a-z_]+\b")
_MADE = re.compile(r"CREATE TEMPORARY TABLE (deciding_[a-z_]+)")
_CHANGED = re.compile(r"(?:UPDATE|INSERT INTO|DELETE FROM) (deciding_[a-z_]+)")


def _variants(entity):
    descriptor = get_descriptor(entity)
    policies = {field.name: field.policy for field in descriptor.fields}
    for named, shared in product((False, True), repeat=2):
        rules = DecisionRules(descriptor=descriptor, policies=policies, last_wins=False, rows_name_owners=named)
        yield list(steps(rules, shared=shared))


def _used(step):
    text = "\n".join(step.statements)
    made, changed = set(_MADE.findall(text)), set(_CHANGED.findall(text))
    return set(_TABLE.findall(text)) - made - changed, changed - made, made


@pytest.mark.parametrize("entity", list_entities())
def test_each_step_reads_only_tables_of_earlier_steps(entity):
    for variant in _variants(entity):
        made = set()
        for step in variant:
            reads, changes, makes = _used(step)
            assert reads | changes <= made, step.does
            made |= makes


def test_steps_declare_the_tables_they_use():
    declared, used = {}, defaultdict(lambda: (set(), set(), set()))
    for entity in list_entities():
        for step in (step for variant in _variants(entity) for step in variant):
            declared[step.does] = (set(step.reads), set(step.changes), set(step.makes))
            for known, found in zip(used[step.does], _used(step), strict=True):
                known.update(found)
    for does, tables in declared.items():
        reads, changes, makes = used[does]
        assert (reads - changes - makes, changes, makes) == tables, does


@pytest.mark.parametrize("entity", list_entities())
def test_sql_matches_the_golden_files(entity):
    *_, whole = _variants(entity)
    text = _text_of(whole)
    file = _GOLDEN / f"{entity}.sql"
    if os.environ.get("KELOMPOK_WRITE_GOLDEN"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    assert file.read_text("utf-8") == text, f"Review the change, then write {file.name} again; see this module."


def _text_of(variant):
    return "\n".join(f"-- {step.does}\n" + "".join(f"{one.strip()};\n" for one in step.statements) for step in variant)
