"""Step failures as Dagster may store them: sentences, codes and positions, because error messages may quote rows."""

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
from kelompok_core.imports.reporting.disclosure import disclosure_of
from kelompok_core.imports.shared.imports import get_import
from kelompok_pipelines.failures import StepFailed
from kelompok_pipelines.interruption import WorkerStops

if TYPE_CHECKING:  # resources.py imports this module
    from kelompok_pipelines.resources import Core

_SAFE_MESSAGES = (
    NotFound, Conflict, KeyReused, QueueFull, TakenOver, MemoryExceeded, DatabaseUnavailable, StorageUnavailable,
)  # fmt: skip
"""Errors whose messages contain names, addresses and permissions, but never file contents."""

_TEMPORARY = (DatabaseUnavailable, StorageUnavailable, TransientError, ConnectionError, TimeoutError)
"""Temporary errors, for which a retry may help."""

_FIXED_SENTENCES = {
    ImportFailed: "The import failed. Nothing was applied.",
    EnrichmentFailed: "The enrichment failed. Signals stored before are kept.",
    UsageError: "The import was requested with invalid options.",
    WorkerStops: "The worker was asked to stop. The import is back in the queue and will resume.",
}
"""The sentences for errors whose own message may quote a file."""

_MOST_PLACES = 20


@dataclass(frozen=True, kw_only=True)
class _Found:
    """The data that Dagster may store about the import of a failed step: its id, and the findings that stopped it."""

    import_id: UUID | None = None
    findings: tuple[str, ...] = ()
    is_known: bool = True
    """Whether the database was available to find the import."""


@contextmanager
def without_values(core: "Core", run: dg.DagsterRun) -> Iterator[None]:
    """Replace a step's exception by a failure without values; the import's report has the full message.

    Raises:
        StepFailed: Instead of any exception.
    """
    try:
        yield
    except dg.Failure:
        raise
    except Exception as error:  # noqa: BLE001 -- Dagster would store the message of any exception
        # Dagster would also store its causes, so the new failure has none.
        raise _failed(core, run, error) from None


@contextmanager
def in_words() -> Iterator[None]:
    """Replace an expected error by a failure with a sentence, for code that runs before the first step.

    Raises:
        StepFailed: Instead of an expected error.
    """
    try:
        yield
    except KelompokError as error:
        raise StepFailed(f"{describe(error, has_import=True)} [{error.code}]", original=error) from None


def describe(error: Exception, *, has_import: bool) -> str:
    """Return what happened and what to do, without quoting files, settings or plugins."""
    if (culprit := _bug(error)) is not None:
        return f"An unexpected {type(culprit).__name__} in the code of a plugin or of Kelompok stopped the step."
    if isinstance(error, SettingsError):
        return f"The setting {error.key} is invalid. Correct it in kelompok.toml, or in the run's config."
    if isinstance(error, NotPermitted):
        return f"The actor may not {error.action}. Ask somebody who may, or get a role there."
    if isinstance(error, PluginUnavailable):
        return f"The plugin {error.plugin} cannot run. See why with: kelompok plugin list"
    if isinstance(error, _SAFE_MESSAGES) or (type(error) is UsageError and not has_import):
        # Before an import is opened, only the request can be wrong, and the run config contains it anyway.
        return _message_and_hint(error)
    return next(
        (sentence for kind, sentence in _FIXED_SENTENCES.items() if isinstance(error, kind)), "The step was stopped."
    )


def _message_and_hint(error: KelompokError) -> str:
    text = " ".join(f"{one.rstrip('.')}." for one in (error.message.splitlines()[0], error.hint) if one)
    return text[:1].upper() + text[1:]


def _failed(core: "Core", run: dg.DagsterRun, error: Exception) -> StepFailed:
    expected = _as_expected_error(error)
    found = _found(core, run, error)
    code = getattr(expected, "code", "internal")
    summary = f"{describe(expected, has_import=found.import_id is not None or not found.is_known)} [{code}]"
    lines = [*(found.findings[:_MOST_PLACES] or [summary])]
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
        allow_retries=any(isinstance(one, _TEMPORARY) for one in (expected, *chain(error))),
        stack=[f"{line}\n" for line in (trace or "").splitlines()],
        name=type(culprit or expected).__name__,
        original=error,
    )


def _as_expected_error(error: Exception) -> Exception:
    """Return a Kelompok error for failures of the database, a disk or memory; otherwise the error itself."""
    if isinstance(error, DatabaseUnavailable | StorageUnavailable | MemoryExceeded):
        return error
    if lost_database(error):
        return DatabaseUnavailable(
            "the connection to the database was lost", hint="Run it again when the database is available: it resumes."
        )
    if lacks_memory(error):
        return MemoryExceeded()
    if lacks_room(error):
        return StorageUnavailable("a disk is full", hint="Free disk space and run it again: it resumes.")
    return error


def _bug(error: Exception) -> BaseException | None:
    """Return the unexpected exception that shows a bug; None for expected errors."""
    if isinstance(error, WorkerStops):
        return None
    if not isinstance(error, KelompokError):
        return error
    if error.findings or type(error) not in (ImportFailed, EnrichmentFailed):
        return None
    causes = [one for one in chain(error) if not isinstance(one, KelompokError)]
    return next((one for one in causes if not isinstance(one, PluginError)), None)


def _found(core: "Core", run: dg.DagsterRun, error: Exception) -> _Found:
    """Return the run's import and the findings that stopped it, as far as Dagster may store them."""
    import_id = None
    with suppress(KelompokError, sa.exc.SQLAlchemyError):
        import_id = core.find_import_of(run)
        if import_id is None or not isinstance(error, KelompokError):
            return _Found(import_id=import_id)
        with core.connect() as connection:
            disclosure = disclosure_of(core.installation.settings, get_import(connection, import_id))
        return _Found(import_id=import_id, findings=tuple(disclosure.sentence(one) for one in error.findings))
    return _Found(import_id=import_id, is_known=False)
