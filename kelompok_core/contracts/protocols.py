"""The contracts. A plugin implements one by having its methods; it inherits nothing."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from kelompok_core.contracts.context import PluginContext
from kelompok_core.contracts.shapes import CommandResult, JobReport, JsonValue, Source, SourceBatch

if TYPE_CHECKING:  # loaded where tables are made: who reads no rows should not wait for it
    import pandas as pd


@runtime_checkable
class Importer(Protocol):
    """Reads the records of an entity from a source."""

    def read(self, source: Source, context: PluginContext) -> Iterator[SourceBatch]:
        """Yield the source's records in order, lazily, in batches of about ``context.batch_size`` rows.

        ``context.entity`` says what the records are. A source without records yields one empty batch, so that its
        header and ``read_as`` are known. Reading the same bytes with the same settings yields the same batches.

        Raises:
            UnreadableSource: When the source as a whole cannot be read.
            ConfigurationError: When a setting does not fit.
        """
        ...


OrganizationImporter = Importer
MemberImporter = Importer
PostImporter = Importer
EventImporter = Importer
"""The importer's names for one entity each; they are the same contract."""


@runtime_checkable
class KeepsOriginals(Protocol):
    """An importer of JSON that also returns the original records, so that error files have them as the source did."""

    def originals(self, source: Source, context: PluginContext) -> Iterator[str]:
        """Yield each record that :meth:`Importer.read` numbers, in the same order, as one line of JSON."""
        ...


@runtime_checkable
class SourceNormalizer(Protocol):
    """Changes the batches of a source into a form that the core understands, before headers are mapped."""

    def normalize(self, batch: SourceBatch, context: PluginContext) -> SourceBatch:
        """Return the batch with cells rewritten, columns and issues added; rows and columns are never dropped.

        The evidence keeps every cell as the source had it. ``context.map_headers(context.entity, columns)`` returns
        the field of each column.
        """
        ...


@runtime_checkable
class SourceMatcher(Protocol):
    """Suggests which existing record a candidate may be; it never merges."""

    def match(self, candidates: "pd.DataFrame", existing: "pd.DataFrame", context: PluginContext) -> "pd.DataFrame":
        """Return suggestions with ``SUGGESTION_COLUMNS``; both frames have a text column ``key``."""
        ...


@runtime_checkable
class ProfileEnricher(Protocol):
    """Derives signals from public text, each with the text that shows it."""

    def enrich(self, records: "pd.DataFrame", context: PluginContext) -> "pd.DataFrame":
        """Return signals with ``SIGNAL_COLUMNS``; records has a text column ``record`` and text fields."""
        ...


@runtime_checkable
class Explains(Protocol):
    """An enricher that also explains its signals, so that people can check them."""

    def explain(self, records: "pd.DataFrame", context: PluginContext) -> CommandResult:
        """Return why it finds signals in these records, or why it finds none."""
        ...


@runtime_checkable
class JobRunner(Protocol):
    """Does one integration's work: mail, storage, exchange with another system."""

    def run(self, params: Mapping[str, JsonValue], context: PluginContext) -> JobReport:
        """Do it, or in a dry run say what would be done."""
        ...


@runtime_checkable
class CLICommandProvider(Protocol):
    """Offers further commands, listed in the manifest and run by ``kelompok``."""

    def run_command(self, command: str, arguments: Mapping[str, JsonValue], context: PluginContext) -> CommandResult:
        """Run the named command with its parsed arguments."""
        ...


CONTRACTS: Mapping[str, type] = {
    "importer": Importer,
    "source_normalizer": SourceNormalizer,
    "source_matcher": SourceMatcher,
    "profile_enricher": ProfileEnricher,
    "job_runner": JobRunner,
    "cli_command_provider": CLICommandProvider,
}
"""Contracts by their names in a manifest's ``implements``; ``member_importer`` and the like are importers too."""
