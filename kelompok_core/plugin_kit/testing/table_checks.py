"""The checks of normalizers, matchers, enrichers and commands, on small tables of our own."""

from pathlib import Path

import pandas as pd

from kelompok_core.contract_rules.batches import batch_problem
from kelompok_core.contract_rules.results import result_problem
from kelompok_core.contract_rules.signals import signals_problem
from kelompok_core.contracts import SIGNAL_COLUMNS, SUGGESTION_COLUMNS, SourceBatch, location_table, text_table
from kelompok_core.plugin_kit.testing.hostile import CELLS
from kelompok_core.plugin_kit.testing.subject import Subject, source_of, working_folder
from kelompok_core.plugin_process.frames import JsonObject, Values

_NAMES = ("Yayasan Rumah Air", "Sanggar Seni Depok", "Forum Guru Belajar")
_TEXTS = (
    "Kami menyediakan air bersih dan pendidikan bagi anak di Jakarta. https://www.instagram.com/rumahair",
    "We plant mangroves against climate change and teach women to read.",
)


def _batch() -> SourceBatch:
    count = len(CELLS) + len(_NAMES)
    cells: dict[str, list[str | None]] = {
        "id": [str(number) for number in range(count)],
        "name": [*_NAMES, *CELLS],
        "city": ["Jakarta", "kota depok", "Bandung", *CELLS],
        "website": ["https://rumahair.org", "instagram.com/sanggar", "", *CELLS],
    }
    selectors = [f"#row={number + 2}" for number in range(count)]
    locations = location_table(range(1, count + 1), lines=list(range(2, count + 2)), selectors=selectors)
    return SourceBatch(cells=text_table(cells), locations=locations)


def normalizer_keeps_rows_and_columns(subject: Subject) -> None:
    """A normalizer returns a batch of the contract with the same rows and at least the same columns, every time."""
    before = _batch()
    normalizer = subject.implementation("source_normalizer")
    with working_folder() as workdir:
        context = subject.context(entity="organizations", workdir=workdir)
        found, again = (normalizer.normalize(_batch(), context) for _ in range(2))
    assert isinstance(found, SourceBatch), f"normalize(): expected a SourceBatch; found a {type(found).__name__}"
    problem = batch_problem(found, 0)
    assert problem is None, f"normalize(): {problem}"
    assert found.locations.equals(before.locations), "normalize(): it added, dropped or moved rows"
    missing = [column for column in before.cells.columns if column not in found.cells.columns]
    assert not missing, f"normalize(): it dropped the column {missing[0]!r}"
    assert found.cells.equals(again.cells), "normalize(): the same batch gave other cells the second time"
    for code in sorted(set(found.issues["code"])):
        assert code in subject.issues, f"issues.json: the code {code!r} is missing"


def _records(subject: Subject) -> pd.DataFrame:
    """Return records with the fields that the plugin's first job asks for."""
    job = next(job for job in subject.manifest.jobs if job.enriches)
    fields = next(iter(job.enriches.values()))
    texts = [*_TEXTS, *(cell or "" for cell in CELLS)]
    columns = dict.fromkeys(fields, texts) | {"record": [f"r{number}" for number in range(len(texts))]}
    return text_table({name: columns[name] for name in ("record", *fields)})


def enricher_quotes_what_it_found(subject: Subject) -> None:
    """Each signal quotes the text at its place, has a confidence from 0 to 1, and is found again in any order."""
    records = _records(subject)
    enricher = subject.implementation("profile_enricher")
    with working_folder() as workdir:
        context = subject.context(workdir=workdir)
        signals = enricher.enrich(records, context)
        reversed_ = enricher.enrich(records.iloc[::-1].reset_index(drop=True), context)
    problem = signals_problem(signals)
    assert problem is None, f"enrich(): it {problem}"
    texts = records.set_index("record")
    for row in signals[list(SIGNAL_COLUMNS)].itertuples(index=False, name=None):
        record, _, _, confidence, where, start, end, quote, _ = row
        assert record in texts.index, f"enrich(): a signal for {record!r}, which is no record"
        assert 0 <= confidence <= 1, f"enrich(): expected a confidence from 0 to 1; found {confidence}"
        there = texts[where][record][start:end]
        assert there == quote, f"enrich(): at {start}-{end} of {where} of {record} is {there!r}, not {quote!r}"
    assert _signal_set(signals) == _signal_set(reversed_), "enrich(): the order of records changes what is found"


def _signal_set(signals: pd.DataFrame) -> set[tuple[object, ...]]:
    return set(signals[list(SIGNAL_COLUMNS)].itertuples(index=False, name=None))


def matcher_only_suggests(subject: Subject) -> None:
    """Suggestions name keys that exist, with a likeness from 0 to 1, and are the same every time."""
    candidates = text_table({"key": ["c1", "c2", "c3"], "name": [*_NAMES[:2], "\u202e"]})
    existing = text_table({"key": ["e1", "e2"], "name": ["Rumah Air", None]})
    matcher = subject.implementation("source_matcher")
    with working_folder() as workdir:
        context = subject.context(entity="organizations", workdir=workdir)
        found, again = (matcher.match(candidates, existing, context) for _ in range(2))
    assert isinstance(found, pd.DataFrame), f"match(): expected a data frame; found a {type(found).__name__}"
    missing = [column for column in SUGGESTION_COLUMNS if column not in found.columns]
    assert not missing, f"match(): the column {missing[0]!r} is missing"
    assert set(found["candidate"]) <= set(candidates["key"]), "match(): a candidate that was not given"
    assert set(found["existing"]) <= set(existing["key"]), "match(): an existing record that was not given"
    assert all(0 <= float(one) <= 1 for one in found["likeness"]), "match(): expected a likeness from 0 to 1"
    assert found.equals(again), "match(): the same tables gave other suggestions the second time"


def commands_return_results(subject: Subject) -> None:
    """Each command that can be run with a sample or with plain arguments returns a result of the contract."""
    provider = subject.implementation("cli_command_provider")
    for command in subject.manifest.commands:
        with working_folder() as workdir:
            arguments = _arguments(subject, command.arguments_schema, workdir)
            if arguments is None:
                continue
            context = subject.context(entity="organizations", workdir=workdir)
            problem = result_problem(provider.run_command(command.name, arguments, context))
            assert problem is None, f"run_command({command.name!r}): {problem}"


def _arguments(subject: Subject, schema: Values, workdir: Path) -> JsonObject | None:
    """Return arguments that fit a command's schema, or None if there is no sample for it."""
    arguments: JsonObject = {}
    for name, described in schema.get("properties", {}).items():
        if described.get("format") == "source":
            if not subject.inputs:
                return None
            arguments[name] = source_of(subject.inputs[0])
        elif described.get("format") == "path":
            arguments[name] = str(workdir / "written")
        else:
            arguments[name] = described.get("default", (described.get("enum") or [_TEXTS[0]])[0])
    return arguments
