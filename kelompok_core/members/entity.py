"""The descriptor of members: fields, aliases, keys, protected columns and merge policies."""

from functools import partial

from kelompok_core.descriptor import (
    OWNER_HEADERS,
    OWNER_ID_HEADERS,
    OWNER_NAME_HEADERS,
    DerivedColumn,
    Detail,
    EntityDescriptor,
    Field,
    Kind,
    MatchRule,
    Part,
    Withdrawal,
)
from kelompok_core.matching.keys import email_key, name_key
from kelompok_core.members.schema import member_schema
from kelompok_core.values.consent import FLAGS, OPTED_OUT, do_not_contact
from kelompok_core.values.dates import first_day, last_day
from kelompok_core.values.email import email
from kelompok_core.values.eras import BIRTH, JOINING, LEAVING
from kelompok_core.values.merge_policy import MergePolicy
from kelompok_core.values.people import person_name
from kelompok_core.values.phones import phone
from kelompok_core.values.places import city, country, region
from kelompok_core.values.social import social
from kelompok_core.values.text import line, text
from kelompok_core.values.url import url
from kelompok_core.values.words import choice, tags

STATUS_WORDS = {
    "active": ("aktif", "subscribed", "current", "anggota", "member", "terdaftar", "confirmed", "enabled", "ya", "yes",
               "y", "true", "1", "1 0"),
    "inactive": (
        "tidak aktif", "nonaktif", "non aktif", "unreachable", "lapsed", "expired", "resigned", "keluar", "berhenti",
        "mengundurkan diri", "archived", "former", "mantan", "no", "tidak", "tdk", "n", "false",
        "0", "0 0", "disabled", "not active",
        *(word for words in OPTED_OUT.values() for word in words),
    ),
}  # fmt: skip

_FIELDS = (
    Field(
        name="name",
        read=person_name,
        detail=Detail.NAME,
        parts=(
            Part(
                name="given_name",
                aliases=("first name", "given name", "firstname", "first", "name first", "nama depan",
                         "player first name",
                         "contact1 firstname c"),
                suffices=True,
            ),
            Part(name="middle_name", aliases=("middle name", "additional name", "nama tengah")),
            Part(
                name="family_name",
                aliases=("last name", "family name", "surname", "lastname", "last", "name last", "nama belakang",
                         "nama keluarga", "contact1 lastname c"),
                suffices=True,
            ),
            Part(name="email", suffices=True),
        ),
        required=True,
        derived_from="email",
        aliases=(
            "full name", "nama lengkap", "nama anggota", "nama pengurus", "nama", "display name", "member name",
            "contact name",
        ),
    ),
    Field(
        name="position",
        normalize=line,
        aliases=("jabatan", "posisi", "peran", "job title", "title", "role", "professional title", "member role",
                 "organization 1 title", "organization title", "kedudukan"),
    ),
    Field(
        name="email",
        normalize=email,
        aliases=("email address", "e-mail", "e-mail address", "surel", "alamat email", "primary email",
                 "emails primary email",
                 "contact1 personal email c", "dads email", "e mail 1 value", "email 1", "email home", "home email",
                 "personal email", "work email", "email work", "member email", "user email", "primary e mail",
                 "npe01 workemail c"),
    ),
    Field(
        name="phone",
        read=phone,
        detail=Detail.NUMBER,
        parts=(Part(name="country"), Part(name="region")),
        aliases=(
            "no hp", "hp", "nomor hp", "no telp", "no telepon", "nomor telepon", "telepon", "telp", "wa", "no wa",
            "whatsapp", "mobile", "mobile phone", "mobile number", "phone number", "mobile phone number", "cell phone",
            "phone1", "phone 1", "phone 1 value", "primary phone", "work phone", "business phone", "home phone",
            "can2 phone",
            "contact1 mobile phone c", "handphone",
        ),
    ),
    Field(
        name="started_on",
        read=partial(first_day, era=JOINING),
        detail=Detail.DATE,
        kind=Kind.DAY,
        aliases=("periode mulai", "tanggal bergabung", "tgl bergabung", "mulai menjabat", "tanggal mulai",
                 "member since", "start date", "joined group on", "joined on", "join date", "date joined",
                 "joined date", "joined", "tahun bergabung", "bergabung",
                 "user registered", "confirm time", "optin time"),
    ),
    Field(
        name="ended_on",
        read=partial(last_day, era=LEAVING),
        detail=Detail.DATE,
        kind=Kind.DAY,
        aliases=("periode selesai", "akhir jabatan", "tanggal selesai", "renewal due", "end date", "tanggal keluar"),
    ),
    Field(
        name="status",
        normalize=choice(STATUS_WORDS),
        default="active",
        aliases=("membership status", "status keanggotaan", "status anggota", "keaktifan", "aktif", "active",
                 "is active", "status aktif", "active status"),
    ),
    Field(
        name="do_not_contact",
        read=do_not_contact,
        parts=(*(Part(name=flag, aliases=headers, suffices=True) for flag, headers in FLAGS.items()),
               Part(name="status", suffices=True)),
        kind=Kind.LIST,
        column="profile_data",
        key="do_not_contact",
        policy=MergePolicy.APPEND_SET,
        only_added=True,
        aliases=("do not contact", "opted out of", "jangan dihubungi lewat"),
    ),
    Field(
        name="birth_date",
        read=partial(first_day, era=BIRTH),
        detail=Detail.DATE,
        kind=Kind.DAY,
        column="profile_data",
        key="birth_date",
        aliases=(),
    ),
    Field(
        name="address",
        normalize=text,
        column="profile_data",
        key="address",
        aliases=("alamat", "alamat lengkap", "street address", "postal address", "home street c", "home street",
                 "mailing street", "business street", "address 1 formatted", "address 1 street"),
    ),
    Field(
        name="city",
        normalize=city,
        column="profile_data",
        key="city",
        aliases=("kota", "kabupaten/kota", "kab/kota", "kabupaten", "town", "domisili", "can2 user city", "home city",
                 "mailing city", "business city", "address 1 city"),
    ),
    Field(
        name="region",
        normalize=region,
        column="profile_data",
        key="region",
        aliases=("provinsi", "state", "province", "province/state", "state/province", "county", "wilayah", "home state",
                 "mailing state", "mailing state/province", "business state", "address 1 region"),
    ),
    Field(
        name="country",
        normalize=country,
        column="profile_data",
        key="country",
        aliases=("negara", "country name", "country code", "home country", "home country/region", "mailing country",
                 "business country", "business country/region", "address 1 country"),
    ),
    Field(
        name="website_url",
        normalize=url,
        column="profile_data",
        key="website_url",
        aliases=("website", "web", "url", "homepage", "situs", "page url", "url of member profile",
                 "website 1 value", "web page", "personal website"),
    ),
    Field(
        name="tags",
        normalize=tags,
        kind=Kind.LIST,
        column="profile_data",
        key="tags",
        aliases=("label", "labels", "tag", "kata kunci", "group membership", "can2 user tags"),
    ),
    Field(name="notes", normalize=text, column="profile_data", key="notes", aliases=("catatan", "note", "keterangan")),
    *(
        Field(name=name, normalize=social(name), column="social_links", key=name, aliases=(f"{name} url", *more))
        for name, more in (
            ("facebook", ("fb",)),
            ("instagram", ("ig", "akun instagram")),
            ("twitter", ("x", "akun twitter")),
            ("youtube", ("kanal youtube",)),
            ("linkedin", ("profil linkedin",)),
        )
    ),
)  # fmt: skip

DESCRIPTOR = EntityDescriptor(
    entity="members",
    fields=_FIELDS,
    external_id_aliases=(
        "external id", "external identifier", "no anggota", "nomor anggota", "nia", "member id", "id anggota",
        "record id", "contact id", "kode", "uuid", "leid", "id", "key", "user id",
    ),
    label="name",
    list_names=(
        "members", "member", "people", "persons", "person", "contacts", "contact", "users", "user",
        "subscribers", "volunteers", "staff", "board", "committee", "authors", "speakers", "anggota", "orang",
        "kontak", "pengguna", "pengurus", "relawan", "penulis", "pembicara",
    ),
    has_slug=False,
    organization_aliases=(
        *OWNER_HEADERS, *OWNER_ID_HEADERS, "company name", "company", "group name", "chapter", "cabang", "account name",
        "organization 1 name", "current employer", *OWNER_NAME_HEADERS,
    ),
    derived=(
        DerivedColumn(name="name_key", field="name", derive=name_key),
        DerivedColumn(name="email_key", field="email", derive=email_key),
    ),
    name_key="name_key",
    discriminators=("email_key",),
    keys_are_shared=True,
    natural_keys=(("email_key",), ("name_key", "position")),
    rules=(
        MatchRule(reason="match.email", columns=("email_key",), identifies=True),
        MatchRule(reason="match.position", columns=("name_key", "position"), name_agrees=False),
    ),
    periods=(("started_on", "ended_on"),),
    orders=(("birth_date", "started_on"), ("birth_date", "ended_on")),
    personal_fields=tuple(field.name for field in _FIELDS),
    withdrawal=Withdrawal(field="do_not_contact", status="status", active="active", inactive="inactive"),
    extra_column="profile_data",
    protected=frozenset(
        {
            "id", "organization_id", "user_id", "field_origins", "profile_data", "social_links", "version",
            "created_at", "updated_at",
        }
    ),
    schema=member_schema,
)  # fmt: skip
