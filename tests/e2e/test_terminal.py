"""The command line at a terminal with 80 columns: output, and commands to paste."""

import fcntl
import json
import os
import pty
import re
import shlex
import struct
import subprocess
import termios
from contextlib import suppress
from pathlib import Path

import pytest

from tests.distributions import install_plugin
from tests.e2e.conftest import PROGRAMS, PROJECT

pytestmark = pytest.mark.xdist_group("terminal")

_ENABLED = """\
[plugins.csv-import]
enabled = true
grant = {version = "0.1.0", digest = "", asks = ["propose *", "see its sources"]}
"""
_IMPORT = ("plugin", "run", "csv-import", "--job", "import-organizations")
_WIDTH = 80
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def _on_terminal(installation, *arguments, width=_WIDTH, **environment):
    """Run a command at a terminal; return its exit code and all that was printed, colours and all."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(installation.folder)
        kept = installation.environment | {"TERM": "xterm-256color", "PATH": f"{PROGRAMS}:{os.environ['PATH']}"}
        kept = {name: value for name, value in (kept | environment).items() if name not in ("COLUMNS", "NO_COLOR")}
        os.execvpe(str(PROGRAMS / "kelompok"), ["kelompok", *map(str, arguments)], kept)  # noqa: S606
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    printed = b""
    with suppress(OSError):  # the terminal is gone when the program has ended
        while piece := os.read(terminal, 1 << 16):
            printed += piece
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), printed.decode().replace("\r\n", "\n")


def _plain(printed):
    """Return what is left to read, without colours and without the line that moved."""
    return "\n".join(line.rpartition("\r")[2] for line in _COLOURS.sub("", printed).splitlines())


def _commands(text):
    """Return the commands a text gives to paste: each is the whole of a line."""
    return [line.strip() for line in text.splitlines() if re.match(r"\s+(\S*/)?kelompok ", line)]


@pytest.fixture(scope="module")
def ready(installation):
    """An installation with two readers enabled."""
    for plugin in ("csv-import", "json-import"):
        assert installation.kelompok("plugin", "enable", plugin, "--grant").returncode == 0
    return installation


def _paste(ready, command, folder):
    """Run a command as a shell would that has the program on its path."""
    return subprocess.run(
        ["bash", "-c", command], cwd=folder, env=ready.environment | {"PATH": f"{PROGRAMS}:{os.environ['PATH']}"},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


# The plan of a dry run


def _three_kinds(ready, tmp_path, name):
    first = tmp_path / "first" / f"{name}.csv"
    first.parent.mkdir()
    first.write_text(f"id,nama,kota,telepon\n1,{name} Satu,Bandung,0812-0000-0001\n2,{name} Dua,Garut,\n")
    done = ready.kelompok(*_IMPORT, "--file", first)
    assert done.returncode == 0, done.stdout + done.stderr
    second = tmp_path / f"{name}.csv"
    second.write_text(
        f"id,nama,kota,telepon\n1,{name} Satu,Bogor,0812-0000-0001\n2,{name} Dua,Garut,\n"
        f"3,{name} Tiga,Depok,\n4,,Depok,\n"
    )
    return second


def test_a_dry_run_shows_what_becomes_of_which_row(ready, tmp_path):
    file = _three_kinds(ready, tmp_path, "rencana")
    code, printed = _on_terminal(ready, *_IMPORT, "--file", file, "--dry-run")
    shown = " ".join(_plain(printed).split())
    assert code == 3
    assert "2 merged rencana Satu city: Bandung → Bogor" in shown
    assert "4 accepted rencana Tiga new: city: Depok" in shown
    assert "5 rejected value.required" in shown
    assert "rencana Dua" not in shown, "what does not change is not in the way"
    assert "Nothing changed" not in shown
    rows = json.loads(ready.kelompok("import", "show", "last", "--rows", "--json").stdout)
    assert [one["decision"] for one in rows] == ["merged", "unchanged", "accepted", "rejected"]
    assert rows[0]["changes"] == {"city": ["Bandung", "Bogor"]}
    assert rows[2]["changes"] == {"name": [None, "rencana Tiga"], "city": [None, "Depok"]}
    assert rows[2]["ref"] == "rencana-tiga"
    report = json.loads(ready.kelompok("import", "show", "last", "--json").stdout)
    assert [one["line"] for one in report["plan"]] == [2, 4, 5]
    assert "«Garut»" not in printed
    assert "rencana Dua" in _plain(_on_terminal(ready, "import", "show", "last", "--rows")[1])


def test_the_whole_plan_goes_into_a_file(ready, tmp_path):
    file = _three_kinds(ready, tmp_path, "berkas")
    ready.kelompok(*_IMPORT, "--file", file, "--dry-run")
    table = tmp_path / "plan.csv"
    assert "4 rows written" in ready.kelompok("import", "show", "last", "--output", table).stdout
    lines = table.read_text("utf-8-sig").splitlines()
    assert lines[0] == "line,row_number,decision,reason,name,ref,field,before,after"
    assert lines[1] == "2,1,merged,match.known,berkas Satu,berkas-satu,city,Bandung,Bogor"
    assert sum(line.startswith("4,3,accepted") for line in lines) == 2, "a line a field"
    listed = tmp_path / "plan.json"
    ready.kelompok("import", "show", "last", "--rows", "--output", listed)
    assert [one["decision"] for one in json.loads(listed.read_text("utf-8"))] == [
        "merged", "unchanged", "accepted", "rejected",
    ]  # fmt: skip
    ndjson = tmp_path / "plan.ndjson"
    ready.kelompok("import", "show", "last", "--rows", "--output", ndjson)
    assert len([json.loads(line) for line in ndjson.read_text("utf-8").splitlines()]) == 4


def test_more_than_fifty_rows_are_counted_and_to_be_had(ready, tmp_path):
    file = tmp_path / "panjang.csv"
    file.write_text("id,nama\n" + "".join(f"{number},Panjang {number}\n" for number in range(1, 62)))
    code, printed = _on_terminal(ready, *_IMPORT, "--file", file, "--dry-run")
    text = _plain(printed)
    assert code == 0
    assert "Panjang 50" in text
    assert "Panjang 51" not in text
    assert "11 more rows would change something or need attention" in " ".join(text.split())
    (more,) = [one for one in _commands(text) if "--rows" in one]
    assert "Panjang 61" in _paste(ready, more, tmp_path).stdout


@pytest.mark.parametrize(("content", "code", "said"), [
    ("id,nama\n", 0, "The file has no rows"),
    ("id,nama\n1,\n", 3, "applying this plan would change nothing"),
], ids=["header-only", "all-rejected"])  # fmt: skip
def test_nothing_to_apply_is_not_suggested(ready, tmp_path, content, code, said):
    file = tmp_path / "tanpa.csv"
    file.write_text(content)
    found, printed = _on_terminal(ready, *_IMPORT, "--file", file, "--dry-run")
    assert (found, said in _plain(printed), "import apply" in printed) == (code, True, False), printed


def test_nothing_changed_is_printed_only_if_no_row_waits(ready, tmp_path):
    file = tmp_path / "tetap.csv"
    file.write_text("id,nama\n1,Tetap Satu\n")
    ready.kelompok(*_IMPORT, "--file", file)
    assert "Nothing changed" in ready.kelompok(*_IMPORT, "--file", file).stdout
    file.write_text("id,nama\n1,Tetap Satu\n2,\n")
    assert "Nothing changed" not in ready.kelompok(*_IMPORT, "--file", file).stdout


# Every finding


def test_all_findings_can_be_had_with_their_lines(ready, tmp_path):
    file = tmp_path / "temuan.csv"
    file.write_text(
        "id,nama,situs,warna\n"
        + "".join(f"{n},Temuan {n},www.t{n}.example.org,merah\n" for n in range(1, 7))
        + "7,,,\n"
    )
    ready.kelompok(*_IMPORT, "--file", file)
    of_rejected = json.loads(ready.kelompok("import", "errors", "last", "--json").stdout)
    assert {one["severity"] for one in of_rejected} == {"error"}
    found = json.loads(ready.kelompok("import", "errors", "last", "--all", "--json").stdout)
    completed = [one["line"] for one in found if one["code"] == "value.url_scheme_added"]
    assert completed == [2, 3, 4, 5, 6, 7], "warnings about rows that were taken, and every line"
    assert any(one["code"] == "header.unknown" and one["line"] is None for one in found)
    table = tmp_path / "temuan.findings.csv"
    assert "findings written" in ready.kelompok("import", "errors", "last", "--all", "--output", table).stdout
    lines = table.read_text("utf-8-sig").splitlines()
    assert lines[0] == "line,row_number,severity,code,column,value,message"
    assert sum("value.url_scheme_added" in line for line in lines) == 6
    listed = tmp_path / "temuan.json"
    ready.kelompok("import", "errors", "last", "--all", "--output", listed, "--language", "id")
    assert len(json.loads(listed.read_text("utf-8"))) == len(found)
    _, printed = _on_terminal(ready, "import", "show", "last")
    assert any("errors" in one and "--all" in one for one in _commands(_plain(printed)))


# Commands to paste


def _mended(path, what, by):
    encoding = "utf-8-sig" if path.suffix == ".csv" else "utf-8"
    path.write_text(path.read_text(encoding).replace(what, by), encoding)


def test_an_error_file_is_imported_with_all_options_of_the_first_import(ready, tmp_path):
    file = tmp_path / "daftar kami.csv"
    file.write_bytes("Wer;Wo;Ruf\nVerein Süd;Kupang;0812-1111-2222\nVerein Ost;Ende;abc@\n;Maumere;\n".encode("cp1252"))
    options = ("--map", "Wer=name", "--map", "Wo=city", "--map", "Ruf=official_email", "--set", "encoding=cp1252",
               "--policy", "city=fill_empty", "--on-duplicate", "last", "--source", "unsere liste")  # fmt: skip
    code, printed = _on_terminal(ready, *_IMPORT, "--file", file, *options)
    assert code == 3
    errors, again = [one for one in _commands(_plain(printed)) if "--output" in one or "plugin run" in one]
    assert _paste(ready, errors, tmp_path).returncode == 0
    handed_back = tmp_path / "daftar kami.errors.csv"
    assert handed_back.exists()
    _mended(handed_back, "\n;Maumere", "\nVerein Nord;Maumere")
    _mended(handed_back, "abc@", "abc@example.org")
    _mended(handed_back, "0812-1111-2222", "")
    words = shlex.split(again)
    assert words[words.index("--source") + 1] == "unsere liste"
    assert "encoding=cp1252" not in words, "the error file is not in the encoding of the source"
    assert [words[at + 1] for at, word in enumerate(words) if word == "--map"] == [
        "Wer=name", "Wo=city", "Ruf=official_email",
    ]  # fmt: skip
    done = _paste(ready, f"{again} --json", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["counts"]["rejected"] == 0
    assert json.loads(ready.kelompok("org", "show", "verein-nord", "--json").stdout)["city"] == "Maumere"


def test_an_error_file_of_nested_records_keeps_what_stood_around_them(ready, tmp_path):
    file = tmp_path / "wilayah.json"
    regions = [
        {
            "nama": "Jawa Barat",
            "lembaga": [{"id": 1, "judul": "Bersarang Satu", "surel": "a@@b"}, {"id": 2, "judul": ""}],
        },
        {"nama": "Bali", "lembaga": [{"id": 3, "judul": "Bersarang Tiga"}]},
    ]  # fmt: skip
    file.write_text(json.dumps({"wilayah": regions}))
    done = ready.kelompok(
        "plugin", "run", "json-import", "--job", "import-organizations", "--file", file,
        "--set", "records=wilayah[*].lembaga", "--map", "parent.nama=region", "--map", "judul=name",
        "--map", "surel=official_email",
    )  # fmt: skip
    assert done.returncode == 3, done.stdout + done.stderr
    errors, again = [one for one in _commands(done.stdout) if "--output" in one or "plugin run" in one]
    assert "records=" not in again, "the error file has one record a line"
    assert _paste(ready, errors, tmp_path).returncode == 0
    handed_back = tmp_path / "wilayah.errors.ndjson"
    _mended(handed_back, "a@@b", "a@b.example.org")
    _mended(handed_back, '"judul": ""', '"judul": "Bersarang Dua"')
    mended = _paste(ready, f"{again} --json", tmp_path)
    assert mended.returncode == 0, mended.stdout + mended.stderr
    for slug in ("bersarang-satu", "bersarang-dua"):
        assert json.loads(ready.kelompok("org", "show", slug, "--json").stdout)["region"] == "Jawa Barat"


def test_the_next_command_names_the_profile_and_only_other_options(ready, tmp_path):
    file = tmp_path / "profil.csv"
    file.write_text("Wer,Wo\nProfil Satu,Kupang\n,Ende\n")
    ready.kelompok(*_IMPORT, "--file", file, "--map", "Wer=name", "--map", "Wo=city", "--save-profile", "cabang")
    code, printed = _on_terminal(ready, *_IMPORT, "--file", file, "--profile", "cabang", "--policy", "city=keep")
    assert code == 3
    (again,) = [one for one in _commands(_plain(printed)) if "plugin run" in one]
    assert "--profile cabang" in again
    assert "--policy city=keep" in again
    assert "--map" not in again


def test_next_months_file_is_the_list_its_profile_was_saved_from(ready, tmp_path):
    first, second = tmp_path / "cabang-mei.csv", tmp_path / "cabang-juni.csv"
    first.write_text("Nr.,Wer\n1,Bulanan Satu\n")
    second.write_text("Nr.,Wer\n1,Bulanan Satunya\n")
    mapping = ("--map", "Nr.=external_id", "--map", "Wer=name")
    assert ready.kelompok(*_IMPORT, "--file", first, *mapping, "--save-profile", "bulanan").returncode == 0
    done = json.loads(ready.kelompok(*_IMPORT, "--file", second, "--profile", "bulanan", "--json").stdout)
    assert (done["source"], done["counts"]["merged"]) == ("cabang-mei", 1)


@pytest.mark.parametrize(("dates", "order"), [
    (("25/12/2010", "03/04/2011"), "dmy"), (("12/25/2010", "03/04/2011"), "mdy"), (("2010-12-25", "2011-04-03"), None),
])  # fmt: skip
def test_an_error_file_is_sent_again_with_the_order_of_dates_the_list_proved(ready, tmp_path, dates, order):
    file = tmp_path / f"urutan-{order}.csv"
    file.write_text(f"id,nama,berdiri,surel\n1,Urutan {order},{dates[0]},\n2,Terbalik {order},{dates[1]},a@@b\n")
    done = ready.kelompok(*_IMPORT, "--file", file)
    errors, again = [one for one in _commands(done.stdout) if "--output" in one or "plugin run" in one]
    assert ("--date-order" in again) is (order is not None)
    assert _paste(ready, errors, tmp_path).returncode == 0
    _mended(tmp_path / f"urutan-{order}.errors.csv", "a@@b", "")
    assert _paste(ready, again, tmp_path).returncode == 0
    rows = json.loads(ready.kelompok("import", "show", "last", "--rows", "--json").stdout)
    assert rows[0]["changes"]["founded_on"][1] == ("2011-03-04" if order == "mdy" else "2011-04-03")


def test_a_date_order_is_not_repeated_for_a_column_that_did_not_prove_it(ready, tmp_path):
    file = tmp_path / "sebagian.csv"
    file.write_text("nama,tanggal bergabung,tanggal keluar\nA,25/12/2010,03/04/2011\nB,26/12/2010,\n")
    ready.kelompok("org", "create", "--set", "name=Sebagian")
    done = ready.kelompok("plugin", "run", "csv-import", "--job", "import-members", "--file", file,
                          "--organization", "sebagian")  # fmt: skip
    assert "tanggal bergabung: dmy" in done.stdout
    assert "value.date_ambiguous" in done.stdout
    (again,) = [one for one in _commands(done.stdout) if "plugin run" in one]
    assert "--date-order" not in again


def test_commands_are_never_wrapped_and_ids_are_short_at_a_terminal(ready, tmp_path):
    file = tmp_path / "nama berkas yang panjang sekali supaya baris perintahnya tidak muat.csv"
    file.write_text("id,nama\n1,Panjang Sekali\n2,\n")
    _, printed = _on_terminal(ready, *_IMPORT, "--file", file)
    commands = _commands(_plain(printed))
    assert any(len(one) > _WIDTH and one.endswith("muat'") for one in commands), commands
    whole = json.loads(ready.kelompok("import", "list", "--limit", "1", "--json").stdout)[0]["import"]
    assert whole not in printed
    assert whole in ready.kelompok("import", "list").stdout, "a program gets it whole"
    (errors,) = [one for one in commands if "--output" in one]
    short = shlex.split(errors)[3]
    assert whole.endswith(short), "what changes from one import to the next"
    assert 8 <= len(short) < len(whole)
    assert ready.kelompok("import", "show", short).returncode == 3
    assert ready.kelompok("import", "show", "last").returncode == 3
    ready.kelompok(*_IMPORT, "--file", file, "--source", "another")
    _, refused = _on_terminal(ready, "import", "show", whole[:4])
    assert f"more than one import is called '{whole[:4]}'" in refused
    listed = [line for line in _plain(refused).splitlines() if line.startswith("  ")]
    assert len(listed) > 1
    assert re.fullmatch(r"  \w{8}  another, \d{4}-\d\d-\d\d \d\d:\d\d \w+, applied", listed[0])
    assert listed[1].startswith(f"  {short}  {file.stem}, ")


# Tables


def _widest(printed):
    return max(len(line) for line in _plain(printed).splitlines() if not re.match(r"\s+\S*kelompok ", line))


@pytest.mark.parametrize("arguments", [
    ("import", "list"), ("org", "list"), ("plugin", "list"), ("plugin", "info", "json-import"), ("audit",),
    ("import", "show", "last"), ("import", "errors", "last", "--all"), ("import", "review", "list"), ("doctor",),
    ("csv-import", "show", PROJECT / "examples/organizations.csv"), ("db", "status"),
], ids=lambda arguments: " ".join(map(str, arguments[:2])))  # fmt: skip
def test_nothing_runs_over_the_edge(ready, arguments):
    file = ready.folder / "lebar.csv"
    file.write_text(
        "id,nama,deskripsi,situs\n1,Lebar Sekali Namanya Supaya Tidak Muat,"
        + "kata " * 60 + ",https://www.lebar.example.org/" + "x" * 70 + "\n2,,,\n"
    )  # fmt: skip
    ready.kelompok(*_IMPORT, "--file", file)
    code, printed = _on_terminal(ready, *arguments)
    assert code == (3 if arguments == ("import", "show", "last") else 0), printed
    assert _widest(printed) <= _WIDTH
    assert "…" not in printed, "nothing is cut off"


def test_rows_are_blocks_where_columns_do_not_fit_and_lines_in_a_pipe(ready):
    file = ready.folder / "blok.csv"
    file.write_text("id,nama,kota\n1,Paguyuban Warga Blok Delapan di Tepi Teluk,Kupang\n")
    ready.kelompok(*_IMPORT, "--file", file)
    slug, name = "paguyuban-warga-blok-delapan-di-tepi-teluk", "Paguyuban Warga Blok Delapan di Tepi Teluk"
    shown = [line.rstrip() for line in _plain(_on_terminal(ready, "org", "list")[1]).splitlines()]
    at = shown.index(slug)
    assert shown[at + 1 : at + 4] == [
        f"  name            {name}", "  city            Kupang", "  claim_status    unclaimed",
    ]  # fmt: skip
    wide = _plain(_on_terminal(ready, "org", "list", width=250)[1]).splitlines()
    columns = ["slug", "name", "country", "region", "city", "website_url", "official_email", "claim_status"]
    assert wide[0].split() == columns
    (row,) = [line for line in wide if line.startswith(slug)]
    assert row.split("  ")[:2] == [slug, name]
    assert row[wide[0].index("city") :].split()[0] == "Kupang"
    piped = ready.kelompok("org", "list").stdout.splitlines()
    total = len(json.loads(ready.kelompok("org", "list", "--json").stdout))
    assert len(piped) == total + 2, "a header, a line a record, how many there are"
    assert not _COLOURS.search("".join(piped))


def test_severities_have_colours(ready):
    file = ready.folder / "warna.csv"
    file.write_text("id,nama\n1,\n")
    ready.kelompok(*_IMPORT, "--file", file)
    _, printed = _on_terminal(ready, "import", "show", "last")
    assert re.search(r"\x1b\[[0-9;]*31m\w*error|\x1b\[1;31merror", printed), printed[-2000:]
    assert not _COLOURS.search(_on_terminal(ready, "import", "show", "last", NO_COLOR="1", TERM="dumb")[1])


def test_times_are_local_and_name_their_zone(ready):
    there = ready.kelompok("import", "list", "--limit", "1", TZ="Asia/Jayapura").stdout
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d WIT", there), there
    assert re.search(r"\d\d:\d\d:\d\d WIB", ready.kelompok("audit", "--limit", "1", TZ="Asia/Jakarta").stdout)


def test_an_event_is_listed_by_the_clock_where_it_takes_place(ready, tmp_path):
    home = json.loads(ready.kelompok("org", "list", "--json").stdout)[0]["slug"]
    made = ready.kelompok("event", "create", "--organization", home, "--set", "title=Rapat Zona",
                          "--set", "starts_at=2026-02-01 19:30", "--set", "timezone=Asia/Makassar")  # fmt: skip
    assert made.returncode == 0, made.stderr
    assert "2026-02-01 19:30 WITA" in ready.kelompok("event", "list", TZ="UTC").stdout
    assert "2026-02-01T11:30:00+00:00" in ready.kelompok("event", "list", "--json").stdout


# The right directory


def _elsewhere(ready, folder, *arguments):
    environment = {name: value for name, value in ready.environment.items() if not name.startswith("KELOMPOK_")}
    return subprocess.run(
        [str(PROGRAMS / "kelompok"), *map(str, arguments)], cwd=folder, env=environment,
        capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("arguments", [
    ("org", "list"), ("db", "migrate"), ("plugin", "enable", "csv-import", "--grant"), ("import", "list"),
    (*_IMPORT, "--file", PROJECT / "examples/organizations.csv"),
], ids=lambda arguments: " ".join(map(str, arguments[:2])))  # fmt: skip
def test_outside_an_installation_none_is_begun(ready, tmp_path, arguments):
    refused = _elsewhere(ready, tmp_path, *arguments)
    assert refused.returncode == 2, refused.stdout + refused.stderr
    assert str(tmp_path) in refused.stderr
    assert "kelompok init" in refused.stderr
    assert list(tmp_path.iterdir()) == []
    assert _elsewhere(ready, tmp_path, "plugin", "list").returncode == 0, "what is installed can be seen anywhere"
    assert "kelompok init" in _elsewhere(ready, tmp_path, "doctor").stdout


def test_init_makes_an_installation_that_is_found_from_folders_below(ready):
    folder = Path(ready.folder) / "lain"
    below = folder / "data" / "2026"
    made = _elsewhere(ready, ready.folder, "init", folder)
    try:
        assert made.returncode == 0, made.stderr
        assert str(folder / ".kelompok") in made.stdout
        assert "Creating a database" in made.stderr, "a new database is announced"
        assert (folder / "kelompok.toml").exists()
        assert (folder / ".kelompok/.gitignore").read_text() == "*\n"
        commands = [one.replace("FILE.csv", str(PROJECT / "examples/partners.csv")) for one in _commands(made.stdout)]
        below.mkdir(parents=True)
        for one in commands:
            more = ["--grant"] if " enable " in one else []
            done = _elsewhere(ready, below, *shlex.split(one)[1:], *more)
            assert done.returncode in (0, 3), (one, done.stdout, done.stderr)
        assert not (below / ".kelompok").exists()
        assert json.loads(_elsewhere(ready, below, "org", "list", "--json").stdout)
        settings = (folder / "kelompok.toml").read_text()
        again = _elsewhere(ready, folder, "init", "--json")
        assert json.loads(again.stdout) == {
            "home": str(folder / ".kelompok"), "settings": str(folder / "kelompok.toml"), "made": False,
        }  # fmt: skip
        assert (folder / "kelompok.toml").read_text() == settings
        named = ready.kelompok("db", "status", "--json")
        assert str(folder) not in named.stdout, "KELOMPOK_HOME wins"
    finally:
        _elsewhere(ready, folder, "db", "remove", "--yes")


# Messages


@pytest.mark.parametrize(("arguments", "meant"), [
    (("plugin", "run", "csv-imprt", "--job", "import-organizations", "--file", "x"), "csv-import"),
    (("plugin", "run", "csv-import", "--job", "import-organisations", "--file", "x"), "import-organizations"),
    (("plugin", "enable", "sdgs-keywords"), "sdgs-keyword"),
    (("org", "show", "pesan-stau"), "pesan-satu"),
    ((*_IMPORT, "--file", "pesan.csv", "--organization", "pesan-stau"), "pesan-satu"),
    ((*_IMPORT, "--file", "pesan.csv", "--map", "nama=nam"), "name"),
    ((*_IMPORT, "--file", "pesan.csv", "--map", "nma=name"), "nama"),
    ((*_IMPORT, "--file", "pesan.csv", "--policy", "phon=keep"), "phone"),
    ((*_IMPORT, "--file", "pesan.csv", "--set", "delimter=;"), "delimiter"),
    ((*_IMPORT, "--file", "pesan.csv", "--profile", "json-import/rorr"), "json-import/ror"),
    ((*_IMPORT, "--file", "pesn.csv"), "pesan.csv"),
    (("org", "update", "pesan-satu", "--set", "nmae=x"), "name"),
    ((*_IMPORT, "--file", "pesan.csv", "--as", "operator@localhos"), "operator@localhost"),
], ids=lambda one: " ".join(map(str, one[-2:])) if isinstance(one, tuple) else str(one))  # fmt: skip
def test_what_was_nearly_meant_is_named(ready, arguments, meant):
    file = ready.folder / "pesan.csv"
    if not file.exists():
        file.write_text("id,nama\n1,Pesan Satu\n")
        ready.kelompok(*_IMPORT, "--file", file)
    refused = ready.kelompok(*arguments)
    assert refused.returncode == 2, refused.stdout
    assert re.search(rf"Did you mean [^?]*{re.escape(meant)}[ ?]", refused.stderr), refused.stderr


@pytest.mark.parametrize(("text", "key", "meant"), [
    ("[pluginz.csv-import]\nenabled = true\n", "pluginz", "plugins"),
    ("[imports]\ndate_oder = 'dmy'\n", "imports.date_oder", "date_order"),
    ("[plugins.csv-import]\nenabled = true\nencodng = 'utf-8'\n", "plugins.csv-import.encodng", "encoding"),
    (f"{_ENABLED}[profiles.x]\nmaping = {{}}\n", "profiles.x.maping", "mapping"),
])  # fmt: skip
def test_a_setting_that_is_written_wrongly_is_named_with_the_right_one(ready, tmp_path, text, key, meant):
    config, file = tmp_path / "kelompok.toml", tmp_path / "x.csv"
    file.write_text("nama\nA\n")
    if not text.startswith("[plugins") and "pluginz" not in text:
        text = f"{_ENABLED}{text}"
    config.write_text(text)
    profile = ("--profile", "x") if "profiles.x" in text else ()
    refused = ready.kelompok(*_IMPORT, "--file", file, "--dry-run", *profile, KELOMPOK_CONFIG=str(config))
    assert refused.returncode == 2, refused.stdout
    assert key in refused.stderr
    assert re.search(rf"(Did you mean|mean) {meant}", refused.stderr), refused.stderr


@pytest.mark.parametrize(("name", "content", "plugin", "said"), [
    ("buku.xlsx", b"PK\x03\x04" + b"\0" * 26 + b"[Content_Types].xml xl/workbook.xml", "csv-import",
     ("a workbook", "spreadsheet-import")),
    ("buku.csv", b"PK\x03\x04" + b"\0" * 26 + b"[Content_Types].xml xl/workbook.xml", "csv-import",
     ("a workbook", "spreadsheet-import")),
    ("lama.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "csv-import", ("a workbook",)),
    ("data.csv", b'[\n  {"name": "A"}\n]', "csv-import", ("JSON", "plugin run json-import --job import-organizations")),
    ("data.txt", b'{"name": "A"}\n{"name": "B"}\n', "csv-import", ("JSON", "json-import")),
    ("data.json", b"nama;kota\nA;B\n", "json-import",
     ("delimited text", "plugin run csv-import --job import-organizations")),
    ("page.csv", b"<!DOCTYPE html><html><table>", "csv-import", ("a web page",)),
    ("cal.ics", b"BEGIN:VCALENDAR\r\n", "csv-import", ("a calendar",)),
    ("kartu.vcf", b"BEGIN:VCARD\r\n", "csv-import", ("address cards",)),
    ("surat.pdf", b"%PDF-1.7", "csv-import", ("a PDF",)),
], ids=lambda one: one if isinstance(one, str) and "." in one else "")  # fmt: skip
def test_the_plugin_for_the_file_is_named(ready, tmp_path, name, content, plugin, said):
    file = tmp_path / name
    file.write_bytes(content)
    refused = ready.kelompok("plugin", "run", plugin, "--job", "import-organizations", "--file", file)
    assert refused.returncode == 2, refused.stdout + refused.stderr
    for word in (name, *said):
        assert word in refused.stderr
    shown = ready.kelompok(plugin, "show", file)
    assert shown.returncode == 2
    assert said[0] in shown.stderr


def test_a_file_with_a_wrong_ending_is_read_by_what_is_in_it(ready, tmp_path):
    text, objects = tmp_path / "teks.json", tmp_path / "objek.csv"
    text.write_text("id,nama\n1,Dari Teks\n")
    objects.write_text('[{"id": 1, "name": "Dari Objek"}]')
    assert ready.kelompok(*_IMPORT, "--file", text).returncode == 0
    done = ready.kelompok("plugin", "run", "json-import", "--job", "import-organizations", "--file", objects)
    assert done.returncode == 0, done.stderr


def test_show_warns_of_a_missing_column_and_gives_the_next_command(ready, tmp_path):
    file = tmp_path / "apa.csv"
    file.write_text("Apa;Kota\nLembaga Apa;Bandung\nForum Apa;Garut\n")
    shown = ready.kelompok("csv-import", "show", file, "--set", "delimiter=;")
    assert shown.returncode == 0, shown.stderr
    text = " ".join(shown.stdout.split())
    assert "No column was recognised as name" in text
    assert "The column Apa looks like the name of each record, such as «Lembaga Apa»" in text
    (following,) = _commands(shown.stdout)
    assert "--map Apa=name" in following
    assert "--set 'delimiter=;'" in following
    planned = _paste(ready, f"{following} --json", tmp_path)
    assert planned.returncode == 0, planned.stderr
    assert json.loads(planned.stdout)["counts"]["accepted"] == 2
    refused = ready.kelompok(*_IMPORT, "--file", file)
    assert refused.returncode == 1
    assert "--map 'Apa=name'" in refused.stderr, "the import says it as well"
    mapped = ready.kelompok("csv-import", "show", file, "--map", "Apa=name", "--json")
    assert [one["becomes"] for one in json.loads(mapped.stdout)["tables"]["Columns"]] == ["name", "city"]


def test_show_says_which_entity_columns_fit(ready, tmp_path):
    file = tmp_path / "acara.csv"
    file.write_text("Judul,Mulai,Selesai\nRapat,2024-01-02 10:00,2024-01-02 12:00\n")
    shown = ready.kelompok("csv-import", "show", file)
    assert "This looks like a list of events" in shown.stdout
    assert "--job import-events" in shown.stdout
    shown = ready.kelompok("csv-import", "show", file, "--entity", "organizations")
    assert "The columns fit events better" in " ".join(shown.stdout.split())
    (following,) = _commands(shown.stdout)
    assert following.endswith("--entity events")
    better = _paste(ready, following, tmp_path)
    assert "starts_at" in better.stdout
    assert "--job import-events" in better.stdout


def test_an_unclear_date_names_the_option_and_the_setting(ready, tmp_path):
    file = tmp_path / "tanggal.csv"
    file.write_text("id,nama,berdiri\n1,Tanggal Satu,03/04/2012\n")
    asked = " ".join(ready.kelompok(*_IMPORT, "--file", file).stdout.split())
    assert "--date-order dmy or mdy" in asked
    assert "date_order under [imports]" in asked
    config = tmp_path / "kelompok.toml"
    config.write_text(f'{_ENABLED}[imports]\ndate_order = "dmy"\n')
    done = ready.kelompok(*_IMPORT, "--file", file, KELOMPOK_CONFIG=str(config))
    assert done.returncode == 0, done.stdout


def test_one_row_is_no_rows(ready, tmp_path):
    file = tmp_path / "satu.csv"
    file.write_text("Laporan 2024\n\nid,nama\n1,Hanya Satu\n2,\n\n")
    text = " ".join(ready.kelompok(*_IMPORT, "--file", file, "--set", "header_line=3").stdout.split())
    assert "1 row to correct" in text
    assert not re.search(r"\b1 (rows|lines)\b", text), text
    assert "Create an organization" in ready.kelompok("org", "create", "--help").stdout
    assert "Change fields of an event" in " ".join(ready.kelompok("event", "update", "--help").stdout.split())


def test_all_output_is_in_indonesian(ready, tmp_path):
    file = tmp_path / "bahasa.csv"
    file.write_text("id,nama,situs\n1,Bahasa Satu,www.b.example.org\n2,,\n")
    for environment, options in (({}, ("--language", "id")), ({"LANG": "id_ID.UTF-8"}, ())):
        done = ready.kelompok(*_IMPORT, "--file", file, "--dry-run", *options, **environment)
        for word in ("Uji coba", "baris dibaca", "diterima", "ditolak", "Kolom:", "kesalahan", "peringatan",
                     "Perubahan yang direncanakan", "Belum ada yang ditulis", "1 baris perlu diperbaiki"):  # fmt: skip
            assert word in done.stdout, (word, done.stdout)
        for word in ("rows", "accepted", "rejected", "Columns", "warning", "Nothing", "Fill it in"):
            assert word not in done.stdout, (word, done.stdout)
    listed = ready.kelompok("import", "list", LANG="id_ID.UTF-8").stdout
    assert {"impor", "status", "sumber"} <= set(listed.splitlines()[0].split())
    refused = ready.kelompok("plugin", "info", "csv-imprt", LANG="id_ID.UTF-8").stderr
    assert "Kesalahan: tidak ada plugin" in refused
    assert "Mungkin maksud Anda" in refused
    assert ready.kelompok("import", "list", "--language", "fr").returncode == 2


# Plugins that fail


@pytest.fixture
def faulty(tmp_path):
    """A plugin whose reader raises, another that cannot be loaded; both on the path of one command."""
    raising = "class Reader:\n    def read(self, source, context):\n        raise ZeroDivisionError(source.file_name)\n"
    for name, body in (("berjatuhan", f"{raising}        yield\n"), ("hilang", "import nothing_called_so\n")):
        manifest = {
            "name": f"{name}-import", "version": "1", "description": "Fails.", "api": "1",
            "capabilities": ["organization_import"], "implements": {"organization_importer": f"{name}:Reader"},
            "jobs": [{"name": "import-organizations", "uses": "organization_importer", "entity": "organizations",
                      "inputs": ["text/csv"], "summary": "Fails."}],
            "permissions": {"propose": ["organizations"]}, "config_schema": {"type": "object"},
        }  # fmt: skip
        install_plugin(tmp_path / "site", name, manifest, entry=f"{name}-import", init=body)
    # After the path the tests run with: where they run on a copy of the project, the copy must be imported.
    return {"PYTHONPATH": os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), str(tmp_path / "site")]))}


def test_a_plugin_that_cannot_be_loaded_is_not_enabled(ready, faulty, tmp_path):
    config = {"KELOMPOK_CONFIG": str(tmp_path / "kelompok.toml")}
    refused = ready.kelompok("plugin", "enable", "hilang-import", "--grant", **faulty, **config)
    assert refused.returncode == 2, refused.stdout
    assert "nothing_called_so" in refused.stderr
    assert not (tmp_path / "kelompok.toml").exists()
    shown = ready.kelompok("plugin", "enable", "hilang-import", "--grant", "--debug", **faulty, **config)
    assert "Traceback" in shown.stderr
    assert "Traceback" not in refused.stderr


def test_where_a_plugin_failed_is_kept_and_shown_when_asked_for(ready, faulty, tmp_path):
    config = {"KELOMPOK_CONFIG": str(tmp_path / "kelompok.toml")}
    assert ready.kelompok("plugin", "enable", "berjatuhan-import", "--grant", **faulty, **config).returncode == 0
    file = tmp_path / "rahasia.csv"
    file.write_text("nama\nA\n")
    run = ("plugin", "run", "berjatuhan-import", "--job", "import-organizations", "--file", file)
    failed = ready.kelompok(*run, **faulty, **config)
    assert failed.returncode == 1
    assert "ZeroDivisionError: rahasia.csv" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert "line 3, in read" in ready.kelompok(*run, "--debug", **faulty, **config).stderr
    shown = ready.kelompok("import", "show", "last")
    assert any("--debug" in one for one in _commands(shown.stdout)), shown.stdout
    told = ready.kelompok("import", "show", "last", "--debug")
    assert "ZeroDivisionError" in told.stderr
    assert "berjatuhan/__init__.py" in told.stderr
    assert "rahasia" not in told.stderr, "what an error says may quote a row"


# Completion


def _completed(ready, words, current, **environment):
    asked = {"_KELOMPOK_COMPLETE": "complete_bash", "COMP_WORDS": "\n".join(words), "COMP_CWORD": str(current)}
    done = ready.kelompok(**(asked | environment))
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_the_shell_completes_plugins_jobs_settings_slugs_ids_and_fields(ready, tmp_path):
    file = tmp_path / "lengkap.csv"
    file.write_text("id,nama\n1,Lengkap Satu\n")
    ready.kelompok(*_IMPORT, "--file", file)
    whole = json.loads(ready.kelompok("import", "list", "--limit", "1", "--json").stdout)[0]["import"]
    run = ["kelompok", "plugin", "run", "csv-import"]
    assert "csv-import" in _completed(ready, [*run[:3], "cs"], 3)
    assert _completed(ready, [*run, "--job", "import-or"], 5) == ["import-organizations"]
    assert "delimiter=" in _completed(ready, [*run, "--set", "del"], 5)
    assert "lengkap-satu" in _completed(ready, ["kelompok", "org", "show", "leng"], 3)
    assert "lengkap-satu" in _completed(ready, [*run, "--organization", "leng"], 5)
    ids = _completed(ready, ["kelompok", "import", "show", ""], 3)
    assert ids[0] == "last"
    assert whole.endswith(ids[1])
    assert _completed(ready, ["kelompok", "import", "show", whole[:30]], 3) == [whole]
    assert "name=" in _completed(ready, ["kelompok", "org", "update", "x", "--set", "na"], 5)
    mapping = [*run, "--job", "import-members", "--map", "Nama=em"]
    assert _completed(ready, mapping, 7) == ["Nama=email"]
    parted = [*run, "--job", "import-members", "--map", "Nama", "=", "em"]
    assert _completed(ready, parted, 9) == ["email"], "bash parts words at «=»"


def test_the_shell_completes_rows_that_wait_and_what_they_may_be(ready, tmp_path):
    _doubtful(ready, tmp_path, "Pilih Satu")
    row = json.loads(ready.kelompok("import", "review", "list", "--import", "last", "--json").stdout)[0]
    whole, _, row_number = row["row"].partition(":")
    for command in ("show", "accept", "reject"):
        offered = _completed(ready, ["kelompok", "import", "review", command, ""], 4)
        assert f"{whole[-8:]}:{row_number}" in offered, offered
    short = f"{whole[-8:]}:{row_number}"
    into = _completed(ready, ["kelompok", "import", "review", "accept", short, "--merge-into", ""], 6)
    assert len(into) == len(row["candidates"])
    nothing = _completed(ready, ["kelompok", "import", "review", "accept", "--merge-into", ""], 5)
    assert nothing == []


def test_completion_starts_no_database_and_tells_no_errors(ready, tmp_path):
    nowhere = {"KELOMPOK_HOME": str(tmp_path / "home"), "KELOMPOK_CONFIG": str(tmp_path / "kelompok.toml")}
    assert _completed(ready, ["kelompok", "org", "show", ""], 3, **nowhere) == []
    assert _completed(ready, ["kelompok", "import", "show", ""], 3, **nowhere) == ["last"]
    assert list(tmp_path.iterdir()) == []


# Files that are there already


def test_no_command_overwrites_a_file_without_force(ready, tmp_path):
    file = tmp_path / "ada.csv"
    file.write_text("id,nama\n1,Ada Satu\n2,\n")
    ready.kelompok(*_IMPORT, "--file", file)
    mine = tmp_path / "mine.csv"
    for arguments in (
        ("import", "errors", "last", "--output", mine),
        ("import", "errors", "last", "--all", "--output", mine),
        ("import", "show", "last", "--output", mine),
        ("org", "export", "--output", mine),
        ("csv-import", "convert", file, mine),
    ):
        mine.write_text("what somebody is working on")
        refused = ready.kelompok(*arguments)
        assert refused.returncode == 2, (arguments, refused.stdout)
        assert f"{mine} already exists" in refused.stderr
        assert "--force" in refused.stderr
        assert mine.read_text() == "what somebody is working on"
        assert ready.kelompok(*arguments, "--force").returncode == 0, arguments
        assert "Ada Satu" in mine.read_text("utf-8-sig") or "value.required" in mine.read_text("utf-8-sig"), arguments
    assert sorted(tmp_path.iterdir()) == [file, mine], "nothing unfinished stays"
    folder = ready.kelompok("org", "export", "--output", tmp_path, "--force")
    assert folder.returncode == 2, "a folder is not to be written over at all"
    itself = ready.kelompok("csv-import", "convert", mine, mine, "--force")
    assert (itself.returncode, "the file to read" in itself.stderr) == (2, True)


def test_commands_that_are_printed_name_a_file_there_is_not_yet(ready, tmp_path):
    file = tmp_path / "ulang.csv"
    file.write_text("id,nama\n1,\n2,\n")
    _, printed = _on_terminal(ready, *_IMPORT, "--file", file)
    errors, again = [one for one in _commands(_plain(printed)) if "--output" in one or "plugin run" in one]
    (ready.folder / "ulang.errors.csv").unlink(missing_ok=True)
    assert _paste(ready, errors, ready.folder).returncode == 0
    _mended(ready.folder / "ulang.errors.csv", "1,,", "1,Ulang Satu,")
    assert _paste(ready, errors, ready.folder).returncode == 2, "half mended, it is not written anew"
    _, printed = _on_terminal(ready, *shlex.split(again)[1:])
    errors, again = [one for one in _commands(_plain(printed)) if "--output" in one or "plugin run" in one]
    assert _paste(ready, errors, ready.folder).returncode == 0
    _mended(ready.folder / "ulang.errors-2.csv", "2,,", "2,Ulang Dua,")
    done = _paste(ready, again, ready.folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(ready.kelompok("import", "list", "--limit", "1", "--json").stdout)[0]["source"] == "ulang"


def test_a_numbered_error_file_is_the_list_it_came_from():
    from kelompok_core.imports.reporting.error_file import free_name
    from kelompok_core.sources.storage import source_name_of

    assert [source_name_of(one) for one in ("a.errors.csv", "a.errors-2.csv.gz", "a.errors-12.ndjson", "a-2.csv")] == [
        "a", "a", "a", "a-2",
    ]  # fmt: skip
    assert free_name("there.is.none.csv") == "there.is.none.csv"


# What a file is taken for


def test_a_list_is_shown_as_what_its_columns_fit_best(ready, tmp_path):
    file = tmp_path / "pengurus.csv"
    file.write_text("Nama Lengkap;Asal Instansi;Jabatan;Tgl Bergabung;No. WA\nRina;Forum Laut;Ketua;2020-01-02;\n")
    shown = ready.kelompok("csv-import", "show", file)
    assert "This looks like a list of members" in shown.stdout
    assert re.search(r"Asal Instansi +organization", shown.stdout)
    (following,) = _commands(shown.stdout)
    assert "--job import-members" in following
    assert "SLUG" not in following, "it can be pasted as it is"
    assert json.loads(ready.kelompok("csv-import", "show", file, "--json").stdout)["entity"] == "members"
    other = ready.kelompok("csv-import", "show", file, "--entity", "posts")
    assert "This looks like a list of posts" not in other.stdout or "The columns fit members better" in other.stdout


def test_an_import_as_something_the_columns_fit_less_is_warned_of(ready, tmp_path):
    file = tmp_path / "anggota-kami.csv"
    file.write_text("Nama Lengkap;Nama Lembaga;Jabatan;Tgl Bergabung;Email\nRina;Forum Laut;Ketua;2020-01-02;\n")
    shown = ready.kelompok("csv-import", "show", file, "--entity", "organizations")
    assert "The columns fit members better" in shown.stdout
    done = ready.kelompok(*_IMPORT, "--file", file, "--dry-run", "--json")
    assert "header.other_entity" in [one["code"] for one in json.loads(done.stdout)["issues"]]
    file.write_text("Nama Lembaga;Kota;Telepon;Email;Bergabung\nForum Laut;Ende;;;2020-01-02\n")
    done = ready.kelompok(*_IMPORT, "--file", file, "--dry-run", "--json")
    assert "header.other_entity" not in [one["code"] for one in json.loads(done.stdout)["issues"]]
    assert "This looks like a list of organizations" in ready.kelompok("csv-import", "show", file).stdout


def test_a_column_that_names_organizations_in_words_of_its_own_is_suggested(ready, tmp_path):
    file = tmp_path / "utusan.csv"
    file.write_text("Nama Lengkap,Alamat Lembaga,Lembaga Pengutus,Jabatan\nRina,Jl. Mawar,Forum Laut,Ketua\n")
    shown = ready.kelompok("csv-import", "show", file, "--entity", "members")
    (following,) = _commands(shown.stdout)
    assert "--map 'Lembaga Pengutus=organization'" in following
    assert "SLUG" not in following
    failed = ready.kelompok("plugin", "run", "csv-import", "--job", "import-members", "--file", file)
    assert "--map 'Lembaga Pengutus=organization'" in failed.stderr


@pytest.mark.parametrize(("name", "content", "code"), [
    ("kosong.csv", "", 1), ("judul.csv", "nama;kota\n", 0), ("kosong.json", "[]", 0), ("kosong.ndjson", "", 1),
])  # fmt: skip
def test_what_has_no_rows_is_not_to_be_imported_next(ready, tmp_path, name, content, code):
    file = tmp_path / name
    file.write_text(content)
    shown = ready.kelompok("json-import" if "json" in name else "csv-import", "show", file)
    assert (shown.returncode, _commands(shown.stdout)) == (code, []), shown.stdout + shown.stderr
    assert "No column was recognised" not in shown.stdout
    assert re.search("has no (content|records)", shown.stdout)


def test_a_folder_is_shown_by_what_reads_folders(ready, tmp_path):
    (tmp_path / "isi.csv").write_text("nama\nA\n")
    refused = ready.kelompok("csv-import", "show", tmp_path)
    assert refused.returncode == 2
    assert "is a folder, and csv-import does not read that" in refused.stderr


def test_looking_at_a_file_needs_no_installation(ready, tmp_path):
    file = tmp_path / "jauh.csv"
    file.write_text("nama\nJauh Satu\n")
    shown = _elsewhere(ready, tmp_path, "csv-import", "show", "jauh.csv")
    assert (shown.returncode, "Jauh Satu" in shown.stdout) == (0, True), shown.stderr
    assert _elsewhere(ready, tmp_path, "sdgs", "explain", "--text", "bank sampah").returncode == 0
    assert _elsewhere(ready, tmp_path, "csv-import", "convert", "jauh.csv", "rata.csv").returncode == 0
    assert sorted(one.name for one in tmp_path.iterdir()) == ["jauh.csv", "rata.csv"], "nothing is made"


# What is said, and how


def _doubtful(ready, folder, name):
    """Import a name that is there already from another source; return what is printed."""
    file = folder / "doubtful.csv"
    for source, content in ((f"first {name}", f"id,nama\n1,{name}\n"), (f"second {name}", f"id,nama\n7,{name}\n8,\n")):
        file.write_text(content)
        done = ready.kelompok(*_IMPORT, "--file", file, "--source", source)
    return done.stdout


def test_what_is_pasted_out_of_a_sentence_is_on_one_line(ready, tmp_path):
    file = tmp_path / "salin.csv"
    file.write_text("Nama,Tgl Lahir,Tempat Lahir,Nama Ibu Kandung\nSalin Satu,1990-01-01,Ende,Siti\n")
    ready.kelompok(*_IMPORT, "--file", file)
    for width in (63, 71, 80, 92):
        _, printed = _on_terminal(ready, "import", "show", "last", width=width)
        found = re.findall(r"--map\s+'[^']*'", _plain(printed))
        assert found, printed
        assert not [one for one in found if "\n" in one or "  " in one], (width, found)


def test_a_plan_refers_to_the_explanation_of_a_reason(ready, tmp_path):
    file = tmp_path / "alasan.csv"
    file.write_text("id,nama\n1,\n2,Alasan Dua\n")
    shown = " ".join(ready.kelompok(*_IMPORT, "--file", file, "--dry-run").stdout.split())
    assert "rejected value.required (see below)" in shown
    assert "see below" not in ready.kelompok("import", "show", "last", "--rows").stdout


def test_rows_that_wait_are_counted_once(ready, tmp_path):
    shown = " ".join(_doubtful(ready, tmp_path, "Tunggu Satu").split())
    assert "1 row waits for review" in shown
    assert "2 rows to correct (1 of them wait for review)" in shown


def test_the_error_file_has_the_delimiter_of_the_list(ready, tmp_path):
    for name, delimiter in (("tab", "\t"), ("titik", ";"), ("garis", "|")):
        file, back = tmp_path / f"{name}.csv", tmp_path / f"{name}.errors.csv"
        file.write_text(f"id,nama,kota,surel\n1,{name} Satu,Ende,x@@y\n2,{name} Dua,Ende,\n".replace(",", delimiter))
        done = ready.kelompok(*_IMPORT, "--file", file)
        (again,) = [one for one in _commands(done.stdout) if "plugin run" in one]
        ready.kelompok("import", "errors", "last", "--output", back)
        assert back.read_text("utf-8-sig").startswith("id,nama,kota,surel,_line".replace(",", delimiter))
        _mended(back, "x@@y", "")
        assert _paste(ready, again, tmp_path).returncode == 0


def test_last_is_the_newest_import_that_can_be_undone(ready, tmp_path):
    file = tmp_path / "terakhir.csv"
    file.write_text("id,nama\n1,Terakhir Satu\n")
    done = json.loads(ready.kelompok(*_IMPORT, "--file", file, "--json").stdout)
    file.write_text("tanpa\nx\n")
    assert ready.kelompok(*_IMPORT, "--file", file).returncode == 1
    for _ in range(2):
        undone = json.loads(ready.kelompok("import", "undo", "last", "--json").stdout)
        assert undone["import"] == done["import"], "said twice, it does not go on to the one before"
    failed = json.loads(ready.kelompok("import", "list", "--limit", "1", "--json").stdout)[0]["import"]
    refused = ready.kelompok("import", "undo", failed).stderr
    assert "was not applied, so there is nothing to undo: its state is «failed»" in refused


def test_a_plan_that_was_applied_is_no_dry_run_when_it_is_undone(ready, tmp_path):
    file = tmp_path / "rencana-jadi.csv"
    file.write_text("id,nama\n1,Rencana Jadi\n")
    ready.kelompok(*_IMPORT, "--file", file, "--dry-run")
    assert ready.kelompok("import", "apply", "last").returncode == 0
    ready.kelompok("import", "undo", "last")
    assert re.match(r"Import \S+ is undone", ready.kelompok("import", "show", "last").stdout)


def test_two_services_get_two_ports(ready):
    refused = ready.kelompok("up", "--port", "4977", "--api-port", "4977")
    assert refused.returncode == 2
    assert "--api-port" in refused.stderr


def test_the_review_shows_fields_and_nothing_worked_out_of_them(ready, tmp_path):
    _doubtful(ready, tmp_path, "Tinjau Satu")
    row = json.loads(ready.kelompok("import", "review", "list", "--import", "last", "--json").stdout)[0]["row"]
    shown = ready.kelompok("import", "review", "show", row).stdout
    assert "Tinjau Satu" in shown
    assert not re.search(r"name_key|slug_base|email_key", shown)
