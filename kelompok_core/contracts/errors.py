"""Errors that a plugin raises, by how the host reacts.

PluginError                the plugin failed
├── ConfigurationError     a setting is invalid: not retried
├── TransientError         another system is unavailable: retried later
└── UnreadableSource       the source cannot be read: nothing of it is imported
"""

from kelompok_core.contracts.findings import Issue, Severity


class PluginError(Exception):
    """A plugin failed."""


class ConfigurationError(PluginError):
    """A setting is missing or invalid."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(f"setting {key!r}: {reason}")
        self.key = key
        self.reason = reason


class TransientError(PluginError):
    """Another system failed and may work later; ``retry_after`` is in seconds."""

    def __init__(self, reason: str, *, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class UnreadableSource(PluginError):
    """The source cannot be read. ``issue`` has the place and the reason; its severity is ``FATAL``."""

    def __init__(self, issue: Issue) -> None:
        if issue.severity is not Severity.FATAL:
            raise ValueError("an unreadable source needs a fatal issue")
        super().__init__(issue.code)
        self.issue = issue
