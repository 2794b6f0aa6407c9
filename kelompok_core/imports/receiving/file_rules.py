"""What imports may read, depending on the caller: rules from the ``[files]`` table of kelompok.toml."""

import re

from pydantic import BaseModel, ConfigDict

from kelompok_core.database.server_files import SHARED_ROOT
from kelompok_core.errors import SettingsError
from kelompok_core.plugin_host.configuration import read_document, read_table
from kelompok_core.settings import Settings
from kelompok_core.sources.rules import Confinement, FileRules

_TABLE = "files"
_EXAMPLES = "examples"
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")
_NO_SOURCES = frozenset(
    {
        "arrow_hdfs", "blockcache", "cached", "data", "dir", "filecache", "generic", "git", "libarchive", "local",
        "reference", "simplecache", "tar", "zip",
    }
)  # fmt: skip
"""fsspec schemes that open other files, including local ones, and so bypass the rules."""


class _Files(BaseModel):
    """``[files]``: the folders that runs may read, and the URLs that runs and the operator may read."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    roots: list[str] | None = None
    schemes: list[str] = []
    hosts: list[str] = []


def operator_rules(settings: Settings) -> FileRules:
    """Return the rules for the operator at a terminal: any file this process can read, and allowed URLs.

    Raises:
        SettingsError: Naming the key under ``[files]`` that is wrong.
    """
    return _rules(_read(settings), None)


def run_rules(settings: Settings, *, named: frozenset[str]) -> FileRules:
    """Return the rules for runs, which anybody with access to Dagster may start.

    They allow files in the roots and the inbox, and the files ``named``, which schedules in kelompok.toml name.

    Raises:
        SettingsError: Naming the key under ``[files]`` that is wrong.
    """
    files, beside = _read(settings), settings.config_file.resolve().parent
    home = settings.home.resolve()
    roots = [_EXAMPLES] if files.roots is None else files.roots
    confinement = Confinement(
        roots=tuple((beside / one).resolve() for one in roots),
        inbox=settings.inbox_folder.resolve(),
        named=named,
        private=(home, settings.config_file.resolve(), SHARED_ROOT),
    )
    return _rules(files, confinement)


def _rules(files: _Files, confinement: Confinement | None) -> FileRules:
    hosts = frozenset(one.lower() for one in files.hosts)
    return FileRules(confinement=confinement, schemes=frozenset(files.schemes), hosts=hosts)


def _read(settings: Settings) -> _Files:
    files = read_table(_TABLE, _Files, read_document(settings).get(_TABLE, {}))
    for scheme in files.schemes:
        if not _SCHEME.fullmatch(scheme) or scheme in _NO_SOURCES:
            raise SettingsError(
                f"{_TABLE}.schemes",
                f"the scheme {scheme!r} cannot be allowed",
                hint="Use a scheme such as https or s3.",
            )
    return files
