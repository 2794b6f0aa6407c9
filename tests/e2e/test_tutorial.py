"""The tutorial, done as it says: its commands run, its files written, its own tests passed."""

import re
import tomllib

import pytest

from tests.e2e.conftest import PROJECT

_PAGE = (PROJECT / "docs/tutorial.md").read_text("utf-8")
_BLOCKS = [
    [line.split() for line in block.splitlines() if line.startswith("kelompok ")]
    for block in re.findall(r"^```sh\n(.*?)^```", _PAGE, re.DOTALL | re.MULTILINE)
]


@pytest.fixture(scope="module")
def begun(installation):
    """Run the first commands, which write a plugin and test it."""
    for command in _BLOCKS[0]:
        done = installation.run(*command)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
    return installation.folder / "register"


@pytest.fixture(scope="module")
def workplace(begun):
    """The plugin with the tutorial's files, installed the way pip leaves it behind."""
    (begun / "tests/inputs/list.txt").unlink()
    for name, content in re.findall(r'^```\w+ title="([^"]+)"\n(.*?)^```', _PAGE, re.DOTALL | re.MULTILINE):
        (begun / name).write_text(content, "utf-8")
    project = tomllib.loads((begun / "pyproject.toml").read_text("utf-8"))["project"]
    meta = begun / f"kelompok_register-{project['version']}.dist-info"
    meta.mkdir()
    (meta / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    points = project["entry-points"]["kelompok.plugins"]
    lines = "".join(f"{name} = {target}\n" for name, target in points.items())
    (meta / "entry_points.txt").write_text(f"[kelompok.plugins]\n{lines}")
    return begun


def test_its_tests_pass(installation, workplace):
    for command in _BLOCKS[1]:
        done = installation.run(*command)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
    assert "13 passed" in done.stdout, "the conformance suite, and the test of the page"


def test_every_command_does_what_the_text_says(installation, workplace):
    said = []
    for command in _BLOCKS[2]:
        done = installation.run(*command, PYTHONPATH=str(workplace))
        assert done.returncode in (0, 3), (command, done.stderr)
        said.append(done.stdout)
    assert "register" in said[0]
    assert "The first 5 characters of the line are empty" in " ".join(said[2].split())
    assert "Sanggar Seni Cempaka" in said[4]
    assert "4" in next(line for line in said[5].splitlines() if "unchanged" in line)
