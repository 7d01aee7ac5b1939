"""What a server says in lines: read within a deadline, and no more of it than there is room for."""

import socket
import ssl

from gateways import certificates
from gateways.streams import Budget, Unsent, plain_words

READ_AT_ONCE = 64 * 1024


class Lines:
    """The file that `smtplib` and `imaplib` read a connection by; `budget` and `room` may be set anew for each command.

    The libraries wait for each piece as long as for the first, and take a server's word for how much is to come.
    """

    def __init__(self, connection: socket.socket, budget: Budget, room: int):
        self._socket, self._read = connection, bytearray()
        self.budget, self.room = budget, room

    def readline(self, limit: int = -1) -> bytes:
        """Return the next line, or its first `limit` bytes, or what there is of it at the end; raise Unsent."""
        start = 0
        while (end := self._read.find(b"\n", start) + 1) == 0:
            start = len(self._read)
            if 0 <= limit <= start or not self._receive():
                break
        end = end or len(self._read)
        return self._take(min(end, limit) if limit >= 0 else end)

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes, fewer at the connection's end; raise Unsent."""
        if size - len(self._read) > self.room:
            raise Unsent(f"the server announces {size:,} bytes: more than is read")
        while len(self._read) < size and self._receive():
            pass
        return self._take(size)

    def close(self) -> None:
        """Leave the connection to whoever opened it."""

    def _take(self, size: int) -> bytes:
        taken = bytes(self._read[:size])
        del self._read[:size]
        return taken

    def _receive(self) -> bool:
        if self.room <= 0:
            raise Unsent("the server says more than is read")
        try:
            self._socket.settimeout(self.budget.left())
            data = self._socket.recv(READ_AT_ONCE)
        except TimeoutError:
            raise self.budget.late() from None
        except OSError as error:
            raise Unsent(plain_words(error)) from error
        self._read += data
        self.room -= len(data)
        return bool(data)


def encrypted(connection: socket.socket, host: str, budget: Budget) -> ssl.SSLSocket:
    """Return the connection, encrypted to the holder of a certificate for `host` that is trusted; raise Unsent."""
    try:
        connection.settimeout(budget.left())
        return certificates.context().wrap_socket(connection, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        raise Unsent(certificates.explain(error, host, None)) from error
    except TimeoutError:
        raise budget.late() from None
    except ssl.SSLError as error:
        raise Unsent(plain_words(error)) from error
    except OSError as error:
        raise Unsent(f"{plain_words(error)} in the TLS handshake") from error
