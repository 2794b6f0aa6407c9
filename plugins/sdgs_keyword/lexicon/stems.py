"""Writes ``stems.csv``: which words are forms of which stem. Run by hand, when ``learning.csv`` has new words.

    pip install Sastrawi snowballstemmer
    python plugins/sdgs_keyword/lexicon/stems.py

Indonesian words are stemmed by Sastrawi (MIT), others by the Snowball stemmer for English (BSD). Beside the words of
the texts stand forms made of their roots, so that forms count which no text happens to have. Neither package is needed
to build the lexicon, nor at run time.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import affixes
import snowballstemmer
from kelompok_sdgs_keyword.folding import fold
from Sastrawi.Stemmer.StemmerFactory import StemmerFactory

HERE = Path(__file__).parent
SHORTEST = 4
"""Shorter words are their own stems: what looks like an affix there mostly is none."""
INDONESIAN = ("meN-", "meN-kan", "di-", "di-kan", "ber-", "ter-", "peN-an", "ke-an", "-an", "-kan")
ENGLISH = ("s", "ed", "ing")
FEWEST_TEXTS = 3
"""Of stems in fewer texts no forms are made: they get no weight."""


def write_stems() -> None:
    """Write each word that is not its own stem, and the stem."""
    with (HERE / "learning.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    texts = [set(fold(row["text"]).split()) for row in rows]
    of_english = Counter(
        word for row, text in zip(rows, texts, strict=True) if row["language"] == "en" for word in text
    )
    stemmer = _Stemmer({word for word, number in of_english.items() if number > 1})
    stems = {word: stemmer.stem(word) for word in sorted(set().union(*texts))}
    stems = {word: stems.get(found, found) for word, found in stems.items()}  # a stem that is a word has its own
    stems |= {found: found for found in stems.values()}
    count = Counter(found for text in texts for found in {stems[word] for word in text})
    common = {word: found for word, found in stems.items() if count[found] >= FEWEST_TEXTS}
    stems |= {form: found for form, found in _made(common, stemmer) if form not in stems}
    with (HERE / "stems.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("word", "stem"))
        writer.writerows((word, found) for word, found in sorted(stems.items()) if word != found)


class _Stemmer:
    """Stems words of texts that mix two languages.

    Args:
        english: Words that English texts have; of these only roots are taken for Indonesian.
    """

    def __init__(self, english: set[str]) -> None:
        factory = StemmerFactory()
        self.roots = frozenset(factory.get_words())
        self._english = english
        self._indonesian, self._snowball = factory.create_stemmer(), snowballstemmer.stemmer("english")

    def stem(self, word: str) -> str:
        """Return the stem of a folded word."""
        if len(word) < SHORTEST or not word.isalpha() or word in self.roots:
            return word
        if word not in self._english:
            found = next((root for root in _without_nasal(word) if root in self.roots), word)
            if found == word and len(word) > SHORTEST:
                found = self._indonesian.stem(word)
            if found == word:
                found = next((formal for formal in _formal(word) if formal in self.roots), word)
            if found != word:
                return found
        stemmed: str = self._snowball.stemWord(word)
        return stemmed


def _without_nasal(word: str) -> Iterator[str]:
    """Yield what a form with «me-» alone may be of, before the stemmer is asked: it takes the end of «memilah» off."""
    for prefix, letter in _NASALS:
        if word.startswith(prefix):
            yield letter + word.removeprefix(prefix)


_NASALS = (
    ("me", ""), ("meny", "s"), ("meng", "k"), ("meng", ""), ("mem", "p"), ("men", "t"), ("mem", ""), ("men", ""),
)  # fmt: skip


def _formal(word: str) -> Iterator[str]:
    """Yield which root an everyday word may be: «dapet» is dapat, «abis» habis, «pake» pakai, «bantuin» bantu."""
    at = word.rfind("e")
    if at > 0:
        yield f"{word[:at]}a{word[at + 1 :]}"
    yield f"h{word}"
    yield re.sub("e$", "ai", re.sub("o$", "au", word))
    yield word.removesuffix("in")
    yield re.sub("^(?:nge|ng|di)(.*?)(?:in)?$", r"\1", word)


def _made(stems: Mapping[str, str], stemmer: _Stemmer) -> Iterator[tuple[str, str]]:
    """Yield forms that the stemmers lead back to the stems they were made of."""
    for word, found in stems.items():
        if found in stemmer.roots and len(found) >= SHORTEST:
            forms = affixes.derive(found, INDONESIAN) if word == found else []
        else:
            forms = [word + ending for ending in ENGLISH] if word.isascii() and word.isalpha() else []
        yield from ((form, found) for form in forms if stemmer.stem(form) == found)


if __name__ == "__main__":
    write_stems()
