"""Removes each guard in a temporary copy of the project and checks that a test fails (mutation tests).

A guard whose removal fails no test is either not needed or not tested. The list is ``guards.toml``. Run it with
``make guards``; words of names as arguments select guards.
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
    """One guard: when ``new`` replaces the text ``old``, which is once in ``file``, one of the ``tests`` must fail."""

    name: str
    file: str
    old: str
    new: str
    tests: list[str]


GUARDS = tuple(
    Guard(**one) for one in tomllib.loads(Path(__file__).with_name("guards.toml").read_text("utf-8"))["guard"]
)


def is_detected(guard: Guard) -> tuple[bool, str]:
    """Return whether a test fails without the guard, and the end of pytest's output."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        copy = Path(folder) / "copy"
        shutil.copytree(PROJECT, copy, ignore=_NOT_COPIED)
        path = copy / guard.file
        path.write_text(path.read_text("utf-8").replace(guard.old, guard.new), "utf-8")
        code = os.pathsep.join(map(str, (copy, *sorted((copy / "plugins").iterdir()))))
        try:
            done = subprocess.run(
                [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *guard.tests],
                cwd=copy, env=os.environ | {"PYTHONPATH": code, "KELOMPOK_STATEFUL": "20:40"},
                capture_output=True, text=True, timeout=_SECONDS, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return False, f"the tests did not end within {_SECONDS} seconds"
    return done.returncode == 1, done.stdout[-1_500:] + done.stderr[-500:]


def main(words: list[str]) -> int:
    """Check all guards, or those with one of the words in their names; return 1 if a removal is not detected."""
    chosen = [guard for guard in GUARDS if not words or any(word in guard.name for word in words)]
    detected = 0
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        for guard, (is_found, output) in zip(chosen, pool.map(is_detected, chosen), strict=True):
            detected += is_found
            print("detected" if is_found else f"NOT DETECTED\n{output}", guard.name, sep="\t", flush=True)
    print(f"a test detects the removal of {detected} of {len(chosen)} guards")
    return 0 if detected == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
