"""The importer: yields the cards of people, or those of organizations, in batches."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from kelompok_core.contracts import (
    Issue,
    PluginContext,
    Severity,
    Source,
    SourceBatch,
    empty_file,
    issue_table,
    location_table,
    no_records,
    text_table,
)
from kelompok_core.plugin_kit.reading.components import Problem
from kelompok_core.plugin_kit.reading.content_lines import ContentLine, open_content_lines, undecodable_lines
from kelompok_core.plugin_kit.reading.properties import encoding_setting, left_out_params
from kelompok_vcard_import.cards import Card, Kind, iter_cards
from kelompok_vcard_import.cells import EXTRA, FIELDS, KEPT, MAKERS, Cells, further_values

_MOST_CHARACTERS = 32_000_000
"""Characters in a batch's cells; the card that exceeds this ends the batch."""
_MOST_INVALID = 20
_BROKEN = {Problem.UNCLOSED: "vcard.card_unclosed", Problem.TOO_LARGE: "vcard.card_too_large"}
_MEMBERS, _ORGANIZATIONS = "members", "organizations"


class VCardImporter:
    """Reads members or organizations from vCard files."""

    def read(self, source: Source, context: PluginContext) -> Iterator[SourceBatch]:
        """Yield the cards of the imported entity in batches; see the contract.

        Raises:
            UnreadableSource: ``file.content_line_too_long``, ``file.components_too_deep`` or
                ``file.encoding_unreadable``.
            ConfigurationError: When a setting is invalid.
        """
        reading = _Reading(context)
        records = reading.records(source)
        while rows := reading.gather(records):
            yield reading.batch(rows)
        yield reading.batch([])


class _Row(NamedTuple):
    """A card as a row: its number among all cards, from 1, its line, its cells, and findings without a row number."""

    number: int
    line: int
    cells: Cells
    issues: Sequence[Issue]


class _Reading:
    """One pass over a source, and what it found."""

    def __init__(self, context: PluginContext) -> None:
        self._entity = _ORGANIZATIONS if context.entity == _ORGANIZATIONS else _MEMBERS
        self._wanted = Kind.ORGANIZATION if self._entity == _ORGANIZATIONS else Kind.PERSON
        self._columns = (*FIELDS[self._entity], *EXTRA[self._entity])
        self._encoding = encoding_setting(context)
        self._context = context
        self._number = 0
        self._has_content = False
        self._kinds: Counter[Kind] = Counter()
        self._left_out: Counter[str] = Counter()
        self._invalid: list[int] = []
        self._undecodable: list[int] = []
        self._undecodable_count = 0

    def records(self, source: Source) -> Iterator[_Row]:
        """Yield the cards of the wanted kind."""
        make = MAKERS[self._entity]
        number = 0
        with open_content_lines(source.path, encoding=self._encoding) as lines:
            for one in iter_cards(lines):
                self._has_content = True
                if isinstance(one, ContentLine):
                    self._take_outside(one)
                    continue
                number += 1
                card = Card(one)
                kind = card.kind
                self._kinds[kind] += 1
                if kind is self._wanted:
                    self._account(card)
                    yield _Row(number, one.line, make(card), _issues(card))

    def _take_outside(self, line: ContentLine) -> None:
        """Note a line that is in no card."""
        if line.name:
            self._left_out[line.name] += 1
        elif len(self._invalid) < _MOST_INVALID:
            self._invalid.append(line.line)

    def _account(self, card: Card) -> None:
        """Count what is left out of a card that is read."""
        for name, lines in card.lines.items():
            if name not in KEPT:
                self._left_out[name] += len(lines)
        self._left_out.update(further_values(card))
        nested = len(card.component.inside) + card.component.left_out
        if nested:
            self._left_out["AGENT"] += nested
        for line in card.component.lines:
            if not line.is_text:
                self._undecodable_count += 1
                if not self._undecodable:
                    self._undecodable.append(line.line)

    def gather(self, records: Iterator[_Row]) -> Sequence[_Row]:
        """Return the cards of the next batch."""
        rows: list[_Row] = []
        characters, most = 0, self._context.rows_that_fit(len(self._columns))
        for row in records:
            rows.append(row)
            characters += sum(map(len, filter(None, row.cells.values())))
            if len(rows) >= most or characters > _MOST_CHARACTERS:
                break
        return rows

    def batch(self, rows: Sequence[_Row]) -> SourceBatch:
        """Return the next batch; without rows, the last one, with the findings about the file."""
        numbers = range(self._number + 1, self._number + len(rows) + 1)
        self._number += len(rows)
        issues = [
            replace(issue, row_number=number)
            for number, row in zip(numbers, rows, strict=True) for issue in row.issues
        ]  # fmt: skip
        return SourceBatch(
            cells=text_table({name: [row.cells.get(name) for row in rows] for name in self._columns}),
            locations=location_table(
                numbers,
                lines=[row.line for row in rows],
                selectors=[f"#card={row.number}" for row in rows],
            ),
            issues=issue_table(issues if rows else self._at_the_end()),
            read_as={"encoding": self._encoding},
            mapping={name: name for name in FIELDS[self._entity]} | dict.fromkeys(EXTRA[self._entity], "extra"),
        )

    def _at_the_end(self) -> Iterator[Issue]:
        """Yield the findings about the file."""
        for line in self._invalid:
            yield Issue(code="vcard.line_invalid", severity=Severity.WARNING, line=line)
        if self._undecodable:
            yield undecodable_lines(self._undecodable_count, first=self._undecodable[0], encoding=self._encoding)
        if self._number == 0:
            yield no_records() if self._has_content else empty_file()
        others = {
            "vcard.people_left": self._kinds[Kind.PERSON] if self._wanted is Kind.ORGANIZATION else 0,
            "vcard.organizations_left": self._kinds[Kind.ORGANIZATION] if self._wanted is Kind.PERSON else 0,
            "vcard.groups_left": self._kinds[Kind.OTHER],
        }
        for code, count in others.items():
            if count:
                yield Issue(code=code, severity=Severity.INFO, params={"count": count})
        if self._left_out:
            yield Issue(code="vcard.left_out", severity=Severity.INFO, params=left_out_params(self._left_out))


def _issues(card: Card) -> Sequence[Issue]:
    """Return the findings about a card."""
    component = card.component
    lines = [
        Issue(code="vcard.line_invalid", severity=Severity.WARNING, line=one.line) for one in card.lines.get("", ())
    ]
    if component.problem is None:
        return lines
    code, params = _BROKEN[component.problem], {"line": component.line}
    return [Issue(code=code, severity=Severity.ERROR, line=component.line, params={**params}), *lines]
