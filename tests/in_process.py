"""Runs plugins inside the process of a test that has to replace their code."""

import importlib
import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from kelompok_core.contract_rules.storable import describe_exception
from kelompok_core.contracts import CommandResult, PluginContext, PluginError, Source, SourceBatch
from kelompok_core.plugin_host.plugin_failures import PluginRaised
from kelompok_core.plugin_host.registry import PluginInfo
from kelompok_core.settings import Settings


class InProcess:
    """A plugin that is called directly; its exceptions become what those of a process become."""

    def __init__(self, implementation: Any, context: PluginContext) -> None:
        self._implementation = implementation
        self._context = context
        self.has = [name for name in ("originals", "explain") if hasattr(implementation, name)]

    def read(self, source: Source) -> Generator[SourceBatch]:
        with _raised():
            yield from self._implementation.read(source, self._context)

    def originals(self, source: Source) -> Generator[str]:
        with _raised():
            yield from self._implementation.originals(source, self._context)

    def normalize(self, batch: SourceBatch) -> SourceBatch:
        return self._called(self._implementation.normalize, batch)

    def match(self, candidates: pd.DataFrame, existing: pd.DataFrame) -> pd.DataFrame:
        return self._called(self._implementation.match, candidates, existing)

    def enrich(self, records: pd.DataFrame) -> pd.DataFrame:
        return self._called(self._implementation.enrich, records)

    def explain(self, records: pd.DataFrame) -> CommandResult:
        return self._called(self._implementation.explain, records)

    def run_command(self, command: str, arguments: Mapping[str, Any], writes: Mapping[str, Path] = {}) -> CommandResult:
        paths = {name: str(path) for name, path in writes.items()}
        return self._called(self._implementation.run_command, command, {**arguments, **paths})

    def _called(self, method: Callable[..., Any], *arguments: object) -> Any:
        with _raised():
            return method(*arguments, self._context)


@contextmanager
def _raised() -> Iterator[None]:
    try:
        yield
    except (PluginError, MemoryError, GeneratorExit):
        raise
    except BaseException as error:
        raise PluginRaised(describe_exception(error), "") from error


@contextmanager
def open_run_in_process(
    settings: Settings, plugin: PluginInfo, implements: tuple[str, str], context: PluginContext, reads: Sequence[Path]
) -> Iterator[InProcess]:
    """Replace :func:`kelompok_core.plugin_host.running.open_run`."""
    del settings, plugin, reads
    module, _, name = implements[1].partition(":")
    with tempfile.TemporaryDirectory() as workdir:
        implementation = getattr(importlib.import_module(module), name)()
        yield InProcess(implementation, replace(context, workdir=Path(workdir)))
