"""Calls a plugin in its process: sends the calls, answers its questions, checks what comes back."""

import logging
import os
import shutil
import stat
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from time import monotonic
from types import MappingProxyType
from typing import TYPE_CHECKING

from kelompok_core.contracts import CommandResult, PluginContext, Source, SourceBatch, UnreadableSource
from kelompok_core.errors import NotFound, PluginUnavailable
from kelompok_core.plugin_host.contract_names import is_importer
from kelompok_core.plugin_host.isolation import importable_path
from kelompok_core.plugin_host.limits import Limits
from kelompok_core.plugin_host.plugin_failures import BrokeContract, NotLoaded, PluginEnded, error_of
from kelompok_core.plugin_host.printed_output import PrintedOutput
from kelompok_core.plugin_host.processes import PluginProcess
from kelompok_core.plugin_process.asking import ANSWER, ASK, FIND_ENTITY, HEADER_WORDS, JUDGE_COLUMNS, LOG, MAP_HEADERS
from kelompok_core.plugin_process.child import CALL, END, FAILED, ITEM, LOAD, LOADED, START, WALLS
from kelompok_core.plugin_process.exchange import (
    UnfitMessage,
    pack_arguments,
    pack_batch,
    pack_issues,
    pack_source,
    pack_texts,
    unpack_batch,
    unpack_result,
    unpack_signals,
    unpack_suggestions,
    unpack_texts,
)
from kelompok_core.plugin_process.frames import Closed, JsonObject, Late, Malformed, Message, Values
from kelompok_core.plugin_process.tables import Buffer

if TYPE_CHECKING:
    import pandas as pd

_START_SECONDS = 120
"""How long a process may take until its walls stand; it has only to be scheduled."""

_MEGABYTE = 1 << 20


class RunningPlugin:
    """A plugin in a process of its own, called through its contract.

    Attributes:
        has: The optional methods that it has: ``originals``, ``explain``.
    """

    def __init__(  # noqa: PLR0913, PLR0917 -- all that a run consists of
        self, process: PluginProcess, context: PluginContext, limits: Limits, workdir: Path, output: PrintedOutput,
        files: Mapping[Path, Path],
    ) -> None:  # fmt: skip
        self._process = process
        self._channel = process.channel
        self._context = context
        self._limits = limits
        self._workdir = workdir
        self._output = output
        self._files = files
        self.has: Sequence[str] = ()

    def start(self, values: Values) -> Mapping[str, str | None]:
        """Put up the walls and return which of them stand."""
        self._send(Message(kind=START, values=values))
        answer = self._receive(_START_SECONDS)
        if answer.kind != WALLS:
            raise PluginEnded(f"its process answered {answer.kind!r} instead of its walls")
        standing: Mapping[str, str | None] = answer.values["standing"]
        return standing

    def load(self, plugin: str, contract: str, target: str, packages: Mapping[str, Sequence[Path]]) -> None:
        """Load the plugin.

        Args:
            plugin: Its name.
            contract: The contract.
            target: What implements it, as ``module:Name``.
            packages: The folders of the plugin's packages.

        Raises:
            PluginUnavailable: When that fails.
        """
        context = self._context
        values = {
            "target": target,
            "contract": contract,
            "is_importer": is_importer(contract),
            "packages": {name: [str(one) for one in folders] for name, folders in packages.items()},
            "path": importable_path(),
            "context": {
                "plugin": plugin,
                "config": context.config,
                "secrets": context.secrets,
                "dry_run": context.dry_run,
                "batch_size": context.batch_size,
                "max_columns": context.max_columns,
                "entity": context.entity,
                "columns": list(context.columns),
                "log_level": context.log.getEffectiveLevel(),
            },
        }
        try:
            for answer in self._answers(Message(kind=LOAD, values=values), expected=LOADED):
                self.has = list(map(str, answer.values.get("has", ())))
        except NotLoaded as error:
            raise PluginUnavailable(plugin, str(error)) from error
        except PluginEnded as error:
            raise PluginUnavailable(plugin, f"{target} cannot be loaded: {error}") from error

    def read(self, source: Source) -> Generator[SourceBatch]:
        """Yield the batches that the plugin reads, one at a time: it waits until the next one is wanted."""
        for answer in self._call("read", {"source": self._packed(source)}):
            yield unpack_batch(answer.values, answer.tables)

    def originals(self, source: Source) -> Generator[str]:
        """Yield the original records, as lines of JSON."""
        for answer in self._call("originals", {"source": self._packed(source)}):
            yield str(answer.values.get("original"))

    def normalize(self, batch: SourceBatch) -> SourceBatch:
        """Return the normalized batch."""
        values, tables = pack_batch(batch)
        answer = self._call_once("normalize", values, tables)
        return unpack_batch(answer.values, answer.tables)

    def match(self, candidates: "pd.DataFrame", existing: "pd.DataFrame") -> "pd.DataFrame":
        """Return a matcher's suggestions."""
        return unpack_suggestions(self._call_once("match", *pack_texts([candidates, existing])).tables)

    def enrich(self, records: "pd.DataFrame") -> "pd.DataFrame":
        """Return an enricher's signals."""
        return unpack_signals(self._call_once("enrich", *pack_texts([records])).tables)

    def explain(self, records: "pd.DataFrame") -> CommandResult:
        """Return an enricher's explanation."""
        return unpack_result(self._call_once("explain", *pack_texts([records])).values)

    def run_command(
        self, command: str, arguments: Values, writes: Mapping[str, Path] = MappingProxyType({})
    ) -> CommandResult:
        """Return the result of a command.

        Args:
            command: Its name.
            arguments: Its arguments. Sources among them must be files that the run may read.
            writes: Further arguments that are files to write. The plugin writes them in its working folder; when it is
                done, they are copied to their places.
        """
        given = {
            name: replace(one, path=self._files.get(one.path, one.path.absolute())) if isinstance(one, Source) else one
            for name, one in arguments.items()
        }
        inside = {name: self._workdir / f"{name}-{path.name}" for name, path in writes.items()}
        given |= {name: str(path) for name, path in inside.items()}
        values = {"command": command, "arguments": pack_arguments(given)}
        result = unpack_result(self._call_once("run_command", values).values)
        for name, path in inside.items():
            if path.exists():
                _copy_written(path, writes[name])
            result = replace(result, text=result.text.replace(str(path), str(writes[name])))
        return result

    def _packed(self, source: Source) -> JsonObject:
        return pack_source(replace(source, path=self._files.get(source.path, source.path.absolute())))

    def _call(self, method: str, values: Values, tables: Sequence[Buffer] = ()) -> Generator[Message]:
        yield from self._answers(Message(kind=CALL, values={**values, "method": method}, tables=tables), expected=ITEM)

    def _call_once(self, method: str, values: Values, tables: Sequence[Buffer] = ()) -> Message:
        answers = list(self._call(method, values, tables))
        if len(answers) != 1:
            raise BrokeContract(f"{method}() was answered {len(answers)} times")
        return answers[0]

    def _answers(self, message: Message, *, expected: str) -> Generator[Message]:
        """Send a message and yield the answers until their end is announced.

        Raises:
            PluginError: Or another error that says what went wrong.
        """
        self._send(message)
        while (answer := self._receive(self._limits.silent_seconds)).kind != END:
            if answer.kind == FAILED:
                raise error_of(answer)
            if answer.kind != expected:
                raise BrokeContract(f"its process sent {answer.kind!r} instead of {expected!r}")
            yield answer

    def _send(self, message: Message) -> None:
        try:
            self._channel.send(message, seconds=self._limits.silent_seconds)
        except Closed as error:
            raise PluginEnded(self._how_it_ended()) from error
        except Late as error:
            raise PluginEnded(f"it read nothing for {self._limits.silent_seconds} seconds and was ended") from error

    def _receive(self, seconds: float) -> Message:
        """Return the next message of a call; answer the plugin's questions and log its lines before.

        The deadline is for all of that: questions and lines do not put it off.
        """
        deadline = monotonic() + seconds
        while True:
            try:
                message = self._channel.receive(seconds=deadline - monotonic(), on_tick=self._require_room)
            except Closed as error:
                raise PluginEnded(self._how_it_ended()) from error
            except Late as error:
                raise PluginEnded(f"it did not answer for {seconds:g} seconds and was ended") from error
            except Malformed as error:
                raise BrokeContract(f"its process sent {error}") from error
            if message.kind == LOG:
                self._output.log(str(message.values.get("text")), _level_of(message.values.get("level")))
            elif message.kind == ASK:
                self._send(self._answer(message))
            else:
                return message

    def _answer(self, question: Message) -> Message:
        values, context = question.values, self._context
        answers: dict[str, Callable[[], object]] = {
            MAP_HEADERS: lambda: dict(context.map_headers(values["entity"], values["columns"])),
            HEADER_WORDS: lambda: sorted(context.header_words(values["entity"])),
            FIND_ENTITY: lambda: context.find_entity(values["entity"]),
        }
        try:
            if values["name"] == JUDGE_COLUMNS:
                (cells,) = unpack_texts(values, question.tables)
                return Message(
                    kind=ANSWER, values={}, tables=pack_issues(context.judge_columns(values["entity"], cells))
                )
            return Message(kind=ANSWER, values={"result": answers[values["name"]]()})
        except UnreadableSource as error:
            return Message(kind=ANSWER, values={"refused": True}, tables=pack_issues([error.issue]))
        except (KeyError, TypeError, UnfitMessage, NotFound) as error:
            raise BrokeContract(f"its process asked something that the core does not answer: {error!r}") from error

    def _require_room(self) -> None:
        """End a run that fills its working folder."""
        limit = self._limits.file_megabytes * _MEGABYTE
        if sum(_sizes(self._workdir)) > limit + sum(path.stat().st_size for path in self._files.values()):
            raise PluginEnded(f"it wrote more than {self._limits.file_megabytes} MB of files and was ended")

    def _how_it_ended(self) -> str:
        status = self._process.wait_for_status()
        if status is None:
            return "its process closed the connection without an answer and was ended"
        if status < 0:
            return f"its process was killed by signal {-status} before it had answered"
        return f"its process ended before it had answered, with exit code {status}"


def _level_of(level: object) -> int:
    """Return the level of a logged line; what is no level counts as information."""
    return level if isinstance(level, int) and 0 <= level <= logging.CRITICAL else logging.INFO


def _copy_written(inside: Path, outside: Path) -> None:
    """Copy a file that the plugin wrote. A link that it put there instead is not followed."""
    descriptor = os.open(inside, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as written, outside.open("wb") as target:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise BrokeContract(f"it wrote {inside.name}, which is no file")
        shutil.copyfileobj(written, target)


def _sizes(folder: Path) -> Iterator[int]:
    for where, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                yield Path(where, name).lstat().st_size
