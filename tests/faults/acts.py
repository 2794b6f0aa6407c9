"""What is done to a database while something goes wrong; each act may be begun again wherever it ended."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from kelompok_core import fail_points
from kelompok_core.access.actors import Actor, get_actor
from kelompok_core.database.engine import Database, open_database
from kelompok_core.imports.applying.apply import apply
from kelompok_core.imports.deciding.decide import decide
from kelompok_core.imports.receiving.receive import ImportRequest, admit, open_import, receive
from kelompok_core.imports.reviewing.review import Reviewer
from kelompok_core.imports.staging.stage import stage
from kelompok_core.imports.undoing.undo import undo
from kelompok_core.installation import Installation
from kelompok_core.settings import Settings
from kelompok_core.sources.storage import incoming_from
from tests.batches import smaller_batches

BATCH_ROWS = 150


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Where acts take place: the settings of a database, and the file that is imported there."""

    settings: Settings
    file: Path
    source: str = "list"
    keyed: bool = True

    def request(self, key: str = "the one") -> ImportRequest:
        return ImportRequest(
            plugin="csv-import", job="import-organizations", file=self.file, source_name=self.source,
            idempotency_key=key if self.keyed else None,
        )  # fmt: skip


def imports(scene: Scene) -> None:
    """Import the file, as the command line does without workers."""
    _import(scene, "the one", times=1)


def repeats(scene: Scene) -> None:
    """Import the file a second time: its rows are taken from the first."""
    imports(scene)
    _import(scene, "the same again", times=2)


def _import(scene: Scene, key: str, *, times: int) -> None:
    with _installation(scene) as (installation, actor):
        applied = "SELECT id FROM imports WHERE source_name = :source AND state = 'applied'"
        if len(_ask(installation.database, applied, scene.source)) == times:
            return
        import_id = receive(installation, scene.request(key), actor).import_id
        stage(installation, import_id)
        decide(installation, import_id)
        apply(installation, import_id)


def reviews(scene: Scene) -> None:
    """Decide every row that waits: the first becomes a record, the others are left out."""
    imports(scene)
    waiting = """
        SELECT import_id, row_number FROM import_decisions d
        WHERE decision = 'review'
          AND NOT EXISTS (SELECT FROM review_decisions p
                          WHERE p.import_id = d.import_id AND p.row_number = d.row_number)
        ORDER BY row_number"""
    with _installation(scene) as (installation, actor):
        reviewer = Reviewer(installation, actor)
        for row in _ask(installation.database, waiting):
            if row.row_number % 2:
                reviewer.accept_as_new(row.import_id, row.row_number)
            else:
                reviewer.reject(row.import_id, row.row_number)


def undoes(scene: Scene) -> None:
    """Take the import back."""
    imports(scene)
    with _installation(scene) as (installation, actor):
        for row in _ask(installation.database, "SELECT id FROM imports WHERE source_name = :source", scene.source):
            undo(installation, row.id, actor)


def works(scene: Scene) -> None:
    """Work as ``kelompok worker`` does, until stopped from outside."""
    from kelompok_pipelines.worker import work  # Dagster is not for the other acts to wait for

    with smaller_batches(BATCH_ROWS):
        work(scene.settings, lambda _: None)


ACTS = {act.__name__: act for act in (imports, repeats, reviews, undoes, works)}


def submit(scene: Scene) -> None:
    """Let the file wait for a worker."""
    with _installation(scene) as (installation, actor):
        admission = admit(installation, scene.request(), actor)
        with incoming_from(str(scene.file), scene.settings) as incoming:
            open_import(installation, admission, incoming, queued=True)


def perform(name: str, scene: Scene, fail_point: str | None) -> None:
    """Begin an act in a process of its own, which dies or stops at the fail point."""
    os.environ.pop(fail_points.VARIABLE, None)
    if fail_point is not None:
        os.environ[fail_points.VARIABLE] = fail_point
    ACTS[name](scene)


@contextmanager
def _installation(scene: Scene) -> Iterator[tuple[Installation, Actor]]:
    database = open_database(scene.settings)
    try:
        with database.connect() as connection, connection.begin():
            actor = get_actor(connection, email=None)
        with smaller_batches(BATCH_ROWS):
            yield Installation(database=database, settings=scene.settings), actor
    finally:
        database.dispose()


def _ask(database: Database, query: str, source: str | None = None) -> list[sa.Row[Any]]:
    with database.connect() as connection:
        return list(connection.execute(sa.text(query), {"source": source}))
