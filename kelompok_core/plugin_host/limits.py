"""What one reading of a source may take: ``[limits]`` of kelompok.toml, which no request can raise."""

from pydantic import BaseModel, ConfigDict, Field

from kelompok_core.contracts.columns import MOST_COLUMNS
from kelompok_core.plugin_host.configuration import read_document, read_table
from kelompok_core.settings import Settings


class Limits(BaseModel):
    """Of one source.

    Attributes:
        columns: How many it may have, over all its rows.
        reading_seconds: How long it may be read.
        silent_seconds: How long reading may go on without a row that is kept.
        memory_megabytes: What a worker may take for one import, beside what it needs itself.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: int = Field(default=MOST_COLUMNS, ge=1)
    reading_seconds: int = Field(default=4 * 3_600, ge=1)
    silent_seconds: int = Field(default=1_800, ge=1)
    memory_megabytes: int = Field(default=2_000, ge=100)


def read_limits(settings: Settings) -> Limits:
    """Return the limits of this installation.

    Raises:
        SettingsError: Naming the key of ``[limits]`` that is wrong.
    """
    return read_table("limits", Limits, read_document(settings).get("limits", {}))
