"""Takes the connection of an event stream away from gunicorn, so that the stream holds none of its threads.

What it does. gunicorn's gthread worker gives each request a thread until the answer is complete, and an event stream is
complete only when its job has ended: as many streams as there are threads would stop the API. So the view of a stream
only notes its wish in the WSGI environment (`request`). The WSGI application around Flask (`handing_over`) sees the
note when the view has returned. It duplicates the connection's socket, puts an unconnected socket in the place of the
original, sends the response's head on the duplicate, and gives the duplicate to the subscribers, whose one thread
sends all events of this process. Then it raises StopIteration, which ends the request without another byte.

On what of gunicorn it relies. Three things, seen in gunicorn 27.0 and proved by tests/faults/test_event_streams.py:
- `gunicorn.socket` in the WSGI environment is the connection's socket. Without it, or for HTTP/2, nothing is handed
  over: the stream comes from a generator and holds its thread.
- A StopIteration from the application means that the connection is to be closed and no error page to be sent.
- gunicorn closes by the file descriptor. dup2 gives that number to a socket of ours, so gunicorn shuts down and closes
  ours, and the duplicate stays open. Closing the original alone would not do: its number could be given to another
  connection before gunicorn uses it.

What it loses. gunicorn's access log shows such a request when the hand-over ends, not when the stream does, and its
graceful shutdown does not wait for streams; an EventSource comes again by itself.

When it may go. When streams are served by a part of their own, or gunicorn serves a WSGI application with streams that
hold no thread: docs/decisions/0009. Nothing but `event_stream` and `api/app.py` knows this file.
"""

import os
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from api.jobs.state import Describe
from api.jobs.subscribers import TooManySubscribers, subscribers

WISH = "counterfoil.handover"
SOCKET = "gunicorn.socket"


def is_possible(environ: dict[str, Any]) -> bool:
    """Return whether the server of this request can be relieved of its connection."""
    return SOCKET in environ and environ["SERVER_PROTOCOL"].startswith("HTTP/1")


def request(environ: dict[str, Any], job_id: int, seen: str | None, describe: Describe) -> None:
    """Have the connection handed over once the view has returned."""
    environ[WISH] = (job_id, seen, describe)


def handing_over(application: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """Return the WSGI application that hands the connections of event streams over to the subscribers."""

    def run(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        head: tuple[Any, ...] = ()

        def start(*given: Any) -> Any:
            nonlocal head
            head = given
            return start_response(*given)

        body = application(environ, start)
        if WISH not in environ:
            return body
        line = _taken_from(environ[SOCKET])
        status, headers, *_ = head
        lines = [f"HTTP/1.1 {status}", "Connection: close", *(f"{name}: {value}" for name, value in headers)]
        with suppress(OSError, TooManySubscribers):  # gone, or others came first: an EventSource comes again
            line.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
            subscribers().add(line, *environ[WISH])
        raise StopIteration

    return run


def _taken_from(owner: socket.socket) -> socket.socket:
    """Return the connection of `owner`, which gets an unconnected socket to shut down and close in its place."""
    line = owner.dup()
    instead, end = socket.socketpair()
    with instead, end:
        os.dup2(instead.fileno(), owner.fileno(), inheritable=False)
    return line
