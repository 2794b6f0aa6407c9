"""Made-up but realistic files of organizations: any size, the same bytes for the same seed, faults counted."""

import csv
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

HEADER = (
    "Kode", "Nama Organisasi", "Kategori", "Provinsi", "Kabupaten/Kota", "Alamat", "Website", "Email", "Telepon",
    "Tahun Berdiri", "Deskripsi",
)  # fmt: skip

_KINDS = ("Yayasan", "Perkumpulan", "Komunitas", "Lembaga", "Forum", "Rumah Singgah", "Taman Baca", "Sanggar")
_WORDS = (
    "Bahari", "Cahaya", "Damai", "Embun", "Fajar", "Gemilang", "Harapan", "Insan", "Jaya", "Kasih", "Lestari",
    "Mandiri", "Nusantara", "Pelita", "Rimba", "Sejahtera", "Tunas", "Utama", "Wana", "Bakti", "Anak", "Bangsa",
    "Perempuan", "Petani", "Nelayan", "Pemuda", "Disabilitas", "Kesehatan", "Pendidikan", "Lingkungan",
)  # fmt: skip
_PLACES = (
    ("Jabar", "Kota Bandung"), ("Jabar", "Kab. Garut"), ("Jatim", "Kota Surabaya"), ("Jatim", "Kab. Malang"),
    ("Jateng", "Kota Semarang"), ("DIY", "Kab. Sleman"), ("DKI Jakarta", "Jakarta Timur"), ("Bali", "Denpasar"),
    ("NTT", "Kupang"), ("NTB", "Mataram"), ("Sulsel", "Makassar"), ("Sumut", "Medan"), ("Sumbar", "Padang"),
    ("Aceh", "Banda Aceh"), ("Kalbar", "Pontianak"), ("Papua", "Jayapura"),
)  # fmt: skip
_CATEGORIES = ("Pendidikan", "Kesehatan", "Lingkungan", "Perempuan dan anak", "Kebencanaan", "Seni, budaya", "Hukum")
_SENTENCES = (
    "Mendampingi keluarga nelayan di pesisir.", "Membuka kelas sore untuk anak putus sekolah.",
    "Menanam bakau bersama warga; «satu keluarga, satu pohon».", 'Mengelola perpustakaan keliling "Buku Berjalan".',
    "Menyediakan bantuan hukum bagi buruh migran.", "Works with farmers' groups on seed banks.",
)  # fmt: skip


@dataclass(kw_only=True)
class Expected:
    """What an import into an empty core must count: rows by outcome, rejections by code."""

    rows: int = 0
    organizations: int = 0
    repeated: int = 0
    rejected: Counter[str] = field(default_factory=Counter)


def write_organizations(
    path: Path, rows: int, *, seed: int = 1, bad: float = 0.03, repeated: float = 0.02, changed: float = 0.0
) -> Expected:
    """Write a file of that many rows and return what is in it.

    Args:
        path: Where to; overwritten.
        rows: Data rows.
        seed: The same seed gives the same organizations.
        bad: Share of rows that must be rejected.
        repeated: Share of rows that say again what an earlier row says.
        changed: Share of the good rows with another phone number than the same seed gives without it.
    """
    expected = Expected()
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(HEADER)
        writer.writerows(_rows(rows, random.Random(seed), expected, bad=bad, repeated=repeated, changed=changed))
    return expected


def _rows(
    rows: int, chance: random.Random, expected: Expected, *, bad: float, repeated: float, changed: float
) -> Iterator[list[str]]:
    last: list[str] | None = None
    for number in range(1, rows + 1):
        expected.rows += 1
        kind, fresh = chance.random(), _organization(number, chance)
        if kind < bad:
            expected.rejected[_spoil(fresh, chance)] += 1
        elif kind < bad + repeated and last is not None:
            expected.repeated += 1
            fresh = last
        else:
            expected.organizations += 1
            last = fresh
            if chance.random() < changed:
                fresh[8] = f"0899{number:08}"
        yield fresh


def _organization(number: int, chance: random.Random) -> list[str]:
    words = chance.sample(_WORDS, 3)
    province, city = chance.choice(_PLACES)
    domain = f"{words[0].lower()}-{words[1].lower()}-{number}.or.id"
    return [
        f"ORG-{number:07}",
        " ".join([chance.choice(_KINDS), *words]),
        chance.choice(_CATEGORIES),
        province,
        city,
        f"Jl. {chance.choice(_WORDS)} No. {chance.randint(1, 250)}\nRT 0{chance.randint(1, 9)}",
        f"https://www.{domain}/" if chance.random() < 0.6 else "",
        f"info@{domain}" if chance.random() < 0.8 else "-",
        f"0812{chance.randint(10**7, 10**8 - 1)}",
        str(chance.randint(1950, 2025)),
        " ".join(chance.sample(_SENTENCES, 3)),
    ]


def _spoil(row: list[str], chance: random.Random) -> str:
    """Make the row one that must be rejected; return the code it must get."""
    fault = chance.choice(("value.required", "value.email", "value.url", "row.too_many_cells"))
    if fault == "value.required":
        row[1] = "  "
    elif fault == "value.email":
        row[7] = "info(at)example"
    elif fault == "value.url":
        row[6] = "ftp://files.example.org"
    else:
        row.append("one cell too many")
    return fault
