"""Files as they are sent: saved by a browser and never shown, whatever is in them."""

from flask import Response

from domain.files import storing
from domain.files.names import clean, disposition
from domain.files.storing import File

SANDBOX = "sandbox; default-src 'none'; frame-ancestors 'none'"
HEADERS = {
    "Content-Disposition": {
        "schema": {"type": "string"},
        "description": "The file's name, by which a browser saves it.",
    }
}


def download(file: File, name: str) -> Response:
    """Return the file as an answer, read as the client takes it. Call it with no transaction open."""
    headers = {
        "Content-Disposition": disposition(clean(name)),
        "Content-Length": str(file.size),
        "Content-Security-Policy": SANDBOX,
    }
    content = storing.read(file)
    response = Response(iter(content), headers=headers, content_type=file.media_type)
    response.call_on_close(content.close)
    return response
