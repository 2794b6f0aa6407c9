"""Enrichment runs: the selection of records, stored signals, corrections and undo."""

import csv
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO

import pandas as pd
import pytest
import sqlalchemy as sa

from kelompok_core.contracts import SIGNAL_COLUMNS
from kelompok_core.enrichment import run as enrichment_run
from kelompok_core.enrichment.corrections import list_corrections, write_corrections
from kelompok_core.enrichment.invariants import count_unproven
from kelompok_core.enrichment.records import EnrichmentState
from kelompok_core.enrichment.run import EnrichmentRequest, enrich, request_enrichment
from kelompok_core.enrichment.undo import undo_enrichment
from kelompok_core.errors import EnrichmentFailed, NotPermitted, PluginUnavailable, UsageError
from kelompok_core.imports.undoing.undo import undo
from kelompok_core.plugin_host.registry import get_plugin
from kelompok_core.records.registry import get_descriptor
from kelompok_core.sdgs.signals import GoalService, list_goals
from tests.enabling import set_enabled

_LIST = """id,name,description
1,Rumah Air,Membangun sumur bor dan jaringan air bersih untuk warga desa
2,Klub Catur,Bertemu setiap Sabtu sore
3,Sahabat Hutan,Menanam pohon dan menjaga hutan adat dari kebakaran hutan
"""


@pytest.fixture(autouse=True)
def _enabled(settings):
    set_enabled(settings, "sdgs-keyword", enabled=True)


@pytest.fixture
def detect(installation, operator):
    """Run sdgs-keyword and return the run."""

    def run(actor=None, **asked):
        request = EnrichmentRequest(plugin="sdgs-keyword", job="detect-sdgs", **asked)
        return enrich(installation, request_enrichment(installation, request, actor or operator))

    return run


@pytest.fixture
def goals(database):
    def of(slug, *, status="present"):
        with database.session() as session:
            return {(one.goal, one.origin) for one in list_goals(session, slug) if one.status == status}

    return of


@pytest.fixture
def say(database, operator):
    """Have a person add or remove a goal."""

    def run(verb, slug, goal, actor=None, **how):
        with database.session() as session:
            getattr(GoalService(session, actor or operator), verb)(slug, goal, **how)

    return run


def _written(ask):
    return ask("SELECT count(*) AS n FROM audit_logs")[0].n


def test_signals_quote_the_text(import_file, detect, ask, goals, database):
    import_file(_LIST)
    done = detect()
    assert done.state is EnrichmentState.DONE
    assert done.counts["organizations"]["with_signals"] == 2
    assert goals("rumah-air") == {(6, "sdgs-keyword")}
    assert goals("klub-catur") == set()
    assert (15, "sdgs-keyword") in goals("sahabat-hutan")
    for row in ask("""SELECT e.*, o.description, o.name, s.confidence, s.origin_version FROM sdgs_signals s
                      JOIN organizations o ON o.id = s.record_id CROSS JOIN LATERAL jsonb_to_recordset(s.evidence)
                        AS e (field text, "start" int, "end" int, quote text)"""):
        assert getattr(row, row.field)[row.start : row.end] == row.quote
        assert 0.5 <= row.confidence <= 1
        assert row.origin_version == "0.3.0"
    with database.connect() as connection:
        assert count_unproven(connection, get_descriptor("organizations"), "sdgs-keyword") == 0


def test_moved_evidence_span_is_detected(import_file, detect, database):
    import_file(_LIST)
    detect()
    with database.connect() as connection, connection.begin():
        connection.execute(sa.text("SELECT set_config('kelompok.actor', 'system:test', true), "
                                   "set_config('kelompok.origin', 'test', true)"))  # fmt: skip
        connection.execute(sa.text("UPDATE sdgs_signals SET evidence = jsonb_set(evidence, '{0,start}', '0')"))
        assert count_unproven(connection, get_descriptor("organizations"), "sdgs-keyword") > 0


def test_every_signal_and_summary_is_audited(import_file, detect, ask):
    import_file(_LIST)
    done = detect()
    rows = ask("SELECT entity, action, plugin, request_id, actor FROM audit_logs WHERE origin = 'enrichment'")
    assert {row.entity for row in rows} == {"sdgs_signals", "organizations"}
    assert {(row.plugin, row.request_id) for row in rows} == {("sdgs-keyword@0.3.0", str(done.id))}
    assert sum(row.entity == "sdgs_signals" for row in rows) == ask("SELECT count(*) AS n FROM sdgs_signals")[0].n


def test_second_run_reads_and_writes_nothing(import_file, detect, ask):
    import_file(_LIST)
    detect()
    before = _written(ask)
    counts = detect().counts["organizations"]
    assert (counts["records"], counts["unchanged"], counts["enriched"]) == (3, 3, 0)
    counts = detect(again=True).counts["organizations"]
    assert (counts["enriched"], counts["created"], counts["updated"], counts["deleted"]) == (3, 0, 0, 0)
    assert _written(ask) == before


def test_only_changed_texts_are_enriched_again(import_file, detect, ask, goals):
    import_file(_LIST)
    detect()
    import_file(_LIST.replace("Bertemu setiap Sabtu sore", "Mengajar anak putus sekolah lewat catur"))
    counts = detect().counts["organizations"]
    assert (counts["enriched"], counts["created"]) == (1, 1)
    assert goals("klub-catur") == {(4, "sdgs-keyword")}
    import_file(_LIST.replace("jaringan air bersih", "jaringan").replace("sumur bor", "jalan"))
    assert detect().counts["organizations"]["deleted"] >= 1
    assert (6, "sdgs-keyword") not in goals("rumah-air")


def test_dry_run_counts_but_writes_nothing(import_file, detect, ask):
    import_file(_LIST)
    before = _written(ask)
    counts = detect(dry_run=True).counts["organizations"]
    assert counts["created"] >= 2
    assert counts["values"]["sdg 6"] == 1
    assert _written(ask) == before
    assert ask("SELECT count(*) AS n FROM sdgs_signals")[0].n == 0
    assert detect().counts["organizations"]["created"] == counts["created"]


class TestGoalsFromPeople:
    def test_removed_goal_stays_removed_for_the_same_text(self, import_file, detect, goals, say, ask):
        import_file(_LIST)
        detect()
        say("remove", "rumah-air", 6)
        before = _written(ask)
        detect(again=True)
        assert _written(ask) == before
        assert goals("rumah-air") == set()
        assert goals("rumah-air", status="removed") == {(6, "person"), (6, "sdgs-keyword")}
        import_file(_LIST.replace("warga desa", "warga kampung"))
        detect()
        assert goals("rumah-air") == {(6, "sdgs-keyword")}

    def test_goal_removed_for_good_stays_removed_for_any_text(self, import_file, detect, goals, say):
        import_file(_LIST)
        say("remove", "rumah-air", 6, for_good=True)
        detect()
        import_file(_LIST.replace("warga desa", "warga kampung"))
        detect()
        assert goals("rumah-air") == set()

    def test_added_goal_stays_and_overrides_plugins(self, import_file, detect, goals, say, ask):
        import_file(_LIST)
        detect()
        say("add", "rumah-air", 13)
        detect(again=True)
        assert goals("rumah-air") == {(6, "sdgs-keyword"), (13, "person")}
        summary = ask("SELECT sdgs_data FROM organizations WHERE slug = 'rumah-air'")[0].sdgs_data
        assert summary["13"]["confidence"] == 1
        assert summary["13"]["rank"] == 1
        assert summary["6"]["rank"] == 2

    def test_removed_goal_can_be_added_again(self, import_file, detect, goals, say):
        import_file(_LIST)
        detect()
        say("remove", "rumah-air", 6)
        say("add", "rumah-air", 6)
        assert goals("rumah-air") == {(6, "sdgs-keyword"), (6, "person")}

    def test_removal_applies_to_posts_and_can_be_reversed(self, import_file, detect, goals, say):
        import_file(_LIST)
        import_file("title,content\nSurya,Panel surya dan energi terbarukan\n", entity="posts",
                    organization="klub-catur", name="posts.csv")  # fmt: skip
        detect()
        assert goals("klub-catur") == {(7, "sdgs-keyword")}
        say("remove", "klub-catur", 7)
        detect(again=True)
        assert goals("klub-catur") == set()
        say("add", "klub-catur", 7)
        detect(again=True)
        assert goals("klub-catur") == {(7, "sdgs-keyword"), (7, "person")}

    def test_only_editors_of_the_organization_change_goals(self, import_file, say, person):
        import_file(_LIST)
        stranger = person("viewer@example.org", slug="rumah-air", role="viewer")
        with pytest.raises(NotPermitted):
            say("add", "rumah-air", 4, actor=stranger)


class TestSummary:
    def test_summary_matches_the_signals(self, import_file, detect, say, ask):
        import_file(_LIST)
        detect()
        summary = ask("SELECT sdgs_data FROM organizations WHERE slug = 'rumah-air'")[0].sdgs_data
        assert list(summary) == ["6"]
        assert summary["6"]["origins"] == ["sdgs-keyword"]
        say("remove", "rumah-air", 6)
        assert ask("SELECT sdgs_data FROM organizations WHERE slug = 'rumah-air'")[0].sdgs_data == {}

    def test_only_public_posts_count_and_rank_below_own_texts(self, import_file, detect, ask):
        import_file(_LIST)
        import_file(
            "title,content,status\nSatu,<p>Panel surya dan energi terbarukan</p>,published\n"
            "Dua,Kelas literasi di taman bacaan untuk anak,draft\n",
            entity="posts", organization="rumah-air", name="posts.csv",
        )  # fmt: skip
        detect()
        summary = ask("SELECT sdgs_data FROM organizations WHERE slug = 'rumah-air'")[0].sdgs_data
        assert set(summary) == {"6", "7"}
        assert (summary["6"]["own"], summary["7"]["own"]) == (True, False)
        assert summary["6"]["rank"] < summary["7"]["rank"]
        assert summary["7"]["posts_and_events"] == 1
        import_file("title,status\nDua,published\n", entity="posts", organization="rumah-air", name="posts.csv")
        assert "4" in ask("SELECT sdgs_data FROM organizations WHERE slug = 'rumah-air'")[0].sdgs_data

    def test_markup_is_ignored_and_evidence_quotes_the_stored_text(self, import_file, detect, ask):
        import_file(_LIST)
        import_file(
            "title,content\nKabar,<p><b>air</b> <i>bersih</i> mengalir</p>\n",
            entity="posts", organization="klub-catur", name="posts.csv",
        )  # fmt: skip
        detect()
        quotes = [place["quote"] for row in ask("SELECT evidence FROM sdgs_signals WHERE entity = 'posts'")
                  for place in row.evidence]  # fmt: skip
        assert "air</b> <i>bersih" in quotes


class TestUndo:
    def test_created_signals_are_deleted_and_not_found_again(
        self, installation, operator, import_file,
                                                                                detect, ask):  # fmt: skip
        import_file(_LIST)
        done = detect()
        report = undo_enrichment(installation, done.id, operator)
        assert report.counts["deleted"] == done.counts["organizations"]["created"]
        assert ask("SELECT count(*) AS n FROM sdgs_signals")[0].n == 0
        assert ask("SELECT count(*) AS n FROM organizations WHERE sdgs_data <> '{}'")[0].n == 0
        assert detect().counts["organizations"]["enriched"] == 0
        assert detect(again=True).counts["organizations"]["created"] > 0

    def test_changed_and_deleted_signals_are_restored(self, installation, operator, import_file, detect, ask):
        import_file(_LIST)
        detect()
        query = "SELECT record_id, goal, confidence, evidence, status FROM sdgs_signals ORDER BY record_id, goal"
        before = ask(query)
        import_file(_LIST.replace("air bersih", "air minum").replace("hutan adat dari kebakaran hutan", "kampung"))
        done = detect()
        assert ask(query) != before
        undo_enrichment(installation, done.id, operator)
        assert ask(query) == before

    def test_later_changes_are_kept_and_counted(self, installation, operator, import_file, detect, say, goals):
        import_file(_LIST)
        done = detect()
        say("remove", "rumah-air", 6)
        dry = undo_enrichment(installation, done.id, operator, dry_run=True)
        assert dry.counts["kept"] == 1
        report = undo_enrichment(installation, done.id, operator)
        assert report.counts == dry.counts
        assert goals("rumah-air", status="removed") == {(6, "person"), (6, "sdgs-keyword")}
        with pytest.raises(UsageError, match="nothing to undo"):
            undo_enrichment(installation, done.id, operator)

    def test_import_can_be_undone_after_enrichment(self, installation, operator, import_file, detect, ask):
        import_ = import_file(_LIST).import_
        detect()
        assert undo(installation, import_.id, operator).counts["deleted"] == 3
        assert ask("SELECT count(*) AS n FROM sdgs_signals")[0].n == 0
        assert ask("SELECT count(*) AS n FROM enriched_records")[0].n == 0


class TestSelectedRecords:
    def test_by_organization_by_import_and_by_change(self, import_file, detect):
        first = import_file(_LIST).import_
        import_file("id,name,description\n9,Lain,Panel surya untuk desa\n", name="other.csv")
        assert detect(organization="rumah-air", dry_run=True).counts["organizations"]["records"] == 1
        assert detect(import_id=first.id, dry_run=True).counts["organizations"]["records"] == 3
        soon = datetime.now(UTC) + timedelta(hours=1)
        assert detect(changed_since=soon, dry_run=True).counts["organizations"]["records"] == 0

    def test_who_may_enrich(self, import_file, detect, person):
        import_file(_LIST)
        editor = person("editor@example.org", slug="rumah-air", role="editor")
        assert detect(editor, organization="rumah-air").counts["organizations"]["created"] == 1
        with pytest.raises(NotPermitted):
            detect(editor, organization="klub-catur")
        with pytest.raises(NotPermitted):
            detect(editor)

    def test_disabled_plugin_does_not_run_and_its_signals_stay(self, import_file, detect, settings, goals):
        import_file(_LIST)
        detect()
        set_enabled(settings, "sdgs-keyword", enabled=False)
        with pytest.raises(PluginUnavailable):
            detect()
        assert goals("rumah-air") == {(6, "sdgs-keyword")}


class TestInvalidSignals:
    @pytest.fixture
    def lie(self, monkeypatch, import_file, detect):
        def run(**wrong):
            import_file(_LIST)

            def enrich_wrongly(plugin, enricher, texts):
                row = {"record": texts["record"][0], "property": "sdg", "value": "4", "confidence": 0.9,
                       "field": "name", "start": 0, "end": 4, "quote": texts["name"][0][:4], "method": "x"}  # fmt: skip
                return pd.DataFrame([row | wrong], columns=list(SIGNAL_COLUMNS))

            monkeypatch.setattr(enrichment_run, "_called", enrich_wrongly)
            return detect()

        return run

    def test_valid_signal_is_stored(self, lie):
        assert lie().counts["organizations"]["created"] == 1

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"quote": "else"}, "is not at"),
            ({"end": 400}, "is not at"),
            ({"start": -1}, "is not at"),
            ({"confidence": 1.5}, "confidence"),
            ({"value": "18"}, "invalid value"),
            ({"record": "nobody"}, "not given"),
            ({"field": "official_email"}, "not given"),
        ],
        ids=["quote", "beyond", "before", "confidence", "goal", "record", "field"],
    )
    def test_invalid_signal_is_refused(self, lie, wrong, message, ask):
        with pytest.raises(EnrichmentFailed, match=message):
            lie(**wrong)
        assert ask("SELECT count(*) AS n FROM sdgs_signals")[0].n == 0
        assert ask("SELECT state FROM enrichments")[0].state == "failed"

    def test_crash_is_reported_as_the_plugins(self, monkeypatch, import_file, detect):
        import_file(_LIST)
        monkeypatch.setattr("kelompok_sdgs_keyword.plugin.SdgsKeywordEnricher.enrich", lambda *_: 1 / 0)
        with pytest.raises(EnrichmentFailed, match="sdgs-keyword failed"):
            detect()

    def test_private_fields_are_not_passed_to_plugins(self, import_file, installation, operator, monkeypatch):
        import_file(_LIST)
        found = enrichment_run.find_job

        def greedy(plugin, name):
            job = found(plugin, name)
            return job.model_copy(update={"enriches": {"organizations": ("name", "official_email")}})

        monkeypatch.setattr(enrichment_run, "find_job", greedy)
        request = EnrichmentRequest(plugin="sdgs-keyword", job="detect-sdgs")
        with pytest.raises(PluginUnavailable, match="not public"):
            enrich(installation, request_enrichment(installation, request, operator))


def test_record_changed_during_the_run_waits_for_the_next_run(import_file, detect, monkeypatch, goals):
    import_file(_LIST)
    found = enrichment_run._called

    def slow(*given):
        signals = found(*given)
        import_file(_LIST.replace("air bersih", "buku bacaan"), name="list.csv")
        return signals

    monkeypatch.setattr(enrichment_run, "_called", slow)
    detect()
    assert goals("rumah-air") == set()
    monkeypatch.setattr(enrichment_run, "_called", found)
    assert detect().counts["organizations"]["enriched"] == 1


def test_interrupted_run_resumes(import_file, installation, operator, monkeypatch, ask):
    rows = "".join(f"{n},Lembaga {n},Air bersih di desa nomor {n}\n" for n in range(30))
    import_file(f"id,name,description\n{rows}")
    monkeypatch.setattr("kelompok_core.enrichment.choose.PAGE", 10)
    found, seen = enrichment_run._called, []

    def breaks_off(*given):
        seen.append(len(given[2]))
        return 1 / 0 if len(seen) == 2 else found(*given)

    monkeypatch.setattr(enrichment_run, "_called", breaks_off)
    asked = request_enrichment(installation, EnrichmentRequest(plugin="sdgs-keyword", job="detect-sdgs"), operator)
    with pytest.raises(ZeroDivisionError):
        enrich(installation, asked)
    assert ask("SELECT count(*) AS n FROM sdgs_signals")[0].n == 10
    done = enrich(installation, asked)
    assert done.counts["organizations"]["enriched"] == 20
    assert ask("SELECT count(DISTINCT record_id) AS n FROM sdgs_signals")[0].n == 30
    assert sum(seen) == 40


def test_concurrent_runs_write_each_signal_once(import_file, installation, operator, ask):
    from concurrent.futures import ThreadPoolExecutor

    rows = "".join(f"{n},Lembaga {n},Air bersih di desa nomor {n}\n" for n in range(200))
    import_file(f"id,name,description\n{rows}")
    request = EnrichmentRequest(plugin="sdgs-keyword", job="detect-sdgs", again=True)
    runs = [request_enrichment(installation, request, operator)
            for _ in range(4)]  # fmt: skip
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda one: enrich(installation, one), runs))
    assert [one.state for one in done] == [EnrichmentState.DONE] * 4
    assert ask("SELECT count(*) AS n FROM sdgs_signals")[0].n == 200
    assert ask("SELECT count(*) AS n FROM audit_logs WHERE entity = 'sdgs_signals'")[0].n == 200


def test_pages_and_runs_give_the_same_signals(import_file, detect, monkeypatch, ask, installation, operator):
    description = "Beasiswa anak putus sekolah dan sumur air bersih di desa nomor"
    rows = "".join(f"{n},Lembaga {n},{description} {n}\n" for n in range(50))
    import_file(f"id,name,description\n{rows}")
    query = "SELECT record_id, goal, confidence, evidence FROM sdgs_signals ORDER BY record_id, goal"
    done = detect()
    whole = ask(query)
    undo_enrichment(installation, done.id, operator)
    monkeypatch.setattr("kelompok_core.enrichment.choose.PAGE", 7)
    detect(again=True)
    assert ask(query) == whole
    assert len(whole) >= 100


def test_method_includes_version_and_settings(settings):
    plugin = get_plugin(settings, "sdgs-keyword")
    assert enrichment_run.method_of(plugin, {}) == "0.3.0"
    strict = enrichment_run.method_of(plugin, {"minimum_confidence": 0.8})
    assert strict.startswith("0.3.0+")
    assert strict != enrichment_run.method_of(replace(plugin, config={"minimum_confidence": 0.7}), {})


def test_corrections_are_exported_as_labelled_texts(import_file, detect, say, settings, database):
    import_file(_LIST)
    detect()
    say("remove", "rumah-air", 6)
    say("add", "klub-catur", 4)
    target = StringIO()
    with database.connect() as connection:
        number = write_corrections(list_corrections(connection, get_plugin(settings, "sdgs-keyword")), target)
    rows = list(csv.DictReader(StringIO(target.getvalue())))
    assert number == len(rows) == 2
    by_name = {row["text"].split("\n")[0]: row for row in rows}
    assert by_name["Rumah Air"]["goals"] == ""
    assert by_name["Rumah Air"]["shows"] == ""
    assert by_name["Klub Catur"]["goals"] == "4"
    assert by_name["Klub Catur"]["text"] == "Klub Catur\nBertemu setiap Sabtu sore"
    assert {row["entity"] for row in rows} == {"organizations"}
