"""Entities are found by their folder; their classes may have any name."""

import sys
from types import ModuleType

import pytest

from kelompok_core.entities import list_entities
from kelompok_core.entity_parts import EntityParts
from kelompok_core.errors import NotFound
from kelompok_core.posts.queries import PostQueries
from kelompok_core.posts.service import PostService
from kelompok_core.records import registry


class _Writes(PostService):
    pass


class _Reads(PostQueries):
    pass


@pytest.mark.parametrize("entity", list_entities())
def test_each_entity_has_its_classes(entity):
    parts = registry._parts_of(entity)
    assert parts.service.model is parts.queries.model


def test_class_names_are_independent_of_the_folder(monkeypatch):
    module = ModuleType("kelompok_core.charities.parts")
    module.PARTS = EntityParts(service=_Writes, queries=_Reads)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(registry, "list_entities", lambda: ["charities"])
    assert isinstance(registry.get_queries("charities", None), _Reads)
    assert registry._parts_of("charities").service is _Writes


def test_unknown_entity_is_named():
    with pytest.raises(NotFound, match="ghosts"):
        registry.get_queries("ghosts", None)
