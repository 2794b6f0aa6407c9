"""Which URLs may be requested, at which addresses, and why the others are refused."""

import socket
from ipaddress import ip_address

import pytest

from kelompok_core.errors import UsageError
from kelompok_core.sources.addresses import find_target, is_public
from kelompok_core.sources.rules import FileRules


@pytest.fixture
def network(monkeypatch):
    """Let names resolve to what a test says; give the lookups."""
    asked = []

    def resolve(host, port, *_, **__):
        asked.append((host, port))
        if host == "unknown.example.org":
            raise socket.gaierror("no such host")
        addresses = ["10.0.0.7"] if host.startswith("intranet") else ["8.8.8.8", "8.8.8.8", "2606:4700::1111%eth0"]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return asked


def _rules(*hosts, schemes=("http", "https")):
    return FileRules(schemes=frozenset(schemes), hosts=frozenset(hosts))


@pytest.mark.parametrize(("url", "host", "port"), [
    ("https://lists.example.org/a.csv", "lists.example.org", 443),
    ("http://lists.example.org/", "lists.example.org", 80),
    ("http://lists.example.org:8080/", "lists.example.org", 8080),
    ("http://Lists.Example.org./", "lists.example.org", 80),
    ("http://bücher.example.org/", "xn--bcher-kva.example.org", 80),
    ("http://BÜCHER.example.org/", "xn--bcher-kva.example.org", 80),
])  # fmt: skip
def test_a_host_is_looked_up_once_and_only_its_addresses_are_used(network, url, host, port):
    target = find_target(url, _rules())
    assert (target.host, target.port, target.addresses) == (host, port, ("8.8.8.8", "2606:4700::1111"))
    assert network == [(host, port)]


@pytest.mark.parametrize(("url", "reason"), [
    ("ftp://lists.example.org/", "with ftp, which is not allowed here"),
    ("lists.example.org/a.csv", "with no scheme, which is not allowed here"),
    ("http://me@lists.example.org/", "user name or password"),
    ("http://host:99999/", "it is not a valid URL"), ("http://[::1/", "it is not a valid URL"),
    ("http://exa mple.org/", "its host name is not valid"),
    ("http://a\u200b\u2028b.org/", "its host name is not valid"),
    ("http:///a.csv", "its host name is not valid"),
    ("http://2130706433/", "a number, not a valid IP address"),
    ("http://1.2.3.0x4/", "a number, not a valid IP address"),
    ("http://127.0.0.1/", "its host is 127.0.0.1, which is not a public address"),
    ("http://unknown.example.org/", "its host is unknown"),
])  # fmt: skip
@pytest.mark.usefixtures("network")
def test_a_refused_url_is_reported_with_the_reason(url, reason):
    with pytest.raises(UsageError, match="cannot read") as caught:
        find_target(url, _rules())
    assert reason in caught.value.message
    assert caught.value.hint


@pytest.mark.usefixtures("network")
def test_only_schemes_of_the_web_that_the_operator_allows_are_requested():
    assert find_target("https://lists.example.org/", _rules(schemes=("https", "s3"))).port == 443
    for url in ("http://lists.example.org/", "s3://lists.example.org/"):
        with pytest.raises(UsageError, match="not allowed here"):
            find_target(url, _rules(schemes=("https", "s3")))


@pytest.mark.parametrize(("named", "url"), [
    ("intranet.example.org", "http://intranet.example.org:8080/"),
    ("intranet.example.org:8080", "http://intranet.example.org:8080/"),
    ("127.0.0.1", "http://127.0.0.1/"), ("::1", "http://[::1]/"), ("[::1]:8080", "http://[::1]:8080/"),
    ("169.254.169.254", "http://169.254.169.254/"),
])  # fmt: skip
@pytest.mark.usefixtures("network")
def test_a_host_that_the_operator_names_may_be_private(named, url):
    assert find_target(url, _rules(named)).addresses
    with pytest.raises(UsageError, match="not a public address"):
        find_target(url, _rules("another.example.org"))


@pytest.mark.usefixtures("network")
def test_a_host_named_with_a_port_is_allowed_at_that_port_only():
    with pytest.raises(UsageError, match="not a public address"):
        find_target("http://intranet.example.org/", _rules("intranet.example.org:8080"))


@pytest.mark.parametrize("address", ["169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1"])
def test_an_allowed_host_name_does_not_reach_cloud_metadata(monkeypatch, address):
    answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answer)
    with pytest.raises(UsageError, match="not a public address"):
        find_target("http://intranet.example.org/", _rules("intranet.example.org"))


@pytest.mark.parametrize(("address", "public"), [
    ("8.8.8.8", True), ("9.255.255.255", True), ("10.0.0.0", False), ("11.0.0.0", True), ("172.15.255.255", True),
    ("172.31.255.255", False), ("172.32.0.0", True), ("168.63.129.16", False), ("168.63.129.17", True),
    ("240.0.0.1", False), ("2606:4700::1111", True), ("2001:db8::1", False), ("2001:200::1", True), ("2002::1", False),
    ("::1", False), ("fd00::1", False), ("::ffff:8.8.8.8", False), ("4000::1", False),
])  # fmt: skip
def test_public_addresses_are_all_but_the_special_ranges(address, public):
    assert is_public(ip_address(address)) is public
