"""The summary of an inbox sensor's tick, for the list of ticks: file names only, never file contents."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from kelompok_core.imports.reporting.inbox_outcomes import Settled
from kelompok_core.sources.inbox import Inbox, TakenFile
from kelompok_core.sources.inbox_places import list_failed
from kelompok_core.sources.watched import FAILED_FOLDER, PassedOver, PresentFile

_MOST_LISTED = 20
"""The number of files that a tick lists per group."""


@dataclass(kw_only=True)
class Tick:
    """The files that a tick found.

    Attributes:
        requested: Files for which it requests a run.
        importing: Files that have an unfinished run.
        waiting: Files that are not complete yet.
        passed_over: Files and folders that cannot be taken.
        warnings: Sentences on files that were refused or have to wait.
        settled: Sentences on files whose import has ended.
    """

    inbox: Inbox
    requested: list[TakenFile] = field(default_factory=list)
    importing: list[TakenFile] = field(default_factory=list)
    waiting: list[PresentFile] = field(default_factory=list)
    passed_over: list[PassedOver] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    settled: list[str] = field(default_factory=list)

    def settle(self, file: TakenFile, settled: Settled | None) -> None:
        """Add where a file ended; None means that its error file has to be written first."""
        if settled is None:
            self.settled.append(f"{file.file_name} waits for its error file, which a worker writes")
            return
        more = f", with {settled.error_file.name}" if settled.error_file else ""
        self.settled.append(f"{file.file_name} {'is done' if settled.done else 'failed'}: {settled.path}{more}")

    def summary(self) -> str:
        """Return the summary of the tick, most important files first."""
        groups = [
            *_named("Imports", (one.file_name for one in self.requested)),
            *_first([*self.warnings, *map(str, self.passed_over)]),
            *_first(self.settled),
            *_named("Being imported", (one.file_name for one in self.importing)),
            *_named("Waits until it is complete", (one.path.name for one in self.waiting)),
        ]
        return "; ".join(groups) or self._nothing()

    def _nothing(self) -> str:
        failed = list_failed(self.inbox.folder)
        more = f"; {len(failed)} could not be imported: see {self.inbox.folder / FAILED_FOLDER}" if failed else ""
        return f"no complete file in {self.inbox.folder}{more}"


def _named(what: str, files: Iterable[str]) -> list[str]:
    found = _first(list(files))
    return [f"{what}: {', '.join(found)}"] if found else []


def _first(texts: list[str]) -> list[str]:
    more = [f"and {len(texts) - _MOST_LISTED} more"] if len(texts) > _MOST_LISTED else []
    return [*texts[:_MOST_LISTED], *more]
