"""Which entities there are, told from the package's folders alone: nobody keeps a list, and nothing is loaded."""

from functools import lru_cache
from importlib.util import find_spec
from pkgutil import iter_modules

import kelompok_core


def list_entities() -> list[str]:
    """Return the importable entities: the core's folders that have an ``entity`` module."""
    return list(_entities())


# The package's folders stay as they are while a process runs.
@lru_cache(maxsize=1)
def _entities() -> tuple[str, ...]:
    folders = [module.name for module in iter_modules(kelompok_core.__path__) if module.ispkg]
    return tuple(name for name in folders if find_spec(f"kelompok_core.{name}.entity"))
