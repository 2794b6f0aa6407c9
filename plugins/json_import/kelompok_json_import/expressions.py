"""JMESPath with limits: on the size of an expression, and on the steps and values it may use per record."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jmespath import ast, functions, parser, visitor
from jmespath.exceptions import JMESPathError

from kelompok_core.contracts import ConfigurationError

LONGEST, _DEEPEST, _MOST_NODES, _MOST_COPIES = 1_000, 40, 200, 8
BUDGET = 200_000
"""Budget of all expressions for one record, in units: one for each visited node and each value created or compared.

A text costs one more unit per :data:`_TEXT_UNIT` characters.
"""

_TEXT_UNIT = 64
_COPYING = frozenset({"multi_select_list", "multi_select_dict", "flatten"})
"""Nodes that can copy a value several times."""


class NoExpression(Exception):
    """The text is not a JMESPath expression; it may be a name."""


class TooCostly(Exception):
    """The expressions for one record cost more than :data:`BUDGET`."""


@dataclass
class Allowance:
    """The units left for one record."""

    left: int = BUDGET

    def renew(self) -> None:
        self.left = BUDGET

    def spend(self, units: int) -> None:
        """Subtract units.

        Raises:
            TooCostly: When there are not enough left.
        """
        self.left -= units
        if self.left < 0:
            raise TooCostly

    def spend_on(self, value: object) -> None:
        """Subtract the units of a value; parts that occur twice count twice.

        Raises:
            TooCostly: When there are not enough left; the rest of the value is not visited.
        """
        waiting = [value]
        while waiting:
            one = waiting.pop()
            self.spend(1 + (len(one) // _TEXT_UNIT if isinstance(one, str) else 0))
            if isinstance(one, dict):
                self.spend(len(one))
                waiting.extend(one.values())
            elif isinstance(one, list):
                self.spend(len(one))
                waiting.extend(one)


class Expression:
    """An expression within the size limits; its cost is subtracted from an allowance shared with others."""

    def __init__(self, written: str, tree: Mapping[str, object], allowance: Allowance) -> None:
        self.written = written
        self._tree = tree
        self._allowance = allowance
        self._interpreter = _Interpreter(allowance)

    def search(self, value: object) -> object:
        """Return the result for a value; None if a part of it has the wrong type.

        Raises:
            TooCostly: When the allowance is used up.
        """
        try:
            found = self._interpreter.visit(self._tree, value)
        except (JMESPathError, TypeError, ValueError, ArithmeticError):
            return None
        self._allowance.spend_on(found)
        return found


def compile_expression(key: str, written: str, allowance: Allowance) -> Expression:
    """Return the text as an expression.

    Raises:
        NoExpression: When it is not an expression.
        ConfigurationError: When it is too long, too deep, or has too many parts; names the key.
    """
    if len(written) > LONGEST:
        raise ConfigurationError(key, f"{written[:40]!r}… has {len(written)} characters; at most {LONGEST} are allowed")
    try:
        tree = parser.Parser().parse(written).parsed
    except JMESPathError as error:
        raise NoExpression(str(error).splitlines()[0]) from error
    except RecursionError:
        raise ConfigurationError(key, f"{written[:40]!r}… is nested too deeply") from None
    _require_small(key, written, tree)
    return Expression(written, tree, allowance)


def _require_small(key: str, written: str, tree: Mapping[str, object]) -> None:
    nodes = list(_nodes(tree))
    bounds = (
        ("has {} levels", max(depth for _, depth in nodes), _DEEPEST),
        ("has {} parts", len(nodes), _MOST_NODES),
        ("builds {} lists or objects", sum(kind in _COPYING for kind, _ in nodes), _MOST_COPIES),
    )
    for message, found, most in bounds:
        if found > most:
            raise ConfigurationError(key, f"{written[:40]!r}… {message.format(found)}; at most {most} are allowed")


def _nodes(tree: Mapping[str, object]) -> Iterator[tuple[str, int]]:
    """Yield the kind and depth of every node. Children of slices are numbers, not nodes."""
    waiting: list[tuple[Mapping[str, Any], int]] = [(tree, 1)]
    while waiting:
        node, at = waiting.pop()
        yield str(node["type"]), at
        waiting.extend((child, at + 1) for child in node["children"] if isinstance(child, dict))


class _Interpreter(visitor.TreeInterpreter):  # type: ignore[misc]  # the library has no types
    """Counts the cost of visited nodes, created and compared values, and arguments of functions."""

    def __init__(self, allowance: Allowance) -> None:
        super().__init__()
        self._allowance = allowance
        self._functions = _Functions(functions.Functions(), allowance)

    def visit(self, node: Mapping[str, Any], *args: object, **kwargs: object) -> object:
        self._allowance.spend(1)
        return super().visit(node, *args, **kwargs)

    def visit_multi_select_list(self, node: Mapping[str, object], value: object) -> object:
        return self._counted(super().visit_multi_select_list(node, value))

    def visit_multi_select_dict(self, node: Mapping[str, object], value: object) -> object:
        return self._counted(super().visit_multi_select_dict(node, value))

    def visit_flatten(self, node: Mapping[str, object], value: object) -> object:
        return self._counted(super().visit_flatten(node, value))

    def visit_comparator(self, node: Mapping[str, Any], value: Any) -> object:
        sides = [self.visit(side, value) for side in node["children"]]
        for side in sides:
            if isinstance(side, list | dict):  # comparing texts is fast
                self._allowance.spend_on(side)
        return super().visit_comparator({**node, "children": list(map(ast.literal, sides))}, value)

    def _counted(self, made: object) -> object:
        self._allowance.spend_on(made)
        return made


class _Functions:
    """JMESPath's functions; counts the cost of their arguments and results."""

    def __init__(self, known: functions.Functions, allowance: Allowance) -> None:
        self._call: Callable[[str, list[object]], object] = known.call_function
        self._allowance = allowance

    def call_function(self, name: str, arguments: list[object]) -> object:
        for one in arguments:
            self._allowance.spend_on(one)
        if name == "join":  # the separator is repeated between the texts
            between, *texts = map(_size, arguments)
            self._allowance.spend(between * sum(texts) // _TEXT_UNIT)
        result = self._call(name, arguments)
        self._allowance.spend_on(result)
        return result


def _size(value: object) -> int:
    return len(value) if isinstance(value, str | list) else 0
