"""Nothing of ours is reached through an address that a stranger wrote down: only public ones pass, or allowed ones."""

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple

import settings

Address = IPv4Address | IPv6Address


# The settings that allow networks although they are not public.
WEBHOOKS, MAILBOXES = "webhook_allowed_networks", "mailbox_allowed_networks"


class Refused(Exception):
    """The guard says no; the message tells the owner of the address what is wrong and what to do."""


class Target(NamedTuple):
    """A URL that may be posted to, in its parts.

    Where it is `local`, only to addresses in an allowed network; where it is `trusted`, to any.
    """

    scheme: str
    host: str
    port: int
    path: str
    local: bool
    trusted: bool = False
    setting: str = WEBHOOKS

    @property
    def authority(self) -> str:
        """Return what the Host header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme][0] else f"{host}:{self.port}"


class Server(NamedTuple):
    """A host and port that may be connected to; where it is `local`, only at addresses in an allowed network."""

    host: str
    port: int
    local: bool
    setting: str


LONGEST_URL = 2000
# The first of each is its scheme's own.
PORTS = {"https": (443, 8443), "http": (80, 8080)}
# `ipaddress` is asked as well, but its lists differ from one Python to the next, and some of these it calls global.
NOT_PUBLIC = [
    ip_network(network)
    for network in (
        # "this" host; private; carriers' NAT; loopback; Azure's own; link-local, with the clouds' metadata
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16",
        # private; protocols' own; documentation; AS112; AMT; 6to4 relays; private; AS112; benchmarks
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24",
        "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        # multicast; reserved, with broadcast
        "224.0.0.0/4", "240.0.0.0/4",
        # protocols' own, with Teredo; documentation; 6to4; AS112; documentation
        "2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20",
    )
]  # fmt: skip
# Outside of it are loopback, IPv4-compatible, NAT64, unique local, link-local, site-local, multicast, and what is free.
GLOBAL_UNICAST = IPv6Network("2000::/3")

URL = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<authority>[^/?]*)(?P<path>.*)", re.IGNORECASE | re.DOTALL)
AUTHORITY = re.compile(r"(?P<host>\[[0-9a-f.]*:[0-9a-f:.]*\]|[^:\[\]]*)(?::(?P<port>[1-9][0-9]{0,4}))?", re.IGNORECASE)
NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*")
NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
LAST_PORT = 65535


def check(url: str, setting: str = WEBHOOKS) -> None:
    """Raise Refused for everything that is wrong with an endpoint's `url` and can be known without asking DNS."""
    target(url, setting)


def target(url: str, setting: str = WEBHOOKS) -> Target:
    """Return the parts of `url`, which is spelled in the one way that everybody reads alike; raise Refused.

    `setting` is the one that allows networks to whoever wrote it down.
    """
    _check_letters(url)
    parts = URL.fullmatch(url)
    if not parts:
        raise Refused("the URL is not one: write it as https://hooks.example.com/path")
    scheme = _scheme(parts["scheme"].lower())
    host, written = _host_and_port(parts["authority"])
    path = parts["path"] if parts["path"].startswith("/") else "/" + parts["path"]
    web = [*PORTS["https"], *(PORTS["http"] if settings.current().webhook_allow_http else ())]
    found = server(host, int(written or PORTS[scheme][0]), web, setting)
    return Target(scheme, host, found.port, path, found.local, setting=setting)


def server(host: str, port: int, usual: Sequence[int], setting: str) -> Server:
    """Return where to connect to, on one of the `usual` ports or else in an allowed network; raise Refused."""
    host = host.lower()
    if port > LAST_PORT:
        raise Refused(f"{port} is no port: the last one is {LAST_PORT}")
    literal = _literal(host)
    if literal:
        check_addresses([literal], local=False, whose=f"the address {host}", setting=setting)
    elif not NAME.fullmatch(host):
        raise Refused(f"{host[:100]!r} is no host name: letters, digits and hyphens between dots")
    return Server(host, port, _is_local(host, port, literal, usual, setting), setting)


def trusted(url: str) -> Target:
    """Return the parts of a `url` that the operator wrote down: http or https, any host, any port; raise Refused."""
    _check_letters(url)
    parts = URL.fullmatch(url)
    scheme = parts["scheme"].lower() if parts else ""
    if not parts or scheme not in PORTS:
        raise Refused("the URL is not one: write it as https://api.example.com/v1")
    host, written = _host_and_port(parts["authority"])
    return Target(scheme, host, int(written or PORTS[scheme][0]), parts["path"] or "/", local=False, trusted=True)


def check_addresses(addresses: Iterable[Address], local: bool, whose: str, setting: str = WEBHOOKS) -> None:
    """Raise Refused unless each address is public or in an allowed network; if `local`, in an allowed network."""
    # Which address it is stays unsaid: else any customer could read the names of our own network.
    for address in addresses:
        if not _is_allowed(address, setting) and (local or not is_public(address)):
            raise Refused(f"{whose} is not public: use a host that the internet reaches{_or_ask(setting)}")


def is_public(address: Address) -> bool:
    """Return whether an address belongs to somebody on the internet, whatever the network here makes of it."""
    address = plain(address)
    if address.is_multicast or not address.is_global or any(address in network for network in NOT_PUBLIC):
        return False
    return isinstance(address, IPv4Address) or address in GLOBAL_UNICAST


def _is_allowed(address: Address, setting: str) -> bool:
    return any(plain(address) in network for network in _allowed_networks(setting))


def _allowed_networks(setting: str) -> list[IPv4Network | IPv6Network]:
    return settings.networks(settings.variable(setting), getattr(settings.current(), setting))


def plain(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 one stands for on this machine, or itself."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _check_letters(url: str) -> None:
    if len(url) > LONGEST_URL:
        raise Refused(f"the URL has {len(url)} characters: {LONGEST_URL} at the most")
    if any(letter <= " " or letter == "\x7f" for letter in url):
        raise Refused("the URL has white space or control characters: remove them, or write them as %20")
    if not url.isascii():
        raise Refused("the URL has letters outside of ASCII: write the host in punycode (xn--) and others as %C3%A9")
    if "\\" in url:
        raise Refused("the URL has a backslash: write / or %5C")
    if "#" in url:
        raise Refused("the URL has a fragment (#), which is never sent: leave it out")


def _scheme(scheme: str) -> str:
    if scheme == "https" or (scheme == "http" and settings.current().webhook_allow_http):
        return scheme
    raise Refused(f"the URL begins with {scheme[:20]}://: only https:// is allowed")


def _host_and_port(authority: str) -> tuple[str, str | None]:
    if "@" in authority:
        raise Refused("the URL has a user name or password: leave them out, and set a header instead")
    if "%" in authority:
        raise Refused("the URL's host has a percent sign: write the host as it is")
    parts = AUTHORITY.fullmatch(authority)
    if not parts:
        raise Refused(f"{authority[:100]!r} is no host and port: write it as hooks.example.com:8443")
    host = parts["host"].lower()
    if not host:
        raise Refused("the URL has no host: write it as https://hooks.example.com/path")
    if host.endswith("."):
        raise Refused("the URL's host ends in a dot: leave it out")
    return host.strip("[]"), parts["port"]


def _literal(host: str) -> Address | None:
    """Return the address that `host` is, None if it is a name; raise Refused for any other spelling of a number.

    The resolver reads 127.1, 0x7f.1, 017700000001 and 2130706433 as 127.0.0.1, `ipaddress` does not.
    """
    try:
        return ip_address(host)
    except ValueError:
        if ":" in host or NUMBER.fullmatch(host.rpartition(".")[2]):
            raise Refused(f"{host!r} is no address: write all of it, as 198.51.100.7 or [2001:db8::7]") from None
        return None


def _is_local(host: str, port: int, literal: Address | None, usual: Sequence[int], setting: str) -> bool:
    """Return whether a host and port may only be those of an allowed network; raise Refused if there can be none.

    A name without a dot is one of the network here, as that of a container; where networks are allowed it may be in one
    of them, which is seen when it is resolved.
    """
    refusal = f"the port {port} is not allowed: use one of {', '.join(map(str, usual))}{_or_ask(setting)}"
    if literal:
        if port not in usual and not _is_allowed(literal, setting):
            raise Refused(refusal)
        return False
    if port in usual and "." in host:
        return False
    if not _allowed_networks(setting):
        raise Refused(refusal if "." in host else f"{host!r} is no name of the internet{_or_ask(setting)}")
    return True


def _or_ask(setting: str) -> str:
    return f"; the operator can allow a network ({settings.variable(setting)})"
