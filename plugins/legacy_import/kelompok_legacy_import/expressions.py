"""The verbs with which data files say how a value is made from a row's cells, evaluated for all rows at once."""

import csv
import json
import re
from collections.abc import Callable, Mapping, Sequence

from kelompok_core.contracts import JsonValue
from kelompok_legacy_import.systems import Condition, Expression, fold

_TRUE = frozenset({"1", "true", "yes", "y", "x", "ya"})
_BETWEEN_GOOGLE = ":::"
_PREFERRED = "* "
_MAIL_PROVIDERS = frozenset(
    {
        "gmail.com", "googlemail.com", "yahoo.com", "yahoo.co.id", "ymail.com", "hotmail.com", "outlook.com",
        "live.com", "icloud.com", "me.com", "aol.com", "gmx.com", "gmx.de", "gmx.net", "web.de", "mail.com",
        "proton.me", "protonmail.com", "rocketmail.com", "msn.com", "t-online.de", "zoho.com",
        "yandex.com", "mail.ru", "qq.com",
    }
)  # fmt: skip
_OF_SALESFORCE = re.compile(r"[A-Za-z0-9]{15}")
_CHECK_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"

Column = Sequence[str]


class Cells:
    """The cells of a batch by column, and what else rules refer to.

    Args:
        columns: The cells by column; "" where there is none.
        rows: The number of rows.
        file: The name of the file, which is the column ``@file``.
        sets: Sets of values by name.
    """

    def __init__(
        self, columns: Mapping[str, Column], rows: int, file: str = "", sets: Mapping[str, frozenset[str]] | None = None
    ) -> None:
        self._columns = {fold(name): cells for name, cells in columns.items()}
        self._columns["@file"] = [file] * rows
        self._sets = sets or {}
        self.rows = rows

    def column(self, name: str) -> Column:
        """Return the cells of a column; "" in all rows if there is no such column."""
        return self._columns.get(fold(name)) or [""] * self.rows

    def has(self, name: str) -> bool:
        """Return whether there is a column."""
        return fold(name) in self._columns

    def evaluate(self, given: Expression) -> Column:
        """Return the value of an expression in each row.

        Raises:
            ValueError: When it has no known verb.
        """
        if isinstance(given, str):
            return [cell.strip() for cell in self.column(given)]
        verb = next((name for name in _VERBS if name in given), None) if isinstance(given, dict) else None
        if verb is None or not isinstance(given, dict):
            raise ValueError(f"{given!r} has no known verb")
        return _VERBS[verb](self, given)

    def select(self, where: Sequence[Condition]) -> list[bool]:
        """Return which rows meet all conditions."""
        kept = [True] * self.rows
        for one in where:
            kept = [before and now for before, now in zip(kept, self.meets(one), strict=True)]
        return kept

    def meets(self, condition: Condition) -> list[bool]:
        """Return which rows meet a condition: on a column, on several (``any`` or ``none`` filled), or on all cells."""
        if "any" in condition or "none" in condition:
            columns = [self.column(str(name)) for name in _list(condition.get("any") or condition.get("none"))]
            filled = [any(cell.strip() for cell in row) for row in zip(*columns, strict=True)]
            return filled if "any" in condition else [not one for one in filled]
        if "none_starts" in condition:
            return self._none_starts(tuple(_words(condition["none_starts"])))
        if "prefix" in condition:
            return self._any_begins(fold(str(condition["prefix"])))
        return self._meets_in(condition, [cell.strip().casefold() for cell in self.column(str(condition["column"]))])

    def _meets_in(self, condition: Condition, cells: Column) -> list[bool]:
        if "is" in condition:
            words = _words(condition["is"])
            return [cell in words for cell in cells]
        if "is_not" in condition:
            words = _words(condition["is_not"])
            return [cell not in words for cell in cells]
        if "starts" in condition:
            starts = tuple(_words(condition["starts"]))
            return [cell.startswith(starts) for cell in cells]
        if condition.get("filled"):
            return [bool(cell) for cell in cells]
        return [cell in _TRUE for cell in cells]

    def _none_starts(self, starts: tuple[str, ...]) -> list[bool]:
        """Return the rows without a cell that begins so, as those of a template do."""
        rows = zip(*(cells for name, cells in self._columns.items() if name != "@file"), strict=True)
        return [not any(cell.strip().casefold().startswith(starts) for cell in row) for row in rows]

    def _any_begins(self, beginning: str) -> list[bool]:
        """Return the rows in which any column whose name begins so is true."""
        columns = [cells for name, cells in self._columns.items() if name.startswith(beginning)]
        if not columns:
            return [False] * self.rows
        return [any(cell.strip().casefold() in _TRUE for cell in row) for row in zip(*columns, strict=True)]

    def values_of(self, name: str) -> frozenset[str]:
        """Return a set of values of other tables."""
        return self._sets.get(name, frozenset())


def _words(given: JsonValue) -> frozenset[str]:
    return frozenset(str(one).casefold() for one in given) if isinstance(given, list) else frozenset()


def _list(given: JsonValue) -> list[JsonValue]:
    return given if isinstance(given, list) else [given]


def _first(cells: Cells, given: Mapping[str, JsonValue]) -> Column:
    columns = [cells.evaluate(one) for one in _list(given["first"])]
    return [next(filter(None, row), "") for row in zip(*columns, strict=True)]


def _join(cells: Cells, given: Mapping[str, JsonValue]) -> Column:
    columns, between = [cells.evaluate(one) for one in _list(given["join"])], str(given.get("with", " "))
    return [between.join(filter(None, row)) for row in zip(*columns, strict=True)]


def _split(cells: Cells, given: Mapping[str, JsonValue]) -> Column:
    columns, at = [cells.evaluate(one) for one in _list(given["split"])], str(given["at"])
    left = _words(given.get("without", []))
    found = []
    for row in zip(*columns, strict=True):
        items = [item.strip() for cell in row for item in (_csv_items(cell) if at == "csv" else cell.split(at))]
        found.append(_as_list([one for one in items if one and one.casefold() not in left]))
    return found


def _csv_items(cell: str) -> list[str]:
    return next(iter(csv.reader([cell.replace("\n", " ")], skipinitialspace=True)), [])


def _as_list(items: Sequence[str]) -> str:
    return json.dumps(list(dict.fromkeys(items)), ensure_ascii=False) if items else ""


def _item(cells: Cells, given: Mapping[str, JsonValue]) -> Column:
    at = str(given["at"])
    return [cell.split(at)[0].strip() for cell in cells.evaluate(given["item"])]


def _flag(cells: Cells, given: Mapping[str, JsonValue]) -> Column:
    flags = [one for one in _list(given["flag"]) if isinstance(one, dict)]
    met = [cells.meets(one) for one in flags]
    words = [str(one["then"]) for one in flags]
    return [
        ", ".join(dict.fromkeys(word for word, is_met in zip(words, row, strict=True) if is_met))
        for row in zip(*met, strict=True)
    ]


def _map_words(cells: Cells, given: Mapping[str, JsonValue]) -> Column:
    table = given["to"] if isinstance(given.get("to"), dict) else {}
    words = {str(word).casefold(): str(to) for word, to in table.items()} if isinstance(table, dict) else {}
    return [words.get(cell.casefold(), "") for cell in cells.evaluate(given["words"])]


def _when(cells: Cells, given: Mapping[str, JsonValue]) -> Column:
    conditions = [one for one in _list(given["when"]) if isinstance(one, dict)]
    kept, then = cells.select(conditions), cells.evaluate(given["then"])
    return [value if is_kept else "" for value, is_kept in zip(then, kept, strict=True)]


def _choose(cells: Cells, given: Mapping[str, JsonValue]) -> Column:
    cases = given["cases"] if isinstance(given["cases"], dict) else {}
    columns = (
        {str(word).casefold(): cells.evaluate(one) for word, one in cases.items()} if isinstance(cases, dict) else {}
    )
    chosen = cells.evaluate(given["choose"])
    nothing = [""] * cells.rows
    return [columns.get(word.casefold(), nothing)[at] for at, word in enumerate(chosen)]


def _unless_in(cells: Cells, given: Mapping[str, JsonValue]) -> Column:
    left = cells.values_of(str(given["set"]))
    return [cell if cell not in left else "" for cell in cells.evaluate(given["unless_in"])]


def _id18(cells: Cells, given: Mapping[str, JsonValue]) -> Column:
    return list(map(complete_id, cells.evaluate(given["id18"])))


def complete_id(short: str) -> str:
    """Return a Salesforce id of 15 characters with the three that make it independent of case; others unchanged."""
    if _OF_SALESFORCE.fullmatch(short) is None:
        return short
    blocks = (short[start : start + 5] for start in (0, 5, 10))
    return short + "".join(
        _CHECK_CHARACTERS[sum(1 << at for at, sign in enumerate(block) if "A" <= sign <= "Z")] for block in blocks
    )


def _site(cells: Cells, given: Mapping[str, JsonValue]) -> Column:
    found = cells.evaluate(given["site"])
    return ["" if site.casefold().removeprefix("www.") in _MAIL_PROVIDERS else site for site in found]


def _without_start(cells: Cells, given: Mapping[str, JsonValue]) -> Column:
    start = str(given["start"]).casefold()
    found = cells.evaluate(given["without_start"])
    return [cell[len(start) :] if cell.casefold().startswith(start) else cell for cell in found]


def _numbered(cells: Cells, given: Mapping[str, JsonValue]) -> Column:
    """Return the preferred value of numbered columns, or else the first one."""
    value, label = str(given["numbered"]), str(given.get("label", ""))
    numbers = [number for number in range(1, _MOST_NUMBERED + 1) if cells.has(value.format(n=number))]
    values = [cells.evaluate(value.format(n=number)) for number in numbers]
    labels = [cells.evaluate(label.format(n=number)) if label else [""] * cells.rows for number in numbers]
    found = []
    for at in range(cells.rows):
        pairs = [(labels[index][at], values[index][at]) for index in range(len(numbers)) if values[index][at]]
        best = next((one for mark, one in pairs if mark.startswith(_PREFERRED)), pairs[0][1] if pairs else "")
        found.append(best.split(_BETWEEN_GOOGLE)[0].strip())
    return found


_MOST_NUMBERED = 20

_VERBS: Mapping[str, Callable[[Cells, Mapping[str, JsonValue]], Column]] = {
    "first": _first,
    "join": _join,
    "split": _split,
    "item": _item,
    "flag": _flag,
    "words": _map_words,
    "when": _when,
    "choose": _choose,
    "unless_in": _unless_in,
    "id18": _id18,
    "site": _site,
    "numbered": _numbered,
    "without_start": _without_start,
}
