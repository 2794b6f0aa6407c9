"""Generates pages from the code: fields, import options, issue codes, reasons, errors of the API, manifest schema."""

import inspect
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from kelompok_core.api.problems import REQUEST_PROBLEMS, STATUSES
from kelompok_core.descriptor import Field, Part
from kelompok_core.entities import list_entities
from kelompok_core.imports.shared.options import OPTIONS, ImportOption
from kelompok_core.imports.staging.candidates import EXTERNAL_ID, ORGANIZATION
from kelompok_core.issues.catalog import core_entries, read_catalog
from kelompok_core.issues.entries import LANGUAGES, Entry
from kelompok_core.issues.reasons import REASONS, Question
from kelompok_core.plugin_host.contract_names import contract_named, list_contract_names
from kelompok_core.plugin_host.manifest import manifest_json_schema
from kelompok_core.records.registry import get_descriptor

FOLDER = Path(__file__).parent
PLUGINS = FOLDER.parent / "plugins"


def pages() -> Mapping[Path, str]:
    """Return the content of every generated page."""
    return {
        FOLDER / "fields.md": "\n".join(_fields()) + "\n",
        FOLDER / "decision-reasons.md": "\n".join(_reasons()) + "\n",
        FOLDER / "import-options.md": "\n".join(_import_options()) + "\n",
        FOLDER / "issue-codes.md": "\n".join(_issue_codes()) + "\n",
        FOLDER / "api-errors.md": "\n".join(_api_errors()) + "\n",
        FOLDER / "contracts.md": "\n".join(_contracts()) + "\n",
        FOLDER / "manifest.schema.json": manifest_json_schema(),
    }


def _contracts() -> Iterator[str]:
    yield "# Contracts"
    yield ""
    yield "What a plugin can implement: protocols in `kelompok_core.contracts`. A class needs the method only."
    yield "Made from the code."
    yield ""
    yield "| `implements` | method | what it does |"
    yield "|---|---|---|"
    for name in list_contract_names():
        contract = contract_named(name)
        does = (inspect.getdoc(contract) or "").partition("\n")[0].replace("``", "`")
        for method, asked in inspect.getmembers(contract, inspect.isfunction):
            if not method.startswith("_"):
                yield f"| `{name}` | `{_signature(method, asked)}` | {does} |"
    yield ""
    yield "Optional: an importer of JSON may have `originals(source, context) -> Iterator[str]`, which returns"
    yield "each record as it came; an enricher may have `explain(records, context) -> CommandResult`, which says"
    yield "how it finds its signals."


def _signature(method: str, asked: Callable[..., object]) -> str:
    signature = inspect.signature(asked)
    annotation = signature.return_annotation
    returned = annotation.__name__ if isinstance(annotation, type) else str(annotation).rpartition(".")[2]
    return f"{method}({', '.join(list(signature.parameters)[1:])}) -> {_RETURNS.get(method, returned)}"


_RETURNS = {"read": "Iterator[SourceBatch]", "match": "DataFrame", "enrich": "DataFrame"}


def _fields() -> Iterator[str]:
    yield "# Fields"
    yield ""
    yield "The fields of each entity, with the headers that are recognized as each field, in English and Indonesian."
    yield "Case, accents, punctuation and «camelCase» do not matter. A *part* is a further column of a field."
    yield "The header of a date or time can name its time zone: `start_utc`, «Jam (WITA)», «Mulai (UTC+8)»."
    yield "For `--map 'Their header=NAME'`, use any name of the first column."
    for entity in list_entities():
        descriptor = get_descriptor(entity)
        yield from (
            "",
            f"## {entity.capitalize()}",
            "",
            "| field | stored in | recognized headers |",
            "|---|---|---|",
        )
        yield f"| `{EXTERNAL_ID}` | evidence | {', '.join(descriptor.external_id_aliases)} |"
        if descriptor.belongs:
            yield f"| `{ORGANIZATION}` | `organization_id` | {', '.join(descriptor.organization_aliases)} |"
        for field in descriptor.fields:
            yield from _field(field)
        protected = ", ".join(f"`{name}`" for name in sorted(descriptor.protected))
        yield from ("", f"Never set by an import: {protected}.")
        for guard in descriptor.guards:
            value = f"`{guard.field}` = `{guard.value}`" if guard.value else f"`{guard.field}`"
            yield from ("", f"{value} requires the right `{guard.action}`.")


def _field(field: Field) -> Iterator[str]:
    needed = " (required)" if field.required else ""
    where = f"`{field.stored_in}.{field.key}`" if field.key else f"`{field.stored_in}`"
    zoned = (f"{alias} (with a zone)" for alias in field.zoned_aliases)
    aliases = ", ".join((field.name.replace("_", " "), *field.aliases, *_weak(field), *zoned))
    yield f"| `{field.name}`{needed} | {where} | {aliases} |"
    for part in field.parts:
        if part.aliases:
            yield f"| `{part.name}` | part of `{field.name}` | {', '.join((*part.aliases, *_weak(part)))} |"


def _weak(known: Field | Part) -> Iterator[str]:
    """Yield the headers that are recognized only next to others, with those."""
    return (f"{alias} (next to {', '.join(sorted(known.beside))})" for alias in known.weak_aliases)


def _import_options() -> Iterator[str]:
    yield "# Import options"
    yield ""
    yield "How an import reads and merges a file. You can give each option on the command line, in a request to"
    yield "[the HTTP API](api.md), in the run config of [Dagster](dagster.md), and in `[[schedules]]` and `[[inboxes]]`"
    yield "of `kelompok.toml`. A saved profile, `[profiles.NAME]`, has them all but `profile`. Run config uses the"
    yield "names that Dagster suggests, such as `DAY_FIRST` for `dmy`."
    yield ""
    by_installation = (f"`{one.key}`" for one in OPTIONS if one.declared.in_installation)
    yield f"`[imports]` sets these for all imports of an installation: {', '.join(by_installation)}."
    yield "What you give is used first, then the profile, then `[imports]`. Mappings, policies and settings add up."
    yield ""
    yield "| command line | API | kelompok.toml and Dagster | meaning |"
    yield "|---|---|---|---|"
    for one in OPTIONS:
        yield f"| {_written(one)} | `{one.word}` | `{one.key}` | {one.declared.help} |"


def _written(option: ImportOption) -> str:
    if option.value is bool:
        return f"`{option.flag}`, `{option.no_flag}`"
    choices = "|".join(str(one.value) for one in option.choices or ())
    return f"`{option.flag} {option.declared.form or choices or option.name.upper()}`".replace("|", "\\|")


def _issue_codes() -> Iterator[str]:
    yield "# Issue codes"
    yield ""
    yield "Every finding about a file, a row or a cell has one of these codes. The severity determines what happens:"
    yield "**fatal** stops the import, **error** rejects the row, **review** sends the row to review, **warning** means"
    yield "that the row is used, but something was changed, dropped or kept, and **info** is only information."
    yield ""
    yield "The first table has the codes of the core. Plugins define theirs in `issues.json`, next to the manifest;"
    yield "see [Writing a plugin](plugins.md#issue-codes-of-your-own)."
    yield from ("", "## The core", "")
    yield from _table_of_codes(core_entries())
    for manifest in sorted(PLUGINS.glob("*/*/kelompok-plugin.json")):
        if entries := read_catalog(manifest.parent).entries:
            yield from ("", f"## {json.loads(manifest.read_text('utf-8'))['name']}", "")
            yield from _table_of_codes(entries)


def _table_of_codes(entries: Mapping[str, Entry]) -> Iterator[str]:
    yield "| code | severity | English | Indonesian |"
    yield "|---|---|---|---|"
    for code, entry in sorted(entries.items()):
        english, indonesian = (_sentence(" ".join(entry.texts[language])) for language in LANGUAGES)
        yield f"| `{code}` | {entry.severity} | {english} | {indonesian} |"


_QUESTIONS = {Question.IDENTITY: "whose row it is", Question.VALUES: "whether its values may be written"}


def _reasons() -> Iterator[str]:
    yield "# Reasons of decisions"
    yield ""
    yield "Every row of an import gets a decision, and a reason that explains it. A row with errors of its own is"
    yield "rejected with the code of its first error, see [issue codes](issue-codes.md). A row that matches a record is"
    yield "merged with the reason of the matching rule, such as `match.website`. The other reasons are:"
    yield ""
    yield "| reason | decision | a reviewer is asked | meaning |"
    yield "|---|---|---|---|"
    for code, reason in sorted(REASONS.items()):
        decisions = ", ".join(sorted(reason.decisions))
        question = _QUESTIONS[reason.question] if reason.question is not None else ""
        yield f"| `{code}` | {decisions} | {question} | {_sentence(' '.join(core_entries()[code].texts['en']))} |"
    yield ""
    yield "If the question is *whose row it is* and the reviewer merges the row, it only fills empty fields;"
    yield "if the question is *whether its values may be written*, the row's values are used. The reviewer can choose"
    yield "otherwise for each field."


def _sentence(template: str) -> str:
    """Return a sentence with its plural words: «lines» for «{rows:line|lines}»."""
    return re.sub(r"\{\w+:[^|}]*\|([^}]*)\}", r"\1", template).replace("|", "\\|")


def _api_errors() -> Iterator[str]:
    yield "# Errors of the API"
    yield ""
    yield "Every error response of [the HTTP API](api.md) has one of these codes as `error.code`."
    yield "Codes are stable; messages may change."
    yield ""
    yield "| code | status | meaning |"
    yield "|---|---|---|"
    known = {kind.code: status for kind, status in STATUSES.items()} | dict(REQUEST_PROBLEMS)
    for code, status in sorted(known.items()):
        yield f"| `{code}` | {status.status} | {status.meaning} |"


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, "utf-8")
