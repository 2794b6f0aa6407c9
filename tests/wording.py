"""Finds the sentences of the command line and of errors in the code, to check that all of them are translated."""

import ast
import re
from itertools import count
from pathlib import Path

from kelompok_core import errors

PROJECT = Path(__file__).parents[1]
_ERRORS = {
    name for name, one in vars(errors).items() if isinstance(one, type) and issubclass(one, errors.KelompokError)
}
_TRANSLATING = {"translate": (0, 1), "counted": (1, 3)}
"""Functions of the command line, and which of their arguments are sentences or nouns."""


def sentences():
    """Yield (file, line, sentence) for each sentence that commands print in the reader's language."""
    for path in sorted((PROJECT / "kelompok_core/cli").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                for sentence in _of_call(node):
                    yield path.relative_to(PROJECT), node.lineno, sentence


def _of_call(call):
    name = _name(call.func)
    if name in _TRANSLATING:
        for argument in call.args[slice(*_TRANSLATING[name])]:
            yield from _texts(argument)
    elif name == "table":
        for argument in call.args[1:2]:
            if isinstance(argument, ast.Tuple):
                for element in argument.elts:
                    yield from _texts(element)


def _texts(node):
    """Yield the literal texts that an expression may evaluate to."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)


def messages():
    """Yield (file, line, pattern) for each message and hint of an error, with placeholders {0}, {1} and so on."""
    for package in ("kelompok_core", "kelompok_pipelines"):
        for path in sorted((PROJECT / package).rglob("*.py")):
            if path.name == "errors.py":
                continue
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and _name(node.func) in _ERRORS | {"wrong_option", "notify"}:
                    for pattern in _of_error(node):
                        yield path.relative_to(PROJECT), node.lineno, pattern


def _of_error(call):
    place = {"SettingsError": 1, "PluginUnavailable": 1, "wrong_option": 1, "NotPermitted": 2}.get(_name(call.func), 0)
    hints = [one.value for one in call.keywords if one.arg == "hint"]
    for node in (*call.args[place : place + 1], *hints):
        yield from _patterns(node)


def _patterns(node):
    """Yield the texts that an expression may evaluate to, with numbered placeholders."""
    if isinstance(node, ast.IfExp | ast.BoolOp):
        for part in [node.body, node.orelse] if isinstance(node, ast.IfExp) else node.values:
            yield from _patterns(part)
    elif isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp):
        places = count()
        text = "".join(f"{{{next(places)}}}" if piece is None else piece for piece in _pieces(node))
        if re.sub(r"\{\d\}|[:. ]", "", text) not in ("", "None"):
            yield text


def _pieces(node):
    if isinstance(node, ast.BinOp):
        yield from _pieces(node.left)
        yield from _pieces(node.right)
    elif isinstance(node, ast.JoinedStr):
        for value in node.values:
            yield from _pieces(value)
    elif isinstance(node, ast.Constant):
        yield str(node.value)
    else:
        yield None


def _name(node):
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
