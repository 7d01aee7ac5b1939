"""Routes that take one file: `multipart/form-data` with one part, `file`. Its type is told by its content.

The view is given an Upload, which lies on this machine's disk until the view ends, and keeps it in two steps: `store`
with no transaction open, then `domain.files.storing.keep` in the transaction that says what the file is.

    @bills_api.route("/api/v1/bills", methods=["POST"])
    @bills_api.response(202, Accepted)
    @bills_api.idempotent
    @takes_file
    def upload_bill(upload: Upload) -> Response:
        def work(session: Session) -> Answer:
            file = storing.keep(session, upload.file)
            return Answer(202, ...)  # the bill is `file.sha256` and `upload.name`

        return once(work, prepare=upload.store).response()

`@takes_file` stands next to the view. It documents the body and what is refused because of it, lets the body be as
large as a file may be where others keep to COUNTERFOIL_MAX_BODY_MB, and has uploads under one Idempotency-Key compared
by the digest and the name of their files.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from flask import Request, g, request
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from api.http.blueprint import IDENTITY, Blueprint
from api.http.problems import Refused, invalid
from api.http.security import accepts_body
from domain.files import storing
from domain.files.media_types import TAKEN
from domain.files.names import clean
from domain.files.spooling import MAX_FILE_BYTES, MAX_FILE_MB, Spooled, TooLarge, UnknownType, spool

MULTIPART = "multipart/form-data"
PART = "file"
PIECE_BYTES = 64 * 1024
# Of the part's headers and the boundaries around it.
# RFC 2046, 5.1.1 allows 70; some clients write a few more.
LONGEST_BOUNDARY = 100
MAX_HEAD_BYTES = 16 * 1024
# Behind the last boundary: a line break, if anything.
MAX_EPILOGUE_BYTES = 16
# What a client puts around a file, with the fields for which it is refused by name.
ENVELOPE_BYTES = 64 * 1024
MAX_UPLOAD_BYTES = MAX_FILE_BYTES + ENVELOPE_BYTES
BODY = {
    "required": True,
    "content": {
        MULTIPART: {
            "schema": {
                "type": "object",
                "required": [PART],
                "additionalProperties": False,
                "properties": {
                    PART: {
                        "type": "string",
                        "format": "binary",
                        "description": f"{TAKEN} by its content, {MAX_FILE_MB} MB at the most",
                    }
                },
            },
        }
    },
}


@dataclass
class Upload:
    """A file that a caller has sent; `name` is its own, without path, controls or invisible letters."""

    name: str
    spooled: Spooled
    _file: storing.File | None = field(default=None, init=False)

    def store(self) -> None:
        """Have the storage take the file; raise OverQuota, Conflict or StorageAway."""
        self._file = storing.store(g.organization_id, self.spooled)

    @property
    def file(self) -> storing.File:
        """Return the file, which is stored and for `keep` to keep."""
        if self._file is None:
            raise RuntimeError("an upload is stored before it is kept: pass its `store` to `once` as `prepare`")
        return self._file


def takes_file(view: Callable[..., Any]) -> Callable[..., Any]:
    """Have the view be given the uploaded file as its first argument."""

    @wraps(view)
    def run(*arguments: Any, **named: Any) -> Any:
        form = Form(request)
        try:
            with spool(form.pieces()) as spooled:
                upload = Upload(clean(form.name), spooled)
                g.body = {"fileName": upload.name, "sha256": spooled.sha256.hex()}
                return view(upload, *arguments, **named)
        except TooLarge as error:
            raise Refused(413, str(error), error.errors) from None
        except UnknownType as error:
            raise Refused(415, str(error), error.errors) from None

    accepts_body(run, MAX_UPLOAD_BYTES)
    return Blueprint.refuses(413, 415)(Blueprint.doc(requestBody=BODY)(run))


class Form:
    """The form of a request, read once; `name` is the file's, once its first piece is there."""

    def __init__(self, sent: Request) -> None:
        """Raise the 415 or the 400 for a body that is none."""
        if sent.mimetype != MULTIPART or sent.headers.get("Content-Encoding", IDENTITY).lower() != IDENTITY:
            raise Refused(415, f"send the file as {MULTIPART}, without Content-Encoding")
        boundary = sent.mimetype_params.get("boundary", "")
        if not 1 <= len(boundary) <= LONGEST_BOUNDARY or not boundary.isascii():
            raise Refused(400, "the Content-Type names no boundary of the form's parts")
        self._sent, self._decoder = sent, MultipartDecoder(boundary.encode())
        # The decoder takes a carriage return for content when what it is given ends within the last boundary. So it is
        # given the end of the body at once.
        self._held, self._held_bytes = b"", len(boundary) + len("\r\n----") + MAX_EPILOGUE_BYTES
        self.name: str | None = None

    def pieces(self) -> Iterator[bytes]:
        """Yield the content of the part `file`; raise the 400 for a form that has another part, or has it twice."""
        found = 0
        for event in self._events():
            if isinstance(event, Field | File):
                found += 1
                if event.name != PART or found > 1:
                    raise _refusal()
                self.name = getattr(event, "filename", None)
            elif isinstance(event, Data) and event.data:
                yield event.data
        if not found:
            raise _refusal()

    def _events(self) -> Iterator[Any]:
        while True:
            try:
                event = self._decoder.next_event()
            except ValueError:
                raise Refused(400, f"the body is no whole {MULTIPART}") from None
            if isinstance(event, NeedData):
                self._receive()
            else:
                yield event
                if isinstance(event, Epilogue):
                    self._check_epilogue(event)
                    return

    @staticmethod
    def _check_epilogue(event: Epilogue) -> None:
        if len(event.data) > MAX_EPILOGUE_BYTES:
            raise Refused(400, "the body must end with the last boundary of the form")

    def _receive(self) -> None:
        if len(self._decoder.buffer) > MAX_HEAD_BYTES:
            raise Refused(400, f"the head of a part must not be larger than {MAX_HEAD_BYTES // 1024} KB")
        if piece := self._sent.stream.read(PIECE_BYTES):
            known = self._held + piece
            given, self._held = known[: -self._held_bytes], known[-self._held_bytes :]
            self._decoder.receive_data(given)
        else:
            self._decoder.receive_data(self._held or None)
            self._held = b""


def _refusal() -> Refused:
    return invalid({PART: [f"must be the one part of the form, a file of {MAX_FILE_MB} MB at the most"]})
