"""The floor: the rows of a file written by bare SQL into the tables an import writes, with the same triggers.

No reader, no normalizers, no schema, no matching: COPY and INSERT … SELECT, values taken as they are. The file must
have no bad rows.
"""

from pathlib import Path
from time import perf_counter
from uuid import UUID

import psycopg

_COPY = """
    COPY floor_rows (kode, nama, kategori, provinsi, kota, alamat, website, email, telepon, tahun, deskripsi)
    FROM STDIN (FORMAT csv, HEADER true)"""
_PREPARE = (
    "SELECT set_config('kelompok.actor', 'system:floor', true), set_config('kelompok.origin', 'floor', true)",
    """
    CREATE TEMPORARY TABLE floor_rows (
      record integer GENERATED ALWAYS AS IDENTITY, kode text, nama text, kategori text, provinsi text, kota text,
      alamat text, website text, email text, telepon text, tahun text, deskripsi text) ON COMMIT DROP""",
)
_CORE = (
    """
    CREATE TEMPORARY TABLE floor_new ON COMMIT DROP AS
    SELECT new_id() AS id, f.*, to_jsonb(f) - 'record' AS raw FROM floor_rows f""",
    """
    INSERT INTO organizations (id, name, slug, category, region, city, address, website_url, official_email, phone,
                               founded_on, description, name_key, website_key, email_key, field_origins)
    SELECT id, nama, lower(replace(nama, ' ', '-')) || record, kategori, provinsi,
           kota, alamat, nullif(website, ''), nullif(email, '-'), telepon,
           tahun, deskripsi, lower(nama), nullif(website, ''), nullif(email, '-'),
           '{"name": "source:floor", "category": "source:floor", "region": "source:floor", "city": "source:floor",
             "address": "source:floor", "website_url": "source:floor", "official_email": "source:floor",
             "phone": "source:floor", "founded_on": "source:floor", "description": "source:floor"}'
    FROM floor_new""",
    """
    INSERT INTO source_records (entity, record_id, source_name, identity, external_id, raw, raw_sha256, file_name,
                                file_sha256, record, line, plugin, plugin_version, import_id, last_import_id,
                                last_record, reading_sha256)
    SELECT 'organizations', id, 'floor', 'id:' || kode, kode, raw, sha256(convert_to(raw::text, 'UTF8')), 'floor.csv',
           '\\x00', record, record, 'floor', '1', '%(import)s', '%(import)s', record, '\\x00'
    FROM floor_new""",
)
_BOOKKEEPING = (
    """
    INSERT INTO import_rows (import_id, record, line, raw, raw_sha256, identity, external_id, candidate)
    SELECT '%(import)s', record, record, raw, sha256(convert_to(raw::text, 'UTF8')), 'id:' || kode, kode, raw
    FROM floor_new""",
    """
    INSERT INTO import_decisions (import_id, revision, record, decision, reason, target_id, turn, slug)
    SELECT '%(import)s', 1, record, 'accepted', 'match.none', id, 1, lower(replace(nama, ' ', '-')) || record
    FROM floor_new""",
)


def measure_floor(url: str, file: Path, import_id: UUID, *, bookkeeping: bool) -> float:
    """Return the seconds for one file; with ``bookkeeping`` the import's own tables are written too."""
    statements = [*_CORE, *(_BOOKKEEPING if bookkeeping else ())]
    started = perf_counter()
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        for statement in _PREPARE:
            cursor.execute(statement)
        with cursor.copy(_COPY) as copy, file.open("rb") as source:
            while chunk := source.read(1 << 20):
                copy.write(chunk)
        for statement in statements:
            cursor.execute(statement % {"import": import_id})
    return perf_counter() - started
