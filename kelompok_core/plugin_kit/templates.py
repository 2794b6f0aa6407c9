"""The texts of a new plugin's files; ``@NAME@``, ``@PACKAGE@`` and ``@PREFIX@`` are replaced."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Part:
    """The code for one contract.

    Attributes:
        code: The class, and the functions that it needs.
        imports: What it imports from the contracts.
        further_imports: Its other import lines.
    """

    code: str
    imports: tuple[str, ...]
    further_imports: tuple[str, ...] = ()


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return a text with its placeholders replaced."""
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text


def head(others: Sequence[str], names: Sequence[str]) -> str:
    """Return the beginning of ``plugin.py``."""
    listed = "".join(f"    {name},\n" for name in names)
    lines = "".join(f"{line}\n" for line in others)
    ours = f"from kelompok_core.contracts import (\n{listed})\n"
    return f'"""The plugin @NAME@."""\n\n{lines}\n{ours}'


PYPROJECT = """\
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "kelompok-@NAME@"
version = "0.1.0"
description = "A plugin for Kelompok."
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["kelompok-pipelines>=0.1"]

[project.entry-points."kelompok.plugins"]
@NAME@ = "@PACKAGE@"

[tool.setuptools]
packages = ["@PACKAGE@"]

[tool.setuptools.package-data]
@PACKAGE@ = ["*.json"]
"""

README_END = """\
Work on it:

```sh
kelompok plugin lint .
kelompok plugin test .
```

Use it:

```sh
pip install -e .
kelompok plugin enable @NAME@
```
"""

TEST_WITH_INPUTS = '''"""The plugin keeps its contracts."""

from pathlib import Path

from kelompok_core.plugin_kit.testing import conformance_suite

TestConformance = conformance_suite("@PACKAGE@", inputs=Path(__file__).with_name("inputs"))
'''

TEST = '''"""The plugin keeps its contracts."""

from kelompok_core.plugin_kit.testing import conformance_suite

TestConformance = conformance_suite("@PACKAGE@")
'''

SAMPLE = """\
R-1|Yayasan Rumah Air|Jakarta
R-2|Sanggar Seni|Depok
R-3|Forum Guru|Bandung
"""

COMMAND = {
    "name": "count",
    "summary": "Count the words of a text.",
    "arguments_schema": {
        "type": "object",
        "required": ["text"],
        "properties": {"text": {"type": "string", "description": "The text."}},
    },
}

ISSUES = {
    "bad_line": {
        "severity": "warning",
        "en": ["The line has {found} cells, and {expected} were expected.", "Correct the line in the source."],
        "id": ["Baris ini memiliki {found} sel, padahal seharusnya {expected}.", "Perbaiki baris itu di sumbernya."],
    },
    "city_renamed": {
        "severity": "info",
        "en": ["«{value}» was read as {city}.", "Nothing to do."],
        "id": ["«{value}» dibaca sebagai {city}.", "Tidak perlu tindakan."],
    },
}

_IMPORTER = '''
COLUMNS = ("id", "name", "city")
ENCODING = "utf-8-sig"


class Importer:
    """Reads lists with one record a line and «|» between the cells."""

    def read(self, source: Source, context: PluginContext) -> Iterator[SourceBatch]:
        """Yield the records in batches; every cell is text, exactly as it is written.

        Raises:
            UnreadableSource: When the file is no UTF-8.
        """
        with source.path.open("rb") as file:
            require_decodable(file, ENCODING)
            file.seek(0)
            lines = enumerate(TextIOWrapper(file, ENCODING, newline="\\n"), start=1)
            records = ((number, line.rstrip("\\r\\n")) for number, line in lines if line.strip())
            first = 1
            while chunk := list(islice(records, context.rows_that_fit(len(COLUMNS)))):
                yield _batch(chunk, first)
                first += len(chunk)
            if first == 1:
                yield replace(_batch([], first), issues=issue_table([no_records()]))


def _batch(records: Sequence[tuple[int, str]], first: int) -> SourceBatch:
    rows = [line.split("|", len(COLUMNS) - 1) for _, line in records]
    cells = {
        name: [row[at] if at < len(row) else None for row in rows] for at, name in enumerate(COLUMNS)
    }
    numbers = range(first, first + len(records))
    lines = [number for number, _ in records]
    issues = [
        Issue(
            code="@PREFIX@.bad_line", severity=Severity.WARNING, row_number=number, line=line,
            params={"expected": len(COLUMNS), "found": len(row)},
        )
        for number, line, row in zip(numbers, lines, rows, strict=True)
        if len(row) != len(COLUMNS)
    ]
    return SourceBatch(
        cells=text_table(cells),
        locations=location_table(numbers, lines=lines, selectors=[f"#line={line}" for line in lines]),
        issues=issue_table(issues),
        read_as={"encoding": ENCODING, "delimiter": "|"},
    )
'''

_NORMALIZER = '''
CITIES = {"jkt": "Jakarta", "bdg": "Bandung"}


class Normalizer:
    """Writes out the short names of cities."""

    def normalize(self, batch: SourceBatch, context: PluginContext) -> SourceBatch:
        """Return the batch with changed cells and further issues; rows and columns stay."""
        columns = [str(column) for column in batch.cells.columns]
        fields = context.map_headers(context.entity or "organizations", columns)
        city = next((column for column in columns if "city" in (column, fields.get(column))), None)
        if city is None:
            return batch
        cells, issues = batch.cells.copy(), []
        for row, cell in enumerate(cells[city]):
            name = CITIES.get(cell.strip().lower()) if isinstance(cell, str) else None
            if name is not None:
                cells.loc[cells.index[row], city] = name
                issues.append(
                    batch.issue_at(
                        row, "@PREFIX@.city_renamed", Severity.INFO, column=city, value=cell, city=name
                    )
                )
        return replace(batch, cells=cells, issues=with_issues(batch.issues, issues))
'''

_MATCHER = '''
LEAST_LIKENESS = 0.8


class Matcher:
    """Suggests records whose names are written almost like a candidate's."""

    def match(self, candidates: pd.DataFrame, existing: pd.DataFrame, context: PluginContext) -> pd.DataFrame:
        """Return a row for each pair that may be the same; nothing is merged."""
        del context
        rows = []
        for candidate, name in zip(candidates["key"], candidates["name"], strict=True):
            for key, other in zip(existing["key"], existing["name"], strict=True):
                likeness = SequenceMatcher(None, str(name).lower(), str(other).lower()).ratio()
                if likeness >= LEAST_LIKENESS:
                    features = json.dumps({"name": round(likeness, 3)})
                    rows.append((candidate, key, likeness, features, "@NAME@@0.1.0"))
        return pd.DataFrame(rows, columns=list(SUGGESTION_COLUMNS))
'''

_ENRICHER = '''
YEAR = re.compile(r"\\b(?:19|20)[0-9]{2}\\b")


class Enricher:
    """Finds years in public texts."""

    def enrich(self, records: pd.DataFrame, context: PluginContext) -> pd.DataFrame:
        """Return a signal for each year, with the place where it stands."""
        del context
        rows = [
            (record, "year", found[0], 0.5, field, found.start(), found.end(), found[0], "@NAME@@0.1.0")
            for record, texts in iter_texts(records)
            for field, text in texts.items()
            for found in YEAR.finditer(text)
        ]
        return pd.DataFrame(rows, columns=list(SIGNAL_COLUMNS))
'''

_COMMANDS = '''
class Commands:
    """The plugin's commands."""

    def run_command(self, command: str, arguments: Mapping[str, JsonValue], context: PluginContext) -> CommandResult:
        """Count the words of a text."""
        del command, context
        return CommandResult(text=f"{len(str(arguments['text']).split())} words")
'''

OF_CONTRACTS: Mapping[str, Part] = {
    "importer": Part(
        code=_IMPORTER,
        imports=(
            "Issue", "PluginContext", "Severity", "Source", "SourceBatch", "issue_table", "location_table",
            "no_records", "require_decodable", "text_table",
        ),
        further_imports=(
            "from collections.abc import Iterator, Sequence", "from dataclasses import replace",
            "from io import TextIOWrapper", "from itertools import islice",
        ),
    ),
    "source_normalizer": Part(
        code=_NORMALIZER,
        imports=("PluginContext", "Severity", "SourceBatch", "with_issues"),
        further_imports=("from dataclasses import replace",),
    ),
    "source_matcher": Part(
        code=_MATCHER,
        imports=("SUGGESTION_COLUMNS", "PluginContext"),
        further_imports=("import json", "from difflib import SequenceMatcher", "import pandas as pd"),
    ),
    "profile_enricher": Part(
        code=_ENRICHER,
        imports=("SIGNAL_COLUMNS", "PluginContext", "iter_texts"),
        further_imports=("import re", "import pandas as pd"),
    ),
    "cli_command_provider": Part(
        code=_COMMANDS,
        imports=("CommandResult", "JsonValue", "PluginContext"),
        further_imports=("from collections.abc import Mapping",),
    ),
}  # fmt: skip
"""The code of each contract."""
