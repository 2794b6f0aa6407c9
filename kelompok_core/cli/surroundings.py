"""What the program's entry sets once and commands read: settings, who orchestrates, how much to tell of errors."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kelompok_core.errors import KelompokError
from kelompok_core.settings import Settings, read_settings

if TYPE_CHECKING:
    from kelompok_core.cli.launcher import Launcher


@dataclass
class Surroundings:
    """Set once by the program's entry; commands read it."""

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
