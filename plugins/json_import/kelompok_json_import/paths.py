"""Paths into a JSON text, as people write them: ``data.items``, ``db[0].posts``, ``years[*].sessions``."""

import re

from kelompok_core.contracts import ConfigurationError

WILD, ITEMS = "*", "[*]"
"""Wildcard steps: any member or item, and any item of an array."""

Path = tuple[str | int, ...]

_STEP = re.compile(r'(?:^|\.)(?:"([^"]+)"|([^."\[\]]+))|\[(\d+|\*)\]')


def parse_path(written: str) -> Path:
    """Return the steps of a path.

    Raises:
        ConfigurationError: When it has anything other than names, indexes and stars.
    """
    steps: list[str | int] = []
    at = 0
    while at < len(written):
        step = _STEP.match(written, at)
        if step is None:
            raise ConfigurationError("records", f"must be names and indexes such as data.items, not {written!r}")
        index, name = step[3], step[1] or step[2]
        steps.append(name if index is None else ITEMS if index == WILD else int(index))
        at = step.end()
    return tuple(steps)


def is_wild(step: str | int) -> bool:
    """Return whether a step is a wildcard."""
    return step in (WILD, ITEMS)


def fits_step(step: str | int, child: str | int) -> bool:
    """Return whether a member's name or an item's index matches a step."""
    return step in (WILD, child) or (step == ITEMS and isinstance(child, int))


def show_path(path: Path) -> str:
    """Return the path as people write it."""
    steps = (step if step == ITEMS else f"[{step}]" if isinstance(step, int) else f".{_quoted(step)}" for step in path)
    return "".join(steps).removeprefix(".")


def _quoted(name: str) -> str:
    return name if name == WILD or re.fullmatch(r"[A-Za-z_]\w*", name) else f'"{name}"'
