"""The tutorial, done as it says: its files written, its commands run, its own test passed."""

import re
import subprocess
import sys
import tomllib

import pytest

from tests.e2e.conftest import PROJECT

_PAGE = (PROJECT / "docs/tutorial.md").read_text("utf-8")


@pytest.fixture(scope="module")
def workplace(installation):
    """The tutorial's folder, its plugin installed the way pip leaves it behind."""
    folder = installation.folder / "tutorial"
    for name, content in re.findall(r'^```\w+ title="([^"]+)"\n(.*?)^```', _PAGE, re.DOTALL | re.MULTILINE):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, "utf-8")
    project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
    meta = folder / "kelompok_register-1.0.0.dist-info"
    meta.mkdir()
    (meta / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    points = project["entry-points"]["kelompok.plugins"]
    lines = "".join(f"{name} = {target}\n" for name, target in points.items())
    (meta / "entry_points.txt").write_text(f"[kelompok.plugins]\n{lines}")
    return folder


def test_every_command_does_what_the_text_says(installation, workplace):
    (block,) = re.findall(r"^```sh\n(.*?)^```", _PAGE, re.DOTALL | re.MULTILINE)
    commands = [line.split() for line in block.splitlines() if line.startswith("kelompok ")]
    file = str(workplace / "register.txt")
    said = []
    for command in commands:
        arguments = [file if word == "register.txt" else word for word in command]
        done = installation.run(*arguments, PYTHONPATH=str(workplace))
        assert done.returncode in (0, 3), (command, done.stderr)
        said.append(done.stdout)
    assert "register" in said[0]
    assert "The first 5 characters of the line are empty" in " ".join(said[2].split())
    assert "Sanggar Seni Cempaka" in said[4]
    assert "4" in next(line for line in said[5].splitlines() if "unchanged" in line)


def test_its_own_test_passes(workplace):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_register.py"],
        cwd=workplace, env={"PYTHONPATH": f"{workplace}:{PROJECT}", "PATH": ""}, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
