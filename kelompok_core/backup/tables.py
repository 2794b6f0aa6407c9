"""Copies the rows of all tables out of a snapshot and back in, in dependency order.

It does not use pg_dump: a restore would run its SQL as the owner, and that SQL uses functions of one major version.
Here, migrations create the schema, and a backup has only rows.
"""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from graphlib import TopologicalSorter

import psycopg
import sqlalchemy as sa
from psycopg import sql
from psycopg.rows import TupleRow

NOT_KEPT = ("alembic_version", "installation", "workers")
"""Tables about a server and its processes, which are not backed up: a restored database has its own."""

_PIECE = 8 << 20
_FASTEST = 1
_TO_GZIP = zlib.MAX_WBITS | 16

_SETTINGS = """
    SET client_encoding = 'UTF8'; SET datestyle = 'ISO, MDY'; SET intervalstyle = 'postgres'; SET timezone = 'UTC';
    SET bytea_output = 'hex'; SET extra_float_digits = 1; SET synchronize_seqscans = off; SET statement_timeout = 0;
    SET idle_in_transaction_session_timeout = 0"""
"""Makes the copied text the same on every server."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table and its stored columns, without generated ones."""

    name: str
    columns: tuple[str, ...]


def driver_of(connection: sa.Connection) -> "psycopg.Connection[TupleRow]":
    """Return the driver's connection, which supports COPY, within the same transaction."""
    connection.execute(sa.text("SELECT"))
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError("this needs a connection of psycopg")
    return driver


def use_portable_formats(connection: "psycopg.Connection[TupleRow]") -> None:
    """Make the session's text formats independent of the server's settings."""
    connection.execute(_SETTINGS)


def list_tables(connection: "psycopg.Connection[TupleRow]") -> Sequence[Table]:
    """Return the tables to back up, in dependency order."""
    tables = {name: Table(name=name, columns=tuple(columns)) for name, columns in connection.execute(_TABLES)}
    order: TopologicalSorter[str] = TopologicalSorter({name: set() for name in sorted(tables)})
    for table, referred in connection.execute(_REFERENCES):
        order.add(table, referred)
    return [tables[name] for name in order.static_order() if name in tables and name not in NOT_KEPT]


def lock_for_reading(connection: "psycopg.Connection[TupleRow]", tables: Sequence[Table]) -> None:
    """Block migrations until the transaction ends; reads and writes of rows continue."""
    connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(_names(tables)))


def copy_out(connection: "psycopg.Connection[TupleRow]", table: Table) -> Iterator[tuple[bytes, int]]:
    """Yield a table's rows in gzipped chunks, each with 0, the last one with the total row count."""
    statement = sql.SQL("COPY {} ({}) TO STDOUT").format(_qualified(table), _columns(table))
    with connection.cursor() as cursor:
        with cursor.copy(statement) as copy:
            pieces = _packed(copy)
            piece = next(pieces)
            for following in pieces:
                yield piece, 0
                piece = following
        yield piece, cursor.rowcount


def _packed(rows: Iterable[bytes | bytearray | memoryview]) -> Iterator[bytes]:
    piece = bytearray()
    for row in rows:
        piece += row
        if len(piece) >= _PIECE:
            yield _pack(piece)
            piece = bytearray()
    yield _pack(piece)


def _pack(piece: bytearray) -> bytes:
    packer = zlib.compressobj(_FASTEST, wbits=_TO_GZIP)
    return packer.compress(piece) + packer.flush()


def copy_in(connection: "psycopg.Connection[TupleRow]", table: Table, pieces: Iterable[Iterable[bytes]]) -> int:
    """Copy rows into a table and return their number; each item is one gzip stream, in chunks.

    Raises:
        zlib.error: When an item is not one complete gzip stream.
        psycopg.DataError, psycopg.IntegrityError: When the rows do not fit the table.
    """
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(_qualified(table), _columns(table))
    with connection.cursor() as cursor:
        with cursor.copy(statement) as copy:
            for packed in pieces:
                for rows in _unpacked(packed):
                    copy.write(rows)
        return cursor.rowcount


def _unpacked(packed: Iterable[bytes]) -> Iterator[bytes]:
    """Decompress one gzip stream in chunks of bounded size, whatever the compression ratio."""
    unpacker = zlib.decompressobj(wbits=_TO_GZIP)
    for part in packed:
        rest = part
        while rest and not unpacker.eof:
            yield unpacker.decompress(rest, _PIECE)
            rest = unpacker.unconsumed_tail
        if rest or unpacker.unused_data:
            raise zlib.error("there is data after the end of a gzip stream")
    yield unpacker.flush()
    if not unpacker.eof:
        raise zlib.error("a gzip stream is truncated")


@contextmanager
def without_triggers(connection: "psycopg.Connection[TupleRow]", tables: Sequence[Table]) -> Iterator[None]:
    """Disable the core's triggers during the block, because the backup includes the rows' audit entries.

    Foreign keys and checks stay active. Other sessions are not affected before the transaction commits.
    """
    names = [table.name for table in tables]
    triggers = connection.execute(_TRIGGERS, [names]).fetchall()
    for table, trigger, _ in triggers:
        _switch(connection, table, "DISABLE", trigger)
    yield
    for table, trigger, how in triggers:
        _switch(connection, table, _SWITCHES[how], trigger)


_SWITCHES = {"O": "ENABLE", "A": "ENABLE ALWAYS", "R": "ENABLE REPLICA"}


def _switch(connection: "psycopg.Connection[TupleRow]", table: str, how: str, trigger: str) -> None:
    names = sql.Identifier("public", table), sql.SQL(how), sql.Identifier(trigger)
    connection.execute(sql.SQL("ALTER TABLE {} {} TRIGGER {}").format(*names))


def advance_sequences(connection: "psycopg.Connection[TupleRow]") -> None:
    """Set each sequence past the highest number in its column."""
    for sequence, table, column in connection.execute(_SEQUENCES).fetchall():
        highest = sql.SQL("SELECT setval({}, coalesce(max({}), 0) + 1, false) FROM {}").format(
            sql.Literal(sequence), sql.Identifier(column), sql.Identifier("public", table)
        )
        connection.execute(highest)


def find_row(connection: "psycopg.Connection[TupleRow]", tables: Sequence[Table]) -> str | None:
    """Return the name of a table that has rows, or None."""
    for table in tables:
        query = sql.SQL("SELECT EXISTS (SELECT FROM {})").format(_qualified(table))
        if connection.execute(query).fetchone() == (True,):
            return table.name
    return None


def lock_for_replacing(connection: "psycopg.Connection[TupleRow]", tables: Sequence[Table]) -> None:
    """Lock the tables exclusively until the transaction ends, without waiting.

    Raises:
        psycopg.errors.LockNotAvailable: When another session uses one of them.
    """
    connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE NOWAIT").format(_names(tables)))


def drop_schema(connection: "psycopg.Connection[TupleRow]") -> None:
    """Drop the core's tables, views and functions. The caller has checked that the tables are empty."""
    connection.execute(_DROP)


def _qualified(table: Table) -> sql.Identifier:
    return sql.Identifier("public", table.name)


def _names(tables: Sequence[Table]) -> sql.Composed:
    return sql.SQL(", ").join(map(_qualified, tables))


def _columns(table: Table) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, table.columns))


_TABLES = """
    SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attgenerated = '' GROUP BY c.relname"""
_REFERENCES = """
    SELECT c.relname, r.relname FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid
    JOIN pg_class r ON r.oid = f.confrelid
    WHERE f.contype = 'f' AND f.connamespace = 'public'::regnamespace AND f.conrelid <> f.confrelid"""
_TRIGGERS = """
    SELECT c.relname, t.tgname, t.tgenabled::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' AND c.relnamespace = 'public'::regnamespace
      AND c.relname = ANY (%s) ORDER BY 1, 2"""
_SEQUENCES = """
    SELECT pg_get_serial_sequence(format('public.%I', c.relname), a.attname), c.relname, a.attname
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
      AND pg_get_serial_sequence(format('public.%I', c.relname), a.attname) IS NOT NULL"""
_DROP = """
    DO $$
    DECLARE
      one text;
    BEGIN
      FOR one IN SELECT format('DROP TABLE public.%I CASCADE', relname) FROM pg_class
                 WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' LOOP
        EXECUTE one;
      END LOOP;
      FOR one IN SELECT format('DROP ROUTINE IF EXISTS %s CASCADE', p.oid::regprocedure) FROM pg_proc p
                 WHERE p.pronamespace = 'public'::regnamespace
                   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
                 ORDER BY p.prokind = 'a' DESC LOOP
        EXECUTE one;
      END LOOP;
    END
    $$"""
