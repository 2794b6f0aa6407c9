"""Runs for the files of a watched folder: which file gets one, which gets another, and which has had enough."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import dagster as dg
from dagster._core.storage.tags import RUN_KEY_TAG  # not exported

from kelompok_core.imports.inbox_outcomes import Imported
from kelompok_core.imports.queue import MOST_ATTEMPTS

_PAUSE_SECONDS = 60
"""After a run ended without an outcome, times the attempts so far: what was away may be back."""

_LOST_SECONDS = 3600
"""A run that started so long ago without opening an import has lost its process; it only copies the file."""

_MOST_KEYS = 200
"""Run keys in one query."""

_Record = dg.RunRecord


@dataclass(frozen=True, kw_only=True)
class Attempts:
    """The runs that a taken file had.

    Attributes:
        number: How many.
        is_open: Whether one of them still goes on, or ended so recently that the next one waits.
        was_canceled: Whether a person canceled the last one.
    """

    number: int
    is_open: bool
    was_canceled: bool

    @property
    def are_spent(self) -> bool:
        return self.was_canceled or self.number >= MOST_ATTEMPTS


def run_key(file_id: UUID, attempt: int) -> str:
    """Return the key of a file's run: a tick that is repeated starts no second run."""
    return str(file_id) if attempt == 1 else f"{file_id}:{attempt}"


def find_attempts(
    instance: dg.DagsterInstance, taken: Iterable[UUID], unfinished: Mapping[UUID, Imported]
) -> Mapping[UUID, Attempts]:
    """Return the attempts of each file, by the id of its taking.

    Args:
        instance: Dagster's. Runs that count as started, but are dead, are reported there as failed.
        taken: Files that have no import yet.
        unfinished: Files whose import is not done. Somebody may have executed their run again.
    """
    files = [*taken, *unfinished]
    keys = {run_key(one, number): one for one in files for number in range(1, MOST_ATTEMPTS + 1)}
    found: dict[UUID, dict[str, _Record]] = {one: {} for one in keys.values()}
    for record in _records(instance, sorted(keys)):
        run = record.dagster_run
        found[keys[run.tags[RUN_KEY_TAG]]][run.run_id] = record
    for file_id, one in unfinished.items():
        again = instance.get_run_record_by_id(one.run_id) if one.run_id else None
        if again is not None:
            found[file_id].setdefault(again.dagster_run.run_id, again)
    return {
        file_id: _attempts(instance, list(records.values()), unfinished.get(file_id))
        for file_id, records in found.items()
    }


def _records(instance: dg.DagsterInstance, keys: Sequence[str]) -> Iterable[_Record]:
    for start in range(0, len(keys), _MOST_KEYS):
        tags = {RUN_KEY_TAG: list(keys[start : start + _MOST_KEYS])}
        yield from instance.get_run_records(dg.RunsFilter(tags=tags))


def _attempts(instance: dg.DagsterInstance, records: list[_Record], known: Imported | None) -> Attempts:
    records.sort(key=lambda one: one.create_timestamp)
    is_open = False
    for record in records:
        if not record.dagster_run.is_finished and _is_dead(record, known):
            instance.report_run_failed(record.dagster_run, "Its process died. Another run continues the import.")
        elif not record.dagster_run.is_finished:
            is_open = True
    last = records[-1] if records else None
    return Attempts(
        number=len(records),
        is_open=is_open or (last is not None and _seconds_since(last.end_time or 0.0) < _PAUSE_SECONDS * len(records)),
        was_canceled=last is not None and last.dagster_run.status is dg.DagsterRunStatus.CANCELED,
    )


def _is_dead(record: _Record, known: Imported | None) -> bool:
    """Whether an unfinished run lost its process; one that waits for its turn has none yet."""
    if record.dagster_run.status is not dg.DagsterRunStatus.STARTED:
        return False
    if known is not None:
        return known.idle
    return record.start_time is not None and _seconds_since(record.start_time) > _LOST_SECONDS


def _seconds_since(moment: float) -> float:
    return datetime.now(UTC).timestamp() - moment
