"""A webhook goes to the holder of a valid certificate for the host in its URL, and to nobody else."""

import socket
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from gateways import certificates
from gateways.http import Receiver, Unsent
from settings import ConfigurationError
from tests.conftest import configure
from tests.integration.gateways.authority import Authority, day
from tests.integration.gateways.receivers import answering, closing, deaf, serving

HOST = "hooks.example.com"


@pytest.fixture(autouse=True)
def _names(loopback, resolver):
    resolver(HOST, ["127.0.0.1"])


def why(server) -> str:
    with Receiver(server.url(HOST, "https")) as receiver, pytest.raises(Unsent) as unsent:
        receiver.post({}, b"secret", 30)
    assert server.requests == [], "it was sent to a stranger"
    return str(unsent.value)


def test_it_is_sent_encrypted_under_the_name_in_the_url(authority):
    asked = []
    tls = authority.serving(HOST)
    tls.set_servername_callback(lambda _socket, name, _context: asked.append(name))
    with serving(answering(), tls) as server, Receiver(server.url(HOST, "https")) as receiver:
        assert [receiver.post({}, b"{}", 30).status for _ in range(3)] == [200] * 3
    assert (asked, server.connections) == ([HOST], 1)
    assert f"Host: {HOST}:{server.port}".encode() in server.requests[0]


def test_an_address_may_have_a_certificate(authority):
    tls = authority.serving("127.0.0.1")
    with serving(answering(), tls) as server, Receiver(server.url("127.0.0.1", "https")) as receiver:
        assert receiver.post({}, b"", 30).status == 200


def test_the_certificate_is_for_another(authority):
    names = ["other.example", "www.other.example", "127.0.0.1", "a.example", "b.example"]
    with serving(answering(), authority.serving(*names)) as server:
        told = "other.example, www.other.example, 127.0.0.1 and 2 more"
        assert why(server) == f"the certificate is for {told}, not for {HOST}"


def test_the_certificate_of_its_address_is_not_that_of_its_name(authority):
    with serving(answering(), authority.serving("127.0.0.1")) as server:
        assert why(server) == f"the certificate is for 127.0.0.1, not for {HOST}"


def test_what_a_certificate_says_cannot_pass_for_the_words_of_others(authority):
    with serving(answering(), authority.serving("other.example", "x\x1b[2J.example", "y\n.example")) as server:
        assert why(server) == f"the certificate is for other.example, not for {HOST}"


def test_the_certificate_has_expired(authority):
    with serving(answering(), authority.serving(HOST, since=-30, until=-2)) as server:
        assert why(server) == f"the certificate has expired (it was valid until {day(-2):%Y-%m-%d})"


def test_the_certificate_is_not_valid_yet(authority):
    with serving(answering(), authority.serving(HOST, since=2)) as server:
        assert why(server) == "the certificate is not valid yet"


def test_the_certificate_is_self_signed(authority):
    with serving(answering(), authority.serving(HOST, self_signed=True)) as server:
        assert why(server) == "self-signed certificate"


def test_the_authority_is_a_stranger(authority, tmp_path):
    with serving(answering(), Authority(tmp_path, "strangers").serving(HOST)) as server:
        assert "issuer is not known here" in why(server)


def test_an_authority_of_the_tests_is_a_stranger_to_the_world(authority, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    with serving(answering(), authority.serving(HOST)) as server:
        assert "issuer is not known here" in why(server)


def test_a_certificate_that_is_shown_once_is_refused_all_the_same(authority):
    """It is asked for again only to say more: whoever does not show it again is told less, and in time."""
    tls, shown = authority.serving("other.example"), threading.Event()

    def accept(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with pytest.raises(OSError, match="alert"), tls.wrap_socket(connection, server_side=True) as stream:
            stream.recv(1)
        shown.set()

    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        accepted = pool.submit(accept, listener)
        url = f"https://{HOST}:{listener.getsockname()[1]}/"
        with Receiver(url) as receiver, pytest.raises(Unsent, match=f"^the certificate is not for {HOST}$") as unsent:
            receiver.post({}, b"", 3)
        assert unsent.value.seconds < 12
        accepted.result()
    assert shown.is_set()


def test_the_port_does_not_speak_tls(authority):
    def behave(_server, connection):
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with serving(behave) as server:
        assert why(server) == "TLS failed: the port does not speak it"


def test_the_port_says_nothing_when_tls_begins(authority):
    with (
        serving(deaf) as server,
        Receiver(server.url(HOST, "https")) as receiver,
        pytest.raises(Unsent, match=r"^no connection within 1 s$"),
    ):
        receiver.post({}, b"", 1)


def test_the_port_hangs_up_when_tls_begins(authority):
    with serving(lambda _server, connection: connection.recv(1)) as server:
        assert why(server) in ("TLS failed: the connection was closed", "the connection was reset in the TLS handshake")


def test_http_to_a_port_that_speaks_tls_is_no_answer(authority):
    with (
        serving(closing(b""), authority.serving(HOST)) as server,
        Receiver(server.url(HOST)) as receiver,
        pytest.raises(Unsent),
    ):
        receiver.post({}, b"", 30)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_tls_is_not_spoken(authority):
    tls = authority.serving(HOST)
    tls.minimum_version, tls.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    tls.set_ciphers("ALL:@SECLEVEL=0")
    with serving(answering(), tls) as server:
        assert why(server).startswith("TLS failed: ")


def test_one_context_serves_the_whole_process(authority, monkeypatch):
    made = []
    initial = certificates.Context.load_verify_locations
    monkeypatch.setattr(
        certificates.Context, "load_verify_locations", lambda self, file: made.append(file) or initial(self, file)
    )
    with ThreadPoolExecutor(8) as pool:
        contexts = set(pool.map(lambda _: certificates.context(), range(64)))
    assert (len(contexts), made) == (1, [str(authority.file)])


def test_no_key_of_a_connection_is_written_to_a_file(authority, monkeypatch, tmp_path):
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    with serving(answering(), authority.serving(HOST)) as server, Receiver(server.url(HOST, "https")) as receiver:
        assert receiver.post({}, b"", 30).status == 200
    assert not (tmp_path / "keys").exists()


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_file_without_authorities_is_refused_by_the_name_of_its_variable(monkeypatch, tmp_path, content):
    configure(webhook_allow_http=0)
    file = tmp_path / "none.pem"
    if content:
        file.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with pytest.raises(ConfigurationError, match="SSL_CERT_FILE"):
        Receiver(f"https://{HOST}/")
