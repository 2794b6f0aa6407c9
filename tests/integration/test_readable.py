"""A run reads only files of its roots, the inbox and schedules."""

import os
import socket
import threading
from functools import partial
from pathlib import Path

import pytest

from kelompok_core.errors import SettingsError, UsageError
from kelompok_core.imports.receiving import file_rules
from kelompok_core.imports.receiving.file_rules import operator_rules
from kelompok_core.settings import Settings
from kelompok_core.sources import opening
from kelompok_core.sources.opening import opened
from kelompok_pipelines.sources import scheduled_files

_SECRET = b'{"kelompok_admin": "rahasia"}'
run_rules = partial(file_rules.run_rules, named=frozenset())


@pytest.fixture
def place(tmp_path):
    """An installation with its home in a root, the least careful setup."""
    home = tmp_path / "site/home"
    for folder in (home / "inbox/csv-import/import-members/taken", home / "files", home / "postgres"):
        folder.mkdir(parents=True)
    for name in ("credentials.json", "admin-credentials.json", "files/received", "postgres/PG_VERSION"):
        (home / name).write_bytes(_SECRET)
    (tmp_path / "site/lists").mkdir()
    (tmp_path / "site/lists/good.csv").write_bytes(b"name\nSatu\n")
    (tmp_path / "elsewhere.csv").write_bytes(_SECRET)
    settings = Settings(home=home, config_file=tmp_path / "site/kelompok.toml")
    settings.config_file.write_text('[files]\nroots = ["."]\n')
    return settings


_NO_INSTALLATION = Settings(home=Path("/nowhere"), config_file=Path("/nowhere/kelompok.toml"), is_there=False)


def _read(location, rules):
    with opened(str(location), rules, _NO_INSTALLATION) as file:
        return file.read()


def test_run_reads_its_roots_and_the_inbox(place):
    site, rules = place.config_file.parent, run_rules(place)
    assert _read(site / "lists/good.csv", rules) == b"name\nSatu\n"
    assert _read(f"file://{site}/lists/good.csv", rules) == b"name\nSatu\n"
    assert _read(site / "lists/../lists/good.csv", rules) == b"name\nSatu\n"
    assert b"name\nSatu\n" in _read(site / "lists", rules), "a folder, packed"
    dropped = place.home / "inbox/csv-import/import-members/taken/list.csv"
    dropped.write_bytes(b"name\nDua\n")
    assert _read(dropped, rules) == b"name\nDua\n"


def test_link_within_a_root_is_followed(place):
    link = place.config_file.parent / "latest.csv"
    link.symlink_to("lists/good.csv")
    assert _read(link, run_rules(place)) == b"name\nSatu\n"


@pytest.mark.parametrize(
    "written",
    [
        "{home}/credentials.json", "{home}/admin-credentials.json", "{home}/files/received", "{home}", "{site}",
        "{home}/postgres", "{home}/postgres/PG_VERSION", "{site}/lists/../home/credentials.json",
        "{site}/lists/../../elsewhere.csv", "{site}/kelompok.toml", "{site}/lists/../kelompok.toml",
        "file://{home}/credentials.json", "FILE://localhost{home}/credentials.json", "{site}/link",
        "{site}/folder/credentials.json", "{home}/inbox/link", "{home}/inbox/../credentials.json",
        "{site}/../elsewhere.csv", "/etc/passwd", "/proc/self/environ", "/dev/fd/0", "/", "", "..", "{site}/circle",
        "{site}/\0.csv", "{site}/" + "a" * 5000, "file://elsewhere/etc/passwd", "file://",
        "{site}/lists/not-there/../../..",
    ],
)  # fmt: skip
def test_run_reads_nothing_outside_its_roots(place, written, monkeypatch):
    site = place.config_file.parent
    (site / "link").symlink_to(place.home / "credentials.json")
    (site / "folder").symlink_to(place.home)
    (site / "circle").symlink_to("circle")
    (place.home / "inbox/link").symlink_to("../credentials.json")
    monkeypatch.chdir(site.parent)
    with pytest.raises(UsageError) as refused:
        _read(written.format(home=place.home, site=site), run_rules(place))
    assert "rahasia" not in str(refused.value)


def test_refusal_names_the_path_the_folders_and_a_remedy(place):
    with pytest.raises(UsageError) as refused:
        _read("/etc/passwd", run_rules(place))
    assert "'/etc/passwd'" in refused.value.message
    assert str(place.config_file.parent) in refused.value.message
    assert "roots under [files]" in refused.value.hint
    with pytest.raises(UsageError) as absent:
        _read("/etc/no-such-file", run_rules(place))
    assert absent.value.message.replace("no-such-file", "passwd") == refused.value.message, "tells not what is there"


def test_installation_is_private_even_if_everything_is_a_root(place):
    place.config_file.write_text('[files]\nroots = ["/"]\n')
    rules = run_rules(place)
    assert _read(place.config_file.parent.parent / "elsewhere.csv", rules) == _SECRET, "the operator wanted that"
    for path in (place.home / "credentials.json", place.config_file, "/proc/self/environ", "/"):
        with pytest.raises(UsageError, match="may not read"):
            _read(path, rules)


def test_default_roots_are_the_examples_and_the_inbox(place):
    place.config_file.write_text("")
    examples = place.config_file.parent / "examples"
    examples.mkdir()
    (examples / "list.csv").write_bytes(b"name\n")
    assert _read(examples / "list.csv", run_rules(place)) == b"name\n"
    with pytest.raises(UsageError, match="may not read"):
        _read(place.config_file.parent / "lists/good.csv", run_rules(place))


def test_schedule_reads_only_the_file_that_it_names(place):
    exports = place.config_file.parent.parent / "exports"
    (exports / "2026").mkdir(parents=True)
    (exports / "2026/11.csv").write_bytes(b"name\n")
    (exports / "other.csv").write_bytes(_SECRET)
    (exports / "latest.csv").symlink_to("2026/11.csv")
    place.config_file.write_text(
        f'[files]\nroots = []\n[[schedules]]\nfile = "{exports}/latest.csv"\n'
        'name = "latest"\ncron = "0 3 * * *"\nplugin = "csv-import"\njob = "import-members"\n'
    )
    rules = file_rules.run_rules(place, named=scheduled_files(place))
    assert _read(exports / "latest.csv", rules) == b"name\n"
    for other in (exports / "other.csv", exports, exports / "2026/11.csv"):
        with pytest.raises(UsageError, match="may not read"):
            _read(other, rules)
    (exports / "latest.csv").unlink()
    for target in (place.home / "credentials.json", place.config_file.parent.parent / "elsewhere.csv"):
        (exports / "latest.csv").symlink_to(target)
        with pytest.raises(UsageError, match="may not read"):
            _read(exports / "latest.csv", rules)
        (exports / "latest.csv").unlink()


def test_link_created_after_the_check_is_not_followed(place, monkeypatch):
    site = place.config_file.parent
    look = opening.is_folder

    def swap(location):
        found = look(location)
        (site / "lists").rename(site / "away")
        (site / "lists").symlink_to(site.parent / "other")
        return found

    (site.parent / "other").mkdir()
    (site.parent / "other/good.csv").write_bytes(_SECRET)
    monkeypatch.setattr(opening, "is_folder", swap)
    with pytest.raises(UsageError, match="cannot read"):
        _read(site / "lists/good.csv", run_rules(place))


def test_pipe_is_refused_without_waiting(place):
    os.mkfifo(place.config_file.parent / "pipe")
    with pytest.raises(UsageError, match="not a regular file"):
        _read(place.config_file.parent / "pipe", run_rules(place))


def test_operator_at_a_terminal_reads_every_file_the_process_can(place):
    assert _read(place.config_file.parent.parent / "elsewhere.csv", operator_rules(place)) == _SECRET


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("files = 1", "files"), ("[files]\nroot = ['x']", "files.root"), ("[files]\nroots = 'x'", "files.roots"),
        ("[files]\nschemes = ['zip']", "files.schemes"), ("[files]\nschemes = ['local']", "files.schemes"),
        ("[files]\nschemes = ['s3://']", "files.schemes"), ("[files]\nhosts = [1]", "files.hosts"),
    ],
)  # fmt: skip
def test_invalid_settings_are_reported(place, table, key):
    place.config_file.write_text(table)
    with pytest.raises(SettingsError, match=rf"^{key}"):
        operator_rules(place)


@pytest.fixture
def dials(monkeypatch):
    """Record all host look-ups and connections, and refuse them."""
    seen = []

    def refuse(*arguments, **_):
        seen.append(arguments)
        raise OSError("refused by the test")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", lambda _, address: refuse(address))
    monkeypatch.setattr(socket.socket, "connect_ex", lambda _, address: refuse(address))
    return seen


_REFUSED = [
    "http://169.254.169.254/latest/meta-data/", "http://metadata.google.internal/", "https://example.org/a.csv",
    "ftp://ftp.example.org/a.csv", "sftp://example.org/a.csv", "ssh://example.org/a.csv", "s3://bucket/a.csv",
    "gs://bucket/a.csv", "smb://server/share/a.csv", "hdfs://name/a.csv", "webhdfs://name/a.csv",
    "github://org:repo@main/a.csv", "zip://a.csv", "zip://a.csv::http://169.254.169.254/a.zip",
    "simplecache::http://127.0.0.1/a.csv", "filecache::s3://bucket/a.csv", "zip::http://127.0.0.1/a.zip",
    "reference://a", "data://text/csv", "local:///etc/passwd", "HTTP://127.0.0.1/", "hTTps://127.0.0.1/",
    "nothing-of-this-kind://a/b", "jar://x", "memory://lists/a.csv", "arrow_hdfs://a/b", "file://server/share/a.csv",
]  # fmt: skip


@pytest.mark.parametrize("url", _REFUSED)
@pytest.mark.parametrize("rules", [operator_rules, run_rules])
def test_only_addresses_allowed_by_the_operator_are_contacted(place, dials, rules, url):
    with pytest.raises(UsageError):
        _read(url, rules(place))
    assert dials == []


def test_chained_urls_are_always_refused(place, dials):
    place.config_file.write_text('[files]\nschemes = ["memory", "s3", "http"]\n')
    for url in ("memory://a::http://127.0.0.1/x", "s3://a/b.csv::memory://x", "simplecache::memory://a"):
        with pytest.raises(UsageError, match="chains several"):
            _read(url, operator_rules(place))
    with pytest.raises(UsageError, match="not a public address"):
        _read("http://[::1]/a::b.csv", operator_rules(place))
    assert dials == []


_NOT_PUBLIC = [
    "http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0x7f000001/", "http://0x7f.0.0.1/",
    "http://0177.0.0.1/", "http://017700000001/", "http://0/", "http://0.0.0.0/", "http://[::]/", "http://[::1]/",
    "http://[::ffff:127.0.0.1]/", "http://[::ffff:8.8.8.8]/", "http://[::127.0.0.1]/", "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b:1::a00:1]/", "http://[2002:7f00:1::]/", "http://[2001:0:7f00:1::]/", "http://[fe80::1]/",
    "http://[fe80::1%25eth0]/", "http://[fec0::1]/", "http://[fd00:ec2::254]/", "http://[ff02::1]/",
    "http://[2001:db8::1]/", "http://10.0.0.1/", "http://172.16.0.1/", "http://192.168.1.1/", "http://100.64.0.1/",
    "http://100.100.100.200/", "http://169.254.169.254/", "http://168.63.129.16/", "http://198.18.0.1/",
    "http://192.0.0.8/", "http://224.0.0.1/", "http://255.255.255.255/", "http://192.0.2.1/",
    "http://127.0.0.1:8080/", "http://127.0.0.1./", "http://user@127.0.0.1/", "http://example.org@127.0.0.1/",
    "http://8.8.8.8:80@127.0.0.1/", "http://１２７.０.０.１/", "http://①②⑦.⓪.⓪.①/", "http:///a.csv", "http://",
    "http://exa mple.org/", "http://ex%61mple.org/", "http://[::1/", "http://host:99999/", "http://host:x/",
    "http://127.0.0.1\\@example.org/", "http://127.0.0.1#@example.org/", "http://127。0。0。1/", "http://09.1.1.1/",
    "http://1.2.3.4.5.0x1/", "http://-/",
]  # fmt: skip


@pytest.mark.parametrize("url", _NOT_PUBLIC)
def test_non_public_addresses_are_not_contacted(place, dials, url):
    place.config_file.write_text('[files]\nschemes = ["http", "https"]\n')
    with pytest.raises(UsageError):
        _read(url, operator_rules(place))
    looked_up = {arguments[0] for arguments in dials}
    assert looked_up <= {"-"}, "a name may be looked up; nothing is connected to"


def _resolving_to(monkeypatch, dials, *addresses):
    def resolve(host, port, *_, **__):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


@pytest.mark.parametrize("addresses", [
    ["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["169.254.169.254"], ["::ffff:10.0.0.1"], ["fe80::1%eth0"],
])  # fmt: skip
def test_host_that_resolves_to_a_private_address_is_not_contacted(place, dials, monkeypatch, addresses):
    place.config_file.write_text('[files]\nschemes = ["http"]\n')
    _resolving_to(monkeypatch, dials, *addresses)
    with pytest.raises(UsageError, match="not a public address"):
        _read("http://lists.example.org/a.csv", operator_rules(place))
    assert dials == []


def test_connection_uses_the_address_that_was_checked(place, dials, monkeypatch):
    place.config_file.write_text('[files]\nschemes = ["https"]\n')
    _resolving_to(monkeypatch, dials, "8.8.8.8")
    with pytest.raises(UsageError, match="refused by the test"):
        _read("https://lists.example.org/a.csv", operator_rules(place))
    assert dials == [(("8.8.8.8", 443),)]


# As it is, and as IPv6 writes it where networks translate or tunnel.
_METADATA = [
    "169.254.169.254", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1", "::a9fe:a9fe",
    "::ffff:0:a9fe:a9fe", "2001:0:0:0:0:0:5601:5601", "fd00:ec2::254", "100.100.100.200", "::ffff:100.100.100.200",
]  # fmt: skip


def test_metadata_services_are_not_contacted_even_by_an_allowed_name(place, dials, monkeypatch):
    place.config_file.write_text('[files]\nschemes = ["http"]\nhosts = ["intranet.example.org"]\n')
    for address in _METADATA:
        _resolving_to(monkeypatch, dials, address)
        with pytest.raises(UsageError, match="not a public address"):
            _read("http://intranet.example.org/a.csv", operator_rules(place))
    assert dials == []
    _resolving_to(monkeypatch, dials, "10.0.0.7")
    with pytest.raises(UsageError, match="refused by the test"):
        _read("http://intranet.example.org/a.csv", operator_rules(place))
    assert dials == [(("10.0.0.7", 80),)]


@pytest.mark.parametrize("scheme", ["ftp", "sftp", "smb", "webhdfs", "nothing-of-this-kind"])
def test_driver_contacts_only_hosts_in_the_settings(place, dials, scheme):
    place.config_file.write_text(f'[files]\nschemes = ["{scheme}"]\n')
    with pytest.raises(UsageError, match=r"'169\.254\.169\.254' is not allowed"):
        _read(f"{scheme}://someone@169.254.169.254/a.csv", operator_rules(place))
    assert dials == []


@pytest.mark.parametrize("url", ["s3://bucket/a.csv", "gs://bucket/a.csv", "smb://named/a.csv", "ftp://named/a.csv"])
def test_driver_errors_and_missing_drivers_are_reported(place, dials, monkeypatch, url):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    place.config_file.write_text('[files]\nschemes = ["s3", "gs", "smb", "ftp"]\nhosts = ["named"]\n')
    with pytest.raises(UsageError, match="cannot read"):
        _read(url, operator_rules(place))


_ANSWERS = {
    b"/good.csv": b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nname\nSatu\n",
    b"/cut.csv": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nname\nSatu\n",
    b"/cut-chunk.csv": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nname\n\r\n5\r\nSa",
    b"/gone.csv": b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
    b"/onward.csv": b"HTTP/1.1 302 Found\r\nLocation: /good.csv\r\nContent-Length: 0\r\n\r\n",
    b"/circle.csv": b"HTTP/1.1 302 Found\r\nLocation: /circle.csv\r\nContent-Length: 0\r\n\r\n",
    b"/inside.csv": b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/x\r\nContent-Length: 0\r\n\r\n",
    b"/file.csv": b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n",
    b"/ftp.csv": b"HTTP/1.1 302 Found\r\nLocation: ftp://127.0.0.1/x\r\nContent-Length: 0\r\n\r\n",
    b"/nonsense.csv": b"nonsense\r\n\r\n",
}


@pytest.fixture
def web(place):
    """A server on loopback that the rules allow; returns its address and the requested paths."""
    asked = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        place.config_file.write_text(f'[files]\nroots = []\nschemes = ["http"]\nhosts = ["127.0.0.1:{port}"]\n')

        def serve():
            while True:
                connection, _ = server.accept()
                with connection:
                    path = connection.recv(65536).partition(b" ")[2].partition(b" ")[0]
                    if path == b"/stop":
                        return
                    asked.append(path)
                    connection.sendall(_ANSWERS[path.partition(b"?")[0]])

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{port}", asked
        with socket.create_connection(("127.0.0.1", port)) as last:
            last.sendall(b"GET /stop HTTP/1.1\r\n\r\n")
        thread.join(10)


def test_run_contacts_hosts_in_the_settings(place, web):
    address, asked = web
    for rules in (operator_rules(place), run_rules(place)):
        assert _read(f"{address}/good.csv?for=us", rules) == b"name\nSatu\n"
    assert _read(f"{address}/onward.csv", operator_rules(place)) == b"name\nSatu\n"
    assert asked == [b"/good.csv?for=us"] * 2 + [b"/onward.csv", b"/good.csv"]


@pytest.mark.parametrize(("path", "message"), [
    ("cut.csv", "ended after 10 of 100"), ("cut-chunk.csv", "cannot read"), ("gone.csv", "404"),
    ("circle.csv", "more than 5 times"), ("inside.csv", "not a public address"),
    ("file.csv", "file, which is not allowed"), ("ftp.csv", "ftp, which is not allowed"), ("nonsense.csv", "cannot"),
])  # fmt: skip
def test_partial_responses_and_redirects_are_refused(place, web, path, message):
    with pytest.raises(UsageError, match=message):
        _read(f"{web[0]}/{path}", operator_rules(place))


def test_file_name_excludes_the_query_of_its_url(place):
    assert opening.file_name_of("https://x.example.org/a/list.csv?token=rahasia#x") == "list.csv"
    assert opening.file_name_of("http://[::1/?x") == "[::1"
    assert opening.file_name_of("a/list?.csv") == "list?.csv"
    assert Path(opening.file_name_of("s3://bucket/a.csv")).suffix == ".csv"
