"""The console script: the core's command line, with Dagster running imports and services."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

from kelompok_core.cli.app import run
from kelompok_core.garbage import collect_seldom, skip_final_collection
from kelompok_core.private_files import UMASK

if TYPE_CHECKING:
    from pathlib import Path

    from kelompok_core.cli.launcher import ServiceOptions
    from kelompok_core.errors import KelompokError
    from kelompok_core.installation import Installation, Progress
    from kelompok_core.settings import Settings

# Dagster is imported late, because commands such as «plugin list» should not wait for it.


class DagsterLauncher:
    """Runs imports as Dagster runs in this process, so that the UI shows them, too."""

    def run_import(
        self, installation: "Installation", import_id: UUID, on_progress: "Callable[[Progress], None]"
    ) -> None:
        from kelompok_pipelines.in_process import open_runner

        with open_runner(replace(installation, on_progress=on_progress)) as runner:
            runner.run_import(import_id)

    def run_enrichment(
        self, installation: "Installation", enrichment_id: UUID, on_progress: "Callable[[Progress], None]"
    ) -> None:
        from kelompok_pipelines.in_process import open_runner

        with open_runner(replace(installation, on_progress=on_progress)) as runner:
            runner.run_enrichment(enrichment_id)

    def environment(self, settings: "Settings") -> Mapping[str, str]:
        from kelompok_pipelines.instance import dagster_environment

        return dagster_environment(settings)

    def up(self, settings: "Settings", options: "ServiceOptions", notify: Callable[[str], None]) -> int:
        from kelompok_pipelines.services import run_services

        return run_services(settings, options, notify)

    def serve_ui(self, settings: "Settings", port: int, notify: Callable[[str], None]) -> int:
        from kelompok_pipelines.web_interface import serve_ui

        return serve_ui(settings, port, notify)

    def work(self, settings: "Settings", notify: Callable[[str], None]) -> int:
        from kelompok_pipelines.worker import work

        return work(settings, notify)

    def diagnose(self, settings: "Settings") -> list[tuple[str, str | None]]:
        from kelompok_pipelines.services import diagnose

        return diagnose(settings)

    def check_sources(self, settings: "Settings") -> "list[tuple[str, Sequence[KelompokError]]]":
        from kelompok_pipelines.source_checks import read_sources

        return [(one.called, one.problems) for one in read_sources(settings).tables]

    def list_inboxes(self, settings: "Settings") -> "list[Path]":
        from kelompok_pipelines.inboxes import list_inbox_folders

        return list_inbox_folders(settings)


def main() -> None:
    """Run the command line and exit with its code."""
    os.umask(UMASK)
    collect_seldom()
    code = run(sys.argv[1:], DagsterLauncher())
    skip_final_collection()
    sys.exit(code)
