"""What a plugin raises, sorted by what the host does about it.

PluginError                the run of this plugin failed
├── ConfigurationError     the operator's settings are wrong: never retried
├── TransientError         the world is down: retried later
└── UnreadableSource       this source cannot be read at all: nothing of it is imported
"""

from kelompok_core.contracts.findings import Issue, Severity


class PluginError(Exception):
    """A plugin could not do its work."""


class ConfigurationError(PluginError):
    """A setting is missing or wrong."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(f"setting {key!r}: {reason}")
        self.key = key
        self.reason = reason


class TransientError(PluginError):
    """Something outside failed and may work later; ``retry_after`` is in seconds."""

    def __init__(self, reason: str, *, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class UnreadableSource(PluginError):
    """The source cannot be read at all; ``issue``, of severity ``FATAL``, has the place and the reason."""

    def __init__(self, issue: Issue) -> None:
        if issue.severity is not Severity.FATAL:
            raise ValueError("an unreadable source needs a fatal issue")
        super().__init__(issue.code)
        self.issue = issue
