"""State that the entry point sets once and commands read: settings, launcher and debug mode."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kelompok_core.errors import KelompokError
from kelompok_core.settings import Settings, read_settings

if TYPE_CHECKING:
    from kelompok_core.cli.launcher import Launcher


@dataclass
class Surroundings:
    """The settings, launcher and debug mode of this process."""

    launcher: "Launcher | None" = None
    settings: Settings = field(default_factory=read_settings)
    debug: bool = False


SURROUNDINGS = Surroundings()


def settings() -> Settings:
    return SURROUNDINGS.settings


def launcher() -> "Launcher":
    if SURROUNDINGS.launcher is None:
        raise KelompokError("this program was started without an orchestrator")
    return SURROUNDINGS.launcher
