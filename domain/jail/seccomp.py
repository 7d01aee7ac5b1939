"""A short list of system calls is left to this process for good; at any other the kernel kills it.

The list is a BPF program, checked at each call (seccomp(2)): compute, get memory that is never executed, read and write
what is open, and end. No library is used for it: the few there are want libseccomp installed, or are a few weeks old.
"""

import ctypes
import errno
import os
import platform
import struct

# Of <asm/unistd.h> for x86_64 and for aarch64.
READ, WRITE, MMAP, MPROTECT, PRLIMIT = (0, 63), (1, 64), (9, 222), (10, 226), (302, 261)
MUNMAP, MREMAP, BRK, MADVISE = (11, 215), (25, 216), (12, 214), (28, 233)
RT_SIGACTION, RT_SIGPROCMASK, RT_SIGRETURN, FUTEX = (13, 134), (14, 135), (15, 139), (202, 98)
CLOCK_GETTIME, GETRANDOM, GETPID, RESTART, EXIT_GROUP = (228, 113), (318, 278), (39, 172), (219, 128), (231, 94)
ALWAYS = (
    READ, WRITE, MUNMAP, MREMAP, BRK, MADVISE, RT_SIGACTION, RT_SIGPROCMASK, RT_SIGRETURN, FUTEX, CLOCK_GETTIME,
    GETRANDOM, GETPID, RESTART, EXIT_GROUP,
)  # fmt: skip
# Fontconfig asks whether its fonts are still there. It is told yes, whatever path is asked for: nothing is looked up.
ACCESS = (21, 48)
# A program may have libraries that look for a file of which none is needed. They are told that there is none.
OPENAT = (257, 56)
SECCOMP = (317, 277)
MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # column of the table, AUDIT_ARCH_*

INSTRUCTION_BYTES = 8
LOAD, EQUALS, HAS_BITS, RETURN = 0x20, 0x15, 0x45, 0x06
NUMBER_AT, ARCHITECTURE_AT, FIRST_ARGUMENT_AT, ARGUMENT_SIZE = 0, 4, 16, 8
KILL_PROCESS, ALLOW, SAY_YES = 0x80000000, 0x7FFF0000, 0x00050000
SAY_THERE_IS_NONE = 0x00050000 | errno.ENOENT
SET_MODE_FILTER, ALL_THREADS = 1, 1
PROT_EXEC = 4


class Unsupported(Exception):
    """This kernel, or what stands around this process, takes no filter; the message says which."""


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


def confine(no_file_is_there: bool = False) -> None:
    """Put the filter on every thread of this process; needs NO_NEW_PRIVS; raise Unsupported.

    With `no_file_is_there`, whoever wants to open a file is told so, and goes on; else that is the end.
    """
    machine = platform.machine()
    if machine not in MACHINES:
        raise Unsupported(f"no system call filter is known for {machine}")
    column, architecture = MACHINES[machine]
    _put_on(program(column, architecture, no_file_is_there), SECCOMP[column])


def _put_on(code: bytes, seccomp: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    filled = _Program(len(code) // INSTRUCTION_BYTES, code)
    if libc.syscall(seccomp, SET_MODE_FILTER, ALL_THREADS, ctypes.byref(filled)):
        raise Unsupported(f"the kernel takes no system call filter: {os.strerror(ctypes.get_errno())}")


def program(column: int, architecture: int, no_file_is_there: bool = False) -> bytes:
    """Return the filter; under another architecture's numbers (32 bits, x32) each call would mean something else."""
    steps = [_step(LOAD, ARCHITECTURE_AT), _step(EQUALS, architecture, then=1), KILL, _step(LOAD, NUMBER_AT)]
    for call in ALWAYS:
        steps += [_step(EQUALS, call[column], otherwise=1), _step(RETURN, ALLOW)]
    steps += [_step(EQUALS, ACCESS[column], otherwise=1), _step(RETURN, SAY_YES)]
    if no_file_is_there:
        steps += [_step(EQUALS, OPENAT[column], otherwise=1), _step(RETURN, SAY_THERE_IS_NONE)]
    for call in (MMAP, MPROTECT):
        steps += _only(call[column], argument=2, test=_step(HAS_BITS, PROT_EXEC, then=1))
    # Of another process it would be the way to end it: a limit of no time.
    steps += _only(PRLIMIT[column], argument=0, test=_step(EQUALS, 0, otherwise=1))
    return b"".join([*steps, KILL])


def _only(number: int, argument: int, test: bytes) -> list[bytes]:
    """Return the steps that allow a call if `test` does not skip what follows it; all numbers are 32 bits here."""
    load = _step(LOAD, FIRST_ARGUMENT_AT + ARGUMENT_SIZE * argument)
    return [_step(EQUALS, number, otherwise=4), load, test, _step(RETURN, ALLOW), KILL]


def _step(code: int, value: int, then: int = 0, otherwise: int = 0) -> bytes:
    return struct.pack("=HBBI", code, then, otherwise, value)


KILL = _step(RETURN, KILL_PROCESS)
