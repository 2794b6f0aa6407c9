"""Builds ``lexicon.csv`` from labelled texts and rows added by hand. Not needed at run time.

    python plugins/sdgs_keyword/lexicon/build.py FOLDER_OF_TEXTS

The folder contains the texts and lists named in NOTICE, which are not shipped. The same inputs give the same bytes.
"""

import csv
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

import affixes
import numpy as np
from kelompok_sdgs_keyword.folding import fold
from kelompok_sdgs_keyword.lexicon import Lexicon, build_lexicon, forms_of, read_goals, read_rows
from kelompok_sdgs_keyword.scoring import Scorer
from scipy import sparse
from scipy.optimize import minimize

HERE = Path(__file__).parent
SHIPPED = HERE.parent / "kelompok_sdgs_keyword" / "data"
GOALS = range(1, 18)
COLUMNS = ("goal", "term", "weight", "language", "forms", "source", "licence")
TEXT_SOURCES = frozenset({"osdg", "trail22"})
LICENCES = {
    "osdg": "CC BY 4.0", "trail22": "CC BY 4.0", "aurora": "CC BY 4.0", "sdgmapr": "MIT", "wizdam": "MIT",
    "official": "UN document", "official-id": "public", "hand": "Apache-2.0",
}  # fmt: skip

LONGEST_TERM = 3
FEWEST_TEXTS = 3
SHARE = 0.15
"""Minimum share of a term's texts that have the goal; otherwise the term does not count for it."""
PENALTY = 8.0
LIST_WEIGHT = 0.8
POSITIVES = 4.0
RATE = 0.135
"""Share of paragraphs that get each goal. It determines the thresholds without texts labelled with all their goals."""
FACTORS = tuple(round(0.6 + 0.05 * step, 2) for step in range(25))
HEAVIEST = 6.0
LIGHTEST = 0.3
SHORTEST_SINGULAR = 4
BILINGUAL = frozenset({"official-id", "wizdam"})
"""A term that occurs only in these sources is Indonesian."""

_STOP_WORDS = frozenset((HERE / "stop_words.txt").read_text("utf-8").split())
_NO_PLURALS = frozenset((HERE / "no_plurals.txt").read_text("utf-8").split())


@dataclass(frozen=True, kw_only=True)
class Text:
    """A text or listed term with its goal, its source (``family``) and its weight in learning."""

    words: tuple[str, ...]
    goal: int
    family: str
    weight: float

    @property
    def labelled(self) -> bool:
        return self.family in TEXT_SOURCES


def read_texts(folder: Path, *, split: str = "train") -> list[Text]:
    """Return the labelled texts of a split."""
    weights = {"trail22": 1.0, "trail22-additional": 0.5}
    return [
        Text(
            words=_words(row["text"]),
            goal=int(row["goal"]),
            family="osdg" if row["source"].startswith("osdg") else "trail22",
            weight=weights.get(row["source"], 2.0),
        )
        for row in read_rows(folder / "labelled.csv")
        if row["split"] == split
    ]


_LISTS = (
    ("en_official_goals_targets_indicators.csv", "text", "official", 1.0),
    ("id_official_tpb_text.csv", "text", "official-id", 1.0),
    ("sdgmapr_cmu250.csv", "keyword", "sdgmapr", LIST_WEIGHT),
    ("wizdam_bilingual_mit.csv", "term", "wizdam", LIST_WEIGHT),
)
"""Files, their text column, the source's name, and the weight of a row."""


def read_lists(folder: Path) -> list[Text]:
    """Return official texts and published lists, which have words that no paragraph contains."""
    found = [
        (row[column], row["goal"], family, weight)
        for name, column, family, weight in _LISTS
        for row in read_rows(folder / name)
    ]
    found += [
        (term, row["sdg"][-2:], "aurora", LIST_WEIGHT)
        for row in read_rows(folder / "aurora_queries.csv")
        for term in re.findall(r'"([^"*]{3,})"', row["query"])
    ]
    texts = [
        Text(words=_words(text), goal=int(goal), family=family, weight=weight) for text, goal, family, weight in found
    ]
    return list({(text.words, text.goal, text.family): text for text in texts if text.words}.values())


def learn(texts: Sequence[Text], struck: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """Return rows of the lexicon learned from texts, with one non-negative, L1-penalized logistic model per goal.

    A weight is added if a term is present. No weight is negative, so a tag is a sum.
    """
    singular = singulars(texts)
    variants: dict[str, Counter[str]] = defaultdict(Counter)
    grams = [_grams(text.words, singular, variants) for text in texts]
    terms, shares = _vocabulary(texts, grams)
    numbers = {term: number for number, term in enumerate(terms)}
    presences = presence(grams, numbers)
    goals = np.array([text.goal for text in texts])
    base = np.array([text.weight for text in texts])
    gone = set(struck)
    known_to: dict[str, set[str]] = defaultdict(set)
    for text, found in zip(texts, grams, strict=True):
        for term in found:
            known_to[term].add(text.family)
    rows: list[dict[str, str]] = []
    for goal in GOALS:
        allowed = np.array(
            [
                number
                for number, term in enumerate(terms)
                if shares[term].get(goal, 0.0) >= SHARE and ("", term) not in gone and (str(goal), term) not in gone
            ]
        )
        of_goal = goals == goal
        weights = _fit(presences[:, allowed], of_goal, np.where(of_goal, base * POSITIVES, base))
        rows += [
            _row(goal, terms[number], weight, variants[terms[number]], known_to[terms[number]])
            for number, weight in zip(allowed, weights, strict=True)
            if weight >= LIGHTEST / 2
        ]
    return rows


def _row(goal: int, term: str, weight: float, variants: Counter[str], sources: set[str]) -> dict[str, str]:
    forms = sorted(form for form in variants if form != term)
    language = "en" if sources - BILINGUAL else "id"
    licences = dict.fromkeys(LICENCES[source] for source in sorted(sources))
    texts = {"goal": str(goal), "term": term, "weight": f"{weight:.4f}", "language": language, "forms": "|".join(forms)}
    return texts | {"source": " ".join(sorted(sources)), "licence": "; ".join(licences)}


def _fit(presence: sparse.csr_matrix, of_goal: np.ndarray, weights: np.ndarray) -> np.ndarray:
    transposed = presence.T.tocsr()
    sign = np.where(of_goal, 1.0, -1.0)

    def loss(point: np.ndarray) -> tuple[float, np.ndarray]:
        margins = sign * (presence @ point[1:] + point[0])
        slope = -sign * weights / (1 + np.exp(np.clip(margins, -50, 50)))
        value = (weights * np.logaddexp(0, -margins)).sum() + PENALTY * point[1:].sum()
        return value, np.concatenate([[slope.sum()], transposed @ slope + PENALTY])

    start = np.zeros(presence.shape[1] + 1)
    bounds = [(None, None)] + [(0.0, 6.0)] * presence.shape[1]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 500})
    fitted: np.ndarray = found.x[1:]
    return fitted


def _vocabulary(texts: Sequence[Text], grams: Sequence[set[str]]) -> tuple[list[str], dict[str, dict[int, float]]]:
    """Return the terms that may get a weight, and the share of each goal among the texts of each term.

    A term must occur in two sources of texts, or in a list or official text. This excludes brands and the jargon of a
    single report.
    """
    families: dict[str, set[str]] = defaultdict(set)
    count: Counter[str] = Counter()
    by_goal: dict[str, Counter[int]] = defaultdict(Counter)
    for text, found in zip(texts, grams, strict=True):
        for term in found:
            families[term].add(text.family)
            by_goal[term][text.goal] += 1
            count[term] += text.labelled
    kept = []
    for term, known_to in families.items():
        listed = known_to - TEXT_SOURCES
        # An Indonesian word in a single English paragraph is a name: «Kota Kinabalu».
        needed = 1 if listed - BILINGUAL else FEWEST_TEXTS
        if count[term] >= needed and (listed or known_to == TEXT_SOURCES):
            kept.append(term)
    shares = {term: {goal: n / by_goal[term].total() for goal, n in by_goal[term].items()} for term in kept}
    return sorted(kept), shares


def presence(grams: Sequence[AbstractSet[str]], numbers: Mapping[str, int]) -> sparse.csr_matrix:
    """Return which terms each text has, with a row per text and a column per term."""
    columns = [sorted(numbers[term] for term in found if term in numbers) for found in grams]
    ends = np.cumsum([0, *map(len, columns)])
    flat = np.array([number for row in columns for number in row], dtype=np.int64)
    return sparse.csr_matrix((np.ones(len(flat)), flat, ends), shape=(len(grams), len(numbers)))


def _grams(words: Sequence[str], singular: Mapping[str, str], variants: dict[str, Counter[str]]) -> set[str]:
    found = set()
    for length in range(1, LONGEST_TERM + 1):
        for start in range(len(words) - length + 1):
            written = words[start : start + length]
            if _is_empty_word(written[0]) or _is_empty_word(written[-1]) or all(word.isdigit() for word in written):
                continue
            term = " ".join(singular.get(word, word) for word in written)
            variants[term][" ".join(written)] += 1
            found.add(term)
    return found


def _is_empty_word(word: str) -> bool:
    """Whether a term may neither begin nor end with this word; «s» is the rest of «women's»."""
    return word in _STOP_WORDS or len(word) == 1


def singulars(texts: Iterable[Text]) -> dict[str, str]:
    """Return the singular of each plural whose singular occurs as well."""
    known = {word for text in texts for word in text.words}
    found = {"women": "woman"}
    for word in known - _NO_PLURALS:
        for ending, instead in (("ies", "y"), ("s", ""), ("es", "")):
            bare = word.removesuffix(ending) + instead
            if (
                word.endswith(ending)
                and bare in known
                and len(bare) >= SHORTEST_SINGULAR
                and not word.endswith(("ss", "us", "is"))
            ):
                found[word] = bare
                break
    return found


def scaled(
    learned: Sequence[dict[str, str]], by_hand: Sequence[dict[str, str]], paragraphs: Sequence[Text]
) -> list[dict[str, str]]:
    """Return all rows, with learned weights scaled so that each goal gets its share of paragraphs.

    Uses the largest factor that stays within the share. Rows added by hand keep their weights.
    """
    factors = dict.fromkeys(GOALS, FACTORS[0])
    for factor in FACTORS:
        rates = _rates(make(merged(_times(learned, dict.fromkeys(GOALS, factor)), by_hand)), paragraphs)
        factors |= {goal: factor for goal in GOALS if rates[goal] <= RATE}
    return merged(_times(learned, factors), by_hand)


def _times(rows: Sequence[dict[str, str]], factors: Mapping[int, float]) -> list[dict[str, str]]:
    found = []
    for row in rows:
        weight = round(min(float(row["weight"]) * factors[int(row["goal"])], HEAVIEST), 1)
        if weight >= LIGHTEST:
            found.append({**row, "weight": f"{weight:.1f}"})
    return found


def _rates(lexicon: Lexicon, paragraphs: Sequence[Text]) -> dict[int, float]:
    scorer = Scorer(lexicon)
    given = Counter(tag.goal for text in paragraphs for tag in scorer.tags({"text": " ".join(text.words)}))
    return {goal: given[goal] / len(paragraphs) for goal in GOALS}


def hand_rows() -> list[dict[str, str]]:
    """Return the rows added by hand, with the forms derived from their roots."""
    derived: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in read_rows(HERE / "roots.csv"):
        derived[row["goal"], row["term"]] += affixes.derive(row["root"], row["affixes"].split())
    rows = []
    for row in read_rows(HERE / "hand.csv"):
        own = [form for form in row["forms"].split("|") if form]
        forms = [*own, *derived.pop((row["goal"], row["term"]), [])]
        rows.append({**row, "forms": "|".join(dict.fromkeys(forms)), "source": "hand", "licence": LICENCES["hand"]})
    if derived:
        raise ValueError(f"roots.csv names what hand.csv has not: {sorted(derived)}")
    return rows


def merged(learned: Sequence[dict[str, str]], by_hand: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """Return all rows, each form once per goal: learned rows replace rows added by hand."""
    known = {(row["goal"], fold(form)) for row in learned for form in forms_of(row)}
    rows = list(learned)
    for row in by_hand:
        fresh = [form for form in forms_of(row) if (row["goal"], fold(form)) not in known]
        if fresh:
            rows.append({**row, "term": fresh[0], "forms": "|".join(fresh[1:])})
            known |= {(row["goal"], fold(form)) for form in fresh}
    return sorted(rows, key=lambda row: (int(row["goal"]), row["language"], -float(row["weight"]), row["term"]))


def build(texts: Sequence[Text], lists: Sequence[Text]) -> list[dict[str, str]]:
    """Return the rows of the lexicon."""
    struck = [(row["goal"], row["term"]) for row in read_rows(HERE / "struck.csv")]
    learned = learn([*texts, *lists], struck)
    paragraphs = [text for text in texts if text.family == "osdg"]
    return scaled(learned, hand_rows(), paragraphs)


def make(rows: Sequence[Mapping[str, str]]) -> Lexicon:
    goals = {goal.number: goal for goal in read_goals(SHIPPED / "goals.csv")}
    phrases = [row["phrase"] for row in read_rows(SHIPPED / "stop_phrases.csv")]
    return build_lexicon(goals, rows, phrases)


def _words(text: str) -> tuple[str, ...]:
    return tuple(fold(text).split())


def write(rows: Sequence[Mapping[str, str]], path: Path) -> None:
    """Write the rows as ``lexicon.csv``."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    source = Path(sys.argv[1])
    write(build(read_texts(source), read_lists(source)), SHIPPED / "lexicon.csv")
