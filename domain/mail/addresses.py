"""Addresses of mails, in the one spelling that every relay takes: ASCII, with the domain in punycode."""

import re
from collections.abc import Iterable
from email.headerregistry import Address
from email.utils import parseaddr

import settings
from domain.errors import Conflict, Invalid
from settings import ConfigurationError, variable

ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
ADDRESS = rf"(?=.{{3,254}}$)(?=.{{1,64}}@){ATOM}(\.{ATOM})*@{LABEL}(\.{LABEL})*"
LONGEST = 254
MEANT = "be an address in ASCII such as ada@example.com, its domain in punycode (xn--) where it has other letters"
# Controls, and the characters of Unicode that end a line.
BREAKS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
# Python's codec is of 2003: it makes another domain of these, fass.de of faß.de.
DEVIANT = re.compile("[ßẞς\u200c\u200d]")
NO_MAIL = "this installation sends no mail: its operator sets {} and {}"


def require_one_line(text: str, field: str) -> None:
    """Raise Invalid if what goes into a header has a line break or another control, as others could follow."""
    if BREAKS.search(text):
        raise Invalid.fields({field: ["must be one line, without control characters"]})


def normal(text: str) -> str:
    """Return an address as relays take it; raise Invalid."""
    local, _, domain = text.strip().rpartition("@")
    try:
        if DEVIANT.search(domain):
            raise UnicodeError
        address = f"{local}@{domain if domain.isascii() else domain.encode('idna').decode()}"
    except UnicodeError:
        address = ""
    if not re.fullmatch(ADDRESS, address):
        raise Invalid.fields({"to": [f"must {MEANT}"]})
    return address


def distinct(texts: Iterable[str]) -> list[str]:
    """Return the addresses as relays take them, each once; raise Invalid."""
    return list({address.casefold(): address for address in map(normal, texts)}.values())


def of_installation() -> str:
    """Return the address that mails come from; raise Conflict if this installation sends none."""
    if not settings.current().mail_from:
        raise Conflict(NO_MAIL.format(variable("mail_from"), variable("smtp_url")))
    return sender(settings.current().mail_from)


def sender(text: str) -> str:
    """Return the address that COUNTERFOIL_MAIL_FROM gives, with a name before it or alone; raise ConfigurationError."""
    try:
        return normal("" if BREAKS.search(text) else parseaddr(text)[1])
    except Invalid:
        raise ConfigurationError(f"{variable('mail_from')} must be an address such as billing@example.com") from None


def shown(name: str, address: str) -> Address:
    """Return what a header says of an address; what would break the header is left out of the name."""
    return Address(" ".join(BREAKS.sub(" ", name).split()), addr_spec=address)
