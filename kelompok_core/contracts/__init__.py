"""Everything that a plugin may import from the core: the contracts, the data that they exchange, and errors."""

from kelompok_core.contracts.columns import FreeNames, require_columns
from kelompok_core.contracts.common_findings import empty_file, no_records, require_decodable
from kelompok_core.contracts.context import PluginContext
from kelompok_core.contracts.decoding import TEXT_ENCODINGS, Undecodable, find_encoding, find_undecodable
from kelompok_core.contracts.errors import ConfigurationError, PluginError, TransientError, UnreadableSource
from kelompok_core.contracts.findings import ISSUE_COLUMNS, Issue, Severity, issue_table, no_issues, with_issues
from kelompok_core.contracts.folders import FolderFile, iter_folder, read_folder_file
from kelompok_core.contracts.protocols import (
    CONTRACTS,
    CLICommandProvider,
    EventImporter,
    Explains,
    Importer,
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
    iter_texts,
    location_table,
    text_table,
)
from kelompok_core.contracts.showing import preview
from kelompok_core.contracts.text_arrays import to_arrow

__all__ = [
    "CONTRACTS",
    "FOLDER_TYPE",
    "ISSUE_COLUMNS",
    "LOCATION_COLUMNS",
    "SIGNAL_COLUMNS",
    "SUGGESTION_COLUMNS",
    "TEXT_ENCODINGS",
    "CLICommandProvider",
    "CommandResult",
    "ConfigurationError",
    "EventImporter",
    "Explains",
    "FolderFile",
    "FreeNames",
    "Importer",
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
    "empty_file",
    "find_encoding",
    "find_undecodable",
    "issue_table",
    "iter_folder",
    "iter_texts",
    "location_table",
    "no_issues",
    "no_records",
    "preview",
    "read_folder_file",
    "require_columns",
    "require_decodable",
    "text_table",
    "to_arrow",
    "with_issues",
]
