"""The baseline («floor»): bare SQL that writes a file's rows to the tables an import writes, with the same triggers.

It has no reader, normalizers, schema or matching, only COPY and INSERT … SELECT of unchanged values. The file must have
no bad rows. It writes as many bytes as an import, which ``run.py`` prints: evidence with identity, digests and
position, and a candidate with the same members.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter
from uuid import UUID

import psycopg

from benchmarks.lists import LISTS

_ORGANIZATIONS = {
    "name": "nama",
    "slug": "lower(replace(nama, ' ', '-')) || row_number",
    "category": "kategori",
    "region": "provinsi",
    "city": "kota",
    "address": "alamat",
    "website_url": "nullif(website, '')",
    "official_email": "nullif(email, '-')",
    "phone": "telepon",
    "founded_on": "tahun",
    "description": "deskripsi",
    "name_key": "lower(nama)",
    "website_key": "nullif(website, '')",
    "email_key": "nullif(email, '-')",
    "field_origins": """'{"name": "source:floor", "category": "source:floor", "region": "source:floor",
        "city": "source:floor", "address": "source:floor", "website_url": "source:floor",
        "official_email": "source:floor", "phone": "source:floor", "founded_on": "source:floor",
        "description": "source:floor"}'""",
}
_ORGANIZATION_HEADER = (
    "kode", "nama", "kategori", "provinsi", "kota", "alamat", "website", "email", "telepon", "tahun", "deskripsi",
)  # fmt: skip
_ORGANIZATION_IDENTITY = "'id:' || kode"
_ACTOR = "SELECT set_config('kelompok.actor', 'system:floor', true), set_config('kelompok.origin', 'floor', true)"
_DIGEST = "decode(repeat('00', 32), 'hex')"
_NEW = """
    CREATE TEMPORARY TABLE floor_new ON COMMIT DROP AS
    SELECT f.*, sha256(convert_to(raw::text, 'UTF8')) AS digest, %(home)s AS home, %(slug)s AS free_slug,
           %(identity)s AS identity, %(external_id)s AS external_id
    FROM (SELECT new_id() AS id, f.*, to_jsonb(f) - 'row_number' AS raw FROM floor_rows f) f"""
_EVIDENCE = """
    INSERT INTO source_records (entity, record_id, source_name, identity, external_id, raw, raw_sha256, file_name,
                                file_sha256, row_number, line, selector, plugin, plugin_version, import_id,
                                last_row_number,
                                reading_sha256)
    SELECT '%(entity)s', id, 'floor', identity, external_id, raw, digest, 'floor.csv', %(digest)s, row_number,
           row_number,
           '#row=' || row_number, 'csv-import', '0.1.0', '%(import)s', row_number, %(digest)s
    FROM floor_new"""
_BOOKKEEPING = (
    """
    WITH someone AS (INSERT INTO users (email, name) VALUES ('floor@example.org', 'Floor') RETURNING id)
    INSERT INTO imports (id, mode, entity, plugin, plugin_version, job, source_name, file_name, file_sha256,
                         file_bytes, media_type, actor_id, fingerprint)
    SELECT '%(import)s', 'apply', '%(entity)s', 'csv-import', '0.1.0', 'import-%(entity)s', 'floor', 'floor.csv',
           %(digest)s, 0, 'text/csv', id, '' FROM someone""",
    """
    INSERT INTO import_rows (import_id, row_number, line, selector, raw, raw_sha256, identity, external_id, candidate,
                             new_record_id)
    SELECT '%(import)s', row_number, row_number, '#row=' || row_number, raw, digest, identity, external_id,
           jsonb_object(ARRAY[%(members)s], ARRAY[%(values)s]), id
    FROM floor_new""",
    "UPDATE imports SET state = 'staged' WHERE id = '%(import)s'",
    """
    INSERT INTO import_decisions (import_id, revision, row_number, decision, reason, target_id, apply_order, slug,
                                  organization_id)
    SELECT '%(import)s', 1, row_number, 'accepted', 'match.none', id, 1, free_slug, home FROM floor_new""",
)
_NOT_IN_CANDIDATE = ("organization_id", "category_id", "profile_data", "field_origins")
"""Columns that are not members of a candidate."""


def measure_floor(url: str, file: Path, entity: str, *, bookkeeping: bool) -> float:
    """Return the seconds for one file; with ``bookkeeping``, also write the import's own tables.

    Requires the owner role's URL: other roles may not write evidence.
    """
    if entity == "organizations":
        header: Sequence[str] = _ORGANIZATION_HEADER
        columns: Mapping[str, str] = _ORGANIZATIONS
        identity, external_id = _ORGANIZATION_IDENTITY, "kode"
    else:
        header, columns = LISTS[entity].header, LISTS[entity].columns
        identity, external_id = f"{LISTS[entity].identity} || ' @ ' || {columns['organization_id']}", "NULL::text"
    core = f"INSERT INTO {entity} (id, {', '.join(columns)}) SELECT id, {', '.join(columns.values())} FROM floor_new"
    said = {name: value for name, value in columns.items() if name not in _NOT_IN_CANDIDATE}
    terms = {
        "import": UUID(int=1),
        "entity": entity,
        "digest": _DIGEST,
        "home": columns.get("organization_id", "NULL::uuid"),
        "slug": columns.get("slug", "NULL::text"),
        "identity": identity,
        "external_id": external_id,
        "members": ", ".join(f"'{name}'" for name in said),
        "values": ", ".join(f"({value})::text" for value in said.values()),
    }
    started = perf_counter()
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(_ACTOR)
        cursor.execute(
            "CREATE TEMPORARY TABLE floor_rows (row_number integer GENERATED ALWAYS AS IDENTITY, "
            f"{', '.join(f'{name} text' for name in header)}) ON COMMIT DROP"
        )
        copy_rows = f"COPY floor_rows ({', '.join(header)}) FROM STDIN (FORMAT csv, HEADER true)"
        with cursor.copy(copy_rows) as copy, file.open("rb") as source:
            while chunk := source.read(1 << 20):
                copy.write(chunk)
        cursor.execute(_NEW % terms)
        cursor.execute(core)
        for statement in (_EVIDENCE, *(_BOOKKEEPING if bookkeeping else ())):
            cursor.execute(statement % terms)
    return perf_counter() - started
