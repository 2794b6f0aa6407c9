"""The manifest of a backup: its format, origin and contents."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields

from pydantic import TypeAdapter
from pydantic_core import from_json

FORMAT = 1
"""Incremented when programs of the previous format could no longer restore a backup."""

HEADER, MANIFEST, SEAL = "backup.json", "manifest.json", "manifest.sha256"
"""The header comes first. The manifest and its SHA-256 come last, as they are known only at the end."""

CONFIGURATION = "kelompok.toml"
DATABASE, FILES = "database/", "files/"


@dataclass(frozen=True, kw_only=True)
class Origin:
    """The origin of a backup.

    Attributes:
        made_at: Creation time, ISO 8601 in UTC.
        program: The Kelompok version that made it.
        schema_revision: Migration revision of the database.
        postgresql: Major version of the server.
        server_identifier: From pg_control_system(); None if the server does not reveal it.
    """

    format: int
    made_at: str
    program: str
    schema_revision: str
    postgresql: int
    server_identifier: str | None


@dataclass(frozen=True, kw_only=True)
class TableContent:
    """A table whose rows are in the members ``database/NAME/…``, in COPY's text format and gzipped."""

    name: str
    columns: Sequence[str]
    rows: int


@dataclass(frozen=True, kw_only=True)
class Member:
    """Size and SHA-256 of a member of the archive."""

    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The full manifest of a backup.

    Attributes:
        tables: In dependency order: each after the tables it references.
        files: Received files in the backup.
        missing: SHA-256 of received files that were missing from storage or damaged there.
        masked: Lines of kelompok.toml with a masked password.
        members: By name, in archive order.
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

    def to_json(self) -> dict[str, object]:
        """Return the summary for output: counts, without the list of members."""
        summary = asdict(self) | {"tables": {table.name: table.rows for table in self.tables}}
        del summary["members"]
        return summary


def write_json(value: Origin | Manifest) -> bytes:
    return json.dumps(asdict(value), ensure_ascii=False, indent=1).encode()


def read_origin(content: bytes) -> Origin:
    """Parse the origin in a header; fields of newer formats are ignored.

    Raises:
        ValueError, TypeError, KeyError: When it is not valid.
    """
    found = from_json(content)
    if int(found["format"]) > FORMAT:  # needed only to say which version can restore it
        return Origin(**{one.name: found.get(one.name) for one in fields(Origin)} | {"format": int(found["format"])})
    return TypeAdapter(Origin).validate_json(content, strict=True)


def read_manifest(content: bytes) -> Manifest:
    """Parse a manifest and check the type of each value.

    Raises:
        ValueError: When it is not valid.
    """
    return TypeAdapter(Manifest).validate_json(content, strict=True)
