"""Puts the checks together: a class of tests with one test for each check that fits the plugin."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

from kelompok_core.contracts import JsonValue
from kelompok_core.plugin_kit.testing import checks, importer_checks, table_checks
from kelompok_core.plugin_kit.testing.subject import Subject, source_of

_OF_EVERY_PLUGIN = (
    checks.manifest_and_code_agree,
    checks.invalid_settings_are_refused,
    checks.import_has_no_side_effects,
    checks.only_the_contracts_are_imported,
)
_OF_A_SAMPLE = (
    importer_checks.sample_is_read,
    importer_checks.same_bytes_give_the_same_batches,
    importer_checks.any_batch_size_gives_the_same_rows,
    importer_checks.reading_can_stop_and_begin_again,
    importer_checks.locations_are_true,
)
_OF_A_MEDIA_TYPE = (importer_checks.hostile_inputs_are_taken, importer_checks.seen_issues_have_sentences)
_OF_CONTRACTS: Mapping[str, Callable[[Subject], None]] = {
    "source_normalizer": table_checks.normalizer_keeps_rows_and_columns,
    "source_matcher": table_checks.matcher_only_suggests,
    "profile_enricher": table_checks.enricher_quotes_what_it_found,
    "cli_command_provider": table_checks.commands_return_results,
}

Check = Callable[[], None]


@dataclass(frozen=True, kw_only=True)
class Skip:
    """A reason not to run a check, until a day on which the check runs again.

    Attributes:
        reason: Why it is skipped.
        until: The last day, as ``YYYY-MM-DD``.
    """

    reason: str
    until: str


def conformance_suite(
    package: str,
    *,
    inputs: str | Path | Sequence[str | Path] = (),
    config: Mapping[str, JsonValue] | None = None,
    skip: Mapping[str, Skip] | None = None,
) -> type:
    """Return a class of tests for pytest: whether a plugin keeps its contracts.

    Args:
        package: The plugin's top-level package.
        inputs: Sample files of an importer, or a folder of them. Their extensions say what they are.
        config: The plugin's settings for the tests.
        skip: Checks to skip, by name, each with a reason and a last day.

    Raises:
        ValueError: When a skip has no reason, or names no check.
    """
    import pytest

    subject = Subject(package=package, inputs=_files(inputs), config=dict(config or {}))
    found = list(_list_checks(subject))
    skips = dict(skip or {})
    _require_sensible(skips, {name.partition("[")[0] for name, _ in found})
    parameters = [pytest.param(name, check, id=name) for name, check in found]

    class TestConformance:
        """Whether the plugin keeps its contracts."""

        @pytest.mark.parametrize(("name", "check"), parameters)
        def test(self, name: str, check: Check) -> None:
            found_skip = skips.get(name.partition("[")[0])
            if found_skip is not None:
                if date.fromisoformat(found_skip.until) >= datetime.now(UTC).date():
                    pytest.skip(f"{found_skip.reason} (until {found_skip.until})")
                pytest.fail(f"the skip «{found_skip.reason}» ended on {found_skip.until}: mend it, or give a new day")
            check()

    return TestConformance


def list_checks(subject: Subject) -> list[tuple[str, Check]]:
    """Return the checks that fit a plugin, by name."""
    return list(_list_checks(subject))


def _files(inputs: str | Path | Sequence[str | Path]) -> list[Path]:
    given = [inputs] if isinstance(inputs, str | Path) else list(inputs)
    files: list[Path] = []
    for path in map(Path, given):
        files += sorted(one for one in path.iterdir() if one.is_file()) if path.is_dir() else [path]
    return files


def _require_sensible(skips: Mapping[str, Skip], names: set[str]) -> None:
    for name, one in skips.items():
        if name not in names:
            raise ValueError(f"skip: there is no check {name!r}. The checks are {', '.join(sorted(names))}")
        if not one.reason.strip():
            raise ValueError(f"skip: {name} needs a reason")
        date.fromisoformat(one.until)


def _list_checks(subject: Subject) -> Iterator[tuple[str, Check]]:
    """Yield the checks; a manifest that cannot be read is one that fails."""
    try:
        manifest = subject.manifest
    except Exception as error:  # noqa: BLE001 -- reported by the test, not while tests are collected
        yield "manifest_can_be_read", partial(_fail, f"kelompok-plugin.json: {error}")
        return
    for check in _OF_EVERY_PLUGIN:
        yield check.__name__, partial(check, subject)
    for contract, of_contract in _OF_CONTRACTS.items():
        if contract in manifest.implements:
            yield of_contract.__name__, partial(of_contract, subject)
    if subject.importer_jobs():
        yield from _of_importers(subject)


def _of_importers(subject: Subject) -> Iterator[tuple[str, Check]]:
    readable = [path for path in subject.inputs if subject.job_for(source_of(path).media_type) is not None]
    if not readable:
        yield "samples_are_there", partial(_fail, "an importer needs sample files: conformance_suite(…, inputs=FOLDER)")
        return
    seen: set[str] = set()
    for path in readable:
        for check in _OF_A_SAMPLE:
            yield f"{check.__name__}[{path.name}]", partial(check, subject, path)
        if (media_type := source_of(path).media_type) in seen:
            continue
        seen.add(media_type)
        for check in _OF_A_MEDIA_TYPE:
            yield f"{check.__name__}[{path.name}]", partial(check, subject, path)
        if importer_checks.can_be_repeated(path):
            name = importer_checks.memory_stays_flat.__name__
            yield f"{name}[{path.name}]", partial(importer_checks.memory_stays_flat, subject, path)
        if subject.manifest.permissions.secrets:
            name = importer_checks.secrets_stay_secret.__name__
            yield f"{name}[{path.name}]", partial(importer_checks.secrets_stay_secret, subject, path)


def _fail(message: str) -> None:
    raise AssertionError(message)
