"""Source normalizers: normalized values are imported, and evidence keeps the original cells."""

import pytest

from kelompok_core.contracts import SourceBatch, text_table
from kelompok_core.errors import ImportFailed
from kelompok_core.imports.shared.options import ImportOptions
from kelompok_core.plugin_host.configuration import read_document
from tests.enabling import set_enabled

pytestmark = pytest.mark.own_processes

_LIST = "id,Nama,Provinsi,Kota,Medsos\n1,Rumah Baca,jabar,Kab. Bandung,IG: @rumah.baca\n2,Lain,Bali,Kota Bandung,-\n"


@pytest.fixture
def with_plugins(settings):
    set_enabled(settings, "locations", enabled=True)
    set_enabled(settings, "social-links", enabled=True)


def test_places_and_links_are_normalized_and_evidence_is_unchanged(import_file, with_plugins, ask):
    report = import_file(_LIST)
    row = ask("SELECT * FROM organizations WHERE slug = 'rumah-baca'")[0]
    assert (row.region, row.city) == ("Jawa Barat", "Kabupaten Bandung")
    assert row.social_links["instagram"] == "https://www.instagram.com/rumah.baca"
    extra = row.profile_data["extra"]["list"]
    assert (extra["region_code"], extra["city_code"], extra["Medsos"]) == ("32", "32.04", "IG: @rumah.baca")
    raw = ask("SELECT raw FROM source_records WHERE record_id = :id", id=row.id)[0].raw
    assert raw == {"id": "1", "Nama": "Rumah Baca", "Provinsi": "jabar", "Kota": "Kab. Bandung",
                   "Medsos": "IG: @rumah.baca"}  # fmt: skip
    assert report.import_.read_as["normalized_by"] == ["locations@0.1.0", "social-links@0.1.0"]
    conflict = next(group for group in report.groups if group.code == "location.conflict")
    assert (conflict.examples[0].line, conflict.column) == (3, "Kota")


def test_repeat_changes_nothing_and_another_plugin_reads_again(import_file, settings):
    import_file(_LIST)
    assert import_file(_LIST).counts["unchanged"] == 2
    set_enabled(settings, "locations", enabled=True)
    assert import_file(_LIST).counts["merged"] == 2
    assert import_file(_LIST).counts["unchanged"] == 2


def test_plugin_that_is_not_automatic_does_not_run(import_file, with_plugins, settings, ask):
    document = settings.config_file.read_text("utf-8")
    settings.config_file.write_text(document.replace("[plugins.locations]", "[plugins.locations]\nautomatic = false"))
    assert read_document(settings)["plugins"]["locations"]["automatic"] is False
    report = import_file(_LIST)
    assert report.import_.read_as["normalized_by"] == ["social-links@0.1.0"]


def test_mapping_may_name_a_column_that_a_normalizer_adds(import_file, with_plugins, ask):
    import_file(_LIST, options=ImportOptions(mapping={"city_code": "category"}))
    assert ask("SELECT category FROM organizations WHERE slug = 'rumah-baca'")[0].category == "32.04"


def test_error_file_has_the_received_columns(import_file, with_plugins):
    report = import_file(_LIST.replace("Rumah Baca", ""))
    assert list(report.import_.header) == ["id", "Nama", "Provinsi", "Kota", "Medsos"]


def _fewer_rows(_self, batch, _context):
    return SourceBatch(cells=batch.cells.head(1), locations=batch.locations.head(1))


def _fewer_columns(_self, batch, _context):
    return SourceBatch(cells=text_table({"id": list(batch.cells["id"])}), locations=batch.locations)


@pytest.mark.parametrize(("slip", "message"), [
    (lambda *_: 1 / 0, "failed"), (lambda *_: "nothing", "SourceBatch"), (_fewer_rows, "rows"),
    (_fewer_columns, "dropped"),
], ids=["raises", "no-batch", "fewer-rows", "fewer-columns"])  # fmt: skip
def test_failing_normalizer_is_named_by_the_import(in_process, import_file, with_plugins, monkeypatch, slip, message):
    monkeypatch.setattr("kelompok_locations.plugin.LocationsNormalizer.normalize", slip)
    with pytest.raises(ImportFailed, match=rf"locations(.|\n)*{message}"):
        import_file(_LIST)


def test_links_and_places_of_stored_records_are_signals(import_file, settings, installation, operator, ask):
    from kelompok_core.enrichment.run import EnrichmentRequest, enrich, request_enrichment

    import_file(
        "id,name,description,region,city\n1,Rumah,Ikuti IG @rumah.baca atau www.rumah.or.id,Papua,Kab. Merauke\n"
    )
    for plugin, job in (("locations", "resolve-locations"), ("social-links", "find-links")):
        set_enabled(settings, plugin, enabled=True)
        enrich(installation, request_enrichment(installation, EnrichmentRequest(plugin=plugin, job=job), operator))
        done = enrich(
            installation,
            request_enrichment(installation, EnrichmentRequest(plugin=plugin, job=job, again=True), operator),
        )
        counts = done.counts["organizations"]
        assert (counts["enriched"], counts["created"] + counts["updated"] + counts["deleted"]) == (1, 0)
    found = {(row.property, row.value) for row in ask("SELECT property, value FROM profile_signals")}
    assert ("location.city_code", "93.01") in found
    assert ("link.instagram", "https://www.instagram.com/rumah.baca") in found
    assert ("link.website", "https://www.rumah.or.id") in found
    entries = ask("SELECT count(*) AS n FROM audit_logs WHERE entity = 'profile_signals'")[0].n
    assert entries == len(found)
