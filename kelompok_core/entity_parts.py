"""What an entity's folder brings besides its descriptor: the classes that read and write its records."""

from dataclasses import dataclass
from typing import Any

from kelompok_core.record_queries import RecordQueries
from kelompok_core.record_service import RecordService


@dataclass(frozen=True, kw_only=True)
class EntityParts:
    """The classes of an entity; ``parts.py`` in its folder has them as ``PARTS``.

    They are not in ``entity.py``, because the descriptor there is loaded without SQLAlchemy.

    Attributes:
        service: Writes the entity's records.
        queries: Reads them.
    """

    service: type[RecordService[Any]]
    queries: type[RecordQueries[Any]]
