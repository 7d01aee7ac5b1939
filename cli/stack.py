"""`counterfoil up` and `counterfoil demo`: all parts at once, on this machine."""

import sys
from pathlib import Path

import click


@click.command()
@click.option("--port", type=int, help="Port of the API; 0 takes a free one.")
@click.option("--data-dir", type=click.Path(file_okay=False, path_type=Path), default=Path("data"))
@click.option("--workers", type=click.IntRange(1), help="Worker processes.")
@click.option("--json", "tell_all", is_flag=True, help="Print API key and passwords too if this is a terminal.")
@click.option("--sample-data", is_flag=True, help='Make the organization "Sample company" with a month of data, once.')
def up(port: int | None, data_dir: Path, workers: int | None, tell_all: bool, sample_data: bool) -> None:
    """Run the whole stack here, on an embedded PostgreSQL and Valkey unless their URLs are given."""
    import settings
    from cli import preflight
    from local import stack

    if settings.current().database_url:
        preflight.require_owner()
    if settings.current().broker_url:
        preflight.require_broker()
    port = settings.current().api_port if port is None else port
    settings.check_port("--port", port)
    stack.up(data_dir, port, workers or settings.current().worker_concurrency, tell_all, sample_data)


@click.command()
def demo() -> None:
    """Issue invoices over HTTP on a stack of its own, audit the numbers, stop."""
    from local import demo

    sys.exit(demo.run())
