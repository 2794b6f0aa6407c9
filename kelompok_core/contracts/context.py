"""What the host passes to a plugin: its settings and environment, but no access to the database."""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from kelompok_core.contracts.columns import MOST_COLUMNS
from kelompok_core.contracts.findings import Issue
from kelompok_core.contracts.shapes import JsonValue

if TYPE_CHECKING:  # slow to import, so functions that create tables import it themselves
    import pandas as pd


_CELLS_IN_BATCH = 2_000_000


def _no_mapping(entity: str, columns: Sequence[str]) -> Mapping[str, str]:
    del entity, columns
    return {}


def _no_words(entity: str) -> Collection[str]:
    del entity
    return ()


def _find_no_entity(name: str) -> str | None:
    del name
    return None


def _no_issues(entity: str, cells: "pd.DataFrame") -> Sequence[Issue]:
    del entity, cells
    return ()


@dataclass(frozen=True, kw_only=True)
class PluginContext:
    """The context of one run of a plugin. The host sets all attributes; tests of a plugin set only those they need.

    Attributes:
        config: The operator's settings, checked against the manifest's ``config_schema`` and with its defaults.
        secrets: Values of the secrets that the manifest declares.
        log: The logger. Never log row values or secrets.
        clock: Returns the current time, with a zone.
        workdir: A private folder that is removed after the run.
        dry_run: Whether the plugin must not change anything outside.
        batch_size: The preferred number of rows in a batch.
        max_columns: Limit of columns over all batches of a source. Import options cannot raise it.
        entity: The entity into which the source is imported.
        columns: Columns in the operator's mapping. Readers of nested records may treat one as a path.
        map_headers: Maps the columns of a source: takes an entity and column names, returns the field of each column.
        header_words: Returns the headers that an entity knows, each reduced to lower-case letters and digits.
        judge_columns: Returns issues that prevent importing columns as an entity; takes the entity and the first cells.
        find_entity: Returns the entity of a list with this name («anggota»: members), or None.
    """

    config: Mapping[str, JsonValue] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("kelompok.plugin"))
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    workdir: Path = field(default_factory=Path.cwd)
    dry_run: bool = True
    batch_size: int = 10_000
    max_columns: int = MOST_COLUMNS
    entity: str | None = None
    columns: Sequence[str] = ()
    map_headers: Callable[[str, Sequence[str]], Mapping[str, str]] = _no_mapping
    header_words: Callable[[str], Collection[str]] = _no_words
    judge_columns: Callable[[str, "pd.DataFrame"], Sequence[Issue]] = _no_issues
    find_entity: Callable[[str], str | None] = _find_no_entity

    def rows_that_fit(self, columns: int) -> int:
        """Return how many rows a batch with this many columns may have: fewer than ``batch_size`` for wide tables."""
        return max(1, min(self.batch_size, _CELLS_IN_BATCH // max(1, columns)))
