"""Headers: spelling, aliases and mappings; no column is dropped silently."""

import pytest

from kelompok_core.entities import list_entities
from kelompok_core.errors import UsageError
from kelompok_core.headers.mapping import ERROR_FILE_COLUMNS, HeaderField, map_headers
from kelompok_core.headers.spelling import fold_header
from kelompok_core.imports.shared.columns import header_fields, map_columns
from kelompok_core.organizations.entity import DESCRIPTOR
from kelompok_core.records.owners_sql import OWNER
from kelompok_core.records.registry import get_descriptor

_FIELDS = (
    HeaderField(name="name", aliases=("nama",), required=True),
    HeaderField(name="city", aliases=("kota", "kab/kota"), required=False),
)


def _codes(mapping):
    return [(issue.code, issue.column) for issue in mapping.issues]


@pytest.mark.parametrize(
    "written", ["Nama_Organisasi*", "namaOrganisasi", "  NAMA   ORGANISASI ", "nama-organisasi:", "Náma Organisasi"]
)
def test_spellings_of_one_header(written):
    assert fold_header(written) == "nama organisasi"


def test_earlier_alias_wins_and_the_other_column_is_extra_with_a_warning():
    mapping = map_headers(["Kota", "Kab/Kota", "NAMA"], _FIELDS, given={})
    assert mapping.targets == {"Kota": "city", "NAMA": "name"}
    assert mapping.extra == ["Kab/Kota"]
    assert _codes(mapping) == [("header.ambiguous", "Kab/Kota")]


def test_given_mapping_wins():
    mapping = map_headers(["Kota", "Tempat", "Nama", "Warna"], _FIELDS, given={"tempat": "city", "Warna": "-"})
    assert mapping.targets == {"Tempat": "city", "Nama": "name"}
    assert mapping.ignored == ["Warna"]
    assert mapping.extra == ["Kota"]


@pytest.mark.parametrize(("given", "message"), [
    ({"Kotaa": "city"}, "Kota"), ({"Kota": "cty"}, "city"), ({"Kota": "city", "Nama": "city"}, "already"),
])  # fmt: skip
def test_wrong_mapping_names_the_existing_columns(given, message):
    with pytest.raises(UsageError) as caught:
        map_headers(["Kota", "Nama"], _FIELDS, given=given)
    assert message in f"{caught.value.message} {caught.value.hint}"


def test_personal_data_is_refused_unless_named():
    mapping = map_headers(["Nama", "No. KTP"], _FIELDS, given={})
    assert mapping.dropped == ["No. KTP"]
    assert _codes(mapping) == [("header.sensitive_refused", "No. KTP")]
    assert mapping.issues[0].params == {"position": 2}
    assert map_headers(["Nama", "No. KTP"], _FIELDS, given={"No. KTP": "extra"}).extra == ["No. KTP"]


def test_columns_of_error_files_are_ignored():
    mapping = map_headers(["Nama", *ERROR_FILE_COLUMNS], _FIELDS, given={})
    assert mapping.dropped == list(ERROR_FILE_COLUMNS)
    assert mapping.extra == []


def test_missing_required_field_is_fatal_and_names_aliases():
    (issue,) = [one for one in map_headers(["Alamat"], _FIELDS, given={}).issues if one.code == "header.missing"]
    assert issue.severity == "fatal"
    assert issue.params == {"field": "name", "aliases": ["nama"], "columns": ["Alamat"]}


@pytest.mark.parametrize(("header", "field"), [
    ("Nama Organisasi", "name"), ("Organisation Name", "name"), ("Nama Yayasan", "name"), ("Kab/Kota", "city"),
    ("PROVINSI", "region"), ("Situs Web", "website_url"), ("E-mail", "official_email"), ("No. Telp.", "phone"),
    ("Tahun Berdiri", "founded_on"), ("Alamat Lengkap", "address"), ("Kode", "external_id"), ("Negara", "country"),
])  # fmt: skip
def test_headers_of_organizations_in_both_languages(header, field):
    columns = ["Nama", header] if field != "name" else [header]
    assert map_columns(DESCRIPTOR, columns, {}, scoped=False).targets[header] == field


@pytest.mark.parametrize("entity", list_entities())
def test_no_alias_belongs_to_two_fields(entity):
    claimed = {}
    for one in header_fields(get_descriptor(entity), scoped=False):
        for alias in (one.name, *one.aliases):
            assert claimed.setdefault(fold_header(alias), one.name) == one.name, alias


# Headers as forms, federations and other programs write them.
_HEADERS = {
    "members": {
        "Nama Lengkap": "name", "Full Name": "name", "First Name": "given_name", "Last name": "family_name",
        "Jabatan": "position", "Job Title": "position", "Periode Mulai": "started_on", "Member since": "started_on",
        "Joined": "started_on",
        "Joined Group on": "started_on", "Periode Selesai": "ended_on", "Renewal due": "ended_on", "No. HP": "phone",
        "no_wa": "phone", "can2_phone": "phone", "Phone 1 - Value": "phone", "Email Address": "email",
        "No. Anggota": "external_id", "NIA": "external_id", "Member ID": "external_id", "TAGS": "tags",
        "Membership status": "status", "is_active": "status", "Aktif": "status",
        "Company name": "organization", "Nama Organisasi": "organization",
    },
    "posts": {
        "Judul": "title", "post_title": "title", "content:encoded": "content", "isi": "content",
        "pubDate": "published_at",
        "wp:post_date_gmt": "published_at", "Tanggal Terbit": "published_at", "Permalink": "canonical_url",
        "Categories": "category", "Tags": "tags", "Slug": "slug", "DOI": "external_id", "wp:status": "status",
        "Language": "language", "dc:creator": "author",
    },
    "events": {
        "Nama Kegiatan": "title", "SUMMARY": "title", "Event Name": "title", "DTSTART": "starts_at",
        "Tanggal Pelaksanaan": "starts_at", "startDate": "starts_at", "Jam Mulai": "start_time",
        "Jam Selesai": "end_time",
        "DTEND": "ends_at", "Tanggal Selesai": "ends_at", "Tempat Pelaksanaan": "location_name",
        "Venue": "location_name",
        "UID": "external_uid", "eventStatus": "status", "organizer": "organization", "Kab/Kota": "city",
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("entity", "header", "field"), [(entity, *pair) for entity, known in _HEADERS.items() for pair in known.items()]
)
def test_headers_of_members_posts_and_events(entity, header, field):
    assert map_columns(get_descriptor(entity), [header, "x"], {}, scoped=False).targets[header] == field


@pytest.mark.parametrize("entity", list_entities())
def test_all_entities_except_organizations_have_an_owner(entity):
    assert get_descriptor(entity).belongs == (entity != OWNER)


@pytest.mark.parametrize("header", [
    "DoB", "D.O.B.", "dob", "Date of Birth", "date_of_birth", "DateOfBirth", "Birthday", "Birth Year",
    "Year of Birth", "birthplace", "TTL", "T.T.L.", "Tempat, Tanggal Lahir", "Tempat Lahir", "Tgl. Lahir",
    "tgl lahir", "Tahun Lahir", "Mother's Name", "Mothers Maiden Name", "Nama Ibu Kandung", "Nama Ibu", "Paspor",
    "No. Paspor", "Passport No", "NIK", "No. KTP", "nomor KTP", "No KK", "Agama", "Religion", "Gol. Darah",
    "Blood Type", "password", "Kata Sandi", "member.birth_date", "pribadi.agama", "Contact1 Birthdate", "Ethnicity",
    "SSN", "dateofbirth", "tgllahir", "BDay", "tgl_lhr", "namaibu", "Ibu Kandung", "ibuKandung", "Kartu Keluarga",
    "ID Card No.", "No. Induk Kependudukan", "Keyakinan", "TANGGALLAHIR", "anggota_tempatlahir", "b_date",
    "Ulang Tahun", "Tgl Ultah", "P.O.B.", "National Identification Number", "SIM (A/C)", "Faith",
    "Religious affiliation", "Geburtsort", "Date de naissance", "Fecha de nacimiento",
    "出生日期", "身份证号", "生年月日",
    "Дата рождения", "Nric/Fin", "MyKad", "Aadhaar No", "CURP", "CPF", "user_pass", "password_hash",
    "remember_token", "API key", "Mật khẩu", "Födelsedatum", "Fødselsdato", "KTP", "No (sesuai KTP)",
    "Nomor KTP (sesuai identitas)", "Foto KTP", "Nama dan No. KTP", "Nama / NIK", "Nama/KTP", "Nama & KTP",
    "Nama dan KTP", "Nama sesuai KTP dan NIK", "Nama (Ibu Kandung)", "Nama ibu kandung (sesuai KK)",
    "Tanggal lahir sesuai KTP", "Birthdate__c", "Passport (scan)", "ID as in passport", "Pasport", "Nama / Pasport",
    "EKTP", "Nama & e KTP", "Kartu Tanda Penduduk", "Nama / Kartu Tanda Penduduk",
])  # fmt: skip
def test_personal_data_is_refused_however_it_is_spelled(header):
    assert map_headers([header, "Nama"], _FIELDS, given={}).dropped == [header]


@pytest.mark.parametrize("header", [
    "Kota Lahan", "Unikom", "Teknik", "Keluarga", "Birthing Centre Name", "Passportless", "Ibu kota", "Nama Ibukota",
    "Kontak Darurat", "Agamais", "Pakaian", "Mother tongue", "Faith-based organisation", "SIMKAH",
    "Ulang tahun organisasi", "passion", "Compass", "Secretariat", "Token of thanks", "Member ID Card No",
    "Sukarelawan", "Tanggal lahir organisasi", "Childbirth Daycare", "Nama Bapak/Ibu", "Nama (Ibu/Bapak)",
    "Simpanan", "Salto", "Nama sesuai KTP", "Alamat (KTP)", "Nama Lengkap (sesuai KTP/Paspor)",
    "Kota (sesuai e-KTP)", "Name as in passport", "Nama (sesuai identitas)", "Nama lengkap sesuai KTP tanpa gelar",
    "Alamat KTP", "Nama Paspor", "Nama Pasport", "Alamat Pasport",
    "Full name (as per ID card)", "Address (as shown on your passport or national ID)",
    "Nama Kelahiran Organisasi",
])  # fmt: skip
def test_similar_harmless_headers_are_kept(header):
    assert map_headers([header, "Nama"], _FIELDS, given={}).dropped == []


@pytest.mark.parametrize(("entity", "refused"), [("members", True), ("organizations", False), ("events", False)])
def test_anniversary_is_a_birthday_only_for_people(entity, refused):
    dropped = map_columns(get_descriptor(entity), ["Nama", "Tgl. Ulang Tahun"], {}, scoped=True).dropped
    assert bool(dropped) == refused


@pytest.mark.parametrize(("header", "field"), [
    ("Nama Lengkap (sesuai KTP)", "name"), ("NAMA SESUAI KTP *", "name"), ("2. Nama Lengkap sesuai e-KTP", "name"),
    ("Name as in passport", "name"), ("Full Name (as in passport)", "name"), ("Alamat (sesuai KTP)", "address"),
    ("Alamat KTP", "address"), ("Kota (KTP)", "city"), ("Nama lengkap sesuai KTP tanpa gelar", "name"),
    ("Email (aktif)", "email"), ("HP (WA aktif)", "phone"), ("Email (work)", "email"),
    ("No. HP (bukan orang tua)", "phone"), ("Jabatan (ketua/anggota)", "position"),
    ("Status (aktif/keluar)", "status"), ("Nama (Bapak/Ibu)", "name"), ("Email (wali)", None),
    ("HP (orang tua)", None), ("Alamat (kantor)", None), ("Phone [emergency contact]", None),
    ("Alamat (Orang Tua) *", None), ("Status (perkawinan)", None), ("Status (marital)", None), ("Nama (ayah)", None),
    ("3. E-mail (Parent/Guardian)", None), ("Telp/HP Ayah", None), ("Kota <sekolah>", None),
    ("Facebook (istri)", None),
])  # fmt: skip
def test_note_in_a_header_names_the_owner_of_the_value(header, field):
    mapping = map_columns(get_descriptor("members"), ["Panggilan", header], {}, scoped=True)
    assert mapping.targets.get(header) == field
    if field is None:
        assert ("header.unknown", header) in _codes(mapping)


def test_office_address_belongs_to_an_organization():
    for header in ("Alamat (kantor)", "Alamat Kantor"):
        assert map_columns(DESCRIPTOR, ["Nama", header], {}, scoped=False).targets[header] == "address"


@pytest.mark.parametrize("written", [
    "Nama Organisasi *", "nama organisasi (wajib)", "NAMA ORGANISASI:", "Nama_Organisasi", "namaOrganisasi",
    "Nama Organisasi [contoh: Yayasan X]", "  nama   organisasi ", "Nama Organisasi (isi lengkap) *",
    "*Nama Organisasi", "Nama\nOrganisasi", "Nama Organisasi?", "“Nama Organisasi”", "1. Nama Organisasi",
    "12) Nama Organisasi", "Nama Organisasi / Organization Name",
])  # fmt: skip
def test_notes_and_marks_in_headers_are_ignored(written):
    fields = header_fields(get_descriptor("organizations"), scoped=False)
    assert map_headers([written], fields, given={}).targets == {written: "name"}


def _map(*columns, fields=_FIELDS, **facts):
    return map_headers(columns, fields, given=facts.pop("given", {}), **facts)


def test_a_running_number_identifies_nothing_and_is_named():
    mapping = _map("No.", "Nama")
    assert mapping.ignored == ["No."]
    assert _codes(mapping) == [("id.looks_like_running_number", "No.")]


@pytest.mark.parametrize("beside", ["_uuid", "SubmissionDate"])
def test_when_a_form_was_filled_in_is_extra_data(beside):
    fields = (*_FIELDS, HeaderField(name="starts_at", aliases=("start",)))
    mapping = _map("Nama", "start", beside, fields=fields)
    assert "start" in mapping.extra
    assert ("header.form_metadata", "start") in _codes(mapping)
    assert ("header.form_metadata", "Nama") not in _codes(mapping)
    assert _map("Nama", "start", fields=fields).targets == {"Nama": "name", "start": "starts_at"}


def test_a_header_of_two_words_is_known_when_they_are_joined():
    fields = (HeaderField(name="city", aliases=("asal kota",)),)
    assert _map("asalkota", fields=fields).targets == {"asalkota": "city"}


_CALLED_TWICE = (HeaderField(name="phone", aliases=("telp", "hp"), further="other"), HeaderField(name="other"))


def test_a_second_column_with_an_alias_is_the_further_field():
    mapping = _map("HP", "Telp", fields=_CALLED_TWICE)
    assert mapping.targets == {"Telp": "phone", "HP": "other"}


@pytest.mark.parametrize(("columns", "given"), [(("HP", "Telp", "Other"), {}), (("HP", "Telp", "X"), {"X": "other"})])
def test_a_further_field_that_has_a_column_takes_no_second_one(columns, given):
    mapping = _map(*columns, fields=_CALLED_TWICE, given=given)
    assert mapping.targets == {"Telp": "phone", columns[2]: "other"}
    assert ("header.ambiguous", "HP") in _codes(mapping)


def test_a_weak_alias_counts_only_beside_its_field():
    fields = (*_FIELDS, HeaderField(name="people", weak_aliases=("kuota", "peserta"), beside=frozenset({"name"})))
    assert _map("Peserta", "Kuota", "Nama", fields=fields).targets == {"Nama": "name", "Kuota": "people"}
    assert _map("Peserta", "Kota", fields=fields).targets == {"Kota": "city"}


def test_an_alias_that_must_be_distinct_is_no_id_where_a_value_repeats():
    fields = (*_FIELDS, HeaderField(name="id", distinct_aliases=("kode",)))
    assert _map("Kode", fields=fields).targets == {"Kode": "id"}
    assert _map("Kode", fields=fields, repeating=["Kode"]).extra == ["Kode"]


def test_an_alias_for_times_with_a_zone_needs_the_zone():
    fields = (*_FIELDS, HeaderField(name="at", zoned_aliases=("jam",), dated=True))
    assert _map("Jam (WIB)", fields=fields).targets == {"Jam (WIB)": "at"}
    assert _map("Jam", fields=fields).extra == ["Jam"]
    assert _map("Kota WIB", fields=fields).extra == ["Kota WIB"]


def test_of_two_columns_with_one_date_the_one_with_a_zone_wins():
    fields = (*_FIELDS, HeaderField(name="at", aliases=("mulai",), dated=True))
    assert _map("Mulai", "Mulai WIB", fields=fields).targets == {"Mulai WIB": "at"}


def test_a_field_by_name_only_is_found_by_no_header():
    fields = (*_FIELDS, HeaderField(name="color", aliases=("warna",), by_name_only=True))
    assert _map("Warna", fields=fields).extra == ["Warna"]
    assert _map("Warna", fields=fields, given={"Warna": "color"}).targets == {"Warna": "color"}


def test_one_of_the_alternatives_is_as_good_as_a_required_field():
    fields = (HeaderField(name="starts_on", required=True, instead=frozenset({"starts_at"})),
              HeaderField(name="starts_at"))  # fmt: skip
    assert _map("starts_at", fields=fields).issues == []
    assert _codes(_map("x", fields=fields)) == [("header.unknown", "x"), ("header.missing", None)]


def test_a_mapping_that_fits_two_headers_is_refused():
    with pytest.raises(UsageError, match="has no column"):
        _map("KOTA", "Kota ", given={"kota": "city"})
    assert _map("KOTA", "Kota", given={"Kota": "city"}).targets == {"Kota": "city"}


def test_a_long_list_of_columns_is_cut_in_a_sentence():
    columns = ["a" * 30, "b" * 30, "c"]
    (issue,) = [one for one in _map(*columns).issues if one.code == "header.missing"]
    assert issue.params["columns"] == [*columns[:2], "…"]


def test_reader_says_what_it_knows_of_columns():
    columns = ["Nama", "Surel", "Surel lain", "No", "Tak dikenal", "changed"]
    known = {
        "Surel": "extra",
        "Surel lain": "official_email",
        "No": "external_id",
        "Nama": "-",
        "changed": "changed_at",
    }
    mapping = map_columns(get_descriptor("organizations"), columns, {"Nama": "name"}, scoped=False, known=known)
    assert mapping.targets == {
        "Nama": "name", "Surel lain": "official_email", "No": "external_id", "changed": "changed_at",
    }  # fmt: skip
    assert mapping.extra == ["Surel", "Tak dikenal"]
    assert [(issue.code, issue.column) for issue in mapping.issues] == [("header.unknown", "Tak dikenal")]


def test_person_wins_over_the_reader_and_refused_data_stays_refused():
    known = {"mail": "email", "other": "phone", "NIK": "notes", "Lembaga": "organization"}
    columns = ["name", "surel", *known]
    mapping = map_columns(get_descriptor("members"), columns, {"surel": "email"}, scoped=True, known=known)
    assert mapping.targets == {"surel": "email", "name": "name", "other": "phone"}
    assert mapping.extra == ["mail", "Lembaga"], "rows of a limited import do not name their organization"
    assert mapping.dropped == ["NIK"]
    assert [issue.code for issue in mapping.issues] == ["header.sensitive_refused"]
