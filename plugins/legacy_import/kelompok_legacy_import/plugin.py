"""The importer: recognizes each table of an export, and turns its rows into records of the entity."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import pandas as pd

from kelompok_core.contracts import (
    FreeNames,
    Issue,
    JsonValue,
    PluginContext,
    Severity,
    Source,
    SourceBatch,
    UnreadableSource,
    no_records,
    text_table,
    with_issues,
)
from kelompok_legacy_import.expressions import Cells
from kelompok_legacy_import.sources import SourceTable, iter_tables
from kelompok_legacy_import.systems import Rule, System, TableKind, load_systems, recognize

_EXTRA, _EVIDENCE = "extra", "-"


@dataclass(kw_only=True)
class _Left:
    """What was left out of a table.

    Attributes:
        rows: The number of rows that give no record of the entity.
        repeated: The number of rows whose value in a column that counts once was there before.
        columns: Columns about something else that have values.
    """

    rows: int = 0
    repeated: int = 0
    columns: dict[str, None] = field(default_factory=dict)


class LegacyImporter:
    """Reads records of any entity from the exports of other systems."""

    def read(self, source: Source, context: PluginContext) -> Iterator[SourceBatch]:
        """Yield the records in batches; see the contract.

        Raises:
            UnreadableSource: ``legacy.not_recognized`` or ``legacy.entity_missing``, or when a table cannot be read.
        """
        reader = _Reader(source, context)
        yield from reader.batches()


class _Reader:
    """Reads all tables of one source that have records of the entity."""

    def __init__(self, source: Source, context: PluginContext) -> None:
        self._source = source
        self._context = context
        self._next = 1
        self._seen: set[str] = set()
        self._recognized: list[str] = []
        self._files: list[str] = []

    def batches(self) -> Iterator[SourceBatch]:
        """Yield the records of all tables."""
        sets = _find_sets(self._source, self._context)
        last: SourceBatch | None = None
        for table in iter_tables(self._source, self._context):
            self._files.append(table.file)
            found = recognize(table.columns, _named_system(self._context))
            if found is None:
                continue
            system, kind = found
            self._recognized.append(f"{system.title} ({kind.name})")
            rule = kind.entities.get(self._context.entity or "")
            if rule is None:
                continue
            for batch in self._of_table(table, system, kind, rule, sets):
                if last is not None:
                    yield last
                last = batch
        if last is None:
            raise self._nothing()
        yield last if self._next > 1 else replace(last, issues=with_issues(last.issues, [no_records()]))

    def _of_table(
        self, table: SourceTable, system: System, kind: TableKind, rule: Rule, sets: Mapping[str, frozenset[str]]
    ) -> Iterator[SourceBatch]:
        left = _Left()
        last: SourceBatch | None = None
        read_as: dict[str, JsonValue] = {"system": system.name, "table": kind.name}
        for batch in table.read():
            if last is not None:
                yield last
            last = self._made(batch, rule, table, sets, left)
            last = replace(last, read_as={**batch.read_as, **read_as})
        if last is not None:
            yield replace(last, issues=with_issues(last.issues, list(_about(left, system, table))))

    def _made(
        self, batch: SourceBatch, rule: Rule, table: SourceTable, sets: Mapping[str, frozenset[str]], left: _Left
    ) -> SourceBatch:
        """Return the records that the rows of a batch give."""
        columns = {str(name): batch.cells[name].fillna("").tolist() for name in batch.cells.columns}
        cells = Cells(columns, len(batch.cells), table.file, sets)
        places = self._places(cells, rule, left)
        for column in rule.left:
            if any(cell.strip() for cell in cells.column(column)):
                left.columns[column] = None
        rows = [row for row, _ in places]
        made = {name: [values[part][name][row] for row, part in places] for values in [_values(cells, rule)]
                for name in dict.fromkeys(name for part in rule.parts for name in part.fields)}  # fmt: skip
        frame, mapping = _with_fields(
            batch.cells.iloc[rows].reset_index(drop=True), made, _EVIDENCE if rule.is_of_others else _EXTRA
        )
        numbers = range(self._next, self._next + len(places))
        self._next = numbers.stop
        return replace(
            batch,
            cells=frame,
            locations=_located(batch, places, rule, numbers),
            issues=_renumbered(batch, rows, numbers),
            mapping=mapping,
        )

    def _places(self, cells: Cells, rule: Rule, left: _Left) -> list[tuple[int, int]]:
        """Return the row and the part of each record."""
        met = [cells.select(part.where) for part in rule.parts]
        unique = cells.column(rule.unique) if rule.unique else None
        places = []
        for row in range(cells.rows):
            parts = [part for part in range(len(rule.parts)) if met[part][row]]
            left.rows += not parts
            key = unique[row].strip().casefold() if unique is not None else ""
            if parts and key and key in self._seen:
                left.repeated += 1
                continue
            self._seen |= {key} if parts and key else set()
            places += [(row, part) for part in parts]
        return places

    def _nothing(self) -> UnreadableSource:
        """Return the error for a source without a table of the entity."""
        if self._recognized:
            params = {"found": ", ".join(dict.fromkeys(self._recognized)), "entity": self._context.entity or ""}
            return UnreadableSource(Issue(code="legacy.entity_missing", severity=Severity.FATAL, params=params))
        known = ", ".join(system.title for system in load_systems())
        params = {"systems": known, "files": ", ".join(self._files) or self._source.file_name}
        return UnreadableSource(Issue(code="legacy.not_recognized", severity=Severity.FATAL, params=params))


def _values(cells: Cells, rule: Rule) -> list[dict[str, list[str]]]:
    """Return the value of each field in each row, by part; "" for fields that a part does not have."""
    names = dict.fromkeys(name for part in rule.parts for name in part.fields)
    nothing = [""] * cells.rows
    return [
        {name: list(cells.evaluate(part.fields[name])) if name in part.fields else nothing for name in names}
        for part in rule.parts
    ]


def _with_fields(
    cells: pd.DataFrame, made: Mapping[str, list[str]], others: str
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return the cells with a column for each field, and what each column is: ``others`` for those as exported."""
    free = FreeNames(cells.columns)
    mapping = {str(name): others for name in cells.columns}
    columns: dict[str, list[str]] = {}
    for name, values in made.items():
        column = free.take(name)
        columns[column] = values
        mapping[column] = name
    added = text_table(columns)
    added.index = cells.index
    return pd.concat([cells, added], axis="columns"), mapping


def _located(batch: SourceBatch, places: list[tuple[int, int]], rule: Rule, numbers: range) -> pd.DataFrame:
    located = batch.locations.iloc[[row for row, _ in places]].reset_index(drop=True)
    names = [rule.parts[part].name for _, part in places]
    selectors = [
        f"{selector};part={name}" if name else selector
        for selector, name in zip(located["selector"], names, strict=True)
    ]
    return located.assign(row_number=pd.array(list(numbers), dtype="int64"), selector=pd.array(selectors, dtype="str"))


def _renumbered(batch: SourceBatch, rows: list[int], numbers: range) -> pd.DataFrame:
    """Return the issues of the file, and those of rows that give records, with the numbers of these."""
    issues = batch.issues
    about_file = issues[issues["row_number"].isna()]
    originals = batch.locations["row_number"].tolist()
    found = [
        issues[issues["row_number"] == originals[row]].assign(row_number=pd.array([number], dtype="Int64")[0])
        for row, number in zip(rows, numbers, strict=True)
        if originals[row] in set(issues["row_number"].dropna())
    ]
    return pd.concat([about_file, *found], ignore_index=True) if found else about_file.reset_index(drop=True)


def _about(left: _Left, system: System, table: SourceTable) -> Iterator[Issue]:
    """Yield what is to be said of what was left out of a table."""
    place = {"system": system.title, "file": table.file}
    if left.rows:
        yield Issue(code="legacy.rows_left", severity=Severity.INFO, params={**place, "number": left.rows})
    if left.repeated:
        yield Issue(code="legacy.rows_repeated", severity=Severity.INFO, params={**place, "number": left.repeated})
    if left.columns:
        params = {**place, "columns": ", ".join(left.columns)}
        yield Issue(code="legacy.columns_left", severity=Severity.INFO, params=params)


def _named_system(context: PluginContext) -> str | None:
    named = context.config.get("system")
    return str(named) if named else None


def _find_sets(source: Source, context: PluginContext) -> dict[str, frozenset[str]]:
    """Return the sets of values that rules refer to, from other tables of the same source."""
    if not _may_have_several_tables(source):
        return {}
    sets: dict[str, set[str]] = {}
    for table in iter_tables(source, context):
        found = recognize(table.columns, _named_system(context))
        for name, one in found[0].sets.items() if found else ():
            if found and found[1].name == one["table"]:
                for batch in table.read():
                    columns = {str(key): batch.cells[key].fillna("").tolist() for key in batch.cells.columns}
                    cells = Cells(columns, len(batch.cells), table.file)
                    values = zip(cells.evaluate(one["column"]), cells.select(one["where"]), strict=True)
                    sets.setdefault(name, set()).update(value for value, is_met in values if is_met)
    return {name: frozenset(values) for name, values in sets.items()}


def _may_have_several_tables(source: Source) -> bool:
    with source.path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04" or source.media_type == "application/x-tar"
