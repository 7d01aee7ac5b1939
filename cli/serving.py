"""How gunicorn serves the API: its arbiter and its parser, and between them the worker of cli/http."""

import os
import resource
import signal
from typing import Any

from gunicorn import glogging

from cli.ready import say_ready
from settings import Settings, export

OTHER_FILES = 500


class Logger(glogging.Logger):
    """Gunicorn's log goes the way of all others: it has no handlers of its own."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


def serve(settings: Settings, listener: int | None = None) -> None:
    """Serve until told to stop; a kind that cannot be loaded is refused here, not in each of gunicorn's workers."""
    from gunicorn.app.base import BaseApplication

    import tasks.kinds
    from cli import traces
    from domain.jobs import presence
    from domain.schedules import declared

    tasks.kinds.load()
    declared.synchronise()
    if listener is not None:
        export(LISTEN_FDS="0")  # or gunicorn would take systemd's socket twice

    class Server(BaseApplication):
        def load_config(self):
            for name, value in server_options(settings, listener).items():
                self.cfg.set(name, value)

        def load(self):
            presence.keep("api")
            traces.record("api")
            return wsgi(settings)

    allow_open_files(settings.api_subscribers + settings.api_connections + OTHER_FILES)
    Server().run()


def allow_open_files(wanted: int) -> None:
    """Raise this process's limit of open files as far as it may, to `wanted`: each connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def server_options(settings: Settings, listener: int | None = None) -> dict:
    """Return gunicorn's options; with the number of an open file that listens, it serves on that."""
    return {
        "bind": f"{settings.api_host}:{settings.api_port}" if listener is None else f"fd://{listener}",
        "worker_class": "cli.http.worker.BufferedWorker",
        "workers": settings.api_workers,
        "threads": settings.api_threads,
        "timeout": settings.http_timeout + 10,
        "graceful_timeout": settings.http_timeout + 1,  # after it the arbiter kills
        "loglevel": settings.log_level.lower(),
        # The heartbeat file on a slow disk would make the arbiter take a worker for hung.
        "worker_tmp_dir": "/dev/shm" if os.path.isdir("/dev/shm") else None,  # noqa: S108
        "control_socket_disable": True,
        # No header of a proxy changes what is asked for.
        "forwarder_headers": "",
        "secure_scheme_headers": {},
        "logger_class": "cli.serving.Logger",
        "post_fork": hear_the_end,
        "post_worker_init": lambda worker: say_ready("api"),
    }


def hear_the_end(arbiter: Any, worker: Any) -> None:
    """Have a worker hear from the first that it is to end.

    Until it has loaded the application it has its parent's handlers, and what one of them hears there is lost: the
    worker would serve on until it is killed, with the requests that it has.
    """
    signal.signal(signal.SIGTERM, worker.handle_exit)
    while not arbiter.SIG_QUEUE.empty():
        if arbiter.SIG_QUEUE.get_nowait() == signal.SIGTERM:
            worker.alive = False


def wsgi(settings: Settings):
    """Return the application for any WSGI server, with every kind of job known to it."""
    from werkzeug.middleware.dispatcher import DispatcherMiddleware
    from werkzeug.middleware.proxy_fix import ProxyFix

    import tasks.kinds
    from api import create_app
    from api.http import rates, shares
    from console.app import PATH, create_console

    tasks.kinds.load()
    api, console = create_app(settings), create_console(settings)
    for once_a_process in (rates.EXTENSION, shares.EXTENSION):
        console.extensions[once_a_process] = api.extensions[once_a_process]
    both = DispatcherMiddleware(api, {PATH: console})
    many = settings.trusted_proxies
    return ProxyFix(both, x_for=many, x_proto=many, x_host=many) if many else both
