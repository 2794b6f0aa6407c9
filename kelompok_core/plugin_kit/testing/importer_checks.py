"""The checks of importers, each for one sample input."""

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import StringIO
from itertools import pairwise
from pathlib import Path

from kelompok_core.contracts import ConfigurationError, UnreadableSource
from kelompok_core.plugin_kit.testing.hostile import hostile_inputs
from kelompok_core.plugin_kit.testing.subject import (
    Reading,
    Subject,
    file_with,
    source_of,
    try_reading,
    without_columns,
)

_SECONDS = 20
_DELIMITED = ("text/csv", "text/tab-separated-values", "text/plain")
_BATCH_SIZES = (1, 2, 7, 1_000)
_SMALL, _LARGE = 1_000_000, 12_000_000
_MOST_GROWTH = 40_000_000
"""Bytes by which the peak of memory may be higher for the large input than for the small one."""


def sample_is_read(subject: Subject, path: Path) -> None:
    """The sample is read: it has rows, and every batch fits the contract."""
    reading = subject.read(path)
    assert reading.rows, f"{path.name}: expected rows; found none. Issues: {', '.join(reading.issues) or 'none'}"


def same_bytes_give_the_same_batches(subject: Subject, path: Path) -> None:
    """Reading the same file twice gives the same rows, locations and issues."""
    _require_same(subject.read(path), subject.read(path), f"{path.name}, read twice")


def any_batch_size_gives_the_same_rows(subject: Subject, path: Path) -> None:
    """The size of batches changes nothing but the batches."""
    expected = without_columns(subject.read(path))
    for size in _BATCH_SIZES:
        found = without_columns(subject.read(path, batch_size=size))
        _require_same(expected, found, f"{path.name}, in batches of {size} rows")


def _require_same(expected: Reading, found: Reading, what: str) -> None:
    for name, wanted in vars(expected).items():
        got = getattr(found, name)
        if wanted != got:
            raise AssertionError(f"{what}: {name} differs: {_describe_difference(wanted, got)}")


def _describe_difference(wanted: object, got: object) -> str:
    """Return what was expected and what was found; of sequences the first items that differ."""
    if not isinstance(wanted, tuple) or not isinstance(got, tuple):
        return f"expected {wanted!r:.300}, found {got!r:.300}"
    pairs = enumerate(zip(wanted, got, strict=False))
    at = next((number for number, (one, other) in pairs if one != other), min(len(wanted), len(got)))
    return f"at position {at} expected {wanted[at : at + 1]!r:.300}, found {got[at : at + 1]!r:.300}"


def reading_can_stop_and_begin_again(subject: Subject, path: Path) -> None:
    """Reading that stops after a batch leaves no file open; reading again gives the whole."""
    expected = without_columns(subject.read(path, batch_size=1))
    part = subject.read(path, batch_size=1, most=1)
    first = [row[: len(part.columns)] for row in expected.rows[: len(part.rows)]]  # later batches may add columns
    assert list(part.rows) == first, f"{path.name}: the first batch differs from the whole reading"
    opened = _opened(path)
    assert not opened, f"{path.name}: reading stopped, and the file is still open: close it in a finally block or with"
    _require_same(expected, without_columns(subject.read(path, batch_size=1)), f"{path.name}, read again")


def _opened(path: Path) -> list[str]:
    descriptors = Path("/proc/self/fd")
    if not descriptors.is_dir():
        return []
    found = []
    for one in descriptors.iterdir():
        try:
            found += [one.name] if one.readlink() == path.resolve() else []
        except OSError:
            continue
    return found


def locations_are_true(subject: Subject, path: Path) -> None:
    """Lines ascend and exist in the file; JSON pointers lead to something; cells of text stand in the file."""
    reading = subject.read(path)
    lines = [line for _, line, _ in reading.locations if line is not None]
    assert all(before <= after for before, after in pairwise(lines)), f"{path.name}: lines must ascend; found {lines}"
    media_type = source_of(path).media_type
    if media_type == "application/json":
        document = json.loads(path.read_bytes().decode("utf-8-sig"))
        for row, _, selector in reading.locations:
            assert selector is None or _leads_somewhere(document, selector), (
                f"{path.name}: row {row}: the selector {selector!r} leads to nothing in the document"
            )
    if media_type in _DELIMITED:
        _require_cells_in_text(reading, path)


def _leads_somewhere(document: object, pointer: str) -> bool:
    """Return whether a JSON pointer (RFC 6901) leads to a value."""
    here = document
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(here, list) and key.isdigit() and int(key) < len(here):
            here = here[int(key)]
        elif isinstance(here, dict) and key in here:
            here = here[key]
        else:
            return False
    return pointer == "" or pointer.startswith("/")


def _require_cells_in_text(reading: Reading, path: Path) -> None:
    """Check that cells are as written, in the lines that the locations name."""
    read_as: Mapping[str, object] = json.loads(reading.read_as or "{}")
    lines = path.read_bytes().decode(str(read_as.get("encoding", "utf-8-sig")), "replace").splitlines()
    for row, (number, line, _) in zip(reading.rows, reading.locations, strict=True):
        if line is None:
            continue
        assert line <= len(lines), f"{path.name}: row {number} is said to be on line {line} of {len(lines)}"
        record = "\n".join(lines[line - 1 :])
        for cell in filter(None, row):
            piece = cell.split("\n")[0].replace('"', '""').strip("\r")
            assert piece in record or cell.split("\n")[0] in record, (
                f"{path.name}: row {number}: expected cells as written from line {line} on; {cell!r:.100} is not there"
            )


def hostile_inputs_are_taken(subject: Subject, path: Path) -> None:
    """No hostile input makes the reader fail: it returns issues, or says why the file is unreadable."""
    for name, content in hostile_inputs(source_of(path).media_type).items():
        with file_with(content, f"hostile{path.suffix}") as hostile, _deadline(f"the hostile input «{name}»"):
            try:
                try_reading(subject, hostile)
            except (UnreadableSource, ConfigurationError, AssertionError):
                raise
            except Exception as error:
                raise AssertionError(
                    f"the hostile input «{name}»: expected issues or UnreadableSource; found {type(error).__name__}: "
                    f"{error!s:.300}"
                ) from error


@contextmanager
def _deadline(what: str) -> Iterator[None]:
    """Fail a check that takes too long."""

    def fail(*_: object) -> None:
        raise AssertionError(f"{what}: no result after {_SECONDS} seconds")

    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def seen_issues_have_sentences(subject: Subject, path: Path) -> None:
    """Every issue code that the sample and the hostile inputs bring has a sentence in English and Indonesian."""
    codes: set[str] = set()
    media_type = source_of(path).media_type
    with file_with(path.read_bytes(), path.name) as same:
        files: list[tuple[str, bytes]] = [(same.name, path.read_bytes())]
    files += [(f"hostile{path.suffix}", content) for content in hostile_inputs(media_type).values()]
    for name, content in files:
        with file_with(content, name) as file:
            found = try_reading(subject, file)
            codes |= {found} if isinstance(found, str) else {json.loads(one)[4] for one in found.issues}
    for code in sorted(codes):
        entry = subject.issues.get(code)
        assert entry is not None, f"issues.json: the code {code!r} is missing"
        missing = {"en", "id"} - set(entry.texts)
        assert not missing, f"issues.json: {code}: expected texts in en and id; {', '.join(missing)} is missing"


def memory_stays_flat(subject: Subject, path: Path) -> None:
    """A file of 12 MB needs about as much memory as one of 1 MB: the reader does not collect what it read."""
    peaks = [_peak(subject, path, _repeated(path, size)) for size in (_SMALL, _LARGE)]
    growth = peaks[1] - peaks[0]
    assert growth < _MOST_GROWTH, (
        f"reading {_LARGE:,} bytes took {growth:,} more than {_SMALL:,}; expected less than {_MOST_GROWTH:,}"
    )


def can_be_repeated(path: Path) -> bool:
    """Return whether the sample's records can be repeated to make a large file."""
    media_type = source_of(path).media_type
    return media_type in (*_DELIMITED, "application/x-ndjson")


def _repeated(path: Path, size: int) -> bytes:
    """Return the sample with its last line repeated."""
    content = path.read_bytes().rstrip(b"\r\n") + b"\n"
    line = content.splitlines(keepends=True)[-1]
    return content + line * ((size - len(content)) // len(line))


def _peak(subject: Subject, path: Path, content: bytes) -> int:
    """Return the highest number of bytes that a process had while it read this content."""
    with file_with(content, path.name) as file:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(one for one in sys.path if one)}
        settings = json.dumps(dict(subject.config))
        done = subprocess.run(
            [sys.executable, "-c", _READ, subject.package, str(file), settings], capture_output=True, text=True,
            check=False, env=environment, timeout=120,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr[-1_000:]
    return int(done.stdout) * 1024


_READ = """
import json, resource, sys
from pathlib import Path
from kelompok_core.plugin_kit.testing.subject import Subject, source_of, working_folder

subject = Subject(package=sys.argv[1], config=json.loads(sys.argv[3]))
source = source_of(Path(sys.argv[2]))
job = subject.job_for(source.media_type)
with working_folder() as workdir:
    for batch in subject.implementation(job.uses).read(source, subject.context(entity=job.entity, workdir=workdir)):
        pass
status = Path("/proc/self/status")
if status.exists():  # the other figure includes what the process that started this one had
    print(status.read_text().partition("VmHWM:")[2].split()[0])
else:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def secrets_stay_secret(subject: Subject, path: Path) -> None:
    """No secret appears in rows, issues, logs or errors, whatever is read."""
    keys = subject.manifest.permissions.secrets
    canary = "canary-5e1c9d7f"
    logged = StringIO()
    handler = logging.StreamHandler(logged)
    logging.getLogger().addHandler(handler)
    try:
        for content in (path.read_bytes(), *hostile_inputs(source_of(path).media_type).values()):
            with file_with(content, path.name) as file:
                try:
                    found = repr(try_reading(subject, file, secrets=dict.fromkeys(keys, canary)))
                except Exception as error:  # noqa: BLE001 -- another check reports it
                    found = repr(error)
            assert canary not in found, f"{path.name}: the secret {keys[0]!r} appears in what was read"
    finally:
        logging.getLogger().removeHandler(handler)
    assert canary not in logged.getvalue(), f"the secret {keys[0]!r} appears in the log"
