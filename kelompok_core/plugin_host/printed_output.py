"""What a plugin prints or logs, made fit for the core's log: no row values, no secrets, not too much.

A printed line may quote a row. A word is logged only if it stands in the plugin's own code, where no row can have put
it; every other word becomes ``***``.
"""

import builtins
import logging
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from threading import Thread

_MOST_LINES = 200
_LONGEST_LINE = 500
_CHUNK = 1 << 16
_WORD = re.compile(r"\w+")
_SHORT_NUMBER = re.compile(r"[0-9]{1,4}")
_HIDDEN = "***"


class PrintedOutput:
    """Reads what a plugin's process prints, and logs it with the plugin's name."""

    def __init__(self, output: int, plugin: str, folders: Sequence[Path], secrets: Iterable[str]) -> None:
        self._log = logging.getLogger(f"kelompok.plugin.{plugin}")
        self._plugin = plugin
        self._folders = folders
        self._secret_words = {word for secret in secrets for word in _WORD.findall(secret)}
        self._known: frozenset[str] | None = None
        self._lines = 0
        self._thread = Thread(target=self._read, args=(os.dup(output),), name="printed output", daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Wait until all that was printed is logged; the process must have ended."""
        self._thread.join(timeout=5)

    def log(self, text: str, level: int = logging.INFO) -> None:
        """Log a line; after too many, only say so once."""
        self._lines += 1
        if self._lines < _MOST_LINES:
            self._log.log(level, "plugin %s: %s", self._plugin, self._masked(text[:_LONGEST_LINE]))
        elif self._lines == _MOST_LINES:
            self._log.log(
                level, "plugin %s: prints more than %s lines; the others are left out", self._plugin, _MOST_LINES
            )

    def _read(self, output: int) -> None:
        rest = b""
        try:
            while chunk := os.read(output, _CHUNK):
                *lines, rest = (rest + chunk).split(b"\n")
                rest = rest[:_CHUNK]
                for line in lines:
                    self._log_bytes(line)
            if rest:
                self._log_bytes(rest)
        finally:
            os.close(output)

    def _log_bytes(self, line: bytes) -> None:
        if self._lines <= _MOST_LINES and line.strip():
            self.log(line[:_LONGEST_LINE].decode("utf-8", "replace"))

    def _masked(self, text: str) -> str:
        known = self._known_words()
        shown = "".join(one if one.isprintable() else " " for one in text)
        return _WORD.sub(lambda word: word[0] if self._may_show(word[0], known) else _HIDDEN, shown)

    def _may_show(self, word: str, known: frozenset[str]) -> bool:
        if word in self._secret_words:
            return False
        return word in known or _SHORT_NUMBER.fullmatch(word) is not None

    def _known_words(self) -> frozenset[str]:
        if self._known is None:
            files = (file for folder in self._folders for file in folder.rglob("*.py"))
            words = {word for file in files for word in _WORD.findall(file.read_text("utf-8", "replace"))}
            self._known = frozenset(words | set(dir(builtins)))
        return self._known
