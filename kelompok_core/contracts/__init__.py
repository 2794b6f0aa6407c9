"""Everything a plugin may import: the nine contracts, the shapes that cross the boundary, and its errors."""

from kelompok_core.contracts.context import PluginContext
from kelompok_core.contracts.decoding import Undecodable, find_undecodable
from kelompok_core.contracts.errors import ConfigurationError, PluginError, TransientError, UnreadableSource
from kelompok_core.contracts.findings import ISSUE_COLUMNS, Issue, Severity, issue_table, no_issues
from kelompok_core.contracts.protocols import (
    CONTRACTS,
    CLICommandProvider,
    EventImporter,
    JobRunner,
    KeepsOriginals,
    MemberImporter,
    OrganizationImporter,
    PostImporter,
    ProfileEnricher,
    SourceMatcher,
    SourceNormalizer,
)
from kelompok_core.contracts.shapes import (
    FOLDER_TYPE,
    LOCATION_COLUMNS,
    SIGNAL_COLUMNS,
    SUGGESTION_COLUMNS,
    CommandResult,
    JobReport,
    JsonValue,
    Source,
    SourceBatch,
    free_name,
    location_table,
    text_table,
)
from kelompok_core.contracts.showing import preview

__all__ = [
    "CONTRACTS",
    "FOLDER_TYPE",
    "ISSUE_COLUMNS",
    "LOCATION_COLUMNS",
    "SIGNAL_COLUMNS",
    "SUGGESTION_COLUMNS",
    "CLICommandProvider",
    "CommandResult",
    "ConfigurationError",
    "EventImporter",
    "Issue",
    "JobReport",
    "JobRunner",
    "JsonValue",
    "KeepsOriginals",
    "MemberImporter",
    "OrganizationImporter",
    "PluginContext",
    "PluginError",
    "PostImporter",
    "ProfileEnricher",
    "Severity",
    "Source",
    "SourceBatch",
    "SourceMatcher",
    "SourceNormalizer",
    "TransientError",
    "Undecodable",
    "UnreadableSource",
    "find_undecodable",
    "free_name",
    "issue_table",
    "location_table",
    "no_issues",
    "preview",
    "text_table",
]
