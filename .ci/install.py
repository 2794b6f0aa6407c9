"""Installs what the lock files name into .venv: by uv, which takes seconds, else by pip. Needs Python alone.

uv is used where PyPI itself is the index: it comes from there, and does not read pip's settings. Where pip is told of
another index, pip installs.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
BIN = PROJECT / ".venv/bin"
UV = PROJECT / ".ci/uv.txt"
LOCKS = {False: PROJECT / "requirements.lock", True: PROJECT / "requirements-dev.lock"}
"""What running needs, and what working on the project needs too."""

EVERY = 10.0
"""Seconds between two lines that say how far pip is, where nobody watches a line that moves."""


def main() -> None:
    """Install for running, or with ``--tests`` for working on the project."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tests", action="store_true", help="also what tests and checks need")
    parser.add_argument("--pip", action="store_true", help="install by pip, whatever is there")
    options = parser.parse_args()
    started = time.monotonic()
    lock = LOCKS[options.tests]
    make_environment()
    uv = None if options.pip else find_uv(os.environ)
    tell(f"Installing {count_pins(lock)} packages with {'uv' if uv else 'pip'}")
    installed = uv is not None and install_by_uv(uv, lock)
    if not installed:
        install_by_pip(lock)
    tell("Installing Kelompok and its plugins")
    install_ours(uv if installed else None)
    tell(f"Ready after {time.monotonic() - started:.0f} seconds")


def tell(text: str) -> None:
    print(f"--- {text}", flush=True)


def make_environment() -> None:
    """Make .venv with pip in it, if there is none."""
    if (BIN / "pip").exists():
        return
    tell("Making an environment in .venv")
    venv.create(PROJECT / ".venv", with_pip=True, clear=True)


def count_pins(lock: Path) -> int:
    return sum("==" in line and not line.startswith((" ", "#")) for line in lock.read_text("utf-8").splitlines())


def find_uv(environ: Mapping[str, str]) -> Path | None:
    """Return uv, installed into .venv from PyPI; None where pip is told to use another index, or PyPI has none."""
    if knows_another_index(environ):
        tell("pip is set to an index of its own: uv would not find it")
        return None
    installed = BIN / "uv"
    if not installed.exists():
        run([BIN / "python", "-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps", "-r", UV], quiet=True)
    return installed if installed.exists() else None


def knows_another_index(environ: Mapping[str, str]) -> bool:
    """Whether pip takes packages from elsewhere in the place of PyPI, by its settings or the environment."""
    if any(name in environ for name in ("UV_INDEX_URL", "UV_DEFAULT_INDEX")):
        return False
    asked = subprocess.run(
        [BIN / "python", "-m", "pip", "config", "list"], capture_output=True, text=True, check=False, env=dict(environ)
    )
    keys = [line.partition("=")[0].rpartition(".")[2] for line in asked.stdout.splitlines()]
    return any(key in ("index-url", "no-index") for key in keys)


def install_by_uv(uv: Path, lock: Path) -> bool:
    """Install the lock's packages; return whether that went well."""
    asked = [uv, "pip", "install", "--python", BIN / "python", "--require-hashes", "--no-deps", "--compile-bytecode"]
    if run([*asked, "-r", lock], env=certificates(os.environ)):
        return True
    tell("uv could not install them; trying pip")
    return False


def certificates(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for uv, with the certificates that pip is told to trust."""
    known = {"SSL_CERT_FILE": environ["PIP_CERT"]} if "PIP_CERT" in environ else {}
    return {**known, **environ}


def install_by_pip(lock: Path) -> None:
    """Install the lock's packages, and say how far it is."""
    words = [BIN / "python", "-m", "pip", "install", "--disable-pip-version-check", "--require-hashes", "--no-deps"]
    words += ["--progress-bar", "off", "-r", lock]
    with subprocess.Popen(list(map(str, words)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as pip:
        count_lines(pip.stdout or (), count_pins(lock))
        said = pip.stderr.read() if pip.stderr else ""
    if pip.returncode:
        sys.exit("\n".join(line for line in said.splitlines() if not line.startswith("WARNING: Location")))


def count_lines(lines: Iterable[str], total: int) -> None:
    """Show how many packages pip has taken: in one line that moves on a terminal, else now and then."""
    done, told = 0, time.monotonic()
    for line in lines:
        if line.startswith("Collecting"):
            done += 1
            word = line.split()[1]
            if sys.stdout.isatty():
                room = shutil.get_terminal_size().columns - 1
                print(f"    {done} of {total}: {word}"[:room].ljust(room), end="\r", flush=True)
            elif time.monotonic() - told > EVERY:
                told = time.monotonic()
                print(f"    {done} of {total}: {word}", flush=True)
        elif line.startswith("Installing collected"):
            print(f"    {done} of {total}: all are here, putting them in place", flush=True)


def install_ours(uv: Path | None) -> None:
    """Install the project and its plugins as they lie there, and compile them: else every command would."""
    ours = [word for folder in (PROJECT, *sorted((PROJECT / "plugins").iterdir())) for word in ("-e", folder)
            if (folder / "pyproject.toml").exists()]  # fmt: skip
    if uv is not None:
        words = [uv, "pip", "install", "--python", BIN / "python", "--quiet", "--no-deps", *ours]
    else:
        words = [BIN / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", *ours]
    if not run(words, env=certificates(os.environ)):
        sys.exit("The project could not be installed.")
    folders = [PROJECT / name for name in ("kelompok_core", "kelompok_pipelines", "plugins")]
    run([BIN / "python", "-m", "compileall", "-q", "-j", "0", *folders])


def run(words: Sequence[str | Path], *, env: Mapping[str, str] | None = None, quiet: bool = False) -> bool:
    """Run a program; return whether it ended well."""
    output = subprocess.DEVNULL if quiet else None
    done = subprocess.run(list(map(str, words)), env=None if env is None else dict(env), check=False, stderr=output)
    return done.returncode == 0


if __name__ == "__main__":
    main()
