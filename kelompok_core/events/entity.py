"""The descriptor of events: fields, aliases, keys, protected columns and merge policies."""

from kelompok_core.descriptor import (
    OWNER_HEADERS,
    OWNER_ID_HEADERS,
    OWNER_NAME_HEADERS,
    ZONES,
    DerivedColumn,
    Detail,
    EntityDescriptor,
    Field,
    Kind,
    MatchRule,
    Part,
)
from kelompok_core.events.schema import event_schema
from kelompok_core.matching.keys import name_key, website_key
from kelompok_core.values.conventions import DEFAULT_ZONE
from kelompok_core.values.html import html
from kelompok_core.values.merge_policy import MergePolicy
from kelompok_core.values.places import city, country, region
from kelompok_core.values.slug import slug
from kelompok_core.values.text import line, text
from kelompok_core.values.times import all_day, ends_at, starts_at, zone
from kelompok_core.values.url import url
from kelompok_core.values.words import choice, tags

STATUS_WORDS = {
    "draft": ("draf", "konsep", "tentative"),
    "planned": (
        "upcoming", "scheduled", "confirmed", "terjadwal", "akan datang", "dijadwalkan", "eventscheduled", "published",
        "postponed", "ditunda", "rescheduled", "eventpostponed", "eventrescheduled",
    ),
    "cancelled": ("canceled", "batal", "dibatalkan", "eventcancelled"),
    "held": ("done", "past", "completed", "selesai", "terlaksana", "sudah terlaksana", "finished"),
}  # fmt: skip

_START_PARTS = (
    Part(name="on_date", aliases=("on date",), suffices=True, dated=True),
    Part(
        name="start_time",
        aliases=("time", "jam mulai", "waktu mulai", "jam", "waktu", "pukul", "start time", "event start time",
                 "event time"),
        weak_aliases=("from", "dari", "dari jam", "dari pukul"),  # dates if there is no column of dates
        beside=frozenset({"starts_at"}),
        suffices=True,
        dated=True,
    ),
)  # fmt: skip
_END_PARTS = (
    Part(name="ends_on", aliases=("end day",), suffices=True, dated=True),
    Part(
        name="end_time",
        aliases=("jam selesai", "waktu selesai", "end time", "event end time", "jam berakhir", "finish time"),
        weak_aliases=("to", "sampai jam", "sampai pukul"),
        beside=frozenset({"starts_at"}),
        suffices=True,
        dated=True,
    ),
    Part(name="duration", aliases=("durasi", "lama kegiatan", "lama", "length"), suffices=True),
)  # fmt: skip
_WHEN = (Part(name="timezone"), Part(name="all_day"))
_STARTS = (
    Part(name="starts_at", suffices=True),
    *(Part(name=part.name, suffices=part.suffices) for part in _START_PARTS),
)

_FIELDS = (
    Field(
        name="title",
        normalize=line,
        required=True,
        aliases=("judul", "nama kegiatan", "nama acara", "kegiatan", "acara", "event name", "event title", "summary",
                 "subject", "name", "event"),
    ),
    Field(name="slug", normalize=slug, policy=MergePolicy.KEEP, aliases=("permalink slug",)),
    Field(
        name="description",
        normalize=html,
        aliases=("deskripsi", "keterangan", "about", "details", "rincian", "isi"),
    ),
    Field(
        name="starts_at",
        read=starts_at,
        parts=(*_START_PARTS, *_WHEN),
        kind=Kind.MOMENT,
        detail=Detail.MOMENT,
        zone_in="timezone",
        further="on_date",
        aliases=("tanggal mulai", "start", "start date", "startdate", "dtstart", "start datetime", "start date time",
                 "mulai", "starts", "begins", "tanggal pelaksanaan", "tanggal kegiatan", "tanggal acara", "event date",
                 "event start", "event start date", "event start date time", "start local", "date time",
                 "tanggal", "hari tanggal", "tgl", "date"),
    ),
    Field(
        name="ends_at",
        read=ends_at,
        parts=(
            *_END_PARTS,
            *_STARTS,
            *_WHEN,
        ),
        kind=Kind.MOMENT,
        detail=Detail.MOMENT,
        zone_in="timezone",
        further="ends_on",
        aliases=("tanggal selesai", "end", "end date", "enddate", "dtend", "end datetime", "end date time", "selesai",
                 "tanggal berakhir", "ends", "finish", "event end", "event end date", "event end date time",
                 "end local", "until", "sampai"),
    ),
    Field(
        name="timezone",
        read=zone,
        parts=(*_STARTS, Part(name="all_day")),
        default=DEFAULT_ZONE,
        derived_from="starts_at",
        aliases=(*ZONES, "event timezone", "event time zone", "start timezone", "start time zone"),
    ),
    Field(
        name="all_day",
        read=all_day,
        parts=(*_STARTS, Part(name="timezone")),
        kind=Kind.FLAG,
        detail=Detail.BASE,
        default="false",
        derived_from="starts_at",
        aliases=("all day", "all day event", "sepanjang hari", "seharian", "is all day"),
    ),
    Field(
        name="location_name",
        normalize=line,
        aliases=("tempat", "lokasi", "tempat pelaksanaan", "venue", "location", "place"),
    ),
    Field(name="address", normalize=text, aliases=("alamat", "street address", "alamat lengkap")),
    Field(
        name="city",
        normalize=city,
        aliases=("kota", "kabupaten/kota", "kab/kota", "kota/kabupaten", "kota/kab", "kabupaten", "locality", "town"),
    ),
    Field(
        name="region",
        normalize=region,
        aliases=("provinsi", "province", "province/state", "state/province", "wilayah"),
        weak_aliases=("state",),  # as often the state of a submission as of a country
        beside=frozenset({"city", "country", "address"}),
    ),
    Field(name="country", normalize=country, aliases=("negara", "country code", "country name")),
    Field(name="url", normalize=url, aliases=("link", "tautan", "website", "browser url", "laman", "event url",
    "page url")),
    Field(name="external_uid", normalize=line, aliases=("uid", "ical uid", "guid")),
    Field(
        name="status",
        normalize=choice(STATUS_WORDS),
        default="planned",
        aliases=("event status", "eventstatus", "status kegiatan", "status acara"),
    ),
    Field(
        name="tags",
        normalize=tags,
        kind=Kind.LIST,
        aliases=("tag", "kata kunci", "keywords", "categories", "kategori", "label", "topik"),
    ),
)  # fmt: skip

DESCRIPTOR = EntityDescriptor(
    entity="events",
    fields=_FIELDS,
    external_id_aliases=("external id", "event id", "id kegiatan", "id acara", "uuid", "id", "kode", "key"),
    label="title",
    list_names=(
        "events", "event", "meetups", "meetup", "agenda", "acara", "kegiatan",
    ),
    organization_aliases=(
        *OWNER_HEADERS, "organizer", "organiser", "penyelenggara", *OWNER_ID_HEADERS, "event host", *OWNER_NAME_HEADERS,
    ),
    derived=(
        DerivedColumn(name="title_key", field="title", derive=name_key),
        DerivedColumn(name="url_key", field="url", derive=website_key),
    ),
    name_key="title_key",
    discriminators=("starts_at", "external_uid"),
    natural_keys=(("external_uid",), ("url_key", "starts_at"), ("title_key", "starts_at")),
    rules=(
        MatchRule(reason="match.uid", columns=("external_uid",), name_agrees=False, discriminates=False),
        MatchRule(reason="match.slug", columns=("slug",)),
        MatchRule(reason="match.url", columns=("url_key",)),
        MatchRule(reason="match.title_date", columns=("title_key", "starts_at"), name_agrees=False),
    ),
    periods=(("starts_at", "ends_at"),),
    public_fields=("title", "description", "location_name", "address", "city", "region", "country", "url"),
    unpublished=("status", "draft"),
    extra_column="event_data",
    protected=frozenset(
        {"id", "organization_id", "field_origins", "event_data", "version", "created_at", "updated_at"}
    ),
    schema=event_schema,
)  # fmt: skip
