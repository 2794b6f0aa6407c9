"""The functions of the context that the core answers: a plugin's process asks, and waits for the answer."""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

import pandas as pd

from kelompok_core.contracts import Issue, PluginContext, UnreadableSource
from kelompok_core.plugin_process.exchange import pack_texts, unpack_issues
from kelompok_core.plugin_process.frames import Channel, Message, Values

ASK, ANSWER, LOG = "ask", "answer", "log"
MAP_HEADERS, HEADER_WORDS, JUDGE_COLUMNS, FIND_ENTITY = "map_headers", "header_words", "judge_columns", "find_entity"

_JUDGED_ROWS = 1_000
"""Rows sent for judging columns, which looks at the first cells only."""


class Asking:
    """Asks the core. One question at a time, from any thread of the plugin."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._lock = Lock()
        self._words: dict[str, Collection[str]] = {}

    def map_headers(self, entity: str, columns: Sequence[str]) -> Mapping[str, str]:
        fields: Mapping[str, str] = self._ask(MAP_HEADERS, entity=entity, columns=[str(one) for one in columns])
        return fields

    def header_words(self, entity: str) -> Collection[str]:
        if entity not in self._words:
            self._words[entity] = frozenset(self._ask(HEADER_WORDS, entity=entity))
        return self._words[entity]

    def judge_columns(self, entity: str, cells: pd.DataFrame) -> Sequence[Issue]:
        values, tables = pack_texts([cells.head(_JUDGED_ROWS)])
        answer = self._exchange(
            Message(kind=ASK, values={"name": JUDGE_COLUMNS, "entity": entity, **values}, tables=tables)
        )
        return unpack_issues(answer.tables)

    def find_entity(self, name: str) -> str | None:
        found: str | None = self._ask(FIND_ENTITY, entity=name)
        return found

    def _ask(self, name: str, **values: object) -> Any:
        return self._exchange(Message(kind=ASK, values={"name": name, **values})).values["result"]

    def _exchange(self, question: Message) -> Message:
        with self._lock:
            self._channel.send(question)
            answer = self._channel.receive()
        if "refused" in answer.values:
            raise UnreadableSource(unpack_issues(answer.tables)[0])
        return answer


class ForwardingHandler(logging.Handler):
    """Sends what the plugin logs to the core."""

    def __init__(self, channel: Channel) -> None:
        super().__init__()
        self._channel = channel

    def emit(self, record: logging.LogRecord) -> None:
        """Send the record's level and text."""
        self._channel.send(Message(kind=LOG, values={"level": record.levelno, "text": record.getMessage()}))


def make_context(values: Values, channel: Channel, workdir: Path) -> PluginContext:
    """Return the context of a run from the core's message."""
    asking = Asking(channel)
    log = logging.getLogger(f"kelompok.plugin.{values['plugin']}")
    log.addHandler(ForwardingHandler(channel))
    log.setLevel(values["log_level"])
    log.propagate = False
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)  # noqa: E731 -- typed for the context
    return PluginContext(
        config=values["config"],
        secrets=values["secrets"],
        log=log,
        clock=clock,
        workdir=workdir,
        dry_run=values["dry_run"],
        batch_size=values["batch_size"],
        max_columns=values["max_columns"],
        entity=values["entity"],
        columns=tuple(values["columns"]),
        map_headers=asking.map_headers,
        header_words=asking.header_words,
        judge_columns=asking.judge_columns,
        find_entity=asking.find_entity,
    )
