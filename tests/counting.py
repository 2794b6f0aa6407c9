"""Short forms of an import's counts, for comparisons in tests."""

from kelompok_core.imports.reporting.report import ImportReport


def decided(report: ImportReport, *, read: bool = True) -> dict[str, int]:
    """Return the counts of decisions that are not zero; with ``read`` also the number of rows read."""
    return {name: number for name, number in report.counts.items() if number and (read or name != "rows_read")}


def codes_of(report: ImportReport) -> set[str]:
    """Return the codes of the issues."""
    return {group.code for group in report.groups}
