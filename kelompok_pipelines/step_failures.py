"""Failures of steps as Dagster may keep them: sentences, codes and places. What an error says may quote a row."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

import dagster as dg
import sqlalchemy as sa

from kelompok_core.contracts import PluginError, TransientError
from kelompok_core.errors import (
    Conflict,
    DatabaseUnavailable,
    EnrichmentFailed,
    ImportFailed,
    KelompokError,
    KeyReused,
    MemoryExceeded,
    NotFound,
    NotPermitted,
    PluginUnavailable,
    QueueFull,
    SettingsError,
    StorageUnavailable,
    TakenOver,
    UsageError,
)
from kelompok_core.failures import chain, lacks_memory, lacks_room, lost_database, trace_of
from kelompok_core.imports.disclosure import disclosure_of
from kelompok_core.imports.records import get_import
from kelompok_pipelines.failures import StepFailed
from kelompok_pipelines.interruption import WorkerStops

if TYPE_CHECKING:  # the core's resource says its failures by this module
    from kelompok_pipelines.resources import Core

_OF_OURS = (
    NotFound, Conflict, KeyReused, QueueFull, TakenOver, MemoryExceeded, DatabaseUnavailable, StorageUnavailable,
)  # fmt: skip
"""Errors whose messages contain names, addresses and rights, but never a file's contents."""

_MAY_PASS = (DatabaseUnavailable, StorageUnavailable, TransientError, ConnectionError, TimeoutError)
"""Errors of what was away for a while: trying again may help."""

_ENDED_BY_OTHERS = {
    ImportFailed: "The import was stopped; nothing of it was applied.",
    EnrichmentFailed: "The enrichment was stopped; what it stored before stays.",
    UsageError: "The request for the import is wrong.",
    WorkerStops: "The worker was asked to stop. The import waits in the queue, and goes on where it is.",
}
"""What is said of errors whose own sentence may quote a file."""

_MOST_PLACES = 20


@dataclass(frozen=True, kw_only=True)
class _Found:
    """What may be told of an import when its step fails: its id, and the findings that the failure is made of."""

    import_id: UUID | None = None
    findings: tuple[str, ...] = ()
    is_known: bool = True
    """Whether the database could be asked which import it is."""


@contextmanager
def without_values(core: "Core", run: dg.DagsterRun) -> Iterator[None]:
    """Let Dagster know that a step failed, in a sentence without values; the import's report has the whole one.

    Raises:
        StepFailed: Instead of what was raised.
    """
    try:
        yield
    except dg.Failure:
        raise
    except Exception as error:  # noqa: BLE001 -- whatever it is, Dagster would store what it says
        # Dagster would store an error with all that it came from: so this one comes from nothing.
        raise _failed(core, run, error) from None


@contextmanager
def in_words() -> Iterator[None]:
    """Let Dagster know why a run cannot begin, in a sentence; for what happens before there is a step.

    Raises:
        StepFailed: Instead of an expected error.
    """
    try:
        yield
    except KelompokError as error:
        raise StepFailed(f"{describe(error, has_import=True)} [{error.code}]", original=error) from None


def describe(error: Exception, *, has_import: bool) -> str:
    """Return what happened and what to do, in words that quote no file, no setting and no plugin."""
    if (culprit := _bug(error)) is not None:
        return f"An unexpected {type(culprit).__name__} in the code of a plugin or of Kelompok stopped the step."
    if isinstance(error, SettingsError):
        return f"The setting {error.key} is invalid. Correct it in kelompok.toml, or in the run's config."
    if isinstance(error, NotPermitted):
        return f"The actor may not {error.action}. Ask somebody who may, or get a role there."
    if isinstance(error, PluginUnavailable):
        return f"The plugin {error.plugin} cannot run. See why with: kelompok plugin list"
    if isinstance(error, _OF_OURS) or (type(error) is UsageError and not has_import):
        # Before an import is opened only the request itself can be wrong: the run's config has it anyway.
        return _own_words(error)
    return next((told for kind, told in _ENDED_BY_OTHERS.items() if isinstance(error, kind)), "The step was stopped.")


def _own_words(error: KelompokError) -> str:
    said = " ".join(f"{one.rstrip('.')}." for one in (error.message.splitlines()[0], error.hint) if one)
    return said[:1].upper() + said[1:]


def _failed(core: "Core", run: dg.DagsterRun, error: Exception) -> StepFailed:
    expected = _understood(error)
    found = _found(core, run, error)
    code = getattr(expected, "code", "internal")
    said = f"{describe(expected, has_import=found.import_id is not None or not found.is_known)} [{code}]"
    lines = [*(found.findings[:_MOST_PLACES] or [said])]
    metadata: dict[str, dg.MetadataValue] = {"code": dg.MetadataValue.text(code)}
    if found.import_id is not None:
        report = f"kelompok import show {found.import_id}"
        lines.append(f"What was found: {report}")
        metadata |= {"import": dg.MetadataValue.text(str(found.import_id)), "report": dg.MetadataValue.text(report)}
    culprit = _bug(expected)
    trace = trace_of(expected) if culprit is not None else None
    if trace is not None:
        metadata["where"] = dg.MetadataValue.text(trace)
    return StepFailed(
        "\n".join(lines),
        metadata=metadata,
        allow_retries=any(isinstance(one, _MAY_PASS) for one in (expected, *chain(error))),
        stack=[f"{line}\n" for line in (trace or "").splitlines()],
        name=type(culprit or expected).__name__,
        original=error,
    )


def _understood(error: Exception) -> Exception:
    """Return an error of ours for what the database, a disk or the memory are to blame for; else the error itself."""
    if isinstance(error, DatabaseUnavailable | StorageUnavailable | MemoryExceeded):
        return error
    if lost_database(error):
        return DatabaseUnavailable(
            "the connection to the database was lost", hint="Run it again when the database answers: it goes on."
        )
    if lacks_memory(error):
        return MemoryExceeded()
    if lacks_room(error):
        return StorageUnavailable("a disk is full", hint="Free disk space, and run it again: it goes on.")
    return error


def _bug(error: Exception) -> BaseException | None:
    """Return the exception that no code should have raised; None where what happened was to be reckoned with."""
    if isinstance(error, WorkerStops):
        return None
    if not isinstance(error, KelompokError):
        return error
    if error.findings or type(error) not in (ImportFailed, EnrichmentFailed):
        return None
    causes = [one for one in chain(error) if not isinstance(one, KelompokError)]
    return next((one for one in causes if not isinstance(one, PluginError)), None)


def _found(core: "Core", run: dg.DagsterRun, error: Exception) -> _Found:
    """Return the run's import and the findings that stopped it, as far as they may be told."""
    import_id = None
    with suppress(KelompokError, sa.exc.SQLAlchemyError):
        import_id = core.find_import_of(run)
        if import_id is None or not isinstance(error, KelompokError):
            return _Found(import_id=import_id)
        with core.connect() as connection:
            disclosure = disclosure_of(core.bench.settings, get_import(connection, import_id))
        return _Found(import_id=import_id, findings=tuple(disclosure.sentence(one) for one in error.findings))
    return _Found(import_id=import_id, is_known=False)
