"""Reads events."""

from kelompok_core.events.entity import DESCRIPTOR
from kelompok_core.events.models import Event
from kelompok_core.record_queries import RecordQueries


class EventQueries(RecordQueries[Event]):
    """Reads events."""

    model = Event
    descriptor = DESCRIPTOR
