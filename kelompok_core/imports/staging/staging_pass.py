"""Reads a source once: a plugin reads it, the core normalizes and stores every row. Resumes after any batch."""

import hashlib
import json
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial

import pandas as pd
import pyarrow as pa
import sqlalchemy as sa

from kelompok_core.contracts import Severity, SourceBatch
from kelompok_core.fail_points import FailPoint, reach
from kelompok_core.headers.mapping import HeaderMapping
from kelompok_core.imports.shared.acting import noticing_takeover
from kelompok_core.imports.shared.columns import CHANGED_AT, EXTERNAL_ID, map_columns
from kelompok_core.imports.shared.imports import IMPORTS, Import, ImportState, update_held
from kelompok_core.imports.shared.rights import StagingRights
from kelompok_core.imports.staging.candidates import Terms, make_candidates
from kelompok_core.imports.staging.column_survey import Survey
from kelompok_core.imports.staging.likely_columns import find_better_entity, likely_columns
from kelompok_core.imports.staging.normalizing import Normalizers
from kelompok_core.imports.staging.owner_countries import OwnerCountries
from kelompok_core.imports.staging.part import Part
from kelompok_core.imports.staging.plugin_output import accept_batch
from kelompok_core.imports.staging.plugin_reading import as_our_errors, read_batches, unreadable
from kelompok_core.imports.staging.returned_files import restore_cells
from kelompok_core.imports.staging.reused_files import earlier_import_issues
from kelompok_core.imports.staging.reused_rows import Known, References
from kelompok_core.imports.staging.row_tables import (
    RawRows,
    copy_rows,
    fatal_issues,
    file_issues,
    issue_dict,
    referring_table,
    staged_table,
)
from kelompok_core.imports.staging.source_size import SourceSize
from kelompok_core.installation import Installation, Progress
from kelompok_core.issues.stored import StoredFinding
from kelompok_core.organizations.queries import get_names
from kelompok_core.plugin_host.limits import read_limits
from kelompok_core.records.registry import get_descriptor
from kelompok_core.values.conventions import DEFAULT_PHONE_COUNTRY, DEFAULT_ZONE
from kelompok_core.values.reading import Reading

READING = 4
"""Increment when value normalization changes, so that rows read the old way are compared again."""


@dataclass(frozen=True, kw_only=True)
class _NewRows:
    """The rows of a batch that this pass still has to stage: as read (``written``), normalized, and known rows."""

    batch: SourceBatch
    written: SourceBatch
    raw: RawRows
    mapping: HeaderMapping
    terms: Terms
    known: "Future[Known | None]"
    state: dict[str, object]
    staged: int


@dataclass(frozen=True, kw_only=True)
class _PreparedBatch:
    """A batch to write: functions that make the tables of its new rows, and the import's columns."""

    tables: Sequence[Callable[[], pa.Table]]
    state: dict[str, object]
    staged: int


class Stager:
    """One pass over a source that stages all of it or one part; the pass for a part also reads the other parts.

    Attributes:
        read: Number of rows read so far.
        staged: Number of rows staged, including earlier passes.
        state: The import's columns after the rows read so far.
    """

    def __init__(
        self, installation: Installation, import_: Import, rights: StagingRights, normalizing: Normalizers, part: Part
    ) -> None:
        self._installation = installation
        self._normalizing = normalizing
        self._part = part
        self._import = import_
        self._rights = rights
        self._granted = rights.granted
        self._needs = set(import_.needs)
        self._size = SourceSize(columns=read_limits(installation.settings).columns, file_bytes=import_.file_bytes)
        self._survey = Survey(import_, self._batches)
        self._descriptor = get_descriptor(import_.entity)
        self._owner_names = _owner_names(installation, import_)
        self._owners = OwnerCountries(installation.database, import_, self._descriptor, rights.sees)
        self._references = References(installation.database, import_, self._descriptor)
        self._mapping: HeaderMapping | None = None
        self._columns: list[str] = []
        self._known: dict[str, str] = {}
        self._written: list[str] = []
        self._issues: list[StoredFinding] = []
        self._blank_lines = 0
        self._used_columns: set[str] = set()
        self.staged = import_.rows_staged
        self.read = 0
        self.state: dict[str, object] = {}

    def run(self) -> None:
        """Interpret one batch while the previous one is written and the rows of the next one are looked up."""
        with (
            self._installation.database.connect() as connection,
            ThreadPoolExecutor(1, "staging") as writer,
            ThreadPoolExecutor(1, "looking up") as looker,
        ):
            self._issues += earlier_import_issues(connection, self._import, self._rights)
            connection.commit()  # reading may be slow, and should not keep a transaction open
            writing: Future[None] | None = None
            for fresh in self._read_ahead(looker):
                ready = self._interpret(fresh)
                if writing is not None:
                    writing.result()
                writing = writer.submit(self._write, connection, ready)
            if writing is not None:
                writing.result()

    @property
    def columns_without_values(self) -> list[str]:
        """The mapped columns for which no row of this pass had a value."""
        mapped = self._mapping.targets if self._mapping is not None else {}
        return [column for column in mapped if column not in self._used_columns]

    def _read_ahead(self, looker: ThreadPoolExecutor) -> Iterator[_NewRows]:
        """Yield the batches to stage, each after the next one is read; meanwhile, its rows are looked up."""
        before: _NewRows | None = None
        with closing(self._batches()) as batches:
            for batch in batches:
                fresh = self._accept(batch, looker)
                if before is not None:
                    yield before
                before = fresh
        if before is not None:
            yield before

    def _batches(self) -> Generator[SourceBatch]:
        return read_batches(self._installation.settings, self._import)

    def _accept(self, batch: SourceBatch, looker: ThreadPoolExecutor) -> _NewRows | None:
        """Return the rows of the batch that are still to be staged, with the import's new columns; None if none."""
        accepted = accept_batch(batch, after=self.read, plugin=self._import.plugin_label)
        with as_our_errors(self._import.plugin_label, self._import.file_name):
            self._size.add(accepted)
        source = restore_cells(accepted, self._import.media_type)
        self._written += [column for column in source.cells.columns if column not in self._written]
        batch = self._normalizing.normalize(source)
        self.read += len(batch.cells)
        self._blank_lines += batch.blank_lines
        if fatal := fatal_issues(batch):
            raise unreadable(self._import.file_name, fatal)
        self._extend(self._issues, file_issues(batch))
        mapping = self._map(batch)
        terms = self._terms(batch, mapping)
        wanted = self._remaining_rows(batch)
        self.staged = max(self.staged, self.read)
        reading = self._reading_of(mapping)
        self.state = self._state(batch, mapping, reading)
        if not (self._part.is_whole or wanted.any()):
            return None
        fresh = _select_rows(batch, wanted)
        written = replace(_select_rows(source, wanted), issues=fresh.issues)
        raw = RawRows.of(written, mapping)
        known = looker.submit(self._references.find, fresh, mapping, terms, raw.digests, reading)
        return _NewRows(
            batch=fresh, written=written, raw=raw, mapping=mapping, terms=terms, known=known, state=self.state,
            staged=self.staged,
        )  # fmt: skip

    def _interpret(self, fresh: _NewRows) -> _PreparedBatch:
        tables = [] if fresh.batch.cells.empty else list(self._tables(fresh))
        state = fresh.state | {"needs": sorted(self._needs)}
        if not self._part.is_whole:
            state = self.state_of_part(len(fresh.batch.cells))
        return _PreparedBatch(tables=tables, state=state, staged=fresh.staged)

    def _tables(self, fresh: _NewRows) -> Iterator[Callable[[], pa.Table]]:
        """Yield functions that make the tables: references for rows that were read before, candidates for the others.

        The writer thread calls them, while the next batch is interpreted.
        """
        batch, written, raw, known = fresh.batch, fresh.written, fresh.raw, fresh.known.result()
        if known is not None and known.places:
            yield partial(referring_table, self._import.id, written, raw, known)
            new = ~pd.Series(range(len(batch.cells))).isin(known.places)
            if not new.any():
                return
            batch, written, raw = _select_rows(batch, new), _select_rows(written, new), raw.only(new)
        terms = replace(fresh.terms, owner_countries=self._owners.of(batch, fresh.mapping))
        candidates = make_candidates(self._descriptor, batch, fresh.mapping, terms)
        self._needs |= candidates.needs
        self._used_columns |= candidates.used_columns
        yield partial(staged_table, self._import.id, written, raw, candidates)

    def _remaining_rows(self, batch: SourceBatch) -> pd.Series:
        """Return which rows of the batch belong to this part and were not staged by an interrupted run."""
        records = batch.locations["row_number"]
        wanted = self._part.contains(records)
        if self._import.state is not ImportState.STAGING or not wanted.any():
            return wanted
        with self._installation.database.connect() as connection:
            between = {"import": self._import.id, "first": int(records.iloc[0]), "last": int(records.iloc[-1])}
            return wanted & ~records.isin(list(connection.scalars(_STAGED, between)))

    def _terms(self, batch: SourceBatch, mapping: HeaderMapping) -> Terms:
        """Return how to read the batch; facts that need the whole source, such as date orders, come from a survey."""
        options = self._import.options
        dated = {CHANGED_AT, *self._descriptor.dated_targets()}
        there = [(column, target) for column, target in mapping.targets.items() if column in batch.cells]
        facts = self._survey.of(
            batch,
            dates={column for column, target in there if target in dated},
            ids={column for column, target in there if target == EXTERNAL_ID},
        )
        reading = Reading(
            date_orders=facts.date_orders,
            day_numbers=facts.day_numbers,
            recent=facts.recent,
            decimals=facts.decimals,
            phone_country=options.phone_country or DEFAULT_PHONE_COUNTRY,
            timezone=options.timezone or DEFAULT_ZONE,
            today=self._import.created_at.date(),
        )
        return Terms(
            reading=reading, organization_id=self._import.organization_id, owner_names=self._owner_names,
            granted=self._granted,
        )  # fmt: skip

    def state_of_part(self, rows: int) -> dict[str, object]:
        """Return the import's columns after ``rows`` more rows of a part, as expressions safe for concurrent parts."""
        needs = sa.text("ARRAY(SELECT DISTINCT unnest(needs || CAST(:more AS text[])) ORDER BY 1)")
        return {
            "state": sa.case((IMPORTS.c.state == ImportState.RECEIVED, ImportState.STAGING), else_=IMPORTS.c.state),
            "rows_staged": IMPORTS.c.rows_staged + rows,
            "needs": needs.bindparams(more=sorted(self._needs)),
        }

    def _write(self, connection: sa.Connection, ready: _PreparedBatch) -> None:
        if ready.tables:
            with noticing_takeover(self._import):
                copy_rows(connection, (make() for make in ready.tables))
            reach(FailPoint.STAGE_COPIED)
        update_held(connection, self._import, **ready.state)
        reach(FailPoint.STAGE_UPDATED)
        connection.commit()
        reach(FailPoint.STAGE_COMMITTED)
        self._installation.on_progress(Progress(step="stage", rows=ready.staged))

    def _map(self, batch: SourceBatch) -> HeaderMapping:
        """Return the header mapping; map the header again if a batch has new columns."""
        columns = list(batch.cells.columns)
        if self._mapping is None or not set(columns) <= set(self._columns):
            self._columns += [column for column in columns if column not in self._columns]
            self._known |= batch.mapping
            self._mapping = map_columns(
                self._descriptor,
                self._columns,
                self._import.options.mapping,
                scoped=self._import.organization_id is not None,
                known=self._known,
                repeating=[name for name in columns if batch.cells[name].dropna().duplicated().any()],
            )
            fatal = [issue for issue in self._mapping.issues if issue.severity is Severity.FATAL]
            is_known = self._descriptor.label in self._known.values()  # the reader knows what the list is of
            better = find_better_entity(self._descriptor, self._mapping) if columns and not is_known else []
            if fatal and columns:  # an empty list has no columns, and none is missing
                likely = likely_columns(self._descriptor, self._mapping, batch.cells)
                raise unreadable(self._import.file_name, [*fatal, *likely])
            self._extend(self._issues, [issue_dict(issue) for issue in (*self._mapping.issues, *better) if columns])
        return self._mapping

    def _state(self, batch: SourceBatch, mapping: HeaderMapping, reading: bytes) -> dict[str, object]:
        return {
            "state": ImportState.STAGING,
            "rows_staged": self.staged,
            "blank_lines": self._blank_lines,
            "header": [column for column in self._written if column not in mapping.dropped],
            "mapping": dict(mapping.targets),
            "reading_sha256": reading,
            "read_as": dict(batch.read_as) | self._read_by(),
            "issues": list(self._issues),
        }

    def _read_by(self) -> dict[str, object]:
        found = self._survey.to_json()
        return found | ({"normalized_by": list(self._normalizing.labels)} if self._normalizing.labels else {})

    def _reading_of(self, mapping: HeaderMapping) -> bytes:
        """Return a digest of how rows are interpreted; a raw row read in another way counts as changed."""
        settings = [*self._import.options.digest_parts(), *sorted(self._granted)]
        parts = json.dumps(
            [
                READING,
                sorted(mapping.targets.items()),
                sorted(mapping.extra),
                settings,
                list(self._survey.to_json().items()),
                *self._normalizing.labels,
            ]
        )
        return hashlib.sha256(parts.encode()).digest()

    @staticmethod
    def _extend(issues: list[StoredFinding], more: list[StoredFinding]) -> None:
        issues.extend(issue for issue in more if issue not in issues)


_STAGED = sa.text(
    "SELECT row_number FROM import_rows WHERE import_id = :import AND row_number BETWEEN :first AND :last"
)


def _owner_names(installation: Installation, import_: Import) -> frozenset[str]:
    """Return the names of the organization that the import is limited to."""
    if import_.organization_id is None:
        return frozenset()
    with installation.database.connect() as connection:
        return get_names(connection, import_.organization_id)


def _select_rows(batch: SourceBatch, keep: pd.Series) -> SourceBatch:
    """Return these rows of the batch, with their findings."""
    if keep.all():
        return batch
    records = set(batch.locations["row_number"][keep])
    return replace(
        batch,
        cells=batch.cells[keep].reset_index(drop=True),
        locations=batch.locations[keep].reset_index(drop=True),
        issues=batch.issues[batch.issues["row_number"].isin(records)],
    )
