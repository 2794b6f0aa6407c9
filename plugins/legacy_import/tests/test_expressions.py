"""The verbs of data files: each on a few rows."""

import json

import pytest
from kelompok_legacy_import.expressions import Cells
from kelompok_legacy_import.systems import load_systems


def _cells(file="a.csv", sets=None, **columns):
    return Cells(columns, len(next(iter(columns.values()))), file, sets)


_ROWS = {
    "A": ["x ", "", "y"],
    "B": ["1", "2", ""],
    "Yes": ["Yes", "0", "TRUE"],
    "List": ["a, b,,a", "", "c"],
    "Quoted": ['"a, b",c', "", '""'],
    "Word": ["New", "new", "Other"],
}


@pytest.mark.parametrize(("expression", "values"), [
    ("A", ["x", "", "y"]),
    ("a", ["x", "", "y"]),
    ("missing", ["", "", ""]),
    ({"first": ["A", "B"]}, ["x", "2", "y"]),
    ({"join": ["A", "B"]}, ["x 1", "2", "y"]),
    ({"join": ["A", "B"], "with": ", "}, ["x, 1", "2", "y"]),
    ({"item": "List", "at": ","}, ["a", "", "c"]),
    ({"words": "Word", "to": {"New": "active"}}, ["active", "active", ""]),
    ({"when": [{"column": "Yes", "true": True}], "then": "A"}, ["x", "", "y"]),
    ({"when": [{"column": "A", "filled": True}, {"column": "B", "is_not": ["1"]}], "then": "A"}, ["", "", "y"]),
    ({"choose": "A", "cases": {"X": "B", "y": "List"}}, ["1", "", "c"]),
    ({"flag": [{"column": "Yes", "true": True, "then": "email"}, {"column": "B", "is": ["1"], "then": "phone"}]},
     ["email, phone", "", "email"]),
    ({"flag": [{"column": "@file", "starts": ["A."], "then": "all"}]}, ["all"] * 3),
    ({"flag": [{"prefix": "ye", "then": "email"}]}, ["email", "", "email"]),
    ({"flag": [{"prefix": "nothing", "then": "email"}]}, ["", "", ""]),
    ({"without_start": "Word", "start": "n"}, ["ew", "ew", "Other"]),
    ({"unless_in": "A", "set": "left"}, ["", "", "y"]),
    ({"site": "A"}, ["x", "", "y"]),
])  # fmt: skip
def test_verbs(expression, values):
    assert list(_cells(sets={"left": frozenset({"x"})}, **_ROWS).evaluate(expression)) == values


def test_lists_are_json_so_that_items_keep_their_commas():
    cells = _cells(**_ROWS)
    assert [json.loads(one or "[]") for one in cells.evaluate({"split": "List", "at": ","})] == [["a", "b"], [], ["c"]]
    assert json.loads(cells.evaluate({"split": "Quoted", "at": "csv"})[0]) == ["a, b", "c"]
    assert cells.evaluate({"split": ["List", "A"], "at": ",", "without": ["C", "x"]})[2] == '["y"]'


def test_preferred_of_numbered_columns():
    columns = {"M 1 - Label": ["Home", ""], "M 1 - Value": ["a", ""], "M 2 - Label": ["* Work", ""],
               "M 2 - Value": ["b ::: c", "d"], "M 4 - Value": ["never", ""]}  # fmt: skip
    found = _cells(**columns).evaluate({"numbered": "M {n} - Value", "label": "M {n} - Label"})
    assert list(found) == ["b", "d"]
    assert list(_cells(**columns).evaluate({"numbered": "M {n} - Value"})) == ["a", "d"]


@pytest.mark.parametrize(("condition", "met"), [
    ({"any": ["A", "B"]}, [True, True, True]),
    ({"none": ["A", "missing"]}, [False, True, False]),
    ({"none_starts": ["oth", "NEW"]}, [False, False, False]),
    ({"none_starts": ["q"]}, [True, True, True]),
    ({"column": "Word", "is": ["NEW"]}, [True, True, False]),
    ({"column": "Word", "starts": ["ot"]}, [False, False, True]),
])  # fmt: skip
def test_conditions(condition, met):
    assert _cells(**_ROWS).meets(condition) == met


@pytest.mark.parametrize("wrong", [{"frist": ["A"]}, 1, None, []])
def test_expression_without_a_verb_is_an_error(wrong):
    with pytest.raises(ValueError, match="no known verb"):
        _cells(**_ROWS).evaluate(wrong)


def test_mail_providers_are_nobodys_website():
    cells = _cells(S=["gmail.com", "WWW.Yahoo.co.id", "forumair.example"])
    assert list(cells.evaluate({"site": "S"})) == ["", "", "forumair.example"]


def test_every_system_has_a_profile_with_its_source():
    from importlib.resources import files

    manifest = json.loads(files("kelompok_legacy_import").joinpath("kelompok-plugin.json").read_text("utf-8"))
    names = [system.name for system in load_systems()]
    assert [(one["name"], one["source"], one["settings"]["system"]) for one in manifest["profiles"]] == [
        (name, name, name) for name in names
    ]
    assert manifest["config_schema"]["properties"]["system"]["enum"] == names
