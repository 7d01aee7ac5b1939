"""Celery as Counterfoil runs it: a message is a hint, so it is acknowledged early, never retried and never awaited."""

from kombu import Exchange, Queue

import settings
from domain.jobs import lanes

broker_url = settings.current().broker_url
task_queues = [Queue(lane, Exchange(lane), routing_key=lane) for lane in lanes.LANES]
task_default_queue = task_default_exchange = task_default_routing_key = lanes.DEFAULT

task_serializer = "json"
accept_content = ["json"]
task_ignore_result = True
result_backend = None
task_store_errors_even_if_ignored = False
task_publish_retry = False

# The row is the promise. A message that dies with its worker is published again when its entry falls due.
task_acks_late = False
worker_prefetch_multiplier = 1
# What a worker has fetched and not begun stands before everything urgent; Redis and Valkey can do without.
worker_disable_prefetch = settings.current().broker_url.startswith("redis")
worker_consumer = "tasks.consumer:Consumer"
worker_pool = "tasks.pool:TaskPool"
worker_max_tasks_per_child = 10_000
# A child that grew past half of what it may have is replaced between two messages.
worker_max_memory_per_child = settings.current().worker_memory_mb * 1024 // 2
worker_hijack_root_logger = False
# Events cost an idle request a quarter of its time; Flower asks for them while it runs.
worker_send_task_events = False
# It cancels what is acknowledged late, which is nothing; False would warn of that whenever the broker is lost.
worker_cancel_long_running_tasks_on_connection_loss = True
# What runs may end: a job cut off costs an attempt and waits for the sweep.
worker_soft_shutdown_timeout = settings.current().task_timeout
task_time_limit = settings.current().task_timeout

broker_connection_timeout = settings.current().broker_timeout
broker_connection_retry_on_startup = True
broker_connection_retry = True
broker_connection_max_retries = None
broker_channel_error_retry = True
broker_pool_limit = 2
broker_transport_options = {
    # Valkey keeps no copy of what a worker has taken, so nothing comes back by a clock that knows of no lease.
    "ack_emulation": False,
    "priority_steps": [0],  # one list a queue: order is the relay's
    "socket_timeout": settings.current().broker_timeout,
    "socket_connect_timeout": settings.current().broker_timeout,
    "socket_keepalive": True,
    "health_check_interval": 10,
    "retry_on_timeout": False,
}
if not settings.current().broker_url.startswith("redis"):
    broker_transport_options = {"confirm_publish": True}
    broker_heartbeat = 10

beat_scheduler = "celery.beat:Scheduler"
beat_schedule = {
    "sweep": {
        "task": "queue.sweep",
        "schedule": settings.current().sweep_interval,
        "options": {"queue": lanes.URGENT, "expires": 60},
    },
    # Without "expires": a worker whose clock runs ahead would discard every one of these.
    "cleanup": {"task": "queue.cleanup", "schedule": 300, "options": {"queue": lanes.DEFAULT}},
}
timezone = "UTC"
enable_utc = True
