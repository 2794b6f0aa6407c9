"""Finding what the core has for an entity by the entity's word, so that the engine knows none by name."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from kelompok_core.entities import list_entities
from kelompok_core.errors import NotFound

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from kelompok_core.descriptor import EntityDescriptor
    from kelompok_core.record_queries import RecordQueries


def get_descriptor(entity: str) -> "EntityDescriptor":
    """Return the entity's descriptor.

    Raises:
        NotFound: When there is no such entity.
    """
    descriptor: EntityDescriptor = _module_of(entity, "entity").DESCRIPTOR
    return descriptor


def get_queries(entity: str, session: "Session") -> "RecordQueries[Any]":
    """Return what reads the entity's records.

    Raises:
        NotFound: When there is no such entity.
    """
    module = _module_of(entity, "queries")
    queries: RecordQueries[Any] = getattr(module, f"{entity.removesuffix('s').capitalize()}Queries")(session)
    return queries


def _module_of(entity: str, module: str) -> Any:
    if entity not in list_entities():
        raise NotFound("entity", entity)
    return import_module(f"kelompok_core.{entity}.{module}")
