"""The ``[scaling]`` table of kelompok.toml: in how many parts large files are staged, and who executes the steps."""

import importlib
from typing import Any

import dagster as dg
from pydantic import BaseModel, ConfigDict, Field

from kelompok_core.errors import SettingsError
from kelompok_core.plugin_host.configuration import read_document, read_table
from kelompok_core.settings import Settings

_TABLE = "scaling"


class Scaling(BaseModel):
    """How large imports are split into parts.

    Attributes:
        parts: Maximum number of machines or processes that stage one import.
        executor: Module and name of a Dagster executor, such as ``dagster_dask.dask_executor``; without one the parts
            are processes of one machine.
        executor_config: The executor's settings; see its own documentation.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    parts: int = Field(ge=2, le=64)
    executor: str | None = None
    executor_config: dict[str, Any] = {}

    def load_executor(self) -> dg.ExecutorDefinition:
        """Return the executor with its settings.

        Raises:
            SettingsError: When there is none of this name.
        """
        if self.executor is None:
            return dg.multiprocess_executor
        module, _, name = self.executor.rpartition(".")
        try:
            found = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError, ValueError) as error:
            raise SettingsError(
                f"{_TABLE}.executor", f"there is no {self.executor}: {error}",
                hint="Install its package together with Kelompok on every machine.",
            ) from error  # fmt: skip
        if not isinstance(found, dg.ExecutorDefinition):
            raise SettingsError(f"{_TABLE}.executor", f"{self.executor} is not a Dagster executor")
        return found.configured(self.executor_config) if self.executor_config else found


def read_scaling(settings: Settings) -> Scaling | None:
    """Return the settings of ``[scaling]``; None if there are none.

    Raises:
        SettingsError: Naming the key that is wrong.
    """
    table = read_document(settings).get(_TABLE)
    return None if table is None else read_table(_TABLE, Scaling, table)
