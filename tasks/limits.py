"""No job can take the machine's memory, or leave its process broken when its time is up."""

import gc
import resource
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from billiard.pool import SIG_SOFT_TIMEOUT
from celery.signals import worker_process_init

import settings


@worker_process_init.connect
def limit_memory(**_: Any) -> None:
    """Have this prefork child get MemoryError past the limit; libraries and shared pages do not count."""
    limit = settings.current().worker_memory_mb * 2**20
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


@worker_process_init.connect
def keep_what_is_loaded(**_: Any) -> None:
    """Have no garbage collection in this prefork child look at what its parent loaded: it stays, and stays shared."""
    gc.freeze()


@contextmanager
def process_ends_if_interrupted() -> Iterator[None]:
    """End this prefork child, for another to take its place, if the body meets its soft time limit.

    The limit interrupts whatever runs at that moment. A library that was just making something for its first use may
    not work any more in this process. A thread is not interrupted.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    interrupt = signal.getsignal(SIG_SOFT_TIMEOUT)
    met: list[int] = []

    def note(number: int, frame: Any) -> None:
        met.append(number)
        interrupt(number, frame)  # type: ignore[operator,misc]

    signal.signal(SIG_SOFT_TIMEOUT, note)
    try:
        yield
    finally:
        signal.signal(SIG_SOFT_TIMEOUT, interrupt)
        if met:
            raise SystemExit
