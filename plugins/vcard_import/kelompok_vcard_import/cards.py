"""Reads a card: its properties, what kind of thing it is about, and the preferred of several values."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from enum import StrEnum

from kelompok_core.plugin_kit.reading.components import Component, cut
from kelompok_core.plugin_kit.reading.content_lines import ContentLine, split_value, unescape

_KINDS = ("KIND", "X-ADDRESSBOOKSERVER-KIND")
_OF_ORGANIZATIONS = frozenset({"org", "organization"})
_OF_OTHERS = frozenset({"group", "location", "device", "application"})
_NOT_PREFERRED = 101
"""A number behind the highest value of PREF."""


class Kind(StrEnum):
    """What a card is about."""

    PERSON = "person"
    ORGANIZATION = "organization"
    OTHER = "other"


class Card:
    """A card.

    Attributes:
        component: Its component.
        lines: Its lines by name.
    """

    __slots__ = ("component", "lines")

    def __init__(self, component: Component) -> None:
        self.component = component
        self.lines: dict[str, list[ContentLine]] = {}
        for line in component.lines:
            known = self.lines.get(line.name)
            if known is None:
                self.lines[line.name] = [line]
            else:
                known.append(line)

    def text(self, name: str) -> str | None:
        """Return the preferred value of a property, without escapes; None if there is none."""
        lines = self.lines.get(name)
        return unescape(lines[0].value if len(lines) == 1 else ranked(lines)[0].value) if lines else None

    def parts(self, name: str) -> Sequence[str]:
        """Return the parts of the preferred value of a structured property, without blanks around them."""
        lines = self.lines.get(name)
        return [part.strip() for part in split_value(ranked(lines)[0].value, ";")] if lines else ()

    @property
    def kind(self) -> Kind:
        for name in _KINDS:
            word = (self.text(name) or "").strip().lower()
            if word in _OF_OTHERS:
                return Kind.OTHER
            if word in _OF_ORGANIZATIONS:
                return Kind.ORGANIZATION
        return Kind.ORGANIZATION if self._is_named_as_organization() else Kind.PERSON

    def _is_named_as_organization(self) -> bool:
        """Return whether the card has the name of an organization and none of a person."""
        if "X-ABSHOWAS" in self.lines:
            return (self.text("X-ABSHOWAS") or "").strip().upper() == "COMPANY"
        if "ORG" not in self.lines or any(self.parts("N")):
            return False
        name = _folded(self.text("FN") or "")
        units = self.parts("ORG")
        return any(units) and name in ("", _folded(units[0]), _folded(" ".join(units)))


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()


def ranked(lines: Sequence[ContentLine], *wanted: Collection[str]) -> Sequence[ContentLine]:
    """Return the lines, the preferred ones first, then those with a type of the first set, and so on."""
    if len(lines) == 1:
        return lines

    def rank(line: ContentLine) -> tuple[int, int]:
        types = line.head.types
        place = next((place for place, words in enumerate(wanted) if not types.isdisjoint(words)), len(wanted))
        return _preference(line.head.params, types), place

    return sorted(lines, key=rank)


def _preference(params: Mapping[str, Sequence[str]], types: Collection[str]) -> int:
    """Return how much a line is preferred; 1 is the most."""
    if "PREF" in params:
        number = params["PREF"][0]
        return int(number) if number.isascii() and number.isdigit() and len(number) <= len("100") else _NOT_PREFERRED
    return 1 if "pref" in types else _NOT_PREFERRED


def iter_cards(lines: Iterator[ContentLine]) -> Iterator[ContentLine | Component]:
    """Yield the cards of a file, and the lines outside of them."""
    return cut(map(_with_agent, lines), whole=("VCARD",), nesting=("VCARD",))


def _with_agent(line: ContentLine) -> ContentLine:
    """Return the line; one with AGENT and the beginning of a card, as vCard 2.1 allows, begins the card."""
    if line.name == "AGENT" and line.value.strip().upper() == "BEGIN:VCARD":
        return line._replace(name="BEGIN", value="VCARD")
    return line
