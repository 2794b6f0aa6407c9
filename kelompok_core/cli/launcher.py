"""What the command line asks of whoever orchestrates; the core itself knows no orchestrator."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from kelompok_core.settings import Settings

if TYPE_CHECKING:
    from kelompok_core.imports.workbench import Progress, Workbench


@dataclass(frozen=True, kw_only=True)
class ServiceOptions:
    """Where the services of one machine listen, and how many processes import."""

    port: int
    api_port: int
    workers: int


class Launcher(Protocol):
    """Runs imports and services."""

    def run_import(self, bench: "Workbench", import_id: UUID, tell: "Callable[[Progress], None]") -> None:
        """Take a received import as far as it goes, an approved plan of a dry run to the core."""
        ...

    def run_enrichment(self, bench: "Workbench", enrichment_id: UUID, tell: "Callable[[Progress], None]") -> None:
        """Do a requested run of an enricher."""
        ...

    def environment(self, settings: Settings) -> Mapping[str, str]:
        """Return the variables a shell needs to use the orchestrator's own commands."""
        ...

    def up(self, settings: Settings, options: ServiceOptions, tell: Callable[[str], None]) -> int:
        """Run database, web interface, daemon, workers and API until interrupted; return an exit code."""
        ...

    def serve_ui(self, settings: Settings, port: int, tell: Callable[[str], None]) -> int:
        """Serve the web interface alone until interrupted; return an exit code."""
        ...

    def work(self, settings: Settings, tell: Callable[[str], None]) -> int:
        """Take what waits in the queue, one import after the other, until interrupted; return an exit code."""
        ...

    def diagnose(self, settings: Settings) -> list[tuple[str, str | None]]:
        """Return the orchestrator's own checks, each with what is wrong or None."""
        ...
