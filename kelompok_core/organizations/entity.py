"""The descriptor of organizations: fields, aliases, keys, protected columns and merge policies."""

from functools import partial

from kelompok_core.descriptor import DerivedColumn, Detail, EntityDescriptor, Field, MatchRule, Part
from kelompok_core.matching.keys import email_key, organization_name_key, website_key
from kelompok_core.organizations.schema import organization_schema
from kelompok_core.values.dates import partial_date
from kelompok_core.values.email import email
from kelompok_core.values.eras import DISSOLVING, FOUNDING
from kelompok_core.values.merge_policy import MergePolicy
from kelompok_core.values.phones import phone
from kelompok_core.values.places import city, country, region
from kelompok_core.values.slug import slug
from kelompok_core.values.social import social
from kelompok_core.values.text import line, text
from kelompok_core.values.url import url

_FIELDS = (
    Field(
        name="name",
        normalize=line,
        required=True,
        aliases=(
            "organization name", "organisation name", "nama organisasi", "nama lembaga", "nama yayasan",
            "nama komunitas", "nama perkumpulan", "nama ngo", "nama lsm", "nama partai", "ngo name",
            "charity name", "company name", "account name", "account1_name__c", "org name", "group name", "nama",
            "organization", "organisation", "organisasi", "lembaga", "primary name",
        ),
    ),
    Field(name="slug", normalize=slug, policy=MergePolicy.KEEP, aliases=("permalink", "handle")),
    Field(
        name="legal_name",
        normalize=line,
        aliases=("nama resmi", "nama badan hukum", "nama lengkap", "official name", "registered name"),
    ),
    Field(
        name="description",
        normalize=text,
        aliases=(
            "deskripsi", "profil", "tentang", "keterangan", "short description", "about", "summary", "mission",
        ),
    ),
    Field(name="history", normalize=text, aliases=("sejarah", "riwayat", "background")),
    Field(
        name="category",
        normalize=line,
        aliases=(
            "kategori", "jenis organisasi", "jenis", "bidang", "type", "organization type", "organisation type",
            "org type", "sector", "industry",
        ),
    ),
    Field(name="country", normalize=country, aliases=("negara", "country code", "billing country", "country name")),
    Field(
        name="region",
        normalize=region,
        aliases=(
            "provinsi", "prov", "propinsi", "state", "province", "province/state", "state/province", "state/region",
            "billing state/province", "wilayah",
        ),
    ),
    Field(
        name="city",
        normalize=city,
        place_kinds=("kabupaten", "kota"),
        aliases=(
            "kabupaten/kota", "kab/kota", "kota/kabupaten", "kota/kab", "kota", "kabupaten", "kab", "locality", "town",
            "billing city", "domisili",
        ),
    ),
    Field(
        name="address",
        normalize=text,
        aliases=("alamat", "alamat lengkap", "alamat organisasi", "alamat kantor", "street address",
                 "billing street", "postal address"),
    ),
    Field(
        name="website_url",
        normalize=url,
        aliases=(
            "website", "situs web", "situs", "laman", "web", "url situs", "url", "homepage", "web site",
            "alamat web", "website url", "org website", "org url", "company domain name", "domain",
        ),
    ),
    Field(
        name="official_email",
        normalize=email,
        aliases=("email resmi", "email organisasi", "email", "e-mail", "surel", "email address", "alamat email",
                 "e mail address", "org email", "contact email"),
    ),
    Field(
        name="phone",
        read=phone,
        detail=Detail.NUMBER,
        parts=(Part(name="country"), Part(name="region")),
        aliases=(
            "telepon", "org phone", "telepon organisasi", "no telp", "no telepon", "nomor telepon", "telp",
            "phone number", "tel",
            "telephone", "no hp", "hp", "whatsapp", "wa",
        ),
    ),
    Field(
        name="founded_on",
        read=partial(partial_date, era=FOUNDING),
        detail=Detail.DATE,
        aliases=("tahun berdiri", "tanggal berdiri", "tgl berdiri", "berdiri", "established", "founded", "year founded",
                 "founded date", "date founded", "founding date", "founded year", "year established",
                 "established date", "date established", "tahun pendirian", "tanggal pendirian", "start date"),
    ),
    Field(
        name="dissolved_on",
        read=partial(partial_date, era=DISSOLVING),
        detail=Detail.DATE,
        aliases=("tanggal bubar", "tahun bubar", "end date", "dissolved", "closed on"),
    ),
    Field(
        name="facebook",
        normalize=social("facebook"),
        column="social_links",
        key="facebook",
        aliases=("facebook url", "url facebook", "fb", "fb url", "facebook page"),
    ),
    Field(
        name="instagram",
        normalize=social("instagram"),
        column="social_links",
        key="instagram",
        aliases=("instagram url", "url instagram", "ig", "ig url", "akun instagram"),
    ),
    Field(
        name="twitter",
        normalize=social("twitter"),
        column="social_links",
        key="twitter",
        aliases=("twitter url", "url twitter", "x", "akun twitter"),
    ),
    Field(
        name="youtube",
        normalize=social("youtube"),
        column="social_links",
        key="youtube",
        aliases=("youtube url", "url youtube", "kanal youtube"),
    ),
)  # fmt: skip

DESCRIPTOR = EntityDescriptor(
    entity="organizations",
    fields=_FIELDS,
    external_id_aliases=(
        "external id", "external identifier", "id organisasi", "kode organisasi", "organization id",
        "organisation id", "org id", "record id", "kode", "uuid", "id", "key",
    ),
    derived=(
        DerivedColumn(name="name_key", field="name", derive=organization_name_key),
        DerivedColumn(name="website_key", field="website_url", derive=website_key),
        DerivedColumn(name="email_key", field="official_email", derive=email_key),
    ),
    label="name",
    list_names=(
        "organizations", "organization", "organisations", "organisation", "orgs", "org", "ngos", "ngo",
        "npos", "charities", "charity", "associations", "foundations", "communities", "community", "groups",
        "group", "organisasi", "lembaga", "yayasan", "komunitas", "kelompok", "perkumpulan", "lsm",
    ),
    name_key="name_key",
    discriminators=("country", "region", "city"),
    names_indexed_with="city",
    natural_keys=(("name_key", "country", "region", "city"),),
    rules=(
        MatchRule(reason="match.slug", columns=("slug",)),
        MatchRule(reason="match.website", columns=("website_key",)),
        MatchRule(reason="match.email", columns=("email_key",), identifies=True),
    ),
    periods=(("founded_on", "dissolved_on"),),
    public_fields=("name", "description", "history", "category", "country", "region", "city", "address", "website_url"),
    personal_fields=("official_email", "phone"),
    extra_column="profile_data",
    organization_column="id",
    claim_column="claim_status",
    protected=frozenset(
        {
            "id", "claim_status", "claimed_by_user_id", "claimed_at", "field_origins", "sdgs_data", "is_active",
            "profile_data", "version", "created_at", "updated_at",
        }
    ),
    schema=organization_schema,
)  # fmt: skip
