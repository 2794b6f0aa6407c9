"""What Dagster is told of an import: codes, counts, lines and known headers; never what stands in a file."""

import sys
from dataclasses import replace

import dagster as dg
import pytest
from dagster_shared.serdes import serialize_value

from kelompok_core.errors import ImportFailed, SourceUnreadable
from kelompok_core.imports.reporting.disclosure import Disclosure, column_letters, disclosure_of, show_code
from kelompok_core.imports.shared.imports import get_import
from kelompok_core.imports.shared.options import ImportOptions
from kelompok_core.imports.shared.profiles import Profile, save_profile
from kelompok_core.issues.catalog import all_entries
from kelompok_core.issues.entries import list_facts
from kelompok_pipelines.definitions import build_definitions
from kelompok_pipelines.in_process import Runner
from kelompok_pipelines.resources import Core
from tests.distributions import install_plugin
from tests.enabling import set_enabled

pytestmark = [
    pytest.mark.proof,
    pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning"),
]

_JOB, _STAGE = "csv_import__import_organizations", "csv_import__import_organizations__stage"
_ODD = {
    "name": "odd", "version": "1.0", "api": "1", "implements": {"organization_importer": "odd_teller.reader:Reader"},
    "permissions": {"propose": ["organizations"]},
    "jobs": [{"name": "read", "uses": "organization_importer", "entity": "organizations", "inputs": ["text/csv"]}],
}  # fmt: skip
_READER = """
class Reader:
    def read(self, source, context):
        row = source.path.read_text()
        try:
            raise KeyError(row)
        except KeyError as error:
            raise ValueError(f"bad row {row}") from error
        yield
"""


@pytest.fixture
def stored(instance):
    """Give everything Dagster keeps of its runs, as text."""

    def run():
        runs = instance.get_runs()
        events = [entry for one in runs for entry in instance.all_logs(one.run_id)]
        return "\n".join(map(serialize_value, [*runs, *events]))

    return run


@pytest.fixture
def odd_plugin(tmp_path, monkeypatch, settings):
    """A reader that raises what it reads."""
    monkeypatch.syspath_prepend(str(tmp_path))
    install_plugin(tmp_path, "odd_teller", _ODD, reader=_READER)
    set_enabled(settings, "odd", enabled=True)
    yield
    for name in [name for name in sys.modules if name.startswith("odd_teller")]:
        del sys.modules[name]


def _failure(result):
    (event,) = [event for event in result.all_events if event.is_step_failure]
    return event.step_failure_data.user_failure_data


def test_issues_show_code_line_and_known_header(execute, tmp_path, stored):
    file = tmp_path / "list.csv"
    file.write_text("id,NIK,name,email,Sandi Rahasia Kami\n1,3171000000999001,Satu,surel-rusak-qq1,nilai-qq2\n")
    result = execute(_JOB, _STAGE, file=str(file))
    assert result.success
    metadata = {event.asset_key.path[-1].removeprefix("organizations_"): event.materialization.metadata
                for event in result.get_asset_materialization_events()}  # fmt: skip
    issues = {one.data["code"]: one.data for one in metadata["decisions"]["issues"].records}
    assert (issues["value.email"]["column"], issues["value.email"]["line"]) == ("email", "2")
    assert issues["header.sensitive_refused"]["column"] == "column B"
    assert issues["header.unknown"]["column"] == "column E"
    assert set(issues["value.email"]) == {"code", "severity", "column", "count", "line"}
    assert metadata["candidates"]["mapping"].value == {"external_id": "id", "name": "name", "official_email": "email"}
    assert metadata["candidates"]["read_as"].value["delimiter"] == ","
    assert not [one for one in ("surel-rusak-qq1", "nilai-qq2", "Sandi Rahasia", "3171000000999001") if one in stored()]


def test_a_refused_file_shows_only_code_and_place(execute, tmp_path, stored, ask):
    file = tmp_path / "list.csv"
    file.write_text("Siti-qq1,siti-qq2@contoh.id\nBudi-qq3,budi-qq4@contoh.id\n")
    failure = _failure(execute(_JOB, _STAGE, file=str(file)))
    (row,) = ask("SELECT id, failure FROM imports")
    assert "Siti-qq1" in row.failure, "the import's own report says it all"
    assert "header.missing" in failure.description
    assert f"kelompok import show {row.id}" in failure.description
    assert failure.metadata["import"].value == str(row.id)
    assert "-qq" not in stored()


def test_what_a_plugin_raises_stays_with_the_import(odd_plugin, execute, tmp_path, stored, ask):
    file = tmp_path / "list.csv"
    file.write_text("isi-baris-qq1\n")
    failure = _failure(execute("odd__read", "odd__read__stage", file=str(file)))
    assert failure.metadata["code"].value == ImportFailed.code
    assert "reader.py" in failure.metadata["where"].value
    assert "isi-baris-qq1" in ask("SELECT failure FROM imports")[0][0]
    assert "qq1" not in stored()


def test_an_unexpected_error_shows_only_its_name(execute, file, stored, monkeypatch):
    row = "isi-qq1"

    def fail(*_args, **_kwargs):
        raise RuntimeError(row)

    monkeypatch.setattr("kelompok_pipelines.assets.importing.decide", fail)
    failure = _failure(execute(_JOB, _STAGE, file=str(file)))
    assert "RuntimeError" in failure.description
    assert "qq1" not in stored()


def test_an_invalid_request_is_explained(execute, tmp_path):
    failure = _failure(execute(_JOB, _STAGE, file=str(tmp_path / "gone.csv")))
    assert "No file" in failure.description
    failure = _failure(execute(_JOB, _STAGE, file=str(tmp_path / "gone.csv"), settings={"header_line": "rahasia-qq1"}))
    assert "plugins.csv-import.header_line" in failure.description
    assert "qq1" not in failure.description


def test_who_runs_the_job_in_this_process_gets_the_error_itself(settings, installation, instance, operator, tmp_path):
    from kelompok_core.imports.receiving.receive import ImportRequest, receive

    file = tmp_path / "list.csv"
    file.write_text("Alamat\nJl. Satu\n")
    request = ImportRequest(plugin="csv-import", job="import-organizations", file=file)
    import_id = receive(installation, request, operator).import_id
    definitions = build_definitions(settings, Core(installation=installation))
    runner = Runner(installation=installation, definitions=definitions, instance=instance)
    with pytest.raises(SourceUnreadable, match="Alamat") as caught:
        runner.run_import(import_id)
    assert not isinstance(caught.value.__context__, dg.Failure)


def test_a_header_is_shown_if_the_entity_or_the_profile_knows_it(import_file, settings):
    save_profile(settings, "kami", Profile(options=ImportOptions(mapping={"Sebutan Kami": "name"})))
    options = ImportOptions(mapping={"Sebutan Kami": "name"})
    import_ = import_file("No KTP,Sebutan Kami,E-mail,Kosong Qq\n1,Satu,a@b.id,2\n", options=options).import_
    asked = ["Sebutan Kami", "E-mail", "No KTP", "Kosong Qq", "Tidak Ada"]
    by_itself = Disclosure(import_=import_)
    assert [by_itself.column(one) for one in asked] == ["column B", "E-mail", "column A", "column D", None]
    profiled = replace(import_, options=replace(options, profile="kami"))
    assert disclosure_of(settings, profiled).column("Sebutan Kami") == "Sebutan Kami"
    gone = replace(import_, options=replace(options, profile="gone"))
    assert disclosure_of(settings, gone).column("Sebutan Kami") == "column B"
    older = [{**one, "params": {}} for one in import_.issues]
    assert Disclosure(import_=replace(import_, issues=older)).column("Kosong Qq") is None, (
        "no letter rather than a wrong one"
    )


def test_how_a_file_was_read_is_shown_without_text_of_the_file(installation, import_file, database):
    report = import_file("name\nSatu\n")
    with database.connect() as connection:
        import_ = get_import(connection, report.import_.id)
    said = {"encoding": "windows-1252", "delimiter": ";", "quote": "Siti Rahayu", "header_line": 3, "records": "siti.x",
            "shape": "list", "date_order": {"Siti": "DMY"}, "comment": ["Siti"]}  # fmt: skip
    told = Disclosure(import_=replace(import_, read_as=said)).reading()
    assert told == {"encoding": "windows-1252", "delimiter": ";", "header_line": 3, "shape": "list"}


@pytest.mark.parametrize("code", [*sorted(all_entries()), "odd.refusal"])
def test_sentences_of_findings_contain_no_text_of_the_file(import_file, code):
    import_ = import_file("id,name,Kepala-qq\n1,Satu,2\n").import_
    texts = list_facts(all_entries()[code].texts["en"]) if code in all_entries() else set()
    finding = {"code": code, "column": "Kepala-qq", "value": "qq", "params": dict.fromkeys(texts, "isi-qq")}
    told = Disclosure(import_=import_).sentence(finding)
    assert "qq" not in told
    assert told.endswith(f"[{code}, column C]")
    lists = {name: ["isi-qq"] for name in texts}
    listed = Disclosure(import_=import_).sentence({**finding, "column": "Lain-qq", "params": lists})
    assert "qq" not in listed
    assert listed.endswith(f"[{code}]")
    numbers = Disclosure(import_=import_).sentence({**finding, "params": dict.fromkeys(texts, 3171997755331188)})
    assert "3171997755331188" not in numbers.partition(" [")[0]


def test_codes_and_letters():
    assert [column_letters(place) for place in (1, 26, 27, 702, 703)] == ["A", "Z", "AA", "ZZ", "AAA"]
    assert [show_code(one) for one in ("value.email", "Siti Rahayu", "x" * 80)] == ["value.email", *["(no code)"] * 2]
