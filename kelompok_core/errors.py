"""The core's errors, sorted by what the user can do about them.

KelompokError
├── UsageError               the request is wrong                             exit 2
│   ├── SettingsError        kelompok.toml or the environment has an invalid setting
│   │   └── GivenSettingWrong  a request has an invalid setting
│   ├── NotFound             the named object does not exist
│   │   └── Ambiguous        several objects have that name
│   ├── Conflict             it cannot be done in the current state
│   ├── BackupDamaged        a backup file is damaged
│   ├── ErrorFileAwaited     the error file is not written yet
│   ├── ErrorFileFailed      the error file could not be written
│   ├── KeyReused            the idempotency key belongs to another request
│   └── QueueFull            too many imports are waiting
├── NotPermitted             the actor may not do this                        exit 4
├── PluginUnavailable        the plugin is disabled, broken or unknown        exit 2
├── DatabaseUnavailable      no connection, or insufficient rights            exit 1
├── StorageUnavailable       received files are not accessible                exit 1
├── ImportFailed             the import stopped; nothing was applied          exit 1
│   ├── SourceUnreadable     the file cannot be read; has issues
│   ├── MemoryExceeded       it needs more memory than allowed
│   └── TakenOver            it was cancelled, or another worker has it
└── EnrichmentFailed         an enricher failed; stored signals stay          exit 1
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from kelompok_core.suggestions import suggest

if TYPE_CHECKING:
    from kelompok_core.issues.stored import StoredFinding


class KelompokError(Exception):
    """An error with a message for people; ``code`` is stable, ``hint`` says what to do."""

    code = "error"
    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.findings: Sequence[StoredFinding] = ()
        """The stored issues that the message is made of, so that it can be shown in another language."""


class UsageError(KelompokError):
    code = "usage"
    exit_code = 2


class SettingsError(UsageError):
    code = "settings.invalid"

    def __init__(self, key: str, reason: str, *, hint: str | None = None) -> None:
        super().__init__(f"{key}: {reason}", hint=hint)
        self.key = key
        self.reason = reason


class GivenSettingWrong(SettingsError):
    """A plugin setting in a request is invalid; the settings of the installation are valid."""

    code = UsageError.code


class NotFound(UsageError):
    code = "not_found"

    def __init__(self, kind: str, name: object, *, known: Iterable[str] = (), hint: str | None = None) -> None:
        """Create the error for an object that does not exist; ``known`` are existing names, for suggestions."""
        super().__init__(f"no {kind} {str(name)!r}", hint=hint or suggest(str(name), known))
        self.kind = kind
        self.name = name


class Ambiguous(NotFound):
    """Several objects have the given name."""

    def __init__(self, kind: str, name: object, *, which: Sequence[object]) -> None:
        super().__init__(kind, name, hint=f"Choose one: {', '.join(map(str, which))}.")
        self.message = f"more than one {kind} is called {str(name)!r}"
        self.args = (self.message,)
        self.which = which


class Conflict(UsageError):
    code = "conflict"


class BackupDamaged(UsageError):
    code = "backup.damaged"

    def __init__(self, path: object, reason: str) -> None:
        super().__init__(
            f"{path} is damaged or not a backup: {reason}",
            hint="Nothing was restored. Use another copy or an older backup.",
        )


class ErrorFileAwaited(UsageError):
    code = "error_file.awaited"


class ErrorFileFailed(UsageError):
    code = "error_file.failed"


class KeyReused(UsageError):
    code = "idempotency.key_reused"


class QueueFull(UsageError):
    code = "queue.full"


class NotPermitted(KelompokError):
    code = "permission.denied"
    exit_code = 4

    def __init__(self, actor: str, action: str, reason: str) -> None:
        super().__init__(f"{actor} may not {action}: {reason}")
        self.actor = actor
        self.action = action
        self.reason = reason


class PluginUnavailable(KelompokError):
    code = "plugin.unavailable"
    exit_code = 2

    def __init__(self, plugin: str, reason: str, *, hint: str | None = None) -> None:
        super().__init__(f"plugin {plugin!r} cannot run: {reason}", hint=hint)
        self.plugin = plugin
        self.reason = reason


class DatabaseUnavailable(KelompokError):
    code = "database.unavailable"


class StorageUnavailable(KelompokError):
    code = "storage.unavailable"


class ImportFailed(KelompokError):
    code = "import.failed"


class SourceUnreadable(ImportFailed):
    """The source cannot be read, or a required column is missing; ``findings`` has the issues."""

    def __init__(self, message: str, findings: "Sequence[StoredFinding]") -> None:
        super().__init__(message)
        self.findings = findings


class MemoryExceeded(ImportFailed):
    code = "import.memory_exceeded"

    def __init__(self) -> None:
        super().__init__(
            "it needs more memory than an import may use",
            hint="Split the file, or ask the operator to raise memory_megabytes under [limits].",
        )


class TakenOver(ImportFailed):
    code = "import.taken_over"

    def __init__(self, import_id: object) -> None:
        super().__init__(
            f"import {import_id} was cancelled, or another worker took it over",
            hint=f"See its state: kelompok import show {import_id}",
        )


class EnrichmentFailed(KelompokError):
    code = "enrichment.failed"


def restore_error(
    code: str | None, message: str, hint: str | None, findings: "Sequence[StoredFinding]" = ()
) -> KelompokError:
    """Return an error that was stored as text, with the same message and exit code."""
    error = KelompokError(message, hint=hint)
    error.findings = findings
    error.code = code or ImportFailed.code
    error.exit_code = next((one.exit_code for one in _tree(KelompokError) if one.code == code), ImportFailed.exit_code)
    return error


def _tree(root: type[KelompokError]) -> list[type[KelompokError]]:
    return [root, *(below for child in root.__subclasses__() for below in _tree(child))]
