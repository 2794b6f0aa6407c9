"""Looks up the descriptor, queries and service of an entity by its name, so that imports depend on no entity."""

from collections.abc import Mapping
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from kelompok_core.entities import list_entities
from kelompok_core.errors import NotFound
from kelompok_core.headers.spelling import fold_header

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from kelompok_core.access.actors import Actor
    from kelompok_core.descriptor import EntityDescriptor
    from kelompok_core.entity_parts import EntityParts
    from kelompok_core.record_queries import RecordQueries
    from kelompok_core.record_service import RecordService


def get_descriptor(entity: str) -> "EntityDescriptor":
    """Return the entity's descriptor.

    Raises:
        NotFound: When there is no such entity.
    """
    descriptor: EntityDescriptor = _module_of(entity, "entity").DESCRIPTOR
    return descriptor


def find_entity_by_list_name(name: str) -> str | None:
    """Return the entity of a list with this name, such as «members»; None if the name fits no entity."""
    return _entities_by_list_name().get(fold_header(name))


@lru_cache(maxsize=1)
def _entities_by_list_name() -> Mapping[str, str]:
    return {name: entity for entity in list_entities() for name in get_descriptor(entity).list_names}


def get_queries(entity: str, session: "Session") -> "RecordQueries[Any]":
    """Return the queries of the entity's records.

    Raises:
        NotFound: When there is no such entity.
    """
    return _parts_of(entity).queries(session)


def get_service(entity: str, session: "Session", actor: "Actor") -> "RecordService[Any]":
    """Return the service that writes the entity's records as this actor.

    Raises:
        NotFound: When there is no such entity.
    """
    return _parts_of(entity).service(session, actor)


def _parts_of(entity: str) -> "EntityParts":
    parts: EntityParts = _module_of(entity, "parts").PARTS
    return parts


def _module_of(entity: str, module: str) -> Any:
    if entity not in list_entities():
        raise NotFound("entity", entity, known=list_entities())
    return import_module(f"kelompok_core.{entity}.{module}")
