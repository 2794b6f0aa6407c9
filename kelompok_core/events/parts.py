"""The service and the queries of events."""

from kelompok_core.entity_parts import EntityParts
from kelompok_core.events.queries import EventQueries
from kelompok_core.events.service import EventService

PARTS = EntityParts(service=EventService, queries=EventQueries)
