"""How well and how fast sdgs-keyword finds goals: ``python benchmarks/goals.py [FOLDER_OF_TEXTS]``.

With the folder of labelled texts (see the plugin's NOTICE) the lexicon is built anew for each fold without that fold's
texts, and judged on them; without it, the plugin's labelled texts and the speed are what is measured. Beside it stands
a plain list: people's terms as regular expressions, any hit a tag. ``BENCH=full`` sends a million texts through;
``BENCH=sealed`` also opens the half of the texts that is kept for the end.
"""

import csv
import hashlib
import os
import re
import resource
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd

PROJECT = Path(__file__).parents[1]
PLUGIN = PROJECT / "plugins" / "sdgs_keyword"
sys.path.insert(0, str(PLUGIN / "lexicon"))

import build  # noqa: E402  (the plugin's script)
from kelompok_sdgs_keyword.lexicon import shipped_lexicon  # noqa: E402
from kelompok_sdgs_keyword.plugin import SdgsKeywordEnricher  # noqa: E402
from kelompok_sdgs_keyword.scoring import Scorer, shipped_scorer  # noqa: E402

from kelompok_core.contracts import PluginContext  # noqa: E402

FOLDS = 4
SHORT = 25
LONG = 560
SHORT_TEXT = 100
Tagger = Callable[[str], dict[int, float]]


def tagger_of(scorer: Scorer) -> Tagger:
    return lambda text: {tag.goal: tag.confidence for tag in scorer.tags({"text": text})}


def plain_list() -> Tagger:
    """Return the peer: each goal one alternation of people's terms."""
    terms: dict[int, list[str]] = {}
    for row in build.hand_rows():
        terms.setdefault(int(row["goal"]), []).extend(form for form in (row["term"], *row["forms"].split("|")) if form)
    patterns = {
        goal: re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(found, key=len, reverse=True)))})\b", re.IGNORECASE)
        for goal, found in terms.items()
    }
    return lambda text: {goal: 1.0 for goal, pattern in patterns.items() if pattern.search(text)}


def labelled_texts(name: str) -> list[dict[str, str]]:
    """Return texts that are labelled with all their goals: ours, or the development or sealed half of others'."""
    with (PLUGIN / "evaluation" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


Judged = tuple[set[int], dict[int, float], dict[str, str]]
"""The goals a text has, those it was given with their confidence, and its row."""


def judge_labelled(name: str, file: str, tag: Tagger) -> None:
    """Print micro and macro figures by language, F1 of each goal, texts of no goal, short texts, calibration."""
    rows: list[Judged] = [
        ({int(goal) for goal in row["goals"].split()}, tag(row["text"]), row) for row in labelled_texts(file)
    ]
    for language in ("id", "mixed", "en"):
        chosen = [one for one in rows if one[2]["language"] == language]
        short = [one for one in chosen if len(one[2]["text"]) < SHORT_TEXT]
        per_goal = {goal: _figures(chosen, {goal})[2] for goal in build.GOALS}
        precision, recall, micro = _figures(chosen, set(build.GOALS))
        idle = [found for gold, found, _ in chosen if not gold]
        sure = [(confidence, goal in gold) for gold, found, _ in chosen for goal, confidence in found.items()]
        print(f"{name}, {file}, {language}: n {len(chosen)} P {precision:.3f} R {recall:.3f} F1 {micro:.3f} "
              f"macro {np.mean(list(per_goal.values())):.3f}; "
              f"no-goal texts tagged {sum(map(bool, idle))} of {len(idle)}; "
              f"under {SHORT_TEXT} characters ({len(short)}) F1 {_figures(short, set(build.GOALS))[2]:.3f}; "
              f"calibration error {_calibration_error(sure):.3f}")  # fmt: skip
        print("   by goal:", " ".join(f"{goal} {f1:.2f}" for goal, f1 in per_goal.items()))


REAL = {
    "evt-id-parliament-agenda": ("data_agenda_dpr.csv", ("title",)),
    "post-id-surabaya-news": ("news.csv", ("judul",)),
    "evt-id-campaign-2014": ("events-presiden.csv", ("judul", "deskripsi")),
    "org-id-observer-ngos": ("*.csv", ("monitoring_name",)),
}
"""The files of real texts that ``real.csv`` has labels of, and their columns of text."""


def judge_real(data: Path, tag: Tagger) -> None:
    """Print figures on real titles, agendas and names, which stand in the folders of test data."""
    texts: dict[str, str] = {}
    for folder, (name, columns) in REAL.items():
        path = min((data / folder / "files").glob(name))
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            for row in csv.DictReader(file):
                text = " — ".join(part for part in ((row.get(column) or "").strip() for column in columns) if part)
                texts[hashlib.sha256(text.encode()).hexdigest()[:8]] = text
    rows: list[Judged] = [
        ({int(goal) for goal in row["goals"].split()}, tag(texts[row["id"]]), row) for row in labelled_texts("real")
    ]
    for folder in ("", *REAL):
        chosen = [one for one in rows if folder in one[2]["folder"]]
        precision, recall, micro = _figures(chosen, set(build.GOALS))
        idle = [found for gold, found, _ in chosen if not gold]
        print(f"real, {folder or 'all'}: n {len(chosen)} P {precision:.3f} R {recall:.3f} F1 {micro:.3f}; "
              f"no-goal texts tagged {sum(map(bool, idle))} of {len(idle)}")  # fmt: skip


def _figures(rows: Sequence[Judged], goals: set[int]) -> tuple[float, float, float]:
    """Return precision, recall and F1 of these goals."""
    hits = sum(len(gold & goals & set(found)) for gold, found, _ in rows)
    given, wanted = sum(len(goals & set(found)) for _, found, _ in rows), sum(len(gold & goals) for gold, _, _ in rows)
    precision, recall = hits / max(given, 1), hits / max(wanted, 1)
    return precision, recall, _f1(precision, recall)


def judge_single(name: str, what: str, texts: Sequence[tuple[int, str]], tag: Tagger) -> None:
    """Texts with one label: other goals are unknown, so each goal is asked of as many texts of other goals."""
    found = [(goal, set(tag(text))) for goal, text in texts]
    per_goal = {}
    for goal in sorted({goal for goal, _ in found}):
        recall = np.mean([goal in tags for own, tags in found if own == goal])
        false = np.mean([goal in tags for own, tags in found if own != goal])
        per_goal[goal] = (recall, false)
    recall, false = (float(np.mean([pair[at] for pair in per_goal.values()])) for at in (0, 1))
    precision = recall / (recall + false)
    macro = np.mean([2 * hit / (hit + miss + 1) for hit, miss in per_goal.values()])
    tags = np.mean([len(tags) for _, tags in found])
    print(f"{name:<12} {what:<22} n {len(found):<5} P {precision:.3f} R {recall:.3f} F1 {_f1(precision, recall):.3f} "
          f"macro F1 {macro:.3f} tags a text {tags:.2f}")  # fmt: skip
    if "folds" in what:
        print(" " * 12, " ".join(f"{g} {2 * hit / (hit + miss + 1):.2f}" for g, (hit, miss) in per_goal.items()))


def judge_folds(folder: Path, peer: Tagger) -> None:
    """Judge on paragraphs that the lexicon was built without, and on the test split of the shorter texts."""
    texts, lists = build.read_texts(folder), build.read_lists(folder)
    fold = np.random.default_rng(1).integers(0, FOLDS, len(texts))
    judged: list[tuple[int, str, Tagger]] = []
    for number in range(FOLDS):
        kept = [text for text, at in zip(texts, fold, strict=True) if at != number or text.family != "osdg"]
        tag = tagger_of(Scorer(build.make(build.build(kept, lists))))
        judged += [
            (text.goal, " ".join(text.words), tag)
            for text, at in zip(texts, fold, strict=True)
            if at == number and text.family == "osdg"
        ]
    by_text = {text: tag(text) for _, text, tag in judged}
    short = {_begin(text): tag(_begin(text)) for _, text, tag in judged}
    whole = [(goal, text) for goal, text, _ in judged]
    begun = [(goal, _begin(text)) for goal, text, _ in judged]
    test = [(text.goal, " ".join(text.words)) for text in build.read_texts(folder, split="test")]
    shipped = tagger_of(shipped_scorer())
    for name, paragraph, begin, other in (
        ("sdgs-keyword", by_text.__getitem__, short.__getitem__, shipped), ("plain list", peer, peer, peer)
    ):  # fmt: skip
        judge_single(name, "paragraphs, 4 folds", whole, paragraph)
        judge_single(name, f"their first {SHORT} words", begun, begin)
        judge_single(name, "short texts, test split", test, other)


def _begin(text: str) -> str:
    return " ".join(text.split()[:SHORT])


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _calibration_error(tags: Sequence[tuple[float, bool]]) -> float:
    bins: dict[int, list[tuple[float, bool]]] = {}
    for confidence, right in tags:
        bins.setdefault(min(int(confidence * 10), 9), []).append((confidence, right))
    gaps = [abs(sum(c for c, _ in one) - sum(r for _, r in one)) for one in bins.values()]
    return sum(gaps) / len(tags)


def speed_texts(count: int) -> Iterator[str]:
    """Yield texts of about 600 characters, always the same: two of our texts with goals among those without."""
    with_goals = [row["text"] for row in labelled_texts("texts") if row["goals"]]
    idle = [row["text"] for row in labelled_texts("texts") if not row["goals"]]
    for number in range(count):
        text = f"{with_goals[number % len(with_goals)]} {with_goals[number * 7 % len(with_goals)]}"
        at = number
        while len(text) < LONG:
            text += f" {idle[at % len(idle)]}"
            at += 1
        yield f"{text} {number}"


def measure_speed(peer: Tagger) -> None:
    texts = list(speed_texts(5_000))
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    table = pd.DataFrame({"record": list(map(str, range(len(texts)))), "text": texts}, dtype="str")
    plugin = SdgsKeywordEnricher()
    ours = min(_seconds(lambda: plugin.enrich(table, PluginContext())) for _ in range(5))
    theirs = min(_seconds(lambda: [peer(text) for text in texts[:500]]) for _ in range(3)) * len(texts) / 500
    print(f"speed, texts of {megabytes * 1e6 / len(texts):.0f} bytes, one core, with evidence: "
          f"{len(texts) / ours:,.0f} texts/s, {megabytes / ours:.1f} MB/s; plain list, tags only: "
          f"{len(texts) / theirs:,.0f} texts/s; ratio {theirs / ours:.0f}")  # fmt: skip


def _seconds(call: Callable[[], object]) -> float:
    started = perf_counter()
    call()
    return perf_counter() - started


def measure_size(count: int) -> None:
    """Send many texts through in chunks; memory stays flat, and the size of the chunks changes no byte."""
    digests = {size: _digest(20_000, size)[0] for size in (5_000, 777)}
    print("chunks of 5,000 and of 777:", "the same bytes" if len(set(digests.values())) == 1 else f"DIFFER {digests}")
    _, seconds, early, late = _digest(count, 5_000)
    print(f"{count:,} texts in chunks of 5,000: {seconds:.0f} s on one core, peak memory {early:.0f} MB after a tenth, "
          f"{late:.0f} MB at the end")  # fmt: skip


def _digest(count: int, size: int) -> tuple[str, float, float, float]:
    digest, started, early = hashlib.sha256(), perf_counter(), 0.0
    plugin, chunk, done = SdgsKeywordEnricher(), [], 0
    texts = list(speed_texts(2_000))
    for number in range(count):
        chunk.append((str(number), f"{texts[number % len(texts)]} {number}"))
        if len(chunk) == size or number == count - 1:
            table = pd.DataFrame(chunk, columns=["record", "text"], dtype="str")
            digest.update(plugin.enrich(table, PluginContext()).to_csv(header=False, index=False).encode())
            done, chunk = done + len(chunk), []
            if not early and done >= count / 10:
                early = _megabytes()
    return digest.hexdigest(), perf_counter() - started, early, _megabytes()


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    PEER = plain_list()
    FILES = ["texts", "development", *(["sealed", "sealed_2"] if os.environ.get("BENCH") == "sealed" else [])]
    for FILE in FILES:
        judge_labelled("sdgs-keyword", FILE, tagger_of(shipped_scorer()))
        judge_labelled("terms alone", FILE, tagger_of(Scorer(shipped_lexicon())))
        judge_labelled("plain list", FILE, PEER)
    if len(sys.argv) > 1:
        judge_real(Path(sys.argv[1]).parent, tagger_of(shipped_scorer()))
        judge_real(Path(sys.argv[1]).parent, tagger_of(Scorer(shipped_lexicon())))
        judge_folds(Path(sys.argv[1]), PEER)
    measure_speed(PEER)
    measure_size(1_000_000 if os.environ.get("BENCH") == "full" else 50_000)
