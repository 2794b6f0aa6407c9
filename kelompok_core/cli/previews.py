"""Previews of a file: how and as which entity it would be imported, and the next command."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kelompok_core.cli import surroundings
from kelompok_core.issues.stored import params_of
from kelompok_core.plugin_host.registry import PluginInfo

if TYPE_CHECKING:
    from kelompok_core.contracts import CommandResult, Source
    from kelompok_core.issues.stored import StoredFinding

_NOTHING_TO_IMPORT = ("file.empty", "file.no_records")
_OF_A_FILE = "file."
"""Prefix of the codes of problems with a file as a whole."""


@dataclass(frozen=True, kw_only=True)
class Preview:
    """How a file would be read as records of an entity.

    Attributes:
        entity: The requested entity, or the one that fits the columns best.
        findings: Rows of the issue table.
    """

    entity: str
    result: "CommandResult"
    findings: "Sequence[StoredFinding]"

    @property
    def better(self) -> str | None:
        """The entity that fits the columns better, if any."""
        from kelompok_core.imports.staging.likely_columns import OTHER_ENTITY

        found = next((one for one in self.findings if one["code"] == OTHER_ENTITY), None)
        return str(params_of(found)["entity"]) if found else None

    @property
    def missing(self) -> set[str]:
        """The required fields that have no column."""
        fatal = [one for one in self.findings if one["severity"] == "fatal"]
        return {str(params_of(one)["field"]) for one in fatal if _is_missing(one)}

    @property
    def is_readable(self) -> bool:
        """Whether there is no problem with the file as a whole."""
        return not any(one["severity"] == "fatal" and one["code"].startswith(_OF_A_FILE) for one in self.findings)

    @property
    def has_rows(self) -> bool:
        return self.is_readable and not any(one["code"] in _NOTHING_TO_IMPORT for one in self.findings)


def _is_missing(finding: "StoredFinding") -> bool:
    return finding["code"] in ("header.missing", "header.organization_missing")


def look(entity: str, show: "Callable[[str], CommandResult]", *, is_asked: bool) -> Preview:
    """Return the preview of a file as the requested entity, or as the one that fits its columns best."""
    first = _preview(entity, show(entity))
    if is_asked or first.better is None:
        return first
    return _preview(first.better, show(first.better))


def _preview(entity: str, result: "CommandResult") -> Preview:
    from kelompok_core.contracts import ISSUE_COLUMNS
    from kelompok_core.imports.staging.row_tables import issue_dicts

    issues = result.tables.get("Findings")
    findings = [] if issues is None or tuple(issues.columns) != ISSUE_COLUMNS else issue_dicts(issues)
    return Preview(entity=entity, result=result, findings=findings)


def require_reader(plugin: PluginInfo, entity: str, file: str, source: "Source") -> None:
    """Check that the plugin reads this type of file.

    Raises:
        UsageError: When it does not, naming the plugin that does.
    """
    from kelompok_core.contracts import FOLDER_TYPE
    from kelompok_core.imports.receiving.media_types import Arrived, find_media_type
    from kelompok_core.sources.forms import HEAD_BYTES

    job = next((one for one in plugin.jobs() if one.entity == entity), None)
    if job is None:
        return
    if source.media_type == FOLDER_TYPE:
        arrived = Arrived(location=file, declared=FOLDER_TYPE, head=b"")
    else:
        with source.path.open("rb") as opened:
            arrived = Arrived(location=file, declared=None, head=opened.read(HEAD_BYTES))
    find_media_type(surroundings.settings(), plugin, job, arrived)


def following(
    plugin: PluginInfo,
    command: str,
    preview: Preview,
    file: str,
    *,
    mapping: Mapping[str, str],
    settings: Mapping[str, str],
) -> Sequence[str] | None:
    """Return the next command after a preview, as words, or None if there is none.

    This is the import, with the options that findings suggest; or, if a required column is missing, the preview as the
    entity that fits the columns better.
    """
    from kelompok_core.imports.shared.columns import ORGANIZATION
    from kelompok_core.imports.staging.likely_columns import suggested_mapping

    if not preview.has_rows:
        return None
    if preview.missing and preview.better is not None:
        again = [plugin.name, command, file, "--entity", preview.better]
        return [*again, *_options(mapping, settings)]
    job = next((one.name for one in plugin.jobs() if one.entity == preview.entity), None)
    suggested = suggested_mapping(preview.findings)
    missing = preview.missing - set(suggested.values())
    if job is None or missing - {ORGANIZATION}:
        return None
    owner = ["--organization", "SLUG"] if ORGANIZATION in missing else []
    options = _options({**mapping, **suggested}, settings)
    return ["plugin", "run", plugin.name, "--job", job, "--file", file, *options, *owner, "--dry-run"]


def _options(mapping: Mapping[str, str], settings: Mapping[str, str]) -> list[str]:
    """Return settings and mapping as command-line options."""
    mapped = (word for header, field in mapping.items() for word in ("--map", f"{header}={field}"))
    set_options = (word for key, value in settings.items() for word in ("--set", f"{key}={value}"))
    return [*mapped, *set_options]
