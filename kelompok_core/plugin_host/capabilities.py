"""The names of what plugins offer: a manifest's ``capabilities``, and what follows from them."""

from collections.abc import Iterable, Mapping, Sequence

from kelompok_core.contracts import JsonValue
from kelompok_core.entities import EntityWords, list_words
from kelompok_core.suggestions import find_near

_OF_CONTRACTS: Mapping[str, str] = {
    "source_normalization": "source_normalizer",
    "source_matching": "source_matcher",
    "profile_enrichment": "profile_enricher",
    "integration": "job_runner",
    "commands": "cli_command_provider",
}
"""Capabilities that are no imports, with the contracts that offer them."""

_OLD_KINDS: Mapping[str, str] = {
    "normalize": "source_normalization",
    "match": "source_matching",
    "enrich": "profile_enrichment",
}
"""Beginnings of the old names, such as ``enrich:sdgs``. They are read for one release."""

_INPUTS = (
    "text/csv", "text/tab-separated-values", "text/plain", "application/json", "application/x-ndjson",
)  # fmt: skip
"""Media types of a job that names none."""


def list_capabilities() -> list[str]:
    """Return all names that a manifest may use; each entity adds ``<singular>_import``."""
    return [*(_import_of(words) for words in list_words()), *_OF_CONTRACTS]


def _import_of(words: EntityWords) -> str:
    return f"{words.singular}_import"


def rename_capability(name: str) -> str:
    """Return the present name of a capability."""
    kind, colon, what = name.partition(":")
    if not colon:
        return name
    if kind == "import":
        return next((_import_of(words) for words in list_words() if words.entity == what), name)
    return _OLD_KINDS.get(kind, name)


def find_capability_problems(names: Iterable[str]) -> list[str]:
    """Return a sentence for each capability that nobody knows."""
    known = list_capabilities()
    return [
        f"capabilities: {name!r} is not known; did you mean {near[0]!r}?"
        if (near := find_near(name, known))
        else f"capabilities: {name!r} is not known; write one of {', '.join(known)}"
        for name in map(rename_capability, names)
        if name not in known
    ]


def find_old_capabilities(names: Iterable[str]) -> list[str]:
    """Return a sentence for each capability with a name that a later release will not read."""
    return [
        f"capabilities: {name!r} is now {new!r}; the old name is read for one more release"
        for name in names
        if (new := rename_capability(name)) != name
    ]


def with_derived_jobs(manifest: Mapping[str, JsonValue], package: str) -> Mapping[str, JsonValue]:
    """Return a manifest that has only the product's five fields with the rest of what its capabilities mean.

    The capability ``organization_import`` with the command ``import-organizations`` is a job of that name. The class
    ``OrganizationImporter`` in the package's module ``plugin`` does it.
    """
    capabilities, commands = manifest.get("capabilities"), manifest.get("commands")
    if {"jobs", "implements", "permissions"} & set(manifest) or not isinstance(capabilities, list):
        return manifest
    named = [one for one in commands if isinstance(one, str)] if isinstance(commands, list) else []
    by_command = {f"import-{words.entity}": words for words in list_words() if _import_of(words) in capabilities}
    imports = [by_command[name] for name in named if name in by_command]
    if not imports:
        return manifest
    implements: dict[str, JsonValue] = {
        f"{words.singular}_importer": f"{package}.plugin:{_class_name(words)}" for words in imports
    }
    jobs: list[JsonValue] = [
        {
            "name": f"import-{words.entity}",
            "uses": f"{words.singular}_importer",
            "entity": words.entity,
            "inputs": [*_INPUTS],
        }
        for words in imports
    ]
    propose: list[JsonValue] = [words.entity for words in imports]
    return {**manifest, "implements": implements, "jobs": jobs, "permissions": {"propose": propose}}


def _class_name(words: EntityWords) -> str:
    return "".join(part.title() for part in (*words.singular.split("_"), "Importer"))


def without_commands_of_jobs(commands: Sequence[JsonValue], jobs: JsonValue) -> list[JsonValue]:
    """Return the commands that are not only another name for a job; bare names become objects."""
    of_jobs = [job.get("name") for job in jobs if isinstance(job, dict)] if isinstance(jobs, list) else []
    kept = [one for one in commands if not (isinstance(one, str) and one in of_jobs)]
    return [{"name": one} if isinstance(one, str) else one for one in kept]
