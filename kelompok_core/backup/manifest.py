"""What a backup says of itself: its format, where it comes from, what is in it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import from_json

FORMAT = 1
"""Counted up when a program that knows the format so far could no longer restore a backup."""

HEADER, MANIFEST, SEAL = "backup.json", "manifest.json", "manifest.sha256"
"""First: what a reader has to know at once. Last: what is only known at the end, and the SHA-256 of that."""

CONFIGURATION = "kelompok.toml"
DATABASE, FILES = "database/", "files/"


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a backup comes from.

    Attributes:
        made_at: When, as ISO 8601 in UTC.
        program: Version of Kelompok that made it.
        schema_revision: Of the database, as its migrations count.
        postgresql: Major version of its server.
        server_identifier: Of the server, as pg_control_system() tells it; None where it does not.
    """

    format: int
    made_at: str
    program: str
    schema_revision: str
    postgresql: int
    server_identifier: str | None


@dataclass(frozen=True, kw_only=True)
class TableContent:
    """A table's rows, in members ``database/NAME/…`` of COPY's text format, packed by gzip."""

    name: str
    columns: Sequence[str]
    rows: int


@dataclass(frozen=True, kw_only=True)
class Member:
    """A member of the archive: how many bytes, and their SHA-256."""

    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """All that a backup says of itself.

    Attributes:
        tables: In an order in which each comes after those that it refers to.
        files: Received files that are in it.
        missing: SHA-256 of received files that storage did not have, or not as they were received.
        masked: Lines of kelompok.toml in which a password was replaced.
        members: By name, in their order.
    """

    origin: Origin
    tables: Sequence[TableContent]
    files: int
    missing: Sequence[str]
    masked: Sequence[int]
    members: Mapping[str, Member] = field(repr=False)

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)

    def to_json(self) -> dict[str, Any]:
        """Return what people and programs are told: counts, without the list of members."""
        told = asdict(self) | {"tables": {table.name: table.rows for table in self.tables}}
        del told["members"]
        return told


def write_json(value: Origin | Manifest) -> bytes:
    return json.dumps(asdict(value), ensure_ascii=False, indent=1).encode()


def read_origin(content: bytes) -> Origin:
    """Return the origin that a header speaks of; what a newer format says besides is passed over.

    Raises:
        ValueError, TypeError, KeyError: When it is none.
    """
    found = from_json(content)
    if int(found["format"]) > FORMAT:  # all that is asked of it is who can restore it
        return Origin(**{one.name: found.get(one.name) for one in fields(Origin)} | {"format": int(found["format"])})
    return TypeAdapter(Origin).validate_json(content, strict=True)


def read_manifest(content: bytes) -> Manifest:
    """Return the manifest, each of its values of the type that it is to have.

    Raises:
        ValueError: When it is none.
    """
    return TypeAdapter(Manifest).validate_json(content, strict=True)
