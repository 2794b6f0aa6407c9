"""The main loop of a plugin's process: put up the walls, load the plugin, answer the core's calls."""

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from kelompok_core.contract_rules.batches import MALFORMED, batch_problem
from kelompok_core.contract_rules.issues import issues_problem
from kelompok_core.contract_rules.methods import find_method_problem
from kelompok_core.contract_rules.results import result_problem
from kelompok_core.contract_rules.signals import signals_problem
from kelompok_core.contract_rules.storable import describe_exception
from kelompok_core.contracts import (
    CONTRACTS,
    CommandResult,
    ConfigurationError,
    Issue,
    PluginContext,
    SourceBatch,
    TransientError,
    UnreadableSource,
    issue_table,
)
from kelompok_core.plugin_process.asking import make_context
from kelompok_core.plugin_process.exchange import (
    Packed,
    pack_batch,
    pack_issues,
    pack_result,
    pack_signals,
    pack_suggestions,
    unpack_arguments,
    unpack_batch,
    unpack_source,
    unpack_texts,
)
from kelompok_core.plugin_process.frames import Channel, Closed, JsonObject, Message, Values
from kelompok_core.plugin_process.tables import Buffer
from kelompok_core.plugin_process.walls import Walls, put_up

START, LOAD, CALL = "start", "load", "call"
WALLS, LOADED, ITEM, END, FAILED = "walls", "loaded", "item", "end", "failed"
"""Kinds of messages: from the core, and to it."""

UNFIT, UNAVAILABLE, CONFIGURATION, TRANSIENT, UNREADABLE, MEMORY, RAISED = (
    "unfit", "unavailable", "configuration", "transient", "unreadable", "memory", "raised",
)  # fmt: skip
"""What a failure is about."""

_LONGEST_TRACE = 20_000


class _Unfit(Exception):
    """What the plugin returned breaks its contract."""


class _Unavailable(Exception):
    """The plugin cannot be loaded."""


def serve(channel: Channel, parent: int) -> None:
    """Answer the core until it closes the channel.

    Args:
        channel: The channel to the core.
        parent: The parent process; this one dies with it.
    """
    start = channel.receive()
    workdir = Path(start.values["workdir"])
    os.chdir(workdir)
    tempfile.tempdir = str(workdir)
    os.environ["TMPDIR"] = os.environ["HOME"] = str(workdir)
    standing = put_up(Walls.from_json(start.values["walls"]), parent)
    channel.send(Message(kind=WALLS, values={"standing": standing}))
    load = channel.receive()
    context = make_context(load.values["context"], channel, workdir)
    served = _Served(load.values, context)
    _answer(channel, served.load)
    while True:
        call = channel.receive()
        _answer(channel, partial(served.call, call))


def _answer(channel: Channel, work: Callable[[], Iterator[Message]]) -> None:
    """Send what the work yields, and then how it ended. Whatever the plugin raises is a message to the core."""
    try:
        for message in work():
            channel.send(message)
    except Closed:
        raise
    except BaseException as error:  # noqa: BLE001 -- also SystemExit and KeyboardInterrupt are the plugin's failures
        channel.send(_failure(error))
    else:
        channel.send(Message(kind=END, values={}))


def _failure(error: BaseException) -> Message:
    if isinstance(error, UnreadableSource) and (problem := _issue_problem(error.issue)) is not None:
        error = _Unfit(problem)
    values: JsonObject = {"about": RAISED, "text": describe_exception(error)}
    tables: list[Buffer] = []
    if isinstance(error, _Unfit | _Unavailable):
        values |= {"about": UNFIT if isinstance(error, _Unfit) else UNAVAILABLE, "text": str(error)}
    elif isinstance(error, ConfigurationError):
        values |= {"about": CONFIGURATION, "key": str(error.key), "reason": str(error.reason)}
    elif isinstance(error, TransientError):
        values |= {"about": TRANSIENT, "retry_after": error.retry_after}
    elif isinstance(error, UnreadableSource):
        values["about"], tables = UNREADABLE, pack_issues([error.issue])
    elif isinstance(error, MemoryError):
        values |= {"about": MEMORY, "text": str(error)}
    values["trace"] = "".join(traceback.format_tb(error.__traceback__))[-_LONGEST_TRACE:]
    return Message(kind=FAILED, values=values, tables=tables)


def _issue_problem(issue: Issue) -> str | None:
    try:
        table = issue_table([issue])
        return issues_problem(table, table["row_number"])
    except MALFORMED as error:
        return f"its finding cannot be inspected ({describe_exception(error)})"


class _Served:
    """The plugin of this process."""

    def __init__(self, values: Values, context: PluginContext) -> None:
        self._target: str = values["target"]
        self._contract: str = values["contract"]
        self._is_importer: bool = values["is_importer"]
        self._packages: Mapping[str, Sequence[str]] = values["packages"]
        self._path: Sequence[str] = values["path"]
        self._context = context
        self._implementation: Any = None

    def load(self) -> Iterator[Message]:
        """Import the plugin and yield which optional methods it has.

        Raises:
            _Unavailable: When that fails.
        """
        sys.path[:] = self._path
        sys.meta_path.insert(0, _Packages(self._packages))
        module, _, name = self._target.partition(":")
        try:
            implementation = getattr(importlib.import_module(module), name)()
        except BaseException as error:
            raise _Unavailable(f"{self._target} cannot be loaded: {describe_exception(error)}") from error
        contract = CONTRACTS["importer" if self._is_importer else self._contract]
        if problem := find_method_problem(implementation, contract):
            raise _Unavailable(f"{self._target} does not fit {self._contract}: {problem}")
        self._implementation = implementation
        has = [name for name in ("originals", "explain") if callable(getattr(implementation, name, None))]
        yield Message(kind=LOADED, values={"has": has})

    def call(self, call: Message) -> Iterator[Message]:
        """Call the plugin and yield its answers.

        Raises:
            _Unfit: When an answer breaks the contract.
        """
        method = {
            "read": self._read,
            "originals": self._originals,
            "normalize": self._normalize,
            "match": self._match,
            "enrich": self._enrich,
            "explain": self._explain,
            "run_command": self._run_command,
        }[call.values["method"]]
        for values, tables in method(call):
            yield Message(kind=ITEM, values=values, tables=tables)

    def _read(self, call: Message) -> Iterator[Packed]:
        source, after = unpack_source(call.values["source"]), 0
        for batch in self._implementation.read(source, self._context):
            yield _packed_batch(batch, after)
            after += len(batch.cells)

    def _originals(self, call: Message) -> Iterator[Packed]:
        for original in self._implementation.originals(unpack_source(call.values["source"]), self._context):
            if not isinstance(original, str):
                raise _Unfit(f"originals() yielded a {type(original).__name__}")
            yield {"original": original}, []

    def _normalize(self, call: Message) -> Iterator[Packed]:
        batch = unpack_batch(call.values, call.tables)
        first = int(batch.locations["row_number"].iloc[0])
        yield _packed_batch(self._implementation.normalize(batch, self._context), first - 1)

    def _match(self, call: Message) -> Iterator[Packed]:
        candidates, existing = unpack_texts(call.values, call.tables)
        yield {}, pack_suggestions(self._implementation.match(candidates, existing, self._context))

    def _enrich(self, call: Message) -> Iterator[Packed]:
        (records,) = unpack_texts(call.values, call.tables)
        signals = self._implementation.enrich(records, self._context)
        if (problem := signals_problem(signals)) is not None:
            raise _Unfit(problem)
        yield {}, pack_signals(signals)

    def _explain(self, call: Message) -> Iterator[Packed]:
        (records,) = unpack_texts(call.values, call.tables)
        yield _packed_result(self._implementation.explain(records, self._context)), []

    def _run_command(self, call: Message) -> Iterator[Packed]:
        arguments = unpack_arguments(call.values["arguments"])
        yield _packed_result(self._implementation.run_command(call.values["command"], arguments, self._context)), []


def _packed_batch(batch: object, after: int) -> Packed:
    try:
        problem = batch_problem(batch, after)
    except MALFORMED as error:
        raise _Unfit(f"its batch cannot be inspected ({describe_exception(error)})") from error
    if problem is not None or not isinstance(batch, SourceBatch):
        raise _Unfit(str(problem))
    return pack_batch(batch)


def _packed_result(result: object) -> JsonObject:
    if (problem := result_problem(result)) is not None or not isinstance(result, CommandResult):
        raise _Unfit(str(problem))
    return pack_result(result)


class _Packages(importlib.abc.MetaPathFinder):
    """Finds the plugin's own packages in their folders, wherever these are."""

    def __init__(self, folders: Mapping[str, Sequence[str]]) -> None:
        self._folders = folders

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return where the package is, or None if it is another one."""
        del path, target
        folders = self._folders.get(fullname)
        if folders is None:
            return None
        beginning = next((one / "__init__.py" for one in map(Path, folders) if (one / "__init__.py").is_file()), None)
        if beginning is None:
            spec = importlib.machinery.ModuleSpec(fullname, None, is_package=True)
            spec.submodule_search_locations = list(folders)
            return spec
        return importlib.util.spec_from_file_location(fullname, beginning, submodule_search_locations=list(folders))
