"""The orchestrator interface of the command line; the core itself depends on no orchestrator."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from kelompok_core.errors import KelompokError
from kelompok_core.settings import Settings

if TYPE_CHECKING:
    from kelompok_core.installation import Installation, Progress


@dataclass(frozen=True, kw_only=True)
class ServiceOptions:
    """Ports of the services of one machine, and the number of worker processes."""

    port: int
    api_port: int
    workers: int


class Launcher(Protocol):
    """Runs imports and services."""

    def run_import(
        self, installation: "Installation", import_id: UUID, on_progress: "Callable[[Progress], None]"
    ) -> None:
        """Run a received import to its end, or apply the approved plan of a dry run."""
        ...

    def run_enrichment(
        self, installation: "Installation", enrichment_id: UUID, on_progress: "Callable[[Progress], None]"
    ) -> None:
        """Run a requested enrichment."""
        ...

    def environment(self, settings: Settings) -> Mapping[str, str]:
        """Return the environment variables that the orchestrator's own commands need."""
        ...

    def up(self, settings: Settings, options: ServiceOptions, notify: Callable[[str], None]) -> int:
        """Run database, web interface, daemon, workers and API until interrupted; return an exit code."""
        ...

    def serve_ui(self, settings: Settings, port: int, notify: Callable[[str], None]) -> int:
        """Serve the web interface alone until interrupted; return an exit code."""
        ...

    def work(self, settings: Settings, notify: Callable[[str], None]) -> int:
        """Run queued imports one after the other until interrupted; return an exit code."""
        ...

    def diagnose(self, settings: Settings) -> list[tuple[str, str | None]]:
        """Return the orchestrator's own checks, each with its problem or None."""
        ...

    def check_sources(self, settings: Settings) -> list[tuple[str, Sequence[KelompokError]]]:
        """Return the scheduled and watched sources and invalid freshness keys of kelompok.toml, with their errors."""
        ...

    def list_inboxes(self, settings: Settings) -> list[Path]:
        """Return the folders that are watched while services run."""
        ...
