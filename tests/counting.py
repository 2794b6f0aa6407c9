"""What came of an import's rows, as short as a test compares it."""

from kelompok_core.imports.reporting.report import ImportReport


def decided(report: ImportReport, *, read: bool = True) -> dict[str, int]:
    """Return how many rows were decided how, as far as there are any; with ``read`` also how many were read."""
    return {name: number for name, number in report.counts.items() if number and (read or name != "rows_read")}


def codes_of(report: ImportReport) -> set[str]:
    """Return the codes of what was found."""
    return {group.code for group in report.groups}
