"""An answer as gunicorn writes it, into what keeps it until the client takes it."""

from gunicorn.http import wsgi


class Answer(wsgi.Response):
    """gunicorn's response, written into the connection; what follows on a socket given away is not in chunks."""

    def is_chunked(self) -> bool:
        """Return whether the body is sent in chunks."""
        return super().is_chunked() and not self.sock.given_away

    def should_close(self) -> bool:
        """Return whether the connection ends with this answer."""
        return bool(self.sock.given_away) or super().should_close()
