"""Made-up but realistic files of members, posts and events, without faults: the same bytes for the same seed."""

import csv
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

HOME = "forum-ukur"
"""Slug of the organization the rows belong to."""

_NAMES = (
    "Ani", "Budi", "Cici", "Dedi", "Eka", "Fitri", "Gilang", "Hesti", "Indra", "Joko", "Kartika", "Lestari", "Made",
    "Nur", "Oki", "Putri", "Rahmat", "Sari", "Teguh", "Umi", "Wayan", "Yanti", "Zul",
)  # fmt: skip
_LAST = ("Wijaya", "Siregar", "Pratama", "Hidayat", "Simanjuntak", "Lubis", "Santoso", "Nasution", "Putra", "Wulandari")
_POSITIONS = ("Ketua", "Sekretaris", "Bendahara", "Anggota", "Relawan", "Koordinator")
_MONTHS = ("Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September", "Oktober",
           "Nopember", "Desember")  # fmt: skip
_TOPICS = ("Air Bersih", "Bakau", "Kelas Sore", "Bank Sampah", "Posyandu", "Taman Baca", "Benih", "Hutan Desa")
_VERBS = ("Warga merawat", "Pelatihan", "Gotong royong", "Laporan", "Cerita dari", "Musyawarah", "Panen raya")
_PARAGRAPH = "<p>Kegiatan berlangsung sejak pagi; <b>semua</b> warga ikut.</p> " * 4
_PLACES = ("Balai Desa", "Aula Kecamatan", "Lapangan", "Sekolah", "Rumah Ketua RT")


@dataclass(frozen=True, kw_only=True)
class List:
    """How the list of one entity is written, and how bare SQL would take it in.

    Attributes:
        header: Its columns, which are those of the floor's table too.
        row: Makes row number n.
        columns: Column of the core table to SQL over the floor's table ``f``.
        identity: SQL of what the source calls a record, as an import makes it.
    """

    header: tuple[str, ...]
    row: Callable[[int, random.Random], list[str]]
    columns: Mapping[str, str]
    identity: str


def _member(number: int, chance: random.Random) -> list[str]:
    name = f"{chance.choice(_NAMES)} {chance.choice(_LAST)} {number}"
    day = f"{chance.randint(1, 28)} {chance.choice(_MONTHS)} {chance.randint(1990, 2025)}"
    phone = f"0812-{chance.randint(1000, 9999)}-{chance.randint(1000, 9999)}"
    email = f"{name.lower().replace(' ', '.')}@warga.or.id" if chance.random() < 0.8 else ""
    return [str(number), name, chance.choice(_POSITIONS), email, phone, day, chance.choice(("Aktif", "Tidak aktif")),
            "Garut", "biru"]  # fmt: skip


def _post(number: int, chance: random.Random) -> list[str]:
    title = f"{chance.choice(_VERBS)} {chance.choice(_TOPICS)} {number}"
    day = f"{chance.randint(1, 28):02}/{chance.randint(1, 12):02}/{chance.randint(2010, 2025)}"
    tags = "; ".join(chance.sample(_TOPICS, 2))
    return [str(number), title, _PARAGRAPH, f"https://warga.or.id/berita/{number}", day, chance.choice(_TOPICS), tags]


def _event(number: int, chance: random.Random) -> list[str]:
    title = f"{chance.choice(_VERBS)} {chance.choice(_TOPICS)} {number}"
    day = f"{chance.randint(1, 28)} {chance.choice(_MONTHS)} {chance.randint(2010, 2025)}"
    time = f"{chance.randint(7, 20):02}.{chance.choice(('00', '30'))} WIB"
    return [str(number), title, day, time, chance.choice(_PLACES), "Garut", "Bersama warga."]


_HOME_ID = f"(SELECT id FROM organizations WHERE slug = '{HOME}')"


def _origins(*fields: str) -> str:
    return "'{" + ", ".join(f'"{name}": "source:floor"' for name in fields) + "}'"


LISTS: Mapping[str, List] = {
    "members": List(
        header=("nomor", "nama", "jabatan", "email", "hp", "tanggal_bergabung", "status", "kota", "warna"),
        row=_member,
        columns={
            "organization_id": _HOME_ID,
            "name": "nama",
            "position": "jabatan",
            "email": "nullif(email, '')",
            "phone": "hp",
            "started_on": "'2020-01-01'::date + row_number % 5000",
            "status": "CASE status WHEN 'Aktif' THEN 'active' ELSE 'inactive' END",
            "profile_data": "jsonb_build_object('city', kota, 'extra', jsonb_build_object('floor', warna))",
            "name_key": "lower(nama)",
            "email_key": "nullif(email, '')",
            "field_origins": _origins("name", "position", "email", "phone", "started_on", "status", "city"),
        },
        identity="'nk:' || coalesce(nullif(email, ''), lower(nama))",
    ),
    "posts": List(
        header=("nomor", "judul", "isi", "tautan", "tanggal", "kategori", "tags"),
        row=_post,
        columns={
            "organization_id": _HOME_ID,
            "category_id": "(SELECT id FROM post_categories LIMIT 1)",
            "title": "judul",
            "slug": "lower(replace(judul, ' ', '-'))",
            "content": "isi",
            "canonical_url": "tautan",
            "written_on": "'2020-01-01'::date + row_number % 5000",
            "tags": "to_jsonb(string_to_array(tags, '; '))",
            "title_key": "lower(judul)",
            "url_key": "tautan",
            "field_origins": _origins("title", "content", "canonical_url", "written_on", "category", "tags"),
        },
        identity="'nk:' || ltrim(tautan, 'https://')",
    ),
    "events": List(
        header=("nomor", "judul", "tanggal", "jam", "tempat", "kota", "deskripsi"),
        row=_event,
        columns={
            "organization_id": _HOME_ID,
            "title": "judul",
            "slug": "lower(replace(judul, ' ', '-'))",
            "starts_at": "'2020-01-01'::timestamptz + row_number * interval '1 hour'",
            "location_name": "tempat",
            "city": "kota",
            "description": "deskripsi",
            "title_key": "lower(judul)",
            "field_origins": _origins("title", "starts_at", "timezone", "all_day", "location_name", "city",
                                      "description"),
        },
        identity="'nk:' || lower(judul) || '|2020-01-01t00:00:00z'",
    ),
}  # fmt: skip


def write_list(entity: str, path: Path, rows: int, *, seed: int = 1) -> None:
    """Write a list of that many rows, none bad; the same seed gives the same bytes."""
    chance = random.Random(seed)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(LISTS[entity].header)
        writer.writerows(LISTS[entity].row(number, chance) for number in range(1, rows + 1))
