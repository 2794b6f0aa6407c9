"""Writes ``stems.csv``, the stem of each word form. Run it by hand when ``learning.csv`` has new words.

    pip install Sastrawi snowballstemmer
    python plugins/sdgs_keyword/lexicon/stems.py

Indonesian words are stemmed by Sastrawi (MIT), others by the Snowball stemmer for English (BSD). The file also contains
forms derived from roots, so that forms that occur in no text count, too. Neither package is needed to build the lexicon
or at run time.
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
"""Shorter words are their own stems, because what looks like an affix in them usually is none."""
INDONESIAN = ("meN-", "meN-kan", "di-", "di-kan", "ber-", "ter-", "peN-an", "ke-an", "-an", "-kan")
ENGLISH = ("s", "ed", "ing")
FEWEST_TEXTS = 3
"""No forms are derived from stems in fewer texts, because they get no weight."""


def write_stems() -> None:
    """Write each word that is not its own stem, with its stem."""
    with (HERE / "learning.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    texts = [set(fold(row["text"]).split()) for row in rows]
    of_english = Counter(
        word for row, text in zip(rows, texts, strict=True) if row["language"] == "en" for word in text
    )
    stemmer = _Stemmer({word for word, number in of_english.items() if number > 1})
    stems = {word: stemmer.stem(word) for word in sorted(set().union(*texts))}
    stems = {
        word: stems.get(found, found) for word, found in stems.items()
    }  # a stem that is also a word has a stem itself
    stems |= {found: found for found in stems.values()}
    count = Counter(found for text in texts for found in {stems[word] for word in text})
    common = {word: found for word, found in stems.items() if count[found] >= FEWEST_TEXTS}
    stems |= {form: found for form, found in _made(common, stemmer) if form not in stems}
    with (HERE / "stems.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("word", "stem"))
        writer.writerows((word, found) for word, found in sorted(stems.items()) if word != found)


class _Stemmer:
    """Stems words of texts in two languages.

    Args:
        english: Words of English texts; only those that are Indonesian roots count as Indonesian.
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
    """Yield possible roots of a form with only «me-»; the stemmer would wrongly shorten «memilah»."""
    for prefix, letter in _NASALS:
        if word.startswith(prefix):
            yield letter + word.removeprefix(prefix)


_NASALS = (
    ("me", ""), ("meny", "s"), ("meng", "k"), ("meng", ""), ("mem", "p"), ("men", "t"), ("mem", ""), ("men", ""),
)  # fmt: skip


def _formal(word: str) -> Iterator[str]:
    """Yield possible roots of colloquial words: «dapet» is dapat, «abis» habis, «pake» pakai, «bantuin» bantu."""
    at = word.rfind("e")
    if at > 0:
        yield f"{word[:at]}a{word[at + 1 :]}"
    yield f"h{word}"
    yield re.sub("e$", "ai", re.sub("o$", "au", word))
    yield word.removesuffix("in")
    yield re.sub("^(?:nge|ng|di)(.*?)(?:in)?$", r"\1", word)


def _made(stems: Mapping[str, str], stemmer: _Stemmer) -> Iterator[tuple[str, str]]:
    """Yield derived forms that the stemmers reduce to the original stems."""
    for word, found in stems.items():
        if found in stemmer.roots and len(found) >= SHORTEST:
            forms = affixes.derive(found, INDONESIAN) if word == found else []
        else:
            forms = [word + ending for ending in ENGLISH] if word.isascii() and word.isalpha() else []
        yield from ((form, found) for form in forms if stemmer.stem(form) == found)


if __name__ == "__main__":
    write_stems()
