"""A service's log: messages of our own code and of plugins, and only the origin of other messages."""

import io
import logging
import os
import sys

import pytest

from kelompok_core.plugin_host.printed_output import PrintedOutput
from kelompok_core.service_log import ServiceFormatter, log_without_values, nothing_printed

ROW = "Siti Rahayu"


@pytest.fixture
def log(monkeypatch):
    """Return a log with only a service's setup."""
    stream, root = io.StringIO(), logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    level = root.level
    log_without_values(stream)
    yield stream
    root.setLevel(level)


def test_libraries_log_only_the_place(log):
    logging.getLogger("odd").error("cannot read %s", ROW)
    logging.getLogger("odd").error(ROW, exc_info=ValueError(ROW))
    lines = log.getvalue().splitlines()
    assert len(lines) == 2
    assert {line.partition(":")[0] for line in lines} == {"ERROR of odd, test_service_log.py"}
    assert ROW not in log.getvalue()


def test_plugins_log_words_of_their_own_code(log, tmp_path):
    (tmp_path / "plugin.py").write_text("log.warning('cannot read the row')", "utf-8")
    printed, ended = os.pipe()
    output = PrintedOutput(printed, "odd", [tmp_path], [])
    output.log(f"cannot read the row {ROW}", logging.WARNING)
    os.close(ended)
    output.finish()
    os.close(printed)
    assert "plugin odd: cannot read the row ***" in log.getvalue()
    assert not any(word in log.getvalue() for word in ROW.split())


def test_own_messages_are_logged_and_errors_by_class_and_frames(log):
    try:
        int(ROW)
    except ValueError:
        logging.getLogger("kelompok_core.imports.running.workers").exception("The heartbeat stopped")
    assert "The heartbeat stopped" in log.getvalue()
    assert "ValueError" in log.getvalue()
    assert "test_own_messages_are_logged" in log.getvalue()
    assert ROW not in log.getvalue()
    nothing = logging.LogRecord("kelompok_core", logging.ERROR, "x.py", 1, "so", None, (None, None, None))
    assert ServiceFormatter("%(message)s").format(nothing) == "so"


def test_printed_output_is_discarded_and_logging_continues(log, capsys):
    with nothing_printed():
        print(ROW)
        print(ROW, file=sys.stderr)
        logging.getLogger("kelompok_core").error("still here")
    print("after")
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("after\n", "")
    assert "still here" in log.getvalue()
