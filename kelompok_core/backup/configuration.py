"""kelompok.toml in a backup: unchanged, except that passwords in URLs are masked."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kelompok_core.installation_home import is_untouched
from kelompok_core.settings import Settings

_PASSWORD = re.compile(rb"(://[^/\s:@\"']*):[^/\s@\"']+@")


@dataclass(frozen=True, kw_only=True)
class Placed:
    """Where a restore wrote kelompok.toml. ``is_beside`` means that it kept an existing file and wrote another one."""

    path: Path
    is_beside: bool


def mask_passwords(content: bytes) -> tuple[bytes, Sequence[int]]:
    """Return the file with passwords in URLs replaced by ``***``, and the lines changed."""
    lines = content.split(b"\n")
    masked = [number for number, line in enumerate(lines, start=1) if _PASSWORD.search(line)]
    return _PASSWORD.sub(rb"\1:***@", content), masked


@contextmanager
def placed(settings: Settings, content: bytes | None) -> Iterator[Placed | None]:
    """Write the file, next to an existing one if there is one; undo that if the block raises."""
    if content is None:
        yield None
        return
    where = _place(settings, content)
    before = where.path.read_bytes() if where.path.exists() else None
    where.path.parent.mkdir(parents=True, exist_ok=True)
    if before != content:
        where.path.write_bytes(content)
    try:
        yield where
    except BaseException:
        if before is None:
            where.path.unlink()
        else:
            where.path.write_bytes(before)
        raise


def _place(settings: Settings, content: bytes) -> Placed:
    path = settings.config_file
    if not path.exists() or path.read_bytes() == content or is_untouched(settings):
        return Placed(path=path, is_beside=False)
    return Placed(path=path.with_name(f"{path.name}.restored"), is_beside=True)
