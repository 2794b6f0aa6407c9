"""Detecting goals: what a text shows, and what must change nothing."""

import csv
from collections import Counter
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kelompok_sdgs_keyword.confidence import confidence_of_terms, confidence_of_words
from kelompok_sdgs_keyword.folding import Folded, fold
from kelompok_sdgs_keyword.lexicon import FOLDER, shipped_lexicon
from kelompok_sdgs_keyword.plugin import SdgsKeywordCommands, SdgsKeywordEnricher
from kelompok_sdgs_keyword.records import Field
from kelompok_sdgs_keyword.scoring import Scorer, shipped_scorer
from kelompok_sdgs_keyword.word_sums import ALL, Text, add_up
from kelompok_sdgs_keyword.words import shipped_words

from kelompok_core.contracts import SIGNAL_COLUMNS, PluginContext

PLUGIN = Path(__file__).parents[1]
_SCORER = shipped_scorer()


def _rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


TEXTS = _rows(PLUGIN / "evaluation" / "texts.csv")
TAGGED = [row["text"] for row in TEXTS if row["goals"] and _SCORER.tags({"text": row["text"]})][::4]
LONGER = [row for row in _rows(PLUGIN / "evaluation" / "development.csv") if row["language"] == "id" and row["goals"]]
_TERMS = Scorer(shipped_lexicon())
READ_BY_TERMS = [row["text"] for row in TEXTS if row["goals"] and _TERMS.tags({"text": row["text"]})][::4]
_PIECES = [
    "Air bersih",
    "SDG 4",
    "hutan",
    "é",
    "𝗛utan",
    "İ",
    "\u0301",
    "🌱",
    "\n",
    "<b>",
    "ﬁsh",
    "GURU",
    "«",
    "dan",
    "  ",
]


def _goals(text, **further):
    return {tag.goal for tag in _SCORER.tags({"text": text, **further})}


def _evidence(text):
    return {(tag.goal, one.term) for tag in _SCORER.tags({"text": text}) for one in tag.evidence}


def _term_evidence(text):
    return {(tag.goal, one.term) for tag in _TERMS.tags({"text": text}) for one in tag.evidence}


def _explained(text):
    return SdgsKeywordCommands().run_command("explain", {"text": text}, PluginContext()).tables


def _table(*texts):
    return pd.DataFrame({"record": [str(number) for number in range(len(texts))], "text": list(texts)}, dtype="str")


class TestWhatATextShows:
    @pytest.mark.parametrize(("text", "goals"), [
        ("Membangun sumur bor dan jaringan air bersih", {6}),
        ("Beasiswa bagi anak putus sekolah", {4}),
        ("We train women and girls to lead", {5}),
        ("Bank sampah kampung dan zero waste lifestyle", {12}),
        ("Bertemu setiap Sabtu sore untuk bermain catur", set()),
    ])  # fmt: skip
    def test_goals(self, text, goals):
        assert _goals(text) == goals

    @pytest.mark.parametrize(("text", "goals"), [
        ("Kami mendukung SDG 4", {4}),
        ("Our work: SDGs 6, 14 and 17.", {6, 14, 17}),
        ("TPB 6", {6}),
        ("TPB/SDGs 13", {13}),
        ("Tujuan 13 menjadi pegangan", {13}),
        ("SDGs Desa 5", {5}),
        ("Sustainable Development Goal 16", {16}),
        ("SDG 18 dan SDG 0 tidak ada", set()),
        ("Sosialisasi SDGs bagi warga", set()),
        ("Tujuan 3 hari ini: bersenang-senang", set()),
        ("Scored goal 2 minutes before the end", set()),
        ("Siswa SD 4 Sukamaju berlibur", set()),
    ])  # fmt: skip
    def test_mentions(self, text, goals):
        found = {tag.goal: tag.confidence for tag in _SCORER.tags({"text": text})
                 if any(one.term == "mention" for one in tag.evidence)}  # fmt: skip
        assert set(found) == goals
        assert all(confidence >= 0.95 for confidence in found.values())

    def test_an_official_title_is_a_mention(self):
        tag = next(tag for tag in _SCORER.tags({"text": "Life below water"}) if tag.goal == 14)
        assert tag.confidence >= 0.95

    @pytest.mark.parametrize("text", ["Konser di SD Negeri 4", "Menonton air terjun", "Perbaikan iklim usaha",
                                      "Banjir diskon akhir pekan", "Rekening Bank Tani"])  # fmt: skip
    def test_a_stop_phrase_hides_what_is_in_it(self, text):
        assert _goals(text) == set()

    @pytest.mark.parametrize("text", [
        "Jl. Hutan Lindung", "CV Air Bersih", "Pemain bas dicari, studio di Jl. Hutan Lindung",
        "Rapat di SMP Bahari Mangrove",
    ])  # fmt: skip
    def test_a_name_shows_nothing(self, text):
        assert _goals(text) == set()

    def test_a_phrase_of_one_goal_hides_the_words_of_others_in_it(self):
        assert _goals("Pendidikan politik bagi pemilih pemula") == {16}

    def test_the_own_name_is_worth_less(self):
        fields = {"name": "Yayasan Air Bersih", "description": ""}
        with_text = {**fields, "description": "Bertemu setiap Sabtu sore di balai kampung kami"}
        alone = _SCORER.tags(fields, name_field="name")
        assert {tag.goal for tag in alone} == {6}
        assert _SCORER.tags(with_text, name_field="name") == []

    def test_a_long_history_gets_no_goal_by_length(self):
        scattered = " ".join(["guru"] + ["perkataan"] * 130 + ["seminar"] + ["perkataan"] * 130 + ["wawasan"])
        assert {tag.goal: tag.score for tag in _SCORER.tags({"text": scattered})}.get(4, 0) <= 3.0


class TestWhatMustChangeNothing:
    @pytest.mark.parametrize("text", TAGGED)
    def test_case_punctuation_breaks_emoji_and_blanks(self, text):
        plain = _evidence(text)
        assert plain
        for changed in (text.upper(), text.lower(), f"  {text}  ", text.replace(" ", "\n"), text.replace(" ", " 🌱 "),
                        text.replace(" ", " – "), f"«{text}»!!!"):  # fmt: skip
            assert _evidence(changed) == plain

    @pytest.mark.parametrize("text", READ_BY_TERMS)
    def test_unrelated_text_takes_nothing_away(self, text):
        before = _term_evidence(text)
        idle = "Acara dimulai pukul sembilan dan selesai pukul dua belas di lantai dua. " * 12
        assert before <= _term_evidence(f"{text} {idle}") | _term_evidence(text)
        assert {goal for goal, _ in before} <= {goal for goal, _ in _term_evidence(f"{text} {idle}")}
        assert {goal for goal, _ in before} <= {goal for goal, _ in _term_evidence(f"{idle} {text}")}

    @pytest.mark.parametrize("idle", [
        "Acara dimulai pukul sembilan dan selesai pukul dua belas di lantai dua.",
        "Terima kasih atas perhatian Bapak dan Ibu, sampai jumpa minggu depan di tempat biasa.",
    ])  # fmt: skip
    def test_unrelated_text_takes_no_sure_tag_away(self, idle):
        sure = [
            (row["text"], tag.goal)
            for row in LONGER
            for tag in _SCORER.tags({"text": row["text"]})
            if tag.confidence >= 0.9
        ]
        kept = [goal in _goals(f"{text} {idle}") and goal in _goals(f"{idle} {text}") for text, goal in sure]
        assert len(sure) > 100
        assert sum(kept) >= 0.97 * len(kept)

    def test_the_order_of_terms(self):
        terms = ["bank sampah", "panel surya", "terumbu karang", "bantuan hukum"]
        found = {frozenset(_goals(", ".join(order))) for order in (terms, terms[::-1], terms[2:] + terms[:2])}
        assert len(found) == 1

    @pytest.mark.parametrize("word", ["airport bersihkan", "hutannyaman", "persampahanku", "guruh", "petanique"])
    def test_words_that_only_contain_a_term(self, word):
        assert _goals(f"Kami suka {word} setiap hari") == set()

    @pytest.mark.parametrize(("root", "form"), [
        ("hutan adat", "hutan adatnya"), ("nelayan", "nelayan-nelayan"), ("beasiswa", "beasiswalah"),
        ("korupsi", "korupsinya"), ("mangrove", "mangrovepun"), ("forest", "forests"), ("refugee", "refugees"),
        ("women", "women's"), ("school", "schools"),
    ])  # fmt: skip
    def test_forms_count_as_their_root(self, root, form):
        def of(text):
            return {tag.goal: tag.score for tag in _TERMS.tags({"text": text})}

        assert of(f"Tentang {form} di sini") == of(f"Tentang {root} di sini") != {}

    @pytest.mark.parametrize(("root", "form"), [
        ("mangrove", "mangrovenya"), ("nelayan", "nelayan-nelayan"), ("hutan", "hutanlah"), ("latih", "melatih"),
        ("sampah", "persampahan"), ("volunteers", "volunteer"), ("recycle", "recycling"), ("dapat", "dapet"),
    ])  # fmt: skip
    def test_forms_weigh_what_their_stem_weighs(self, root, form):
        def of(word):
            text = f"Kami yang tinggal di sini bicara soal {word} setiap pagi"
            _, words = _SCORER.read({"text": text})
            return [one.score for one in add_up([words], [ALL])[0]]

        assert of(form) == of(root)
        assert of(form) != of("qqq")

    @pytest.mark.parametrize(("form", "goal"), [("memiskinkan", 1), ("dilestarikan", 15), ("penghijauan", 15),
                                                ("berkolaborasi", 17), ("mengurangi pengangguran", 8)])  # fmt: skip
    def test_affixed_forms_are_there(self, form, goal):
        lexicon = shipped_lexicon()
        found = lexicon.automaton.find_matches_as_indexes(fold(form), overlapping=True)
        assert goal in {lexicon.entries[number].goal for pattern, _, _ in found for number in lexicon.owners[pattern]}


class TestEvidence:
    @given(st.lists(st.sampled_from(_PIECES), max_size=12))
    @settings(max_examples=200, deadline=None)
    def test_it_stands_where_it_says(self, parts):
        text = " ".join(parts)
        for tag in _SCORER.tags({"text": text}):
            for one in tag.evidence:
                quoted = text[one.start : one.end]
                assert quoted == quoted.strip()
                assert fold(quoted) in fold(text)

    @given(st.text(max_size=80))
    @settings(max_examples=300, deadline=None)
    def test_offsets_lead_back_to_the_same_letters(self, text):
        folded = Folded(text)
        for offset, letter in enumerate(folded.text[1:-1], start=1):
            if letter != " ":
                assert fold(text[folded.written_at(offset)]).strip() == letter

    @pytest.mark.parametrize("text", TAGGED)
    def test_a_tag_is_the_sum_of_its_terms(self, text):
        for tag in _SCORER.tags({"text": text}, shown=None):
            assert tag.score == pytest.approx(sum(one.weight for one in tag.evidence))
            assert tag.score >= tag.threshold or tag.evidence[0].term == "mention"

    def test_five_pieces_at_most_are_kept_and_all_are_explained(self):
        text = "Petani padi di sawah memanen beras, jagung dan sayuran; pupuk, benih dan lumbung pangan menjaga gizi"
        assert len(next(tag for tag in _SCORER.tags({"text": text}) if tag.goal == 2).evidence) == 5
        terms = SdgsKeywordCommands().run_command("explain", {"text": text}, PluginContext()).tables["Terms"]
        assert (terms["goal"] == 2).sum() > 5

    @pytest.mark.parametrize("confidence", [
        confidence_of_terms,
        *(partial(confidence_of_words, words=words, language=language)
          for words in (10, 100) for language in ("id", "mixed", "en")),
    ])  # fmt: skip
    def test_confidence_grows_with_the_margin(self, confidence):
        values = [confidence(margin) for margin in (0, 0.5, 1, 2, 4, 8)]
        assert values == sorted(values)
        assert 0.4 <= values[0] < values[-1] <= 0.99


class TestThePlugin:
    def test_signals(self):
        found = SdgsKeywordEnricher().enrich(_table("Air bersih", "Catur"), PluginContext())
        assert list(found.columns) == list(SIGNAL_COLUMNS)
        assert set(found["record"]) == {"0"}
        assert set(found["value"]) == {"6"}
        assert all(found["method"] == "sdgs-keyword@0.3.0")

    def test_no_records_no_signals(self):
        assert len(SdgsKeywordEnricher().enrich(_table(), PluginContext())) == 0

    def test_chunks_and_runs_make_no_difference(self):
        texts = [row["text"] for row in TEXTS]
        whole = SdgsKeywordEnricher().enrich(_table(*texts), PluginContext())
        again = SdgsKeywordEnricher().enrich(_table(*texts), PluginContext())
        table = _table(*texts)
        parts = [SdgsKeywordEnricher().enrich(table[at : at + 37], PluginContext()) for at in range(0, len(table), 37)]
        assert whole.to_csv() == again.to_csv()
        assert pd.concat(parts, ignore_index=True).to_csv() == whole.to_csv()

    def test_least_confidence(self):
        found = SdgsKeywordEnricher().enrich(_table("Air bersih"), PluginContext(config={"minimum_confidence": 0.99}))
        assert len(found) == 0

    def test_explain(self):
        result = SdgsKeywordCommands().run_command("explain", {"text": "Bank sampah di sungai"}, PluginContext())
        assert result.text == "text: [Bank sampah]¹² di [sungai]⁶"
        terms = result.tables["Terms"]
        goals = result.tables["Goals"].set_index("goal")
        for goal, rows in terms.groupby("goal"):
            assert rows["weight"].sum() == pytest.approx(goals.loc[goal, "score"])

    def test_explain_nothing(self):
        result = SdgsKeywordCommands().run_command("explain", {"text": "Catur"}, PluginContext())
        assert "No goal" in result.text
        assert set(result.tables) == {"Languages"}

    def test_explain_classes(self):
        terms = _explained("Kami menanam mangrove di pesisir bersama nelayan desa setiap Sabtu")["Terms"]
        classes = dict(zip(terms["term"], terms["class"], strict=True))
        assert classes["mangrov"] == "topic"
        assert classes["tanam"] == "deed"
        assert classes["nelayan"] == "person"

    def test_explain_what_shows_nothing(self):
        hidden = _explained("Banjir diskon di CV Hutan Lestari, Jl. Air Bersih 3, mari datang semua")["Shows nothing"]
        assert list(zip(hidden["as written"], hidden["why"], strict=True)) == [
            ("Banjir diskon", "stop phrase"), ("CV Hutan Lestari", "name"), ("Jl. Air Bersih", "name")
        ]  # fmt: skip

    def test_explain_the_language_of_each_sentence(self):
        languages = _explained("Kami menanam pohon di lereng ini. We meet every Saturday at the hall.")["Languages"]
        assert list(zip(languages["language"], languages["read by"], strict=True)) == [
            ("mixed", "words"), ("Indonesian", ""), ("English", "")
        ]  # fmt: skip
        assert languages["text"][2] == "We meet every Saturday at the hall."

    def test_explain_what_takes_away(self):
        text = "Rapat panitia tujuh belasan besok malam di depan sekolah dasar, ibu-ibu membawa kue."
        result = SdgsKeywordCommands().run_command("explain", {"text": text}, PluginContext())
        assert "No goal" in result.text
        closest = result.tables["Closest goals"]
        assert len(closest) == 3
        assert (closest["score"] < closest["threshold"]).all()
        assert closest["takes away"].str.contains(" -0.").any()


class TestTheLexicon:
    ROWS = _rows(FOLDER / "lexicon.csv")

    def test_every_row_is_whole(self):
        for row in self.ROWS:
            assert 1 <= int(row["goal"]) <= 17
            assert row["term"] == row["term"].strip().lower()
            assert float(row["weight"]) == round(float(row["weight"]), 1) > 0
            assert row["language"] in ("en", "id")
            assert row["source"]
            assert row["licence"]

    def test_a_form_stands_once_a_goal(self):
        forms = Counter((row["goal"], fold(form)) for row in self.ROWS
                        for form in (row["term"], *row["forms"].split("|")) if form)  # fmt: skip
        assert [form for form, count in forms.items() if count > 1] == []

    def test_what_was_struck_out_is_not_in_it(self):
        struck = {(row["goal"], row["term"]) for row in _rows(PLUGIN / "lexicon" / "struck.csv")}
        learned = {(row["goal"], row["term"]) for row in self.ROWS if row["source"] != "hand"}
        assert not {(goal, term) for goal, term in learned if ("", term) in struck or (goal, term) in struck}

    def test_every_goal_has_terms_in_both_languages(self):
        assert {(row["goal"], row["language"]) for row in self.ROWS} == {
            (str(goal), language) for goal in range(1, 18) for language in ("en", "id")
        }

    def test_it_is_read_in_the_time_of_a_command(self):
        assert len(shipped_lexicon().automaton.find_matches_as_indexes(fold("air bersih"), overlapping=True)) >= 1


class TestTheWords:
    ROWS = _rows(FOLDER / "words.csv")

    def test_a_form_is_of_one_stem(self):
        forms = Counter(form for row in self.ROWS for form in (row["stem"], *row["forms"].split()))
        assert [form for form, count in forms.items() if count > 1] == []

    def test_weights_are_in_tenths(self):
        for row in self.ROWS:
            weights = [row[column] for column in (*map(str, range(1, 18)), "paper")]
            assert all(weight == "" or float(weight) == round(float(weight), 1) != 0 for weight in weights)
            assert any(weights)

    @pytest.mark.parametrize(("text", "language"), [
        ("Kami menanam pohon di lereng yang gundul bersama warga", "id"),
        ("We plant trees with the people of the village", "en"),
        ("Kami plant trees with the people yang tinggal di lereng", "mixed"),
        ("Pohon lereng gundul petani sungai", "id"),
        ("Tuberculosis treatment patients hospital volunteers", "en"),
    ])  # fmt: skip
    def test_the_language_of_a_text(self, text, language):
        fields = [Field("text", Folded(text))]
        assert Text(fields, shipped_words()).language == language

    def test_a_long_text_is_read_by_passages(self):
        page = "Setiap Sabtu kami menanam bibit pohon di lereng gunung yang gundul agar hutan kembali. "
        other = "Pertandingan futsal antar kelas berlangsung seru, penonton bersorak dan wasit meniup peluit panjang. "
        assert 15 in _goals(page * 3)
        assert 15 in _goals(page * 3 + other * 60)
        assert 15 in _goals(other * 60 + page * 3 + other * 60)

    def test_a_word_counts_most_where_it_is_worth_most(self):
        fields = [
            Field("name", Folded("hutan lindung"), 0.5),
            Field("text", Folded("kami menjaga hutan di sini")),
        ]
        text = Text(fields, shipped_words())
        sums = add_up([text], [ALL])[0]
        weighed = {one.term: one for one in text.weighed(next(one for one in sums if one.goal == 15))}
        assert weighed["hutan"].field == "text"
        assert weighed["lindung"].field == "name"


class TestOnOthersTexts:
    def test_indonesian_texts_nobody_here_wrote(self):
        rows = [row for row in _rows(PLUGIN / "evaluation" / "development.csv") if row["language"] == "id"]
        judged = [({int(goal) for goal in row["goals"].split()}, _goals(row["text"])) for row in rows]
        hits = sum(len(gold & found) for gold, found in judged)
        f1 = 2 * hits / sum(len(gold) + len(found) for gold, found in judged)
        idle = [found for gold, found in judged if not gold]
        assert f1 >= 0.8
        assert sum(map(bool, idle)) <= 0.1 * len(idle)


class TestOnItsOwnTexts:
    def test_indonesian_and_mixed_texts_reach_what_was_set(self):
        hits = given_tags = wanted = idle = 0
        for row in TEXTS:
            gold, found = {int(goal) for goal in row["goals"].split()}, _goals(row["text"])
            hits += len(gold & found)
            given_tags += len(found)
            wanted += len(gold)
            idle += bool(found) and not gold
        precision, recall = hits / given_tags, hits / wanted
        assert 2 * precision * recall / (precision + recall) >= 0.8
        assert idle / sum(not row["goals"] for row in TEXTS) <= 0.1
