"""Counts rows of a table that are no records, by kind, and reports them."""

from dataclasses import dataclass, field

from kelompok_core.contracts import Issue, Severity


@dataclass
class Count:
    """The number of rows of one kind, and the line of the first."""

    line: int = 0
    rows: int = 0

    def add(self, *lines: int) -> None:
        """Count rows that begin at these lines."""
        self.line = self.line or next(iter(lines), 0)
        self.rows += len(lines)


@dataclass(kw_only=True)
class Passed:
    """Skipped rows by kind; of blank rows only their number."""

    blank: int = 0
    comments: Count = field(default_factory=Count)
    headers: Count = field(default_factory=Count)
    rulers: Count = field(default_factory=Count)
    footer: Count = field(default_factory=Count)
    further: Count = field(default_factory=Count)

    def issues(self) -> list[Issue]:
        """Return one finding for each kind of row that was not read as a record."""
        kinds = (
            ("file.comments_skipped", Severity.INFO, self.comments),
            ("header.repeated", Severity.INFO, self.headers),
            ("file.rulers_skipped", Severity.INFO, self.rulers),
            ("file.footer_skipped", Severity.WARNING, self.footer),
            ("file.further_table", Severity.WARNING, self.further),
        )
        return [
            Issue(code=code, severity=severity, line=one.line, params={"line": one.line, "rows": one.rows})
            for code, severity, one in kinds
            if one.rows
        ]
