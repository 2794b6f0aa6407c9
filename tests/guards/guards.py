"""Guards, each taken away in a throwaway copy: some test must fail for each. ``make guards``, or with words of names.

A guard nobody would miss is either not needed or not tested. The list is ``guards.toml``.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parents[2]
_AT_A_TIME = 2
_SECONDS = 600
_NOT_COPIED = shutil.ignore_patterns(".venv", ".git", ".kelompok", "__pycache__", ".*_cache")


@dataclass(frozen=True, kw_only=True)
class Guard:
    """One guard: the text ``old``, once in ``file``, gives way to ``new``, and one of the ``tests`` is to fail."""

    name: str
    file: str
    old: str
    new: str
    tests: list[str]


GUARDS = tuple(
    Guard(**one) for one in tomllib.loads(Path(__file__).with_name("guards.toml").read_text("utf-8"))["guard"]
)


def is_missed(guard: Guard) -> tuple[bool, str]:
    """Return whether a test fails without the guard, and what pytest said."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        copy = Path(folder) / "copy"
        shutil.copytree(PROJECT, copy, ignore=_NOT_COPIED)
        path = copy / guard.file
        path.write_text(path.read_text("utf-8").replace(guard.old, guard.new), "utf-8")
        code = os.pathsep.join(map(str, (copy, *sorted((copy / "plugins").iterdir()))))
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *guard.tests],
            cwd=copy, env=os.environ | {"PYTHONPATH": code, "KELOMPOK_STATEFUL": "20:40"},
            capture_output=True, text=True, timeout=_SECONDS, check=False,
        )  # fmt: skip
    return done.returncode == 1, done.stdout[-1_500:] + done.stderr[-500:]


def main(words: list[str]) -> int:
    """Try the guards whose names have one of the words, or all; return 1 when one is not missed."""
    chosen = [guard for guard in GUARDS if not words or any(word in guard.name for word in words)]
    missed = 0
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        for guard, (is_gone, said) in zip(chosen, pool.map(is_missed, chosen), strict=True):
            missed += is_gone
            print("missed" if is_gone else f"NOT MISSED\n{said}", guard.name, sep="\t", flush=True)
    print(f"{missed} of {len(chosen)} guards are missed by some test")
    return 0 if missed == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
