"""Finding an entity's descriptor by the entity's word, so that the engine knows none by name."""

from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules

import kelompok_core
from kelompok_core.descriptor import EntityDescriptor
from kelompok_core.errors import NotFound


def list_entities() -> list[str]:
    """Return the importable entities: the core's folders that have an ``entity`` module."""
    folders = [module.name for module in iter_modules(kelompok_core.__path__) if module.ispkg]
    return [name for name in folders if find_spec(f"kelompok_core.{name}.entity")]


def get_descriptor(entity: str) -> EntityDescriptor:
    """Return the entity's descriptor.

    Raises:
        NotFound: When there is no such entity.
    """
    if entity not in list_entities():
        raise NotFound("entity", entity)
    descriptor: EntityDescriptor = import_module(f"kelompok_core.{entity}.entity").DESCRIPTOR
    return descriptor
