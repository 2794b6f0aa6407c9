"""Resource limits for reading a source: ``[limits]`` in kelompok.toml. Requests cannot raise them."""

from pydantic import BaseModel, ConfigDict, Field

from kelompok_core.contracts.columns import MOST_COLUMNS
from kelompok_core.plugin_host.configuration import read_document, read_table
from kelompok_core.settings import Settings


class Limits(BaseModel):
    """Limits per source.

    Attributes:
        columns: Columns over all rows.
        reading_seconds: Deadline for reading it.
        silent_seconds: Deadline for the next stored row, and for each answer of a plugin.
        memory_megabytes: Memory that a worker may use for one import, in addition to its own; the same holds for the
            process of each plugin.
        file_megabytes: What a plugin may write into its working folder.
        processes: Threads of a plugin that runs as a user of its own.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: int = Field(default=MOST_COLUMNS, ge=1)
    reading_seconds: int = Field(default=4 * 3_600, ge=1)
    silent_seconds: int = Field(default=1_800, ge=1)
    memory_megabytes: int = Field(default=2_000, ge=100)
    file_megabytes: int = Field(default=1_000, ge=1)
    processes: int = Field(default=64, ge=1)


def read_limits(settings: Settings) -> Limits:
    """Return the limits of this installation.

    Raises:
        SettingsError: Naming the key of ``[limits]`` that is invalid.
    """
    return read_table("limits", Limits, read_document(settings).get("limits", {}))
