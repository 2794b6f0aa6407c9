"""The plugin under test: its manifest, its classes, and its sample inputs."""

import hashlib
import importlib
import json
import logging
import tempfile
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from kelompok_core.contract_rules.batches import batch_problem
from kelompok_core.contracts import JsonValue, PluginContext, Source, SourceBatch, UnreadableSource
from kelompok_core.installed_plugins import package_folders
from kelompok_core.issues.catalog import core_entries, read_catalog
from kelompok_core.issues.entries import Entry
from kelompok_core.plugin_host.configuration import check_config
from kelompok_core.plugin_host.contract_names import is_importer
from kelompok_core.plugin_host.discovery import MANIFEST_FILE
from kelompok_core.plugin_host.manifest import Job, Manifest, parse_manifest
from kelompok_core.plugin_process.exchange import is_null

MEDIA_TYPES: Mapping[str, str] = {
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".txt": "text/plain",
    ".json": "application/json",
    ".jsonl": "application/x-ndjson",
    ".ndjson": "application/x-ndjson",
    ".ics": "text/calendar",
    ".vcf": "text/vcard",
    ".xml": "application/xml",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""Media types of sample inputs, by the extensions of their names."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What an importer returned for a source, as one: rows, locations, issues, and how it read it."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]
    locations: tuple[tuple[int, int | None, str | None], ...]
    issues: tuple[str, ...]
    blank_lines: int
    read_as: str


@dataclass(kw_only=True)
class Subject:
    """A plugin under test.

    Attributes:
        package: Its top-level package.
        inputs: Its sample inputs.
        config: Its settings for the tests.
    """

    package: str
    inputs: Sequence[Path] = ()
    config: Mapping[str, JsonValue] = field(default_factory=dict)

    @cached_property
    def folder(self) -> Path:
        folder = next(package_folders(self.package), None)
        assert folder is not None, f"the package {self.package!r} cannot be found: is the plugin installed?"
        return folder

    @cached_property
    def manifest(self) -> Manifest:
        """The manifest; a broken one fails with the place and the reason."""
        return parse_manifest((self.folder / MANIFEST_FILE).read_text("utf-8"), self.package)

    @cached_property
    def issues(self) -> Mapping[str, Entry]:
        """The plugin's issue codes, and those of the core."""
        own = read_catalog(self.folder)
        assert own.problem is None, own.problem
        return {**core_entries(), **own.entries}

    def implementation(self, contract: str) -> Any:
        """Return a new instance of the class that implements a contract."""
        module, _, name = self.manifest.implements[contract].partition(":")
        return getattr(importlib.import_module(module), name)()

    def importer_jobs(self) -> list[Job]:
        return [job for job in self.manifest.jobs if is_importer(job.uses)]

    def job_for(self, media_type: str) -> Job | None:
        """Return the first job that reads a media type."""
        return next((job for job in self.importer_jobs() if media_type in job.inputs), None)

    def context(self, **given: Any) -> PluginContext:
        """Return a context as the host makes it, without its functions for headers."""
        config = check_config(self.manifest, self.config)
        secrets = {key: str(config.pop(key)) for key in self.manifest.permissions.secrets if key in config}
        values = {"config": config, "secrets": secrets, "log": logging.getLogger("kelompok.plugin"), "dry_run": True}
        return PluginContext(**{**values, **given})

    def read(self, path: Path, *, most: int | None = None, **context: Any) -> Reading:
        """Return all that the importer returns for a file, checked; or for its first ``most`` batches."""
        source = source_of(path)
        job = self.job_for(source.media_type)
        assert job is not None, f"no job reads {source.media_type}"
        importer = self.implementation(job.uses)
        with working_folder() as workdir:
            made = self.context(entity=job.entity, workdir=workdir, **context)
            with closing(_generator(importer, source, made)) as batches:
                return gather(batches, most)


def _generator(importer: Any, source: Source, context: PluginContext) -> Any:
    yield from importer.read(source, context)


def gather(batches: Iterator[SourceBatch], most: int | None = None) -> Reading:
    """Return batches as one reading; each must fit the contract."""
    rows: list[Mapping[Hashable, str | None]] = []
    locations: list[tuple[int, int | None, str | None]] = []
    columns: dict[str, None] = {}
    issues: list[str] = []
    blank_lines, read_as = 0, ""
    for number, batch in enumerate(batches):
        problem = batch_problem(batch, len(rows))
        assert problem is None, f"batch {number + 1}: {problem}"
        columns |= dict.fromkeys(batch.cells.columns)
        cells = batch.cells.astype("object").where(batch.cells.notna(), None)
        rows += cells.to_dict("records")
        placed = batch.locations.astype("object").where(batch.locations.notna(), None)
        locations += list(placed.itertuples(index=False, name=None))
        issues += [json.dumps([_plain(one) for one in row]) for row in batch.issues.itertuples(index=False, name=None)]
        blank_lines, read_as = blank_lines + batch.blank_lines, json.dumps(dict(batch.read_as), sort_keys=True)
        if most is not None and number + 1 == most:
            break
    return Reading(
        columns=tuple(columns),
        rows=tuple(tuple(row.get(name) for name in columns) for row in rows),
        locations=tuple(locations),
        issues=tuple(sorted(issues)),
        blank_lines=blank_lines,
        read_as=read_as,
    )


def _plain(cell: object) -> object:
    if isinstance(cell, str | dict):
        return cell
    return None if is_null(cell) else int(str(cell))


def try_reading(subject: Subject, path: Path, **context: Any) -> Reading | str:
    """Return what the importer returns for a file, or the code of the issue for which the file is unreadable."""
    try:
        return subject.read(path, **context)
    except UnreadableSource as error:
        return error.issue.code


def source_of(path: Path) -> Source:
    """Return a file as a source; its extension says its media type."""
    content = path.read_bytes()
    media_type = MEDIA_TYPES.get(path.suffix.lower(), "application/octet-stream")
    digest = hashlib.sha256(content).hexdigest()
    return Source(path=path, file_name=path.name, media_type=media_type, sha256=digest, size=len(content))


@contextmanager
def working_folder() -> Iterator[Path]:
    """Provide a temporary folder, as the host does for each run."""
    with tempfile.TemporaryDirectory(prefix="kelompok-suite-") as folder:
        yield Path(folder)


@contextmanager
def file_with(content: bytes, name: str) -> Iterator[Path]:
    """Provide a file with this content."""
    with working_folder() as folder:
        path = folder / name
        path.write_bytes(content)
        yield path


def without_columns(reading: Reading) -> Reading:
    """Return a reading without how it was read, which may depend on the size of batches."""
    return replace(reading, read_as="")
