"""A record for scoring: the words of its fields, the worth of a field, ignored phrases, and mentioned goals."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from kelompok_sdgs_keyword.folding import Folded
from kelompok_sdgs_keyword.lexicon import HINT, Lexicon
from kelompok_sdgs_keyword.mentions import mentions

NAME_BESIDE_TEXT, NAME_ALONE = 0.5, 0.75
"""Worth of a word in the organization's name, beside other texts or alone: «Bank Tani» does not farm."""
_NAMERS = frozenset(
    {"jl", "jln", "gg", "pt", "cv", "ud", "sd", "smp", "sma", "smk", "sdn", "smpn", "sman", "smkn", "hotel", "ruko"}
)
_NAMED = re.compile(rf" (?:{'|'.join(sorted(_NAMERS))})(?: [^ ]+){{1,2}}(?= )")
"""Names of streets, firms, schools and houses, which are ignored: «Jl. Hutan Kayu», «CV Wajan Baja»."""


class Hidden(NamedTuple):
    """An ignored phrase or name: its position in the folded text, including the spaces around it."""

    start: int
    end: int
    why: Literal["stop phrase", "name"]


class Field(NamedTuple):
    """A field's text, the worth of its words (0.5, 0.75 or 1), and its ignored parts."""

    name: str
    text: Folded
    worth: float = 1.0
    hidden: Sequence[Hidden] = ()


class Evidence(NamedTuple):
    """Evidence for a goal: its position in the text as written, in characters, and its term, stem or «mention»."""

    field: str
    start: int
    end: int
    term: str
    weight: float


class Mention(NamedTuple):
    """The position of an explicit mention of a goal in a field's folded text."""

    field: str
    start: int
    end: int


class Record(NamedTuple):
    """A record's non-empty fields, and the goals they mention."""

    fields: Sequence[Field]
    mentioned: Mapping[int, Sequence[Mention]]


def read_record(texts: Mapping[str, str], name_field: str | None, lexicon: Lexicon) -> Record:
    """Return a record from its public texts by field; ``name_field`` is the field with the organization's name."""
    written = {name: Folded(text) for name, text in texts.items() if text}
    in_name = NAME_ALONE if written.keys() <= {name_field} else NAME_BESIDE_TEXT
    fields, mentioned = [], defaultdict(list)
    for name, text in written.items():
        phrases = lexicon.phrases.find_matches_as_indexes(text.text, overlapping=True)
        kinds = [lexicon.titles[pattern] for pattern, _, _ in phrases]
        places = [(start, end) for _, start, end in phrases]
        hidden = [
            Hidden(start, end, "stop phrase") for kind, (_, start, end) in zip(kinds, phrases, strict=True) if kind == 0
        ]
        fields.append(Field(name, text, in_name if name == name_field else 1.0, hidden + _names(text)))
        for kind, (start, end) in zip(kinds, places, strict=True):
            if kind > 0 and name != name_field:
                mentioned[kind].append(Mention(name, start + 1, end - 1))
        for goal, start, end in mentions(text.text) if HINT in kinds else ():
            mentioned[goal].append(Mention(name, start, end))
    return Record(fields, mentioned)


def _names(text: Folded) -> list[Hidden]:
    """Return the names of streets, firms, schools and houses."""
    if _NAMERS.isdisjoint(text.words):
        return []
    return [Hidden(found.start(), found.end() + 1, "name") for found in _NAMED.finditer(text.text)]
