"""An organization that rows name by its id: the one of the rows' own source, before that of another source."""

from tests.counting import decided


def _owners(ask):
    return [
        tuple(row)
        for row in ask("SELECT m.name, o.name FROM members m JOIN organizations o ON o.id = m.organization_id")
    ]


def test_the_own_source_is_asked_first(import_file, ask):
    import_file("id,name\n11,Forum Air\n", source="civicrm")
    import_file("id,name\n11,Rumah Baca\n", source="lain")
    report = import_file("id,name,organization\n5,Siti,11\n", source="civicrm", entity="members")
    assert decided(report) == {"rows_read": 1, "accepted": 1}
    assert _owners(ask) == [("Siti", "Forum Air")]


def test_an_id_of_other_sources_only_counts_if_it_is_the_only_one(import_file, ask):
    import_file("id,name\n11,Forum Air\n", source="satu")
    report = import_file("id,name,organization\n5,Siti,11\n", source="dua", entity="members")
    assert decided(report) == {"rows_read": 1, "accepted": 1}
    import_file("id,name\n11,Rumah Baca\n", source="lain")
    report = import_file("id,name,organization\n6,Budi,11\n", source="tiga", entity="members")
    assert decided(report) == {"rows_read": 1, "rejected": 1}
    assert _owners(ask) == [("Siti", "Forum Air")]


def test_a_ready_profile_names_the_source(install, import_file, ask, settings):
    from kelompok_core.imports.shared.options import ImportOptions
    from kelompok_core.imports.shared.profiles import chosen_profile

    manifest = {
        "name": "odd", "version": "1", "implements": {"importer": "odd_plugin.code:Odd"},
        "jobs": [{"name": "read", "uses": "importer", "entity": "organizations", "inputs": ["text/csv"]}],
        "permissions": {"propose": ["organizations"]},
        "profiles": [{"name": "theirs", "job": "read", "source": "their-system", "mapping": {"x": "name"}}],
    }  # fmt: skip
    install(manifest, code="class Odd: ...")
    profile = chosen_profile(settings, ImportOptions(profile="odd/theirs"))
    assert (profile.source_name, dict(profile.options.mapping)) == ("their-system", {"x": "name"})
