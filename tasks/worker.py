"""Celery's worker, which ends as soon as it has done what it holds."""

import threading

from celery.apps import worker

from domain.jobs import presence


class Worker(worker.Worker):
    """Where Celery sleeps for the whole time of a soft shutdown, it waits for what runs."""

    def wait_for_soft_shutdown(self) -> None:
        """Return when no job is held, or the time is up."""
        timeout = self.app.conf.worker_soft_shutdown_timeout
        # Not in this thread: a signal has interrupted it, whatever locks it has.
        waiting = threading.Thread(target=presence.await_idle, args=(timeout,), daemon=True)
        waiting.start()
        waiting.join(timeout)
