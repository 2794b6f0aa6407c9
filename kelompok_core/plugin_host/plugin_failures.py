"""What can go wrong with a plugin's process, as exceptions."""

from kelompok_core.contracts import ConfigurationError, PluginError, TransientError, UnreadableSource
from kelompok_core.plugin_process.child import CONFIGURATION, MEMORY, TRANSIENT, UNAVAILABLE, UNFIT, UNREADABLE
from kelompok_core.plugin_process.exchange import unpack_issues
from kelompok_core.plugin_process.frames import Message


class PluginRaised(Exception):
    """Plugin code raised an unexpected exception; the text describes it.

    Attributes:
        frames: Where it was raised, without messages.
    """

    def __init__(self, text: str, frames: str) -> None:
        super().__init__(text)
        self.frames = frames
        if frames:
            self.add_note(f"In the plugin's process:\n{frames}")


class PluginEnded(PluginError):
    """The process ended, or was ended, before it had answered."""


class BrokeContract(PluginError):
    """The plugin returned something that breaks its contract."""


class NotLoaded(PluginError):
    """The plugin cannot be loaded; the text says why."""


def error_of(failure: Message) -> Exception:
    """Return the exception for a failure that the process reported."""
    values = failure.values
    about, text = values.get("about"), str(values.get("text"))
    if about == UNREADABLE:
        return UnreadableSource(unpack_issues(failure.tables)[0])
    if about == MEMORY:
        return MemoryError(text)
    if about in (UNFIT, UNAVAILABLE):
        return BrokeContract(text) if about == UNFIT else NotLoaded(text)
    if about == CONFIGURATION:
        return ConfigurationError(str(values.get("key")), str(values.get("reason")))
    if about == TRANSIENT:
        return TransientError(text, retry_after=values.get("retry_after"))
    return PluginRaised(text, str(values.get("trace", "")))
