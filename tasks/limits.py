"""No job can take the machine's memory: past the limit its process gets MemoryError."""

import resource
from typing import Any

from celery.signals import worker_process_init

import settings


@worker_process_init.connect
def limit_memory(**_: Any) -> None:
    """Bound what this prefork child may allocate; libraries and shared pages do not count."""
    limit = settings.current().worker_memory_mb * 2**20
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
