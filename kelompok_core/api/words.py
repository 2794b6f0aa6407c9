"""Words a request may use, taken from the core so that the documentation lists them."""

from collections.abc import Callable, Sequence
from typing import Annotated

from pydantic import AfterValidator, Field

from kelompok_core.entities import list_entities
from kelompok_core.imports.shared.imports import DECISIONS
from kelompok_core.issues.sentences import LANGUAGES

NO_NUL = r"^[^\x00]*$"
"""What PostgreSQL can keep as text."""


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
