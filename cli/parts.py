"""The parts of a deployment, one command and one process each."""

import os
import signal
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from cli.ready import say_ready

if TYPE_CHECKING:
    from celery.beat import Service


@click.command()
@click.option("--fd", type=int, help="Serve on this open file, which listens already; its holder loses no caller.")
def api(fd: int | None) -> None:
    """Serve HTTP."""
    import settings
    from cli import preflight, serving, traces
    from db.engine import connections_per_process
    from domain.pdf import fonts, rendering

    fonts.check()
    if fd is not None:
        preflight.require_listener(fd)
    preflight.require_database(settings.current().api_workers * connections_per_process())
    preflight.require_master_keys()
    preflight.require_storage()
    preflight.require_mail()
    if fd is None:
        preflight.require_port("api_port", settings.current().api_host, settings.current().api_port)
    rendering.denied()  # for the log
    traces.tell_what_is_lacking()
    serving.serve(settings.current(), fd)


@click.command()
def relay() -> None:
    """Bring due outbox entries to the broker; waits when the broker is away."""
    from cli import preflight, traces

    preflight.require_database()
    preflight.require_broker_url()
    import tasks.kinds
    import tasks.relay_loop
    from domain.jobs import presence
    from domain.schedules import declared

    tasks.kinds.load()
    declared.synchronise()
    presence.keep("relay")
    traces.tell_what_is_lacking()
    traces.record("relay")
    say_ready("relay")
    tasks.relay_loop.main()


@click.command()
def worker() -> None:
    """Run jobs."""
    import settings
    from domain.jobs.lanes import APART, LANES
    from domain.pdf import fonts

    fonts.check()  # and so that each child knows what they have
    _work("worker", [lane for lane in LANES if lane not in APART], settings.current().worker_concurrency)


@click.command()
def io() -> None:
    """Run the jobs that wait for the world outside, webhooks and mails for example: many at once, in threads."""
    import settings
    from cli import preflight
    from domain.jobs.lanes import IO
    from domain.pdf import fonts

    fonts.check()  # invoices are printed for the mails that bring them
    preflight.require_mail()
    _work("io", [IO], settings.current().io_concurrency, "--pool=threads")


@click.command()
def ocr() -> None:
    """Read scans, one at a time: the models take most of a gigabyte from the first scan on, and nothing before."""
    from domain.bills import providers
    from domain.bills.reading import recognition
    from domain.jobs.lanes import OCR

    if providers.scans_here():
        recognition.tell_what_is_lacking()
    # A thread answers the broker while another waits for the jail, which has the models.
    _work("ocr", [OCR], 1, "--pool=threads")


def _work(part: str, lanes: Sequence[str], concurrency: int, *options: str) -> None:
    """Be a Celery worker that serves `lanes`, with so many children or threads."""
    import settings
    from cli import preflight, traces
    from domain.schedules import declared
    from settings import export

    # SIGTERM must give running jobs the soft shutdown's seconds, not all the time they like.
    export(REMAP_SIGTERM="SIGQUIT")
    from celery.signals import worker_init, worker_process_init, worker_process_shutdown, worker_ready

    # Before the first child is forked, which works in its parent's name.
    worker_init.connect(lambda sender, **_: _keep_worker_present(part, lanes, sender), weak=False)
    if options:  # threads of this process run the jobs
        worker_init.connect(lambda **_: traces.record(part), weak=False)
    worker_process_init.connect(lambda **_: traces.record(part), weak=False)
    worker_process_shutdown.connect(lambda **_: traces.end(), weak=False)
    worker_ready.connect(lambda **_: say_ready(part), weak=False)
    app = celery_app()
    preflight.require_master_keys()
    preflight.require_storage()
    declared.synchronise()
    traces.tell_what_is_lacking()
    app.worker_main(
        [
            "--quiet",
            "worker",
            f"--queues={','.join(lanes)}",
            f"--concurrency={concurrency}",
            f"--hostname={part}-{os.getpid()}@%h",
            f"--loglevel={settings.current().log_level}",
            "--without-gossip",
            "--without-mingle",
            *options,
        ]
    )


@click.command()
def beat() -> None:
    """Start periodic work; any number may run, each run is safe to happen twice."""
    from celery.signals import beat_init

    import settings
    from domain.jobs import presence
    from domain.schedules import declared

    beat_init.connect(lambda sender, **_: _end_when_told(sender), weak=False)
    beat_init.connect(lambda **_: presence.keep("beat"), weak=False)
    beat_init.connect(lambda **_: say_ready("beat"), weak=False)
    options = ["--scheduler=celery.beat:Scheduler", f"--loglevel={settings.current().log_level}"]
    app = celery_app()
    declared.synchronise()
    app.start(["--quiet", "beat", *options])


def _end_when_told(service: "Service") -> None:
    """Let SIGTERM end beat whatever it is doing.

    Celery's own handler only raises SystemExit, and a client of the broker that cleans up after it may raise an
    error of its own instead, which beat takes for a failed send: it would go on for ever.
    """

    def end(*_: object) -> None:
        service.stop()
        raise SystemExit

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)


@click.command()
def flower() -> None:
    """Show the workers in a browser: to other machines, and with buttons, only behind a password."""
    import settings

    password = settings.current().flower_basic_auth
    address = settings.current().api_host if password else "127.0.0.1"
    options = [f"--address={address}", f"--port={settings.current().flower_port}", "--purge_offline_workers=60"]
    app = celery_app()
    # Flower's threads take two connections each: out of a small pool they wait for one another for ever.
    app.conf.broker_pool_limit = 0
    app.start(["--quiet", "flower", *options, *([f"--basic_auth={password}"] if password else [])])


def _keep_worker_present(part: str, lanes: Sequence[str], worker) -> None:
    from domain.jobs import presence
    from domain.jobs.registry import kinds

    def children() -> list[int]:
        pool = getattr(worker.pool, "_pool", None)  # Celery's pool has one between its start and its stop
        return [child.pid for child in pool._pool] if pool else []

    presence.keep(part, list(lanes), [kind.name for kind in kinds() if kind.lane in lanes], children)


def celery_app():
    """Return the Celery application, when database and broker can be used."""
    from cli import preflight

    preflight.require_database()
    preflight.require_broker()
    from celery.signals import setup_logging

    from tasks.app import app

    setup_logging.connect(lambda **_: None, weak=False)  # Celery then leaves the loggers as cli/logs.py has set them
    return app
