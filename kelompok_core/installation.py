"""What the steps of an import work with: the database, the settings, and a callback for progress."""

from collections.abc import Callable
from dataclasses import dataclass

from kelompok_core.database.engine import Database
from kelompok_core.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a step is, in rows."""

    step: str
    rows: int


def _ignore(_: Progress) -> None:
    return None


@dataclass(frozen=True, kw_only=True)
class Installation:
    """Shared by receive, stage, decide and apply; holds no state of an import."""

    database: Database
    settings: Settings
    on_progress: Callable[[Progress], None] = _ignore
