"""The console command `counterfoil`: each part of the system, and all of them at once.

The only module that knows api and tasks both; what a command needs is imported when it runs."""

import logging
import os
import resource
import sys
from contextlib import contextmanager
from pathlib import Path

import click

OTHER_FILES = 500


def main() -> None:
    """Run a command; what the operator can repair is said in one line, with exit status 2."""
    try:
        import settings
    except Exception as error:  # the module that defines ConfigurationError is the one that failed
        refuse(error, 2)
    from local.process import StartFailed

    try:
        counterfoil()
    except settings.ConfigurationError as error:
        refuse(error, 2)
    except StartFailed as error:
        refuse(error.summary, 1)


def refuse(error: object, status: int) -> None:
    """End the process with the message and no traceback."""
    print(f"counterfoil: {error}", file=sys.stderr)
    sys.exit(status)


@click.group()
def counterfoil() -> None:
    """Invoices that are never lost, doubled or misnumbered."""
    from settings import ConfigurationError, settings, variable

    if settings.log_level not in logging.getLevelNamesMapping():
        raise ConfigurationError(f"{variable('log_level')} must be one of DEBUG, INFO, WARNING, ERROR")
    logging.basicConfig(level=settings.log_level, format="%(levelname)s %(name)s: %(message)s")


@counterfoil.command()
@click.option("--port", type=click.IntRange(0, 65535), help="Port of the API; 0 takes a free one.")
@click.option("--data-dir", type=click.Path(file_okay=False, path_type=Path), default=Path("data"))
@click.option("--workers", type=click.IntRange(1), help="Worker processes.")
def up(port: int | None, data_dir: Path, workers: int | None) -> None:
    """Run the whole stack here, on an embedded PostgreSQL and Valkey unless their URLs are given."""
    from local import reachability, stack
    from settings import settings

    if settings.database_url:
        reachability.require_database()
    if settings.broker_url:
        reachability.require_broker()
    port = settings.api_port if port is None else port
    stack.up(data_dir, port, workers or settings.worker_concurrency)


@counterfoil.command()
def api() -> None:
    """Serve HTTP."""
    from gunicorn.app.base import BaseApplication

    from db.engine import connections_per_process
    from local import reachability
    from settings import settings

    class Server(BaseApplication):
        def load_config(self):
            for name, value in server_options(settings).items():
                self.cfg.set(name, value)

        def load(self):
            return wsgi()

    reachability.require_database(settings.api_workers * connections_per_process())
    allow_open_files(settings.api_listeners + OTHER_FILES)
    Server().run()


def allow_open_files(wanted: int) -> None:
    """Raise this process's limit of open files as far as it may, to `wanted`: each event stream is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def server_options(settings) -> dict:
    """Return how gunicorn serves the API."""
    return {
        "bind": f"{settings.api_host}:{settings.api_port}",
        "worker_class": "gthread",
        "workers": settings.api_workers,
        "threads": settings.api_threads,
        "timeout": settings.http_timeout + 10,
        "graceful_timeout": 5,
        "loglevel": settings.log_level.lower(),
        # The heartbeat file on a slow disk would make the arbiter take a worker for hung.
        "worker_tmp_dir": "/dev/shm" if os.path.isdir("/dev/shm") else None,  # noqa: S108
        "control_socket_disable": True,
    }


def wsgi():
    """Return the application for any WSGI server, with every kind of job known to it."""
    import tasks.kinds
    from api import create_app

    tasks.kinds.load()
    return create_app()


@counterfoil.command()
def relay() -> None:
    """Bring due outbox entries to the broker; waits when the broker is away."""
    from local import reachability

    reachability.require_database()
    reachability.require_broker_url()
    import tasks.kinds
    import tasks.relay_loop

    tasks.kinds.load()
    say_ready("relay")
    tasks.relay_loop.main()


@counterfoil.command()
def worker() -> None:
    """Run jobs."""
    from settings import export, settings

    # SIGTERM must give running jobs the soft shutdown's seconds, not all the time they like.
    export(REMAP_SIGTERM="SIGQUIT")
    from celery.signals import worker_ready

    worker_ready.connect(lambda **_: say_ready("worker"), weak=False)
    celery_app().worker_main(
        [
            "--quiet",
            "worker",
            f"--concurrency={settings.worker_concurrency}",
            f"--hostname=worker-{os.getpid()}@%h",
            f"--loglevel={settings.log_level}",
            "--without-gossip",
            "--without-mingle",
        ]
    )


@counterfoil.command()
def beat() -> None:
    """Start periodic work; any number may run, each run is safe to happen twice."""
    from celery.signals import beat_init

    from settings import settings

    beat_init.connect(lambda **_: say_ready("beat"), weak=False)
    options = ["--scheduler=celery.beat:Scheduler", f"--loglevel={settings.log_level}"]
    celery_app().start(["--quiet", "beat", *options])


@counterfoil.command()
def flower() -> None:
    """Show the workers in a browser: to other machines, and with buttons, only behind a password."""
    from settings import settings

    password = settings.flower_basic_auth
    address = settings.api_host if password else "127.0.0.1"
    options = [f"--address={address}", f"--port={settings.flower_port}", "--purge_offline_workers=60"]
    app = celery_app()
    # Flower's threads take two connections each: out of a small pool they wait for one another for ever.
    app.conf.broker_pool_limit = 0
    app.start(["--quiet", "flower", *options, *([f"--basic_auth={password}"] if password else [])])


def celery_app():
    """Return the Celery application, when database and broker can be used."""
    from local import reachability

    reachability.require_database()
    reachability.require_broker()
    from tasks.app import app

    return app


def say_ready(part: str) -> None:
    """Tell whoever started this part that it works; past Celery, which takes sys.stdout for its log."""
    print(f"{part} ready", file=sys.__stdout__, flush=True)


@counterfoil.command()
@click.option("--down", metavar="REVISION", help="Go back to this revision instead.")
def migrate(down: str | None) -> None:
    """Bring the database's schema up to date."""
    from local import reachability

    reachability.require_database()
    logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)  # it speaks when imported
    from db import migrations

    if down:
        migrations.downgrade(down)
    else:
        migrations.upgrade()


@contextmanager
def database():
    """Run the block in one transaction, once the database can be used."""
    from local import reachability

    reachability.require_database()
    from db.transaction import transaction

    with transaction() as session:
        yield session


@counterfoil.group()
def keys() -> None:
    """API keys."""


@keys.command()
@click.option("--organization", required=True, help="Name of the organization, made if it is new.")
@click.option("--currency", help="What a new organization sells and buys in (ISO 4217); EUR without it.")
@click.option("--operator", is_flag=True, help="The key also opens /api/v1/admin and /metrics.")
def create(organization: str, currency: str | None, operator: bool) -> None:
    """Print a new API key; it is shown this once."""
    from domain.identity import organizations
    from domain.invoices.errors import InvoiceRefused

    with database() as session:
        owner = organizations.find(session, organization)
        if owner and currency and currency != owner.currency_code:
            raise click.UsageError(f"{organization} has the currency {owner.currency_code}, and keeps it")
        try:
            owner = owner or organizations.create(session, organization, currency or "EUR")
        except InvoiceRefused as refused:
            raise click.UsageError(str(refused)) from None
        key = organizations.create_key(session, owner.id, "created on the command line", operator)
    click.echo(key)


@keys.command("list")
def list_keys() -> None:
    """List the live keys: id, organization, when it was made, operator or not. The keys themselves are not kept."""
    from domain.identity import organizations

    with database() as session:
        for key in organizations.live_keys(session):
            role = "operator" if key.operator else "caller"
            click.echo(
                f"{key.id}\torganization {key.organization_id}\t{key.created_at:%Y-%m-%d %H:%M}\t{role}\t{key.name}"
            )


@keys.command()
@click.argument("key_id", type=int)
def revoke(key_id: int) -> None:
    """Let a key open nothing from now on; an event stream that it opened ends within ten minutes."""
    from domain.identity import organizations

    try:
        with database() as session:
            organizations.revoke_key(session, key_id)
    except organizations.KeyNotFound as error:
        raise click.UsageError(f"{error}; `counterfoil keys list` shows them") from None


@counterfoil.command()
def demo() -> None:
    """Issue invoices over HTTP on a stack of its own, audit the numbers, stop."""
    from local import demo

    sys.exit(demo.run())


if __name__ == "__main__":
    main()
