"""Cuts content lines into components, from BEGIN to END, so that a broken one does not affect the others."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from kelompok_core.contracts import Issue, Severity, UnreadableSource
from kelompok_core.plugin_kit.reading.content_lines import ContentLine

DEEPEST = 10
"""The most components inside each other."""
MOST_IN_COMPONENT = 4_000_000
"""The most characters of a component, with all inside it."""
_MOST_LINES = 50_000
_MOST_INSIDE = 1_000
_DEEPEST_OF_ONE_NAME = 3
_LONGEST_NAME = 100


class Problem(StrEnum):
    """What is wrong with a component."""

    UNCLOSED = "unclosed"
    TOO_LARGE = "too_large"


@dataclass(slots=True)
class Component:
    """A component.

    Attributes:
        name: Its name in upper case, such as ``VEVENT``.
        line: The line of its BEGIN, from 1.
        lines: Its own lines, without those of components inside it.
        inside: The components inside it, at most a thousand.
        problem: What is wrong with it, or None.
        left_out: The number of components inside it that were left out.
    """

    name: str
    line: int
    lines: list[ContentLine] = field(default_factory=list)
    inside: list["Component"] = field(default_factory=list)
    problem: Problem | None = None
    left_out: int = 0


def cut(
    lines: Iterable[ContentLine], *, whole: Collection[str], nesting: Collection[str] = ()
) -> Iterator[ContentLine | Component]:
    """Yield the components of a file, and as they are the lines outside them, such as those of a VCALENDAR.

    A component without END ends where the next begins, where what it is in ends, or with the file.

    Args:
        lines: The lines of the file.
        whole: Names of the components to yield. They stand in others, such as ``VCALENDAR``, but not in each other.
        nesting: Those that may stand in one of the same name. If the outer one turns out to have no END, those inside
            it are components of their own.

    Raises:
        UnreadableSource: ``file.components_too_deep``.
    """
    cutter = _Cutter(frozenset(whole), frozenset(nesting))
    opened, add = cutter.open, cutter.add
    for line in lines:
        name = line.name
        if name == "BEGIN":
            yield from cutter.begin(line)
        elif name == "END":
            yield from cutter.end(line)
        elif opened:
            add(line)
        else:
            yield line
    yield from cutter.close()


class _Cutter:
    """The components that are open, from the outermost."""

    def __init__(self, whole: frozenset[str], nesting: frozenset[str]) -> None:
        self._whole = whole
        self._nesting = nesting
        self._around: set[str] = set()
        self.open: list[Component] = []
        self._characters = 0
        self._lines = 0

    def add(self, line: ContentLine) -> None:
        self._characters += len(line.value)
        self._lines += 1
        if self._characters > MOST_IN_COMPONENT or self._lines > _MOST_LINES:
            self.open[0].problem = Problem.TOO_LARGE
        else:
            self.open[-1].lines.append(line)

    def begin(self, line: ContentLine) -> Iterator[ContentLine | Component]:
        name = _name_in(line)
        if self._has_no_end(name):
            yield from self.close()
        if not self.open and name not in self._whole:
            if len(self._around) < _MOST_INSIDE:
                self._around.add(name)
            yield line
            return
        if len(self.open) >= DEEPEST:
            params = {"line": line.line, "limit": DEEPEST}
            raise UnreadableSource(
                Issue(code="file.components_too_deep", severity=Severity.FATAL, line=line.line, params=params)
            )
        if not self.open:
            self._characters = self._lines = 0
        self.open.append(Component(name, line.line))

    def _has_no_end(self, name: str) -> bool:
        """Return whether a component of this name cannot be inside the open ones: the END of those is missing."""
        if not self.open or name not in self._whole:
            return False
        if name not in self._nesting:
            return True
        outermost = self.open[0]
        is_full = len(outermost.inside) >= _MOST_INSIDE or outermost.problem is not None
        return is_full or sum(one.name == name for one in self.open) >= _DEEPEST_OF_ONE_NAME

    def end(self, line: ContentLine) -> Iterator[ContentLine | Component]:
        name = _name_in(line)
        if any(one.name == name for one in self.open):
            while self.open[-1].name != name:
                self._close_innermost(Problem.UNCLOSED)
            closed = self._close_innermost(None)
            if not self.open:
                yield closed
        elif not self.open or name in self._around:
            yield from self.close()
            yield line

    def _close_innermost(self, problem: Problem | None) -> Component:
        closed = self.open.pop()
        closed.problem = closed.problem or problem
        if self.open and len(self.open[-1].inside) < _MOST_INSIDE:
            self.open[-1].inside.append(closed)
        elif self.open:
            self.open[-1].left_out += 1
        return closed

    def close(self) -> Iterator[Component]:
        """Yield the open components, which have no END, and those inside them that may be of their own."""
        opened = list(self.open)
        self.open.clear()
        for place, one in enumerate(opened):
            one.problem = one.problem or Problem.UNCLOSED
            if place == 0 or one.name in self._nesting:
                yield one
                yield from self._apart(one)

    def _apart(self, component: Component) -> Iterator[Component]:
        apart = [one for one in component.inside if one.name in self._nesting]
        component.inside = [one for one in component.inside if one.name not in self._nesting]
        yield from apart


def _name_in(line: ContentLine) -> str:
    return line.value.strip().upper()[:_LONGEST_NAME]
