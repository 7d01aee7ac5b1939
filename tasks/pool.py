"""Celery's prefork children, whose end is seen at once."""

from celery.concurrency import asynpool, prefork

LOOK_S = 0.5


class _Pool(asynpool.AsynPool):
    """Looks for ended children often: Celery hears of an end mostly too early to see it, and looks again late."""

    @property
    def timers(self) -> dict:
        return {self.maintain_pool: LOOK_S}


class TaskPool(prefork.TaskPool):
    """What `worker_pool` names."""

    Pool = _Pool
