"""An authority of the tests' own, which issues right and wrong certificates."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

PEM = Encoding.PEM


class Authority:
    """Issues certificates, and has its own in `file`."""

    def __init__(self, folder: Path, name: str = "tests"):
        self._folder, self._name = folder, _name(f"authority of {name}")
        self._key = generate_private_key(SECP256R1())
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(self._signed(self._key, self._name, [], -1, 365, authority=True).public_bytes(PEM))

    def serving(self, *names: str, since: int = -1, until: int = 30, self_signed: bool = False) -> ssl.SSLContext:
        """Return what a server needs to show a certificate for `names`, valid from day to day as counted from today."""
        key = generate_private_key(SECP256R1())
        issuer = Authority._of(key, names[0]) if self_signed else self
        certificate = issuer._signed(key, _name(names[0]), names, since, until)
        file = self._folder / f"{names[0]}{since}{until}{self_signed}.pem"
        secret = key.private_bytes(PEM, PrivateFormat.PKCS8, NoEncryption())
        file.write_bytes(secret + certificate.public_bytes(PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    @classmethod
    def _of(cls, key: EllipticCurvePrivateKey, name: str) -> "Authority":
        made = cls.__new__(cls)
        made._key, made._name = key, _name(name)
        return made

    def _signed(
        self, key: EllipticCurvePrivateKey, subject: x509.Name, names, since: int, until: int, authority: bool = False
    ) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(day(since))
            .not_valid_after(day(until))
            .add_extension(x509.BasicConstraints(authority, None), critical=True)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName([_alternative(name) for name in names]), False)
        return builder.sign(self._key, SHA256())


def day(days: int) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
