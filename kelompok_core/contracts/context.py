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

if TYPE_CHECKING:  # loaded where tables are made: who reads no rows should not wait for it
    import pandas as pd


_CELLS_IN_BATCH = 2_000_000


def _map_nothing(entity: str, columns: Sequence[str]) -> Mapping[str, str]:
    del entity, columns
    return {}


def _no_words(entity: str) -> Collection[str]:
    del entity
    return ()


def _find_no_entity(name: str) -> str | None:
    del name
    return None


def _judge_nothing(entity: str, cells: "pd.DataFrame") -> Sequence[Issue]:
    del entity, cells
    return ()


@dataclass(frozen=True, kw_only=True)
class PluginContext:
    """Surroundings of one run of a plugin. The host gives all of them; a plugin's own tests only what they are about.

    Attributes:
        config: The operator's settings, checked against the manifest's ``config_schema``, defaults filled in.
        secrets: Values of the secrets the manifest declares, resolved by the host.
        log: Where to write; never row values or secrets.
        clock: The time now, with a zone.
        workdir: A private folder that is removed after the run.
        dry_run: True when nothing outside may be changed.
        batch_size: Rows the host would like in a batch.
        max_columns: Limit of columns over all batches of a source; no setting of an import can raise it.
        entity: The core table a source is imported into.
        columns: Columns the operator's mapping names; a reader of nested records may take one as a path into them.
        map_headers: What the host makes of a source's columns: for an entity and their names, the field of each.
        header_words: Headers by which the host knows columns of an entity: their letters and digits, in small letters.
        judge_columns: What keeps columns from being imported as an entity, by names and first cells.
        find_entity: The entity whose records a list called so holds («anggota»: members), None for any other name.
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
    map_headers: Callable[[str, Sequence[str]], Mapping[str, str]] = _map_nothing
    header_words: Callable[[str], Collection[str]] = _no_words
    judge_columns: Callable[[str, "pd.DataFrame"], Sequence[Issue]] = _judge_nothing
    find_entity: Callable[[str], str | None] = _find_no_entity

    def rows_that_fit(self, columns: int) -> int:
        """Return how many rows a batch with this many columns may have: fewer than ``batch_size`` for wide tables."""
        return max(1, min(self.batch_size, _CELLS_IN_BATCH // max(1, columns)))
