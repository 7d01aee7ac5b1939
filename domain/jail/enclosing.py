"""A process gives up, for good, all that it does not need to turn bytes into bytes."""

import ctypes
import os
import resource
import signal
import struct
import sys
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from domain.jail import seccomp

# Columns of /proc/self/statm.
TOTAL, DATA = 0, 5
MAX_OPEN_FILES = 3
CAPABILITIES_OF_THIS = struct.pack("=Ii", 0x20080522, 0)  # the version of the structure, this process
PDEATHSIG, DUMPABLE, NO_NEW_PRIVS = 1, 4, 38
# A user id that nobody has, another for each process; where a container maps no such id, that of nobody.
UNUSED_IDS, NOBODY = 2_000_000_000, 65534


class Limits(NamedTuple):
    """What a process may get: memory in bytes beyond what it had when it was ready, and processor time a request.

    One that opens a file is ended; or, with `no_file_is_there`, it is told so.
    """

    memory: int = 512 * 1024 * 1024
    cpu_seconds: int = 20
    no_file_is_there: bool = False


def enclose(parent: int, limits: Limits) -> list[str]:
    """Leave memory, time and the standard streams, and end when `parent` does; return what the system denied.

    Call it before the first byte of a stranger is read, in a process of one thread.
    """
    lacking = [] if os.getuid() or _become_somebody_else() else ["the user cannot be changed: it stays root"]
    _limit(limits.memory)
    _check("capset", ctypes.CDLL(None, use_errno=True).capset(CAPABILITIES_OF_THIS, bytes(24)))  # none of them
    _control(NO_NEW_PRIVS, 1)
    _control(DUMPABLE, 0)
    _control(PDEATHSIG, signal.SIGKILL)  # after the change of user, which would take it away
    if os.getppid() != parent:
        sys.exit("the parent ended before the jail was closed")
    os.dup2(sys.stdout.fileno(), sys.stderr.fileno())  # or a stranger could fill the parent's log with warnings
    try:
        seccomp.confine(limits.no_file_is_there)
    except seccomp.Unsupported as missing:
        lacking.append(str(missing))
    return lacking


def _become_somebody_else() -> bool:
    for user in (UNUSED_IDS + os.getpid(), NOBODY):
        with suppress(OSError):
            os.setgroups([])
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
            return True
    return False


def _limit(memory: int) -> None:
    pages = [int(count) * resource.getpagesize() for count in Path("/proc/self/statm").read_text().split()]
    for kind, limit in (
        (resource.RLIMIT_NOFILE, MAX_OPEN_FILES),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        # An engine may reserve far more addresses than it ever uses; what it can write to is bounded as well.
        (resource.RLIMIT_AS, pages[TOTAL] + memory),
        (resource.RLIMIT_DATA, pages[DATA] + memory),
    ):
        resource.setrlimit(kind, (limit, limit))


def _control(option: int, value: int) -> None:
    _check(f"prctl {option}", ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0))


def _check(call: str, failed: int) -> None:
    if failed:
        raise OSError(ctypes.get_errno(), call)
