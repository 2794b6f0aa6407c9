"""Fixtures of the import tests: reviewers, review items, findings and error files."""

import csv
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from kelompok_core.access.actors import Actor
from kelompok_core.database.engine import Database
from kelompok_core.imports.reporting.error_file import write_error_file
from kelompok_core.imports.reporting.report import ImportReport, iter_row_issues
from kelompok_core.imports.reviewing.review import Reviewer
from kelompok_core.imports.reviewing.review_items import ReviewItem, list_review_items
from kelompok_core.installation import Installation
from tests.distributions import install_plugin


@pytest.fixture(autouse=True)
def _plugins_in_the_tests_process(request: pytest.FixtureRequest) -> None:
    """Run plugins in the test's process, which saves a quarter of the time, where the test is not about processes."""
    if not any(map(request.node.get_closest_marker, ("own_processes", "proof"))):
        request.getfixturevalue("in_process")


@pytest.fixture
def reviewer(installation: Installation, operator: Actor) -> Reviewer:
    return Reviewer(installation, operator)


@pytest.fixture
def waiting(database: Database) -> Callable[[], Sequence[ReviewItem]]:
    """List the rows in review."""

    def run() -> Sequence[ReviewItem]:
        with database.connect() as connection:
            return list_review_items(connection)

    return run


@pytest.fixture
def findings(database: Database) -> Callable[[ImportReport], set[tuple[str, int | None]]]:
    """Return the issues of rows: codes, each with the line."""

    def run(report: ImportReport) -> set[tuple[str, int | None]]:
        with database.connect() as connection:
            return {(one.code, one.line) for one in iter_row_issues(connection, report.import_)}

    return run


@pytest.fixture
def codes(findings: Callable[[ImportReport], set[tuple[str, int | None]]]) -> Callable[[ImportReport], set[str]]:
    """Return the codes of the rows' issues."""
    return lambda report: {code for code, _ in findings(report)}


@pytest.fixture
def error_rows(database: Database, tmp_path: Path) -> Callable[[ImportReport], list[dict[str, str]]]:
    """Return the rows of an import's error file."""

    def run(report: ImportReport) -> list[dict[str, str]]:
        path = tmp_path / "errors.csv"
        with database.connect() as connection, path.open("w", encoding="utf-8-sig", newline="") as target:
            write_error_file(connection, report.import_, {"en": target})
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

    return run


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Write rows of an error file, corrected or not, as a file to import."""

    def run(rows: Sequence[dict[str, str]], name: str) -> Path:
        path = tmp_path / name
        with path.open("w", encoding="utf-8-sig", newline="") as target:
            writer = csv.DictWriter(target, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        return path

    return run


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Install a distribution with a plugin of one package; its name is taken from the manifest."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def run(
        manifest: str | Mapping[str, Any] | None, package: str = "odd_plugin", entry: str = "odd", **modules: str
    ) -> None:
        install_plugin(tmp_path, package, manifest, entry=entry, **modules)

    yield run
    for name in [name for name in sys.modules if name.startswith(("odd_plugin", "other_plugin"))]:
        del sys.modules[name]
