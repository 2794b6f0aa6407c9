"""A record as it is read: its fields' words, what a word is worth in each, what shows nothing, which goals it names."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from kelompok_sdgs_keyword.folding import Folded
from kelompok_sdgs_keyword.lexicon import HINT, Lexicon
from kelompok_sdgs_keyword.mentions import mentions

NAME_BESIDE_TEXT, NAME_ALONE = 0.5, 0.75
"""What a word is worth in the organization's own name: «Bank Tani» does no farming."""
_NAMERS = frozenset(
    {"jl", "jln", "gg", "pt", "cv", "ud", "sd", "smp", "sma", "smk", "sdn", "smpn", "sman", "smkn", "hotel", "ruko"}
)
_NAMED = re.compile(rf" (?:{'|'.join(sorted(_NAMERS))})(?: [^ ]+){{1,2}}(?= )")
"""A street, firm, school or house and its name, whose words show nothing: «Jl. Hutan Kayu», «CV Wajan Baja»."""


class Hidden(NamedTuple):
    """A phrase or name whose words show nothing: where it is in the folded text, with the blank before and behind."""

    start: int
    end: int
    why: Literal["stop phrase", "name"]


class Field(NamedTuple):
    """A field's text, what a word counts there (0.5, 0.75 or 1), and what shows nothing in it."""

    name: str
    text: Folded
    worth: float = 1.0
    hidden: Sequence[Hidden] = ()


class Evidence(NamedTuple):
    """A place in a field that shows a goal: offsets in characters as written, and the term, stem or mention it is."""

    field: str
    start: int
    end: int
    term: str
    weight: float


class Mention(NamedTuple):
    """Where a text names a goal outright, in the field's folded text."""

    field: str
    start: int
    end: int


class Record(NamedTuple):
    """A record's fields that have text, and the goals they name."""

    fields: Sequence[Field]
    mentioned: Mapping[int, Sequence[Mention]]


def read_record(texts: Mapping[str, str], name_field: str | None, lexicon: Lexicon) -> Record:
    """Return a record of its public text by field; ``name_field`` is the one that is a name and not a text."""
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
