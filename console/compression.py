"""Our scripts and styles leave compressed: they never change, and hold nothing that anybody could want to guess."""

import gzip
from functools import lru_cache

from flask import Flask, Response, request

TYPES = ("text/javascript", "text/css", "image/svg+xml")


def compress_files(app: Flask) -> None:
    """Send the files of `app` compressed to browsers that take that."""
    app.after_request(_compress)


def _compress(response: Response) -> Response:
    if request.endpoint != "static" or response.status_code != 200 or response.mimetype not in TYPES:
        return response
    response.vary.add("Accept-Encoding")
    if "gzip" in request.accept_encodings:
        response.direct_passthrough = False
        response.set_data(_compressed(response.get_data()))
        response.content_encoding = "gzip"
    return response


@lru_cache(maxsize=32)
def _compressed(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)
