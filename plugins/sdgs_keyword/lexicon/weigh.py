"""Learns the weights of words from labelled texts: ``words.csv`` and ``sums.csv``. Not needed at run time.

    python plugins/sdgs_keyword/lexicon/weigh.py FOLDER_OF_TEXTS

There is one logistic model with an L2 penalty per goal, over the stems in ``learning.csv``. Weights are rounded to
tenths, and small ones are dropped; thresholds are then fitted to the rounded weights. One more model distinguishes the
English of papers and reports (the folder's texts named in NOTICE) from that of organizations. The same inputs give the
same bytes.
"""

import csv
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import build
import numpy as np
from build import GOALS, SHIPPED
from kelompok_sdgs_keyword.folding import fold
from kelompok_sdgs_keyword.lexicon import read_rows
from scipy import sparse
from scipy.optimize import minimize

HERE = Path(__file__).parent
FEWEST_TEXTS = 3
POSITIVES = 2.0
"""Weight of a text with the goal; a text without it has weight 1."""
FIT = 0.5
"""The weight of the loss against the L2 penalty."""
LIGHTEST = 0.1
FAR = 5.0
"""A stem belongs to a language if it occurs this many times as often as in texts of the other one."""
IDLE, LEAST_OF_IDLE = 12, -0.1
"""A stem in this many texts without any goal is general; the second number limits its negative weight."""
SHARE = 0.45
"""The probability from which a tag is given."""
PAPER, PAPER_FIT = "paper", 0.1
_ROUNDS = 300


@dataclass(frozen=True, kw_only=True)
class Text:
    """A labelled text.

    Attributes:
        stems: The different stems of its words.
    """

    stems: frozenset[str]
    goals: frozenset[int]
    language: str
    is_neutral: bool


@dataclass(frozen=True, kw_only=True)
class Weights:
    """The weights of words, and the thresholds of goals.

    Attributes:
        stems: The rows in alphabetical order.
        languages: For each row, ``en`` or ``id`` if it occurs far more often in that language, otherwise empty.
        weights: Weights with a row per stem, a column per goal and one for papers; in steps of 0.1.
        asked: For each goal, the threshold and its increase per stem of the text. For papers, the sum from which an
            English text is one.
    """

    stems: Sequence[str]
    languages: Sequence[str]
    weights: np.ndarray
    asked: Mapping[int | str, tuple[float, float]]


def read_stems() -> dict[str, str]:
    """Return the stem of each word that is not its own."""
    return {row["word"]: row["stem"] for row in read_rows(HERE / "stems.csv")}


def read_texts(stems: Mapping[str, str]) -> list[Text]:
    """Return the texts of ``learning.csv``."""
    return [make_text(row, stems) for row in read_rows(HERE / "learning.csv")]


def make_text(row: Mapping[str, str], stems: Mapping[str, str]) -> Text:
    """Return the text of a row of ``learning.csv``."""
    return Text(
        stems=frozenset(stems.get(word, word) for word in fold(row["text"]).split()),
        goals=frozenset(int(goal) for goal in row["goals"].split()),
        language=row["language"],
        is_neutral=row["manner"] == "neutral",
    )


def read_papers(folder: Path, stems: Mapping[str, str]) -> list[frozenset[str]]:
    """Return the distinct stems of each paragraph of papers and reports."""
    return [frozenset(stems.get(word, word) for word in text.words) for text in build.read_texts(folder)]


def learn(texts: Sequence[Text], papers: Sequence[frozenset[str]]) -> Weights:
    """Return the weights of stems that occur in at least a few texts."""
    count = Counter(stem for text in texts for stem in text.stems)
    stems = sorted(stem for stem, number in count.items() if number >= FEWEST_TEXTS and not stem.isdigit())
    numbers = {stem: number for number, stem in enumerate(stems)}
    presence = build.presence([text.stems for text in texts], numbers)
    floors = _floors(texts, stems)
    lengths = np.asarray(presence.sum(axis=1)).ravel()
    weights = np.zeros((len(stems), len(GOALS) + 1))
    asked: dict[int | str, tuple[float, float]] = {}
    for goal in GOALS:
        of_goal = np.array([goal in text.goals for text in texts])
        fitted, start = _fit(presence, of_goal, floors)
        weights[:, goal - 1] = _rounded(fitted)
        asked[goal] = _asked(presence @ weights[:, goal - 1], lengths, of_goal, start)
    english = [text.stems for text in texts if text.language == "en"]
    both = build.presence([*english, *papers], numbers)
    is_paper = np.arange(both.shape[0]) >= len(english)
    fitted, start = _fit(both, is_paper, [None] * len(stems), positives=1.0, strength=PAPER_FIT)
    weights[:, -1] = _rounded(fitted)
    asked[PAPER] = (round(-start, 2), 0.0)
    return Weights(stems=stems, languages=_languages(texts, stems), weights=weights, asked=asked)


def _languages(texts: Sequence[Text], stems: Sequence[str]) -> list[str]:
    """Return the language of each stem that is far more frequent in one language than in the other."""
    rates = {}
    for language in ("en", "id"):
        chosen = [text for text in texts if text.language == language]
        count = Counter(stem for text in chosen for stem in text.stems)
        rates[language] = {stem: count[stem] / len(chosen) for stem in stems}
    english, indonesian = rates["en"], rates["id"]
    return [
        "en" if english[stem] > FAR * indonesian[stem] else "id" if indonesian[stem] > FAR * english[stem] else ""
        for stem in stems
    ]


def _floors(texts: Sequence[Text], stems: Sequence[str]) -> list[float | None]:
    """Return the minimum weight of each stem, so that words of times, places and greetings subtract little."""
    idle = Counter(stem for text in texts if text.is_neutral for stem in text.stems)
    return [LEAST_OF_IDLE if idle[stem] >= IDLE else None for stem in stems]


def _rounded(fitted: np.ndarray) -> np.ndarray:
    return np.where(np.abs(fitted) < LIGHTEST, 0.0, np.round(fitted, 1))


def _fit(
    presence: sparse.csr_matrix,
    of_goal: np.ndarray,
    floors: Sequence[float | None],
    *,
    positives: float = POSITIVES,
    strength: float = FIT,
) -> tuple[np.ndarray, float]:
    transposed, sign, counts = presence.T.tocsr(), *_sides(of_goal, positives)

    def loss(point: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = _logistic(sign * (presence @ point[1:] + point[0]), sign, counts)
        gradient = np.concatenate([[strength * slope.sum()], strength * (transposed @ slope) + point[1:]])
        return strength * value + 0.5 * (point[1:] ** 2).sum(), gradient

    start = np.zeros(presence.shape[1] + 1)
    bounds = [(None, None), *((floor, None) for floor in floors)]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": _ROUNDS})
    return found.x[1:], float(found.x[0])


def _asked(sums: np.ndarray, lengths: np.ndarray, of_goal: np.ndarray, start: float) -> tuple[float, float]:
    """Return the threshold of a text without words, and its increase per stem."""
    sign, counts = _sides(of_goal)

    def loss(point: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = _logistic(sign * (sums - point[0] - point[1] * lengths), sign, counts)
        return value, -np.array([slope.sum(), (slope * lengths).sum()])

    found = minimize(loss, np.array([-start, 0.0]), jac=True, method="L-BFGS-B", bounds=[(None, None), (0.0, None)])
    base, more = found.x
    return round(float(base + np.log(SHARE / (1 - SHARE))), 2), round(float(more), 3)


def _sides(of_goal: np.ndarray, positives: float = POSITIVES) -> tuple[np.ndarray, np.ndarray]:
    return np.where(of_goal, 1.0, -1.0), np.where(of_goal, positives, 1.0)


def _logistic(margins: np.ndarray, sign: np.ndarray, counts: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the loss of margins, and its gradient by the sums."""
    slope = -sign * counts / (1 + np.exp(np.clip(margins, -50, 50)))
    return float((counts * np.logaddexp(0, -margins)).sum()), slope


def corrected(weights: Weights) -> Weights:
    """Return the weights, with learned ones replaced by those of ``corrections.csv``."""
    rows = dict(zip(weights.stems, weights.weights.copy(), strict=True))
    languages = dict(zip(weights.stems, weights.languages, strict=True))
    for row in read_rows(HERE / "corrections.csv"):
        rows.setdefault(row["stem"], np.zeros(len(GOALS) + 1))[int(row["goal"]) - 1] = float(row["weight"])
    stems = sorted(stem for stem, found in rows.items() if found.any())
    return Weights(
        stems=stems,
        languages=[languages.get(stem, "") for stem in stems],
        weights=np.array([rows[stem] for stem in stems]),
        asked=weights.asked,
    )


def write(weights: Weights, stems: Mapping[str, str], folder: Path) -> None:
    """Write ``words.csv`` and ``sums.csv``."""
    forms: dict[str, list[str]] = defaultdict(list)
    for word, stem in sorted(stems.items()):
        forms[stem].append(word)
    _write(folder / "words.csv", ("stem", "language", "forms", *map(str, GOALS), PAPER), [
        (stem, language, " ".join(forms[stem]), *(f"{weight:.1f}" if weight else "" for weight in row))
        for stem, language, row in zip(weights.stems, weights.languages, weights.weights, strict=True)
    ])  # fmt: skip
    asked = [(goal, base, more) for goal, (base, more) in weights.asked.items()]
    _write(folder / "sums.csv", ("goal", "asked", "asked_by_word"), asked)


def _write(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


if __name__ == "__main__":
    known = read_stems()
    found = learn(read_texts(known), read_papers(Path(sys.argv[1]), known))
    write(corrected(found), known, SHIPPED)
