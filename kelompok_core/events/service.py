"""Writes single events as a person. Only the import engine writes them, too."""

from kelompok_core.events.entity import DESCRIPTOR
from kelompok_core.events.models import Event
from kelompok_core.record_service import RecordService


class EventService(RecordService[Event]):
    """Writes events."""

    model = Event
    descriptor = DESCRIPTOR
