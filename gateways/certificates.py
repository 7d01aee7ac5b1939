"""Whose certificates are trusted, and why one is not."""

import socket
import ssl
import threading
from functools import lru_cache

import certifi
from cryptography import x509

import settings
from settings import ConfigurationError

TRUST = "SSL_CERT_FILE"
# OpenSSL's numbers (X509_V_ERR_...), which `ssl` passes on without names.
NOT_YET_VALID, EXPIRED, SELF_SIGNED, SELF_SIGNED_ROOT, OTHER_NAME, OTHER_ADDRESS = 9, 10, 18, 19, 62, 64
NO_ISSUER = (20, 21)
MOST_NAMES, LONGEST_NAME = 3, 100

_making = threading.Lock()


class Context(ssl.SSLContext):
    """A context that threads may share."""

    def set_alpn_protocols(self, alpn_protocols: object) -> None:
        """Leave them as they are: httpcore sets them for each connection.

        That frees the list which OpenSSL may be copying at this moment, for a connection of another thread.
        """


def context(*protocols: str) -> ssl.SSLContext:
    """Return this process's context, which trusts what certifi or SSL_CERT_FILE names; raise ConfigurationError.

    It offers `protocols` (ALPN): a server may hang up on one that is not its own.
    """
    with _making:
        return _context(settings.foreign(TRUST) or certifi.where(), protocols)


@lru_cache(maxsize=4)
def _context(authorities: str, protocols: tuple[str, ...]) -> ssl.SSLContext:
    # Not ssl.create_default_context: it writes the keys of all connections to the file that SSLKEYLOGFILE names.
    made = Context(ssl.PROTOCOL_TLS_CLIENT)
    if protocols:
        ssl.SSLContext.set_alpn_protocols(made, list(protocols))
    try:
        made.load_verify_locations(authorities)
    except OSError as error:
        raise ConfigurationError(f"{TRUST} ({authorities}) is no file of certificates: {error.strerror}") from None
    return made


def explain(error: ssl.SSLCertVerificationError, host: str, served: x509.Certificate | None) -> str:
    """Return why a certificate was refused, with what the certificate itself says if it was `served` again."""
    code = error.verify_code
    if code in (OTHER_NAME, OTHER_ADDRESS):
        names = _names(served) if served else ""
        return f"the certificate is for {names}, not for {host}" if names else f"the certificate is not for {host}"
    if code == EXPIRED:
        # It may be that of an authority in between; `ssl` does not tell.
        until = f" (it was valid until {served.not_valid_after_utc:%Y-%m-%d})" if served else ""
        return f"the certificate has expired{until}"
    if code == NOT_YET_VALID:
        return "the certificate is not valid yet"
    if code == SELF_SIGNED:
        return "self-signed certificate"
    if code == SELF_SIGNED_ROOT:
        return "the certificate was issued by an authority that is not trusted here"
    if code in NO_ISSUER:
        return "the certificate's issuer is not known here, or the receiver does not send the certificates in between"
    return f"the certificate was refused: {error.verify_message}"


def served(connection: socket.socket, host: str) -> x509.Certificate:
    """Return the certificate that is shown to whoever connects, believed by nobody; raise OSError or ValueError.

    Nothing else is asked of that connection: `ssl` forgets a certificate that it refuses, so it has to be shown again.
    """
    unverified = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE
    with unverified.wrap_socket(connection, server_hostname=host) as encrypted:
        return x509.load_der_x509_certificate(encrypted.getpeercert(binary_form=True) or b"")


def _names(certificate: x509.Certificate) -> str:
    """Return the first names of a certificate, without what a terminal or a page would take for more than a name."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return ""
    found = [str(name.value) for name in names if isinstance(name, x509.DNSName | x509.IPAddress)]
    told = [name[:LONGEST_NAME] for name in found[:MOST_NAMES] if name.isprintable()]
    return ", ".join(told) + (f" and {len(found) - MOST_NAMES} more" if len(found) > MOST_NAMES else "")
