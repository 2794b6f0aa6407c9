"""Limits of the code's style, checked by ``python -m tests.repository.style`` (part of ``make lint``).

Each check takes sources as text, so that a test can show it a violation.
"""

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

PROJECT = Path(__file__).parents[2]
CORE = "kelompok_core"

FILE_MAX = 400
LONGER_FILES = {
    "kelompok_core/database/embedded.py": 430,  # one server's life, read from top to bottom
}
FUNCTION_MAX = 60
LONGER_FUNCTIONS: dict[str, int] = {}
P95_FILE, P95_FUNCTION, P95_BRANCHES, P95_ARGUMENTS = 300, 30, 7, 4
"""At most one in twenty files, or functions, of a package is longer or has more."""
BRANCHES_MAX = 20
ANY_MAX = {CORE: 5.0, "kelompok_pipelines": 10.0, "plugins": 17.2}
"""Uses of ``Any`` per 1,000 lines of code. Aim: 10. Lower a number when the code allows it."""
SILENCED_MAX = 3.5
"""Comments that silence a checker, per 1,000 lines of code."""
BROAD = {CORE: 17, "kelompok_pipelines": 6, "plugins": 0}
"""Handlers of every exception: at the edges to plugins, threads and services, which must outlive what fails."""
VAGUE_NAMES = frozenset({"util", "utils", "helper", "helpers", "common", "misc", "tools", "shared", "base"})
LEAST_TESTS = 0.75
"""Lines of tests per line of code. Aim: 1."""

_SUITE = "kelompok_core/plugin_kit/testing/"
"""The conformance suite is tests: it runs on every bundled plugin."""

_BRANCHES = (ast.If, ast.IfExp, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.match_case, ast.comprehension)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_READERS = frozenset({"read_settings", "read_options"})
_NO_CODE = frozenset(
    {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
)
_MOCKED = re.compile(r"\bunittest\.mock\b|\b(?:Magic|Async)?Mock\(|\bmocker\b|\bcreate_autospec\b")


@dataclass(frozen=True, kw_only=True)
class Source:
    """A module: its path from the project's folder, and its text."""

    path: str
    text: str

    @property
    def package(self) -> str:
        return self.path.partition("/")[0]

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def functions(self) -> Sequence[ast.FunctionDef | ast.AsyncFunctionDef]:
        return [node for node in ast.walk(self.tree) if isinstance(node, _FUNCTIONS)]

    @cached_property
    def code_lines(self) -> int:
        """Lines that are neither blank, nor comments, nor docstrings."""
        tokens = [one for one in tokenize.generate_tokens(io.StringIO(self.text).readline) if one.type not in _NO_CODE]
        lines = {line for one in tokens for line in range(one.start[0], one.end[0] + 1)}
        return len(lines - self._docstring_lines())

    def _docstring_lines(self) -> set[int]:
        alone = [
            node.value
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        ]
        return {line for node in alone for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)}


def read_sources() -> list[Source]:
    """Return the modules of the packages, without tests, migrations and scripts that build data."""
    left_out = {"tests", "build", "migrations", "lexicon", "regions", "evaluation"}
    return [
        Source(path=str(file.relative_to(PROJECT)), text=file.read_text("utf-8"))
        for package in (CORE, "kelompok_pipelines", "plugins")
        for file in sorted((PROJECT / package).rglob("*.py"))
        if not left_out & set(file.relative_to(PROJECT).parts)
    ]


def read_tests() -> list[Source]:
    """Return the modules of all tests."""
    files = [*(PROJECT / "tests").rglob("*.py"), *PROJECT.glob("plugins/*/tests/**/*.py")]
    return [Source(path=str(file.relative_to(PROJECT)), text=file.read_text("utf-8")) for file in sorted(files)]


def long_files(sources: Iterable[Source]) -> Iterator[str]:
    for one in sources:
        lines, most = one.text.count("\n"), LONGER_FILES.get(one.path, FILE_MAX)
        if lines > most:
            yield f"{one.path}: {lines} lines, at most {most}"


def long_functions(sources: Iterable[Source]) -> Iterator[str]:
    for one in sources:
        for node in one.functions:
            lines, most = _length(node), LONGER_FUNCTIONS.get(f"{one.path}:{node.name}", FUNCTION_MAX)
            if lines > most:
                yield f"{one.path}:{node.lineno} {node.name}: {lines} lines, at most {most}"


def many_branches(sources: Iterable[Source]) -> Iterator[str]:
    for one in sources:
        for node in one.functions:
            if (branches := _branches(node)) > BRANCHES_MAX:
                yield f"{one.path}:{node.lineno} {node.name}: {branches} branches, at most {BRANCHES_MAX}"


def usual_sizes(sources: Iterable[Source]) -> Iterator[str]:
    """Yield what one in twenty of all files or functions exceeds."""
    listed = list(sources)
    functions = [node for one in listed for node in one.functions]
    for what, sizes, most in (
        ("lines of a file", [one.text.count("\n") for one in listed], P95_FILE),
        ("lines of a function", [_length(node) for node in functions], P95_FUNCTION),
        ("branches of a function", [_branches(node) for node in functions], P95_BRANCHES),
        ("arguments of a function", [_positional(node) for node in functions], P95_ARGUMENTS),
    ):
        if (found := _p95(sizes)) > most:
            yield f"{what}: the 95th percentile is {found}, at most {most}"


def rates(sources: Iterable[Source]) -> Iterator[str]:
    """Yield packages with too many ``Any``, silenced checks or handlers of every exception."""
    by_package: dict[str, list[Source]] = {}
    for one in sources:
        by_package.setdefault(one.package, []).append(one)
    for package, modules in by_package.items():
        thousands = sum(one.code_lines for one in modules) / 1000 or 1
        uses = sum(_is_any(node) for one in modules for node in ast.walk(one.tree)) / thousands
        if uses > ANY_MAX[package]:
            yield f"{package}: {uses:.1f} uses of Any per 1,000 lines, at most {ANY_MAX[package]}"
        silenced = sum(len(re.findall(r"# (?:noqa|type: ignore)", one.text)) for one in modules) / thousands
        if silenced > SILENCED_MAX:
            yield f"{package}: {silenced:.1f} silenced checks per 1,000 lines, at most {SILENCED_MAX}"
        broad = sum(_is_broad(node) for one in modules for node in ast.walk(one.tree))
        if broad > BROAD[package]:
            yield f"{package}: {broad} handlers of every exception, at most {BROAD[package]}"


def vague_names(sources: Iterable[Source]) -> Iterator[str]:
    for one in sources:
        if Path(one.path).stem.strip("_") in VAGUE_NAMES:
            yield f"{one.path}: name the module after its subject"


def settings_read_at_import(sources: Iterable[Source]) -> Iterator[str]:
    """Yield modules that read a setting or the environment when they are imported."""
    for one in sources:
        for node in _run_at_import(one.tree):
            if _reads_environment(node):
                yield f"{one.path}:{node.lineno}: a setting is read at import"


def mocks(tests: Iterable[Source]) -> Iterator[str]:
    """Yield tests that use mocks: the database and the services are real here."""
    for one in tests:
        if one.path.endswith(("repository/style.py", "repository/test_style.py")):
            continue
        if _MOCKED.search(one.text):
            yield f"{one.path}: a mock"


def few_tests(sources: Sequence[Source], tests: Sequence[Source]) -> Iterator[str]:
    suite = sum(one.code_lines for one in sources if one.path.startswith(_SUITE))
    share = (sum(one.code_lines for one in tests) + suite) / (sum(one.code_lines for one in sources) - suite)
    if share < LEAST_TESTS:
        yield f"{share:.2f} lines of tests per line of code, at least {LEAST_TESTS}"


def check_all() -> list[str]:
    """Return every violation of the project."""
    sources, tests = read_sources(), read_tests()
    checks = (long_files, long_functions, many_branches, usual_sizes, rates, vague_names, settings_read_at_import)
    return [*(found for check in checks for found in check(sources)), *mocks(tests), *few_tests(sources, tests)]


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _branches(node: ast.AST) -> int:
    return sum(isinstance(inner, _BRANCHES) for inner in ast.walk(node))


def _positional(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return len([one for one in (*node.args.posonlyargs, *node.args.args) if one.arg not in {"self", "cls"}])


def _p95(sizes: Sequence[int]) -> int:
    return sorted(sizes)[int(len(sizes) * 0.95)] if sizes else 0


def _is_any(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "Any"


def _is_broad(node: ast.AST) -> bool:
    if not isinstance(node, ast.ExceptHandler):
        return False
    return node.type is None or (isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"})


def _run_at_import(node: ast.AST) -> Iterator[ast.expr]:
    """Yield the expressions below a node that importing the module evaluates: all but the bodies of functions."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Lambda) or _is_main(child):
            continue
        if isinstance(child, _FUNCTIONS):
            for one in (*child.decorator_list, *child.args.defaults, *filter(None, child.args.kw_defaults)):
                yield one
                yield from _run_at_import(one)
            continue
        if isinstance(child, ast.expr):
            yield child
        yield from _run_at_import(child)


def _is_main(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'"


def _reads_environment(node: ast.expr) -> bool:
    # A default that is the environment itself is read when the function is called.
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        return name in _READERS | {"getenv"} or (isinstance(node.func, ast.Attribute) and _is_environ(node.func.value))
    if isinstance(node, ast.Subscript):
        return _is_environ(node.value)
    return isinstance(node, ast.Compare) and any(map(_is_environ, node.comparators))


def _is_environ(node: ast.expr) -> bool:
    return ast.unparse(node) in {"os.environ", "environ"}


if __name__ == "__main__":
    violations = check_all()
    print(*violations, sep="\n")
    sys.exit(1 if violations else 0)
