"""The entities: each is a folder with an ``entity`` module, and ``words.json`` names it. Loads none of their code."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules

import kelompok_core

OWNERS = "organizations"
"""The entity whose records own those of all others."""

_WORDS = "words.json"


@dataclass(frozen=True, kw_only=True)
class EntityWords:
    """How people and programs name an entity.

    Attributes:
        entity: Its folder and its table, lower-case letters only: «members».
        singular: One record: «member». ``member_importer`` is the contract of its importers.
        command: Its group of commands: ``kelompok member``.
        called_by: The text column by which people know its records; commands, completion and suggestions use it.
        columns: The columns of its list on the command line, the descriptor's label among them.
        indonesian: ``singular`` and ``plural`` in Indonesian.
    """

    entity: str
    singular: str
    command: str
    called_by: str
    columns: tuple[str, ...]
    indonesian: Mapping[str, str]

    def __post_init__(self) -> None:
        if missing := {"singular", "plural"} - set(self.indonesian):
            raise ValueError(f"indonesian lacks {min(missing)!r}")


def list_entities() -> list[str]:
    """Return the entities, organizations first and the others by name."""
    return list(_entities())


def list_words() -> list[EntityWords]:
    """Return the words of all entities, in the order of :func:`list_entities`.

    Raises:
        ValueError: When a ``words.json`` is missing or wrong; names the file.
    """
    return list(_words())


def words_of(entity: str) -> EntityWords:
    """Return the words of one entity.

    Raises:
        KeyError: When there is no such entity.
    """
    return {words.entity: words for words in _words()}[entity]


# The package's folders stay as they are while a process runs.
@lru_cache(maxsize=1)
def _entities() -> tuple[str, ...]:
    folders = [module.name for module in iter_modules(kelompok_core.__path__) if module.ispkg]
    found = [name for name in folders if find_spec(f"kelompok_core.{name}.entity")]
    return tuple(sorted(found, key=lambda name: (name != OWNERS, name)))


@lru_cache(maxsize=1)
def _words() -> tuple[EntityWords, ...]:
    return tuple(_read_words(entity) for entity in _entities())


def _read_words(entity: str) -> EntityWords:
    path = Path(kelompok_core.__path__[0]) / entity / _WORDS
    try:
        given = json.loads(path.read_text("utf-8"))
        return EntityWords(**{**given, "entity": entity, "columns": tuple(given["columns"])})
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{path}: {error}") from error
