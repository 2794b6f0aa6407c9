"""The installation, as the steps of an import use it: its database and settings, and a callback for progress."""

from collections.abc import Callable
from dataclasses import dataclass

from kelompok_core.database.engine import Database
from kelompok_core.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Progress:
    """The progress of a step, in rows."""

    step: str
    rows: int


def _ignore(_: Progress) -> None:
    return None


@dataclass(frozen=True, kw_only=True)
class Installation:
    """The database and settings of an installation. It has no state of an import, so all steps share it."""

    database: Database
    settings: Settings
    on_progress: Callable[[Progress], None] = _ignore
