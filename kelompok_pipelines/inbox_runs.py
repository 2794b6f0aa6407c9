"""The runs of files in a watched folder: which files have a run, need another one, or have used up their attempts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import dagster as dg
from dagster._core.storage.tags import RUN_KEY_TAG  # not exported

from kelompok_core.imports.reporting.inbox_outcomes import Imported
from kelompok_core.imports.running.queue import MOST_ATTEMPTS

_PAUSE_SECONDS = 60
"""Pause after a run that ended before its import was done, times the number of runs so far."""

_LOST_SECONDS = 3600
"""A run that has not opened an import after this time has lost its process: until then it only copies the file."""

_MOST_KEYS = 200
"""Run keys per query."""

_Record = dg.RunRecord


@dataclass(frozen=True, kw_only=True)
class Attempts:
    """The runs of a taken file.

    Attributes:
        number: The number of runs.
        is_open: Whether one of them is unfinished, or ended so recently that the next one has to wait.
        was_canceled: Whether somebody canceled the last one.
    """

    number: int
    is_open: bool
    was_canceled: bool

    @property
    def are_spent(self) -> bool:
        return self.was_canceled or self.number >= MOST_ATTEMPTS


def run_key(file_id: UUID, attempt: int) -> str:
    """Return the run key of a file's run, so that a repeated tick does not start a second run."""
    return str(file_id) if attempt == 1 else f"{file_id}:{attempt}"


def find_attempts(
    instance: dg.DagsterInstance, taken: Iterable[UUID], unfinished: Mapping[UUID, Imported]
) -> Mapping[UUID, Attempts]:
    """Return the attempts of each file, by the file's id.

    Args:
        instance: The Dagster instance. Started runs whose process died are reported to it as failed.
        taken: Files without an import.
        unfinished: Files whose import is not done. Somebody may have re-executed their run.
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
    """Whether an unfinished run has lost its process; a queued run does not have one yet."""
    if record.dagster_run.status is not dg.DagsterRunStatus.STARTED:
        return False
    if known is not None:
        return known.idle
    return record.start_time is not None and _seconds_since(record.start_time) > _LOST_SECONDS


def _seconds_since(date_time: float) -> float:
    return datetime.now(UTC).timestamp() - date_time
