"""Behaves well, or does what its setting ``does`` says: what a broken or hostile plugin may do."""

import ctypes
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from kelompok_core import contracts
from kelompok_core.contracts import CommandResult, SourceBatch, location_table, text_table

_LONG = 30
"""Seconds: longer than any deadline of the tests. Whatever hangs or is left behind ends by itself."""

_MUCH = 60
"""Times: more than any limit of the tests, and no harm if there were none."""


def behaves(context):
    del context


def exits_early(context):
    os._exit(0)


def exits_with_error(context):
    os._exit(3)


def leaves(context):
    sys.exit(0)


def raises(context):
    raise ValueError("no luck")


def hangs(context):
    time.sleep(_LONG)


def spins(context):
    end = time.monotonic() + _LONG
    while time.monotonic() < end:
        pass


def ignores_signals(context):
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    time.sleep(_LONG)


def kills_itself(context):
    os.kill(os.getpid(), signal.SIGKILL)


def crashes(context):
    ctypes.string_at(0)


def forks(context):
    for _ in range(20):
        process = os.fork()
        if process == 0:
            os.setsid()
            time.sleep(_LONG)
            os._exit(0)
        _note(context, process)


def starts_programs(context):
    _note(context, subprocess.Popen(["sleep", str(_LONG)], start_new_session=True).pid)


def _note(context, process):
    with Path(context.config["aim"]).open("a") as file:
        file.write(f"{process}\n")


def eats_memory(context):
    kept = [bytearray(50_000_000) for _ in range(_MUCH)]
    kept.clear()


def eats_shared_memory(context):
    import mmap

    kept = []
    for _ in range(_MUCH):
        one = mmap.mmap(-1, 50_000_000)
        one.write(b"x" * 50_000_000)
        kept.append(one)


def fills_its_folder(context):
    for number in range(_MUCH):
        (context.workdir / f"file-{number}").write_bytes(b"x" * 1_000_000)
    time.sleep(_LONG)


def writes_one_large_file(context):
    with (context.workdir / "large").open("wb") as file:
        for _ in range(_MUCH):
            file.write(b"x" * 1_000_000)
    time.sleep(_LONG)


def writes_outside(context):
    Path(context.config["aim"]).write_text("changed")


def reads_outside(context):
    raise ValueError("found " + Path(context.config["aim"]).read_text())


def links_outside(context):
    (context.workdir / "link").symlink_to(context.config["aim"])
    raise ValueError("found " + (context.workdir / "link").read_text())


def prints_everything(context):
    name = "haisahaR hamuR"[::-1]  # as if it came from the file: no word of it stands in this code
    print("reading the row of", name, "with", context.secrets.get("token"), flush=True)
    print("warning: line 12 is odd", file=sys.stderr, flush=True)
    context.log.warning("the name is %s, the token %s", name, context.secrets.get("token"))
    logging.getLogger("other").warning(name)


def prints_without_end(context):
    line = b"nothing but noise " * 50 + b"\n"
    for _ in range(20_000):
        os.write(1, line)


def logs_without_end(context):
    end = time.monotonic() + _LONG
    while time.monotonic() < end:
        context.log.info("nothing but noise")


def sends_odd_lines(context):
    from kelompok_core.plugin_process import frames

    for handler in context.log.handlers:
        for level in ("high", None, -5, 10**9, 30.5):
            handler._channel.send(frames.Message(kind="log", values={"level": level, "text": {"a": 1}}))


def asks_nonsense(context):
    context.map_headers("no such entity", ["a"])


def sends_noise(context):
    for number in range(3, 64):
        try:
            os.write(number, b"\xff" * 100_000)
        except OSError:
            continue
    time.sleep(_LONG)


def closes_everything(context):
    os.closerange(0, 64)


def patches_the_core(context):
    contracts.Issue = None
    sys.modules["kelompok_core.errors"] = None
    sys.modules["json"] = None


def skips_rows(context):
    return 2


class Chaos:
    def read(self, source, context):
        del source
        first = globals()[context.config["does"]](context) or 1
        yield SourceBatch(
            cells=text_table({"id": ["1"], "name": ["A"]}),
            locations=location_table([first], lines=[2], selectors=["#row=2"]),
        )

    def normalize(self, batch, context):
        globals()[context.config["does"]](context)
        return batch

    def run_command(self, command, arguments, context):
        del command
        if "to" in arguments:
            Path(arguments["to"]).symlink_to(context.config["aim"])
            return CommandResult(text="done")
        globals()[context.config["does"]](context)
        return CommandResult(text="done")
