"""Failed steps as Dagster may store them: codes and positions, because error messages may quote rows."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from uuid import UUID

import dagster as dg
import sqlalchemy as sa

from kelompok_core.errors import (
    Conflict,
    DatabaseUnavailable,
    KelompokError,
    KeyReused,
    NotFound,
    NotPermitted,
    QueueFull,
    SettingsError,
    StorageUnavailable,
    TakenOver,
    UsageError,
)
from kelompok_core.failures import trace_of
from kelompok_core.imports.disclosure import disclosure_of
from kelompok_core.imports.records import get_import
from kelompok_pipelines.resources import Core

_OF_OURS = (
    NotFound, Conflict, KeyReused, QueueFull, TakenOver, DatabaseUnavailable, StorageUnavailable,
)  # fmt: skip
"""Errors whose messages contain names, addresses and rights, but never a file's contents."""

_MOST_PLACES = 20


class StepFailed(dg.Failure):
    """A failed step; ``original`` is for code that runs the job in this process, and is never stored by Dagster."""

    def __init__(self, original: Exception, description: str, metadata: dict[str, dg.MetadataValue]) -> None:
        super().__init__(description, metadata)
        self.original = original


@contextmanager
def without_values(core: Core, run: dg.DagsterRun) -> Iterator[None]:
    """Report a failed step to Dagster by code and positions only; the import's report has the full messages.

    Raises:
        StepFailed: In place of any exception raised in the block, except ``dagster.Failure``.
    """
    try:
        yield
    except dg.Failure:
        raise
    except Exception as error:  # noqa: BLE001 -- Dagster would store any exception's message
        # Dagster also stores the chain of causes, so cut it.
        raise _failed(core, run, error) from None


def describe(error: Exception, *, has_import: bool) -> str:
    """Describe the error without quoting files, settings or plugins."""
    if not isinstance(error, KelompokError):
        return f"An unexpected {type(error).__name__} stopped the step."
    if isinstance(error, SettingsError):
        return f"{error.code}: the setting {error.key} is invalid."
    if isinstance(error, NotPermitted):
        return f"{error.code}: the actor may not {error.action}."
    if isinstance(error, _OF_OURS) or (type(error) is UsageError and not has_import):
        # Before an import is opened, only the request can be wrong, and the run's config shows that anyway.
        said = " ".join(f"{one.rstrip('.')}." for one in (error.message.splitlines()[0], error.hint) if one)
        return f"{error.code}: {said}"
    return f"{error.code}: the step failed."


def _failed(core: Core, run: dg.DagsterRun, error: Exception) -> StepFailed:
    import_id, places = None, list[str]()
    has_import = True  # the safe assumption while the database is unavailable
    with suppress(KelompokError, sa.exc.SQLAlchemyError):
        import_id = core.find_import_of(run)
        has_import = import_id is not None
        places = _places(core, import_id, error) if import_id is not None else []
    lines = [describe(error, has_import=has_import), *places[:_MOST_PLACES]]
    metadata: dict[str, dg.MetadataValue] = {"code": dg.MetadataValue.text(getattr(error, "code", "internal"))}
    if import_id is not None:
        report = f"kelompok import show {import_id}"
        lines.append(f"Findings: {report}")
        metadata |= {"import": dg.MetadataValue.text(str(import_id)), "report": dg.MetadataValue.text(report)}
    if (trace := trace_of(error)) is not None:
        metadata["where"] = dg.MetadataValue.text(trace)
    return StepFailed(error, "\n".join(lines), metadata)


def _places(core: Core, import_id: UUID, error: Exception) -> list[str]:
    """Return code, line and column of each finding in the import's source."""
    with core.connect() as connection:
        disclosure = disclosure_of(core.bench.settings, get_import(connection, import_id))
    return [disclosure.finding(one) for one in error.findings] if isinstance(error, KelompokError) else []
