"""What a tick of an inbox sensor says it saw, for the list of ticks: names of files, and never what is in them."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from kelompok_core.imports.inbox_outcomes import Settled
from kelompok_core.sources.inbox import Inbox, TakenFile
from kelompok_core.sources.inbox_places import list_failed
from kelompok_core.sources.watched import FAILED_FOLDER, PassedOver, SeenFile

_MOST_TOLD = 20
"""Files that one tick names in each group."""


@dataclass(kw_only=True)
class Tick:
    """The files that one tick looked at.

    Attributes:
        requested: Files that get a run now.
        importing: Files that have one.
        waiting: Files that are not complete.
        passed_over: What cannot be taken.
        warnings: Why files were refused, or wait.
        settled: Sentences on files whose import ended.
    """

    inbox: Inbox
    requested: list[TakenFile] = field(default_factory=list)
    importing: list[TakenFile] = field(default_factory=list)
    waiting: list[SeenFile] = field(default_factory=list)
    passed_over: list[PassedOver] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    settled: list[str] = field(default_factory=list)

    def settle(self, file: TakenFile, settled: Settled | None) -> None:
        """Note where a file ended; None when its error file has to be written first."""
        if settled is None:
            self.settled.append(f"{file.file_name} waits for its error file, which a worker writes")
            return
        more = f", with {settled.error_file.name}" if settled.error_file else ""
        self.settled.append(f"{file.file_name} {'is done' if settled.done else 'failed'}: {settled.path}{more}")

    def told(self) -> str:
        """Return what the tick saw, the most important first."""
        groups = [
            *_named("Imports", (one.file_name for one in self.requested)),
            *_few([*self.warnings, *map(str, self.passed_over)]),
            *_few(self.settled),
            *_named("Being imported", (one.file_name for one in self.importing)),
            *_named("Waits until it is complete", (one.path.name for one in self.waiting)),
        ]
        return "; ".join(groups) or self._nothing()

    def _nothing(self) -> str:
        failed = list_failed(self.inbox.folder)
        more = f"; {len(failed)} could not be imported: see {self.inbox.folder / FAILED_FOLDER}" if failed else ""
        return f"no complete file in {self.inbox.folder}{more}"


def _named(what: str, files: Iterable[str]) -> list[str]:
    found = _few(list(files))
    return [f"{what}: {', '.join(found)}"] if found else []


def _few(told: list[str]) -> list[str]:
    more = [f"and {len(told) - _MOST_TOLD} more"] if len(told) > _MOST_TOLD else []
    return [*told[:_MOST_TOLD], *more]
