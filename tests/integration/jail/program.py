"""A program for a jail that runs the code it is given: as a document would that has taken its renderer over."""

import ctypes
import mmap
import os
import resource
import socket
import time
from contextlib import suppress

TOOLS = {module.__name__: module for module in (ctypes, mmap, os, resource, socket, time)}


def prepare() -> None:
    TOOLS["libc"] = ctypes.CDLL(None, use_errno=True)
    with suppress(OSError):
        raise OSError(1, "so that the words for errors are loaded")


def answer(request: bytes) -> bytes:
    """Return the repr of `result`, which the code sets, or of what it raises: only a kill gives no answer."""
    names = dict(TOOLS)
    try:
        exec(request.decode(), names)
    except ValueError:
        raise
    except Exception as error:
        return repr(error).encode()
    return repr(names.get("result")).encode()
