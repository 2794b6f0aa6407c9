"""Words a request may use, taken from the core so that the documentation lists them."""

from collections.abc import Callable, Sequence
from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema

from kelompok_core.entities import list_entities
from kelompok_core.imports.shared.imports import DECISIONS
from kelompok_core.issues.entries import LANGUAGES
from kelompok_core.issues.reasons import REASONS

NO_NUL = r"^[^\x00]*$"
"""Text that PostgreSQL can store."""


def _one_of(words: Sequence[str]) -> Callable[[str], str]:
    def check(word: str) -> str:
        if word not in words:
            raise ValueError(f"should be one of {', '.join(words)}")
        return word

    return check


_ENTITIES = list_entities()

EntityWord = Annotated[str, Field(json_schema_extra={"enum": list(_ENTITIES)}), AfterValidator(_one_of(_ENTITIES))]
DecisionWord = Annotated[str, Field(json_schema_extra={"enum": list(DECISIONS)}), AfterValidator(_one_of(DECISIONS))]
LanguageWord = Annotated[str, Field(json_schema_extra={"enum": list(LANGUAGES)}), AfterValidator(_one_of(LANGUAGES))]

ReasonWord = Annotated[
    str,
    WithJsonSchema(
        {
            "anyOf": [{"type": "string", "enum": sorted(REASONS)}, {"type": "string"}],
            "description": "The reason of the decision: a reason of the core, the code of the row's first error, or "
            "the matching rule that found the record, such as match.website.",
            "examples": ["match.possible_duplicate"],
        }
    ),
]
"""Reasons in responses; errors of rows and matching rules of entities add their own."""
