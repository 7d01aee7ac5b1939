"""No packet reaches what is not public, however its address is spelled and whatever its name resolves to."""

import socket
from collections.abc import Iterator
from ipaddress import ip_address

import pytest

from gateways import guard
from gateways.http import Receiver, Refused, Unsent, check
from tests.conftest import configure

# P is the port of a canary that listens on loopback.
KNOWN = """
http://127.0.0.1:P/ http://127.1:P/ http://0x7f.1:P/ http://2130706433:P/ http://017700000001:P/ http://0:P/
http://localhost:P/ http://[::1]:P/ http://[::ffff:127.0.0.1]:P/ http://[::127.0.0.1]:P/ http://[64:ff9b::7f00:1]:P/
http://[64:ff9b:1::7f00:1]:P/ http://[2002:7f00:1::]:P/ http://[2001:0:7f00:1::]:P/ http://[fec0::1]:P/
http://[fe80::1]:P/ http://[fd00:ec2::254]:P/ http://[ff02::1]:P/ http://[::]:P/ http://100.64.0.1/ http://192.0.0.1/
http://198.18.0.1/ http://224.0.0.1/ http://240.0.0.1/ http://255.255.255.255/ http://169.254.169.254/
http://168.63.129.16/ http://10.0.0.1/ http://172.16.0.1/ http://192.168.1.1/ http://192.0.2.1/
http://user:pw@127.0.0.1:P/ http://example.com\\@127.0.0.1:P/ http://①②⑦.0.0.1:P/ http://127。0。0。1:P/
http://%31%32%37.0.0.1:P/ http://rebind.test:P/ http://internal.test/ http://mixed.test:P/ ftp://127.0.0.1/
file:///etc/passwd gopher://127.0.0.1:P/ http://8.8.8.8:22/ http://8.8.8.8:6379/ http://localhost.:P/
http://[0:0:0:0:0:ffff:7f00:1]:P/
"""
OURS = """
http://127.0.0.01/ http://0127.0.0.1/ http://127.0.1/ http://0x7f000001/ http://0x7F.0x0.0x0.0x1/ http://127.0.0.0x1/
http://0177.0.0.1/ http://00000177.0.0.1/ http://4294967296/ http://127.0.0.1./ http://127.0.0.1.:P/ http://1.1.1/
http://256.1.1.1/ http://1.1.1.1.1/ http://a.1/ http://example.0x7f/ http://0x/ http://[127.0.0.1]/ http://[8.8.8.8]/
http://[::1%25lo]/ http://[fe80::1%25eth0]/ http://[::ffff:0:127.0.0.1]/ http://[::ffff:10.0.0.1]/ http://[::7f00:1]/
http://[64:ff9b::10.0.0.1]/ http://[64:ff9b::8.8.8.8]/ http://[2001:db8::1]/ http://[3fff::1]/ http://[fc00::1]/
http://[fdff::1]/ http://[100::1]/ http://[5f00::1]/ http://[2001:2::1]/ http://[2001:10::1]/ http://[2001:20::1]/
http://[2002:a9fe:a9fe::]/ http://[2620:4f:8000::1]/ http://[ff0e::1]/ http://[febf::1]/ http://[4000::1]/ http://[]/
http://[::1/ http://::1/ http://[:::]/ http://[::1]x/ http://0.0.0.0/ http://0.1.2.3/ http://127.255.255.254/
http://169.254.170.2/ http://100.127.255.255/ http://172.31.255.255/ http://192.88.99.1/ http://198.51.100.1/
http://203.0.113.1/ http://192.175.48.1/ http://239.255.255.255/ http://192.0.0.170/ http://198.19.255.255/
http://127.0.0.1#@example.com/ http://example.com#.127.0.0.1/ http://user@example.com/ http://@example.com/
http://:@example.com/ http://example.com%2f@127.0.0.1/ http://example.com%00.test/ http://127.0.0.1%20/
http://exa%6Dple.com/ http:127.0.0.1 http:/127.0.0.1/ http:\\\\127.0.0.1/ //127.0.0.1/ 127.0.0.1 https http:// http:///x
http://?x http://example.com:/ http://example.com:0/ http://example.com:080/ http://example.com:65616/
http://example.com:99999/ http://example.com:+80/ http://example.com:80:80/ http://example.com:８０/
http://example.com:25/ http://example.com:5432/ http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/ http://ｌocalhost/ http://loc\u00adalhost/
http://localhost/ http://LOCALHOST/ http://internal/ http://metadata/ http://broker/ http://.example.com/
http://example..com/ http://-example.com/ http://example-.com/ http://exam!ple.com/ http://example,com/ http://ex*mple.com/
http://example.com\\.127.0.0.1/ jar:http://127.0.0.1!/ dict://127.0.0.1:11211/ ldap://127.0.0.1/ data:text/plain,x
javascript:alert(1) ws://127.0.0.1/ unix:///var/run/docker.sock http+unix://%2Fvar%2Frun%2Fdocker.sock/ blob:x
"""
WITH_SPACE = [
    "http://127.0.0.1 /", " http://127.0.0.1/", "http://127.0.0.1/\n", "http://127.0.0.1\t/", "ht\ntp://127.0.0.1/",
    "http://example.com/ HTTP/1.1\r\nHost: internal\r\n\r\n", "http://example.com\r\n/", "http://127.0.0.1\x00/",
    "http://example.com/\x7f", "http://\u3000127.0.0.1/", "http://127.0.0.1\u2028/", "http://example.com/\u00e9", "",
]  # fmt: skip
LONG = ["http://example.com/" + "a" * 1982, f"http://{'a' * 64}.example/", f"http://{'a.' * 130}example/"]


@pytest.fixture(autouse=True)
def names(resolver) -> None:
    resolver("rebind.test", ["8.8.8.8"], ["127.0.0.1"])
    resolver("internal.test", ["10.0.0.1"])
    resolver("mixed.test", ["8.8.8.8", "127.0.0.1"])
    for name in ("localhost", "localhost.", "internal", "metadata", "broker"):
        resolver(name, ["127.0.0.1", "::1"])


@pytest.fixture
def canary() -> Iterator[socket.socket]:
    """A listening socket; nobody has come to it."""
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as listener:
        yield listener
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()


def forms(url: str, port: int) -> list[str]:
    """Return a URL as it is, and with other schemes and ports, so that these are not what it is refused for."""
    written = [url.replace(":P/", f":{port}/"), url.replace(":P/", "/"), url.replace(":P/", ":8443/")]
    return [one.replace("http:", scheme, 1) for one in written for scheme in ("http:", "https:")]


@pytest.mark.parametrize("url", [*dict.fromkeys(KNOWN.split() + OURS.split() + WITH_SPACE + LONG)], ids=ascii)
def test_no_packet_leaves_for(url, canary, connected):
    configure(webhook_allow_http=1)
    for form in forms(url, canary.getsockname()[1]):
        expected = (Refused, Unsent) if "rebind.test" in form else Refused
        with pytest.raises(expected), Receiver(form) as receiver:
            receiver.post({}, b"")
    assert {address for address, _ in connected} <= {"8.8.8.8"}, "the public address that was checked, and no other"


@pytest.mark.parametrize("url", [url for url in KNOWN.split() if url.startswith("http:")], ids=ascii)
def test_nothing_reaches_the_canary_by_the_real_network(url, canary):
    """The same once more without a fake in `connect`: it is the canary that tells."""
    configure(webhook_allow_http=1)
    with pytest.raises(Refused), Receiver(url.replace(":P/", f":{canary.getsockname()[1]}/")) as receiver:
        receiver.post({}, b"")


def test_a_name_is_refused_when_it_turns_to_loopback_and_until_then_leads_to_the_checked_address(connected):
    with Receiver("https://rebind.test/") as receiver:
        with pytest.raises(Unsent, match=r"^connection refused$"):
            receiver.post({}, b"")
        assert connected == [("8.8.8.8", 443)]
        with pytest.raises(Refused, match=r"an address of rebind\.test is not public"):
            receiver.post({}, b"")
    assert connected == [("8.8.8.8", 443)]


@pytest.mark.parametrize(
    "answer",
    [
        ["8.8.8.8", "127.0.0.1"],
        ["127.0.0.1", "8.8.8.8"],
        ["2606:4700::1111", "::1"],
        ["8.8.8.8", "::ffff:10.0.0.1"],
        ["8.8.8.8", "fe80::1%2"],
        ["8.8.8.8", "64:ff9b::a00:1"],
        ["8.8.8.8"] * 50 + ["169.254.169.254"],
        ["0.0.0.0"],
        ["::"],
        ["ff02::1"],
        ["168.63.129.16"],
    ],
    ids=lambda answer: ",".join(dict.fromkeys(answer)),
)
def test_one_address_that_is_not_public_is_enough(resolver, connected, answer):
    resolver("hooks.example.com", answer)
    with Receiver("https://hooks.example.com/") as receiver, pytest.raises(Refused) as refused:
        receiver.post({}, b"")
    assert connected == []
    assert not any(address in str(refused.value) for address in answer), "it tells what a name here resolves to"


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "224.0.0.1", "2001:db8::1"])
def test_the_standard_library_is_asked_beside_our_own_list(monkeypatch, address):
    """It knows networks that are set aside after this list was written."""
    monkeypatch.setattr(guard, "NOT_PUBLIC", [])
    assert not guard.is_public(ip_address(address))


@pytest.mark.parametrize(
    ("answer", "tried"),
    [
        (["8.8.8.8", "1.1.1.1"], ["8.8.8.8", "1.1.1.1"]),
        (["2606:4700::1111", "1.1.1.1"], ["2606:4700::1111", "1.1.1.1"]),
        (["8.8.8.8", "8.8.8.8", "::ffff:8.8.8.8"], ["8.8.8.8"]),
    ],
)
def test_public_addresses_are_connected_to_in_the_resolvers_order(resolver, connected, answer, tried):
    resolver("hooks.example.com", answer)
    with Receiver("https://hooks.example.com:8443/") as receiver, pytest.raises(Unsent):
        receiver.post({}, b"")
    assert connected == [(address, 8443) for address in tried]


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.com/a?b=c",
        "HTTPS://Hooks.Example.COM",
        "https://hooks.example.com?b",
        "https://hooks.example.com:443/",
        "https://hooks.example.com:8443/%20",
        "https://xn--bcher-kva.example/",
        "https://my_app.example.com/",
        "https://8.8.8.8/",
        "https://[2606:4700::1111]:8443/",
        "https://[::ffff:8.8.8.8]/",
        "https://1a.example/",
        "https://hooks.example.com/" + "a" * 1974,
    ],
)
def test_what_the_internet_reaches_is_allowed(url):
    check(url)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://example.com/", "only https:// is allowed"),
        ("https://example.com:8080/", r"the port 8080 is not allowed: use one of 443, 8443; the operator can"),
        ("https://me:secret@example.com/", "user name or password: leave them out"),
        ("https://bücher.example/", "punycode"),
        ("https://%31%32%37.example/", "percent sign: write the host as it is"),
        ("https://example.com/a b", "write them as %20"),
        ("https://example.com\\@127.0.0.1/", "backslash"),
        ("https://example.com/#a", "fragment"),
        ("https://127.1/", "write all of it"),
        ("https://10.0.0.1/", r"the address 10\.0\.0\.1 is not public: use a host that the internet reaches"),
        ("https://localhost/", "'localhost' is no name of the internet; the operator can allow a network"),
        ("https://example.com./", "ends in a dot"),
        ("https:///path", "no host"),
        ("https://example.com/" + "a" * 1981, "2001 characters: 2000 at the most"),
    ],
)
def test_the_owner_is_told_what_to_do(url, told):
    with pytest.raises(Refused, match=told):
        check(url)


@pytest.mark.parametrize("port", [80, 8080, 443, 8443])
def test_where_http_is_allowed_so_are_its_ports(port):
    configure(webhook_allow_http=1)
    check(f"http://example.com:{port}/")


@pytest.mark.parametrize(
    "url", ["https://10.1.2.3:5000/", "https://receiver/", "https://receiver:9/", "https://hooks.example.com:5000/"]
)
def test_an_allowed_network_opens_its_addresses_and_ports(url):
    with pytest.raises(Refused):
        check(url)
    configure(webhook_allowed_networks="10.1.0.0/16, fd00::/8")
    check(url)
    for other in ("https://10.2.0.1/", "https://8.8.8.8:5000/", "https://[fe80::1]/"):
        with pytest.raises(Refused):
            check(other)
