"""What the command line asks of whoever orchestrates; the core itself knows no orchestrator."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from kelompok_core.settings import Settings

if TYPE_CHECKING:
    from kelompok_core.imports.workbench import Progress, Workbench


class Launcher(Protocol):
    """Runs imports and services."""

    def run_import(self, bench: "Workbench", import_id: UUID, tell: "Callable[[Progress], None]") -> None:
        """Take a received import as far as it goes: applied, or planned when it is a dry run."""
        ...

    def run_apply(self, bench: "Workbench", import_id: UUID) -> None:
        """Apply an approved plan."""
        ...

    def run_enrichment(self, bench: "Workbench", enrichment_id: UUID, tell: "Callable[[Progress], None]") -> None:
        """Do a requested run of an enricher."""
        ...

    def environment(self, settings: Settings) -> Mapping[str, str]:
        """Return the variables a shell needs to use the orchestrator's own commands."""
        ...

    def serve(self, settings: Settings, *, port: int, tell: Callable[[str], None]) -> int:
        """Run database, web interface and daemon until interrupted; return an exit code."""
        ...

    def diagnose(self, settings: Settings) -> list[tuple[str, str | None]]:
        """Return the orchestrator's own checks, each with what is wrong or None."""
        ...
