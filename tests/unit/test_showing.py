"""Previews: what each column becomes, as the operator, the reader, or the column's name says."""

from kelompok_core.contracts import PluginContext, SourceBatch, location_table, preview, text_table
from kelompok_core.imports.staging.likely_columns import judge_columns
from tests.reading import source_of


class _Reader:
    def read(self, source, context):
        del source, context
        cells = {"name": ["A"], "Title": ["B"], "Internal": ["C"], "Secret": ["D"], "city": ["E"]}
        yield SourceBatch(
            cells=text_table(cells),
            locations=location_table([1], lines=[2], selectors=["#row=2"]),
            mapping={"name": "extra", "Title": "name", "Internal": "extra", "Secret": "-"},
        )


def _shown(tmp_path, columns=()):
    (tmp_path / "a.txt").write_text("x")
    context = PluginContext(
        columns=columns,
        map_headers=lambda _, names: {name: {"city": "city", "Internal": "notes"}[name] for name in names},
        judge_columns=lambda kind, cells: judge_columns(kind, cells, {}),
    )
    return preview(_Reader(), source_of(tmp_path / "a.txt"), context, entity="organizations", rows=1)


def test_what_the_reader_knows_is_shown_and_judged(tmp_path):
    shown = _shown(tmp_path)
    assert dict(zip(shown.tables["Columns"]["column"], shown.tables["Columns"]["becomes"], strict=True)) == {
        "name": "(extra)", "Title": "name", "Internal": "(extra)", "Secret": "(left out)", "city": "city",
    }  # fmt: skip
    assert "Findings" not in shown.tables, "the name is there, under another column"


def test_the_operators_mapping_wins(tmp_path):
    shown = _shown(tmp_path, columns=("Internal",))
    assert list(shown.tables["Columns"]["becomes"])[2] == "notes"
