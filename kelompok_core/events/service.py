"""Writing events, one at a time and as a person: the only writer but for the import engine."""

from kelompok_core.events.entity import DESCRIPTOR
from kelompok_core.events.models import Event
from kelompok_core.record_service import RecordService


class EventService(RecordService[Event]):
    """Writes events."""

    model = Event
    descriptor = DESCRIPTOR
