"""Converts a record to cells: nested members by path, lists joined, numbers as written, passwords left out."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from kelompok_core.contracts import ConfigurationError, FreeNames
from kelompok_json_import.cursor import Exact
from kelompok_json_import.expressions import (
    BUDGET,
    Allowance,
    Expression,
    NoExpression,
    TooCostly,
    compile_expression,
)
from kelompok_json_import.records import KEY, LIST, PARENT, PARENT_NAME, VALUE, Found

BROKEN = "(broken line)"
_DEEPEST = 6
_JOINT = "; "
_PARTING = re.compile(r"[;|\r\n]")
HALF = re.compile(r"[\ud800-\udfff]")
"""An unpaired surrogate, which JSON can contain as an escape, but text cannot."""

_SECRETS = frozenset({"password", "passwd", "password_hash", "hashed_password", "pwd", "kata_sandi"})
"""Members that are left out, so that no record, message or report shows their values."""


class CellMaker:
    """Makes a record's cells.

    Args:
        columns: Columns of the mapping: members, or JMESPath expressions.
        where: A JMESPath expression that selects the records, or None for all.
        joins_lists: Whether a list of plain values becomes one text; otherwise it is kept as JSON.

    Raises:
        ConfigurationError: When ``where`` is not an expression, or an expression is too large.
    """

    def __init__(self, columns: Sequence[str], *, where: str | None, joins_lists: bool) -> None:
        self._allowance = Allowance()
        self._paths = {column: path for column in columns if (path := self._path(column)) is not None}
        self.expressions = [column for column in self._paths if not column.replace("_", "").replace("-", "").isalnum()]
        self._where = self._condition(where) if where else None
        self._joins_lists = joins_lists
        self._columns: dict[str, dict[str, str]] = {}
        self.left_out: set[str] = set()
        self.clashing: list[str] = []
        self.without_value = dict.fromkeys(columns)

    def is_wanted(self, found: Found) -> bool:
        """Return whether ``where`` selects the record; broken records are always selected.

        Raises:
            ConfigurationError: When the condition exceeds the budget of one record.
        """
        self._allowance.renew()
        return found.broken is not None or self._where is None or bool(self._search("where", self._where, found))

    def cells(self, found: Found) -> dict[str, str | None]:
        """Return the record's cells by column.

        Raises:
            ConfigurationError: When the mapping's expressions exceed the budget of one record.
        """
        if found.broken is not None:
            return {BROKEN: found.text}
        self._allowance.renew()
        above = _above(found)
        cells: dict[str, str | None] = dict(above)
        value = _renamed(found.value, above)
        cells |= self._flat(value, "", 0) if isinstance(value, dict) else {VALUE: self._text(value)}
        if found.parents:
            around = {f"{PARENT}{name}": self._text_or_none(one) for name, one in found.parents.items()}
            self._note_clashes(around, cells)
            cells |= {column: cell for column, cell in around.items() if column not in cells}
        for column, path in self._paths.items():
            if column not in cells:
                cells[column] = self._text_or_none(self._search("map", path, found))
        if self.without_value:
            self.without_value = {one: None for one in self.without_value if cells.get(one) is None}
        return cells or {VALUE: "{}"}

    def _note_clashes(self, cells: Mapping[str, str | None], later: Mapping[str, str | None]) -> None:
        """Note the columns that would occur twice in a record; the later cell is kept."""
        if not cells.keys().isdisjoint(later):
            self.clashing += [column for column in later if column in cells]

    def take_clashing(self) -> list[str]:
        """Return the noted columns that would occur twice, and clear them."""
        noted, self.clashing = self.clashing, []
        return noted

    def original(self, found: Found) -> object:
        """Return the record with the values that surround it, so that it gives the same cells when it is read alone."""
        value = self.plain(found.value)
        above = _above(found)
        if not above and not found.parents:
            return value
        members = {**above, **(_renamed(value, above) if isinstance(value, dict) else {VALUE: value})}
        own = members.get(PARENT_NAME)
        if found.parents and (own is None or isinstance(own, dict)):
            members[PARENT_NAME] = _nested(found.parents) | (own or {})
        return members

    def plain(self, value: object) -> object:
        """Return a value without the members that are left out."""
        if isinstance(value, dict):
            self.left_out |= {name for name in value if name.casefold() in _SECRETS}
            return {name: self.plain(one) for name, one in value.items() if name.casefold() not in _SECRETS}
        return [self.plain(one) for one in value] if isinstance(value, list) else value

    def _flat(self, members: Mapping[str, object], before: str, depth: int) -> dict[str, str | None]:
        cells: dict[str, str | None] = {}
        columns = self._columns.setdefault(before, {})
        for name, value in members.items():
            column = columns.get(name) or self._column(name, before)
            if column is None:
                self.left_out.add(before + name)
            elif isinstance(value, dict) and value and depth < _DEEPEST:
                inner = self._flat(value, f"{column}.", depth + 1)
                self._note_clashes(cells, inner)
                cells |= inner
            else:
                if column in cells:  # a name with a dot may equal the path of another member
                    self.clashing.append(column)
                cells[column] = value if type(value) is str else self._text_or_none(value)
        return cells

    def _column(self, name: str, before: str) -> str | None:
        """Return and cache the column of a member; None if it is left out."""
        if name.casefold() in _SECRETS:
            return None
        column = before + (name if name.strip() else "(blank)")
        self._columns[before][name] = column
        return column

    def _text_or_none(self, value: object) -> str | None:
        return None if value is None else self._text(value)

    def _text(self, value: object) -> str:
        if isinstance(value, str):
            return value
        if isinstance(value, list) and self._joins_lists:
            joined = _joined(value)
            if joined is not None:
                return joined
        return to_json(self.plain(value))

    def _search(self, key: str, path: Expression, found: Found) -> object:
        try:
            return path.search(found.value)
        except TooCostly:
            reason = f"{path.written!r} produces more than {BUDGET} values for the record in line {found.line}"
            raise ConfigurationError(key, reason) from None

    def _path(self, column: str) -> Expression | None:
        """Return the column as an expression, or None if it is a plain header."""
        try:
            return compile_expression("map", column, self._allowance)
        except NoExpression:
            return None

    def _condition(self, written: str) -> Expression:
        try:
            return compile_expression("where", written, self._allowance)
        except NoExpression as error:
            raise ConfigurationError("where", f"{written!r} is no JMESPath expression: {error}") from error


def _above(found: Found) -> dict[str, str]:
    """Return the cells with the names of a record and of its list."""
    names = {KEY: found.key, LIST: found.list_name}
    return {column: name for column, name in names.items() if name is not None}


def _renamed(value: object, above: Mapping[str, str]) -> Any:
    """Return a record in which members with the name of a cell in ``above`` are renamed."""
    if not above or not isinstance(value, dict) or value.keys().isdisjoint(above):
        return value
    free = FreeNames({*above, *value})
    return {free.take(name) if name in above else name: one for name, one in value.items()}


def _joined(values: Sequence[object]) -> str | None:
    """Return plain values joined to one text, or None if it could not be split again."""
    if any(isinstance(one, dict | list) for one in values):
        return None
    texts = [one if isinstance(one, str) else to_json(one) for one in values if one is not None]
    return None if any(_PARTING.search(text) for text in texts) else _JOINT.join(texts)


def to_json(value: object) -> str:
    """Return the value as JSON, with numbers as they were written."""
    if isinstance(value, Exact):
        return value.text
    if isinstance(value, dict):
        return (
            f"{{{', '.join(f'{json.dumps(name, ensure_ascii=False)}: {to_json(one)}' for name, one in value.items())}}}"
        )
    if isinstance(value, list):
        return f"[{', '.join(map(to_json, value))}]"
    return json.dumps(value, ensure_ascii=False)


def _nested(parents: Mapping[str, object]) -> dict[str, object]:
    """Return ``{"a": 1, "parent.b": 2}`` as ``{"a": 1, "parent": {"b": 2}}``."""
    near = {name: value for name, value in parents.items() if not name.startswith(PARENT)}
    far = {name.removeprefix(PARENT): value for name, value in parents.items() if name.startswith(PARENT)}
    return near | ({PARENT_NAME: _nested(far)} if far else {})
