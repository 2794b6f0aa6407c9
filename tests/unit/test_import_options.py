"""Import options: merging, storage, text form, digests and stable names."""

import pytest

from kelompok_core.errors import UsageError
from kelompok_core.imports.shared.options import OPTIONS, DuplicatePolicy, ImportOptions, check_options, get_option
from kelompok_core.values.conventions import DateOrder
from kelompok_core.values.merge_policy import MergePolicy

_ALL = ImportOptions(
    mapping={"Nama": "name"},
    policies={"phone": MergePolicy.FILL_EMPTY},
    duplicates=DuplicatePolicy.LAST,
    config={"delimiter": ";", "max_columns": 40},
    date_order=DateOrder.DAY_FIRST,
    phone_country="MY",
    timezone="Asia/Makassar",
    profile="partners",
)
_STORED = {
    "mapping": {"Nama": "name"},
    "policies": {"phone": "fill_empty"},
    "duplicates": "last",
    "config": {"delimiter": ";", "max_columns": 40},
    "date_order": "dmy",
    "phone_country": "MY",
    "timezone": "Asia/Makassar",
    "profile": "partners",
}
_NOT_GIVEN = dict.fromkeys(_STORED) | {"mapping": {}, "policies": {}, "config": {}, "duplicates": "reject"}


def test_option_names_are_stable():
    assert [(one.name, one.word, one.key) for one in OPTIONS] == [
        ("mapping", "map", "mapping"),
        ("policies", "policy", "policies"),
        ("duplicates", "on_duplicate", "on_duplicate"),
        ("config", "set", "settings"),
        ("date_order", "date_order", "date_order"),
        ("phone_country", "phone_country", "phone_country"),
        ("timezone", "timezone", "timezone"),
        ("profile", "profile", "profile"),
    ]


def test_stored_json_is_stable():
    assert _ALL.to_json() == _STORED
    assert ImportOptions.from_json(_STORED) == _ALL
    assert ImportOptions().to_json() == _NOT_GIVEN
    assert ImportOptions.from_json(_NOT_GIVEN).duplicates is DuplicatePolicy.REJECT
    older = {name: _STORED[name] for name in ("mapping", "policies", "duplicates", "config")}
    assert ImportOptions.from_json(older).timezone is None


def test_all_options_except_the_profile_are_effects():
    assert _ALL.effects == {name: value for name, value in _STORED.items() if name != "profile"}


def test_digest_includes_country_and_zone():
    assert _ALL.digest_parts() == ["MY", "Asia/Makassar"]
    assert ImportOptions().digest_parts() == [None, None]


def test_given_options_override_the_profile():
    profile = ImportOptions(
        mapping={"Nama": "title", "Kota": "city"}, duplicates=DuplicatePolicy.REJECT, timezone="Asia/Jakarta",
    )  # fmt: skip
    chosen = ImportOptions(mapping={"Nama": "name"}, duplicates=DuplicatePolicy.LAST).over(profile)
    assert chosen.mapping == {"Nama": "name", "Kota": "city"}
    assert (chosen.duplicates, chosen.timezone) == (DuplicatePolicy.LAST, "Asia/Jakarta")
    reset = ImportOptions(duplicates=DuplicatePolicy.REJECT).over(ImportOptions(duplicates=DuplicatePolicy.LAST))
    assert reset.duplicates is DuplicatePolicy.REJECT


@pytest.mark.parametrize(
    ("name", "written", "value"),
    [
        ("mapping", ["a=b=name"], {"a=b": "name"}),
        ("config", ["url=https://x/?a=1"], {"url": "https://x/?a=1"}),
        ("policies", ["phone=keep"], {"phone": MergePolicy.KEEP}),
        ("duplicates", "last", DuplicatePolicy.LAST),
        ("duplicates", DuplicatePolicy.LAST, DuplicatePolicy.LAST),
        ("timezone", "Asia/Makassar", "Asia/Makassar"),
    ],
)
def test_options_are_parsed_from_text(name, written, value):
    assert get_option(name).parse(written) == value


@pytest.mark.parametrize(
    ("name", "written", "message"),
    [
        ("mapping", ["name"], "'name' is not KEY=VALUE"),
        ("policies", ["phone=never"], f"'never' is not one of {', '.join(MergePolicy)}"),
        ("duplicates", "first", "'first' is not one of reject, last"),
    ],
)
def test_invalid_option_is_named(name, written, message):
    with pytest.raises(UsageError, match=message):
        get_option(name).parse(written)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (ImportOptions(timezone="Asia/Jkt"), "there is no time zone 'Asia/Jkt'"),
        (ImportOptions(phone_country="Indonesia"), "there is no country 'Indonesia'"),
    ],
)
def test_zone_and_country_are_validated(options, message):
    with pytest.raises(UsageError, match=message):
        check_options(options)


def test_command_line_contains_only_differences():
    options, base = _ALL.to_json(), ImportOptions(timezone="Asia/Makassar").to_json()
    words = [word for one in OPTIONS for word in one.write(options[one.name], base[one.name])]
    assert words == [
        "--map", "Nama=name", "--policy", "phone=fill_empty", "--on-duplicate", "last", "--set", "delimiter=;",
        "--set", "max_columns=40", "--date-order", "dmy", "--phone-country", "MY", "--profile", "partners",
    ]  # fmt: skip
