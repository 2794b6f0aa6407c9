"""The style's limits, each shown a violation; and the drawn error tree beside the classes."""

import re
from pathlib import Path

import pytest

from kelompok_core import errors
from kelompok_core.errors import KelompokError
from tests.repository import style
from tests.repository.style import PROJECT, Source

_LONG_FUNCTION = "def long():\n" + "    print()\n" * style.FUNCTION_MAX
_BRANCHES = "def many():\n" + "    if a:\n        b()\n" * (style.BRANCHES_MAX + 1)
_SILENCED = "a = 1  # noqa\n" * 10
_ANY = "from typing import Any\n\ndef read(given: Any) -> Any: ...\n"
_BROAD = "try:\n    a()\nexcept Exception:\n    b()\n"


def _module(text, path="kelompok_core/imports/new.py"):
    return [Source(path=path, text=text)]


def test_the_project_keeps_every_limit():
    assert style.check_all() == []


@pytest.mark.parametrize(
    ("check", "sources"),
    [
        (style.long_files, _module("a = 1\n" * (style.FILE_MAX + 1))),
        (style.long_functions, _module(_LONG_FUNCTION)),
        (style.many_branches, _module(_BRANCHES)),
        (style.usual_sizes, _module("a = 1\n" * (style.P95_FILE + 1))),
        (style.usual_sizes, _module("def many(a, b, c, d, e): ...\n")),
        (style.rates, _module(_ANY)),
        (style.rates, _module(_SILENCED)),
        (style.rates, _module(_BROAD, "plugins/csv_import/new.py")),
        (style.vague_names, _module("a = 1\n", "kelompok_core/imports/utils.py")),
        (style.mocks, _module("from unittest.mock import MagicMock\n", "tests/unit/test_new.py")),
    ],
    ids=["file", "function", "branches", "usual file", "arguments", "Any", "silenced", "broad", "name", "mock"],
)
def test_a_violation_is_found(check, sources):
    assert list(check(sources))


@pytest.mark.parametrize("text", [
    "import os\nHOME = os.environ['HOME']\n", "import os\nHOME = os.environ.get('HOME')\n",
    "import os\nHOME = os.getenv('HOME')\n", "import os\nif 'HOME' in os.environ:\n    a = 1\n",
    "class A:\n    settings = read_settings()\n", "def f(home=os.environ['HOME']): ...\n",
    "@dataclass(slots=os.getenv('A'))\nclass A: ...\n", "for name in os.environ.items():\n    a = 1\n",
])  # fmt: skip
def test_a_setting_read_at_import_is_found(text):
    assert list(style.settings_read_at_import(_module(text)))


@pytest.mark.parametrize("text", [
    "def f():\n    return os.environ['HOME']\n", "def f(environ=os.environ): ...\n",
    "if __name__ == '__main__':\n    main(os.environ['HOME'])\n", "read = lambda: os.environ['HOME']\n",
])  # fmt: skip
def test_a_setting_read_when_called_is_none_of_these(text):
    assert list(style.settings_read_at_import(_module(text))) == []


def test_few_tests_are_noticed():
    assert list(style.few_tests(_module("a = 1\n" * 10), _module("a = 1\n")))


def test_every_listed_exception_is_needed():
    """A file or function that became shorter leaves the list."""
    sources = {one.path: one for one in style.read_sources()}
    for path in style.LONGER_FILES:
        assert sources[path].text.count("\n") > style.FILE_MAX, path
    for place in style.LONGER_FUNCTIONS:
        path, name = place.split(":")
        lengths = [one.end_lineno - one.lineno + 1 for one in sources[path].functions if one.name == name]
        assert max(lengths) > style.FUNCTION_MAX, place


def _drawn(text):
    """Return each drawn error with its parent, as the indentation says."""
    above, found = [], {}
    for line in text.splitlines():
        if match := re.match(r"([│├└─ ]*)([A-Z]\w+)(?:  |$)", line):
            depth = len(match[1]) // 4
            above[depth:] = [match[2]]
            found[match[2]] = above[depth - 1] if depth else None
    return found


def _defined(root):
    return {below.__name__: root.__name__ for below in root.__subclasses__()} | {
        name: parent for below in root.__subclasses__() for name, parent in _defined(below).items()
    }


def test_the_drawn_error_tree_equals_the_code():
    ours = {name: parent for name, parent in _defined(KelompokError).items() if hasattr(errors, name)}
    assert _drawn(errors.__doc__) == {"KelompokError": None, **ours}


def test_every_path_in_the_guide_for_contributors_exists():
    text = (PROJECT / "CONTRIBUTING.md").read_text("utf-8")
    named = re.findall(r"`([\w./*-]+/[\w./*-]*|[\w-]+\.(?:py|md|toml|json))`", text)
    assert len(named) > 30
    modules = {Path(one.path).name for one in style.read_sources()}
    missing = [name for name in named if name not in modules and not any(PROJECT.glob(name.rstrip("/")))]
    assert not missing
