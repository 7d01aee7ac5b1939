"""`counterfoil migrate`."""

import logging

import click


@click.command()
@click.option("--down", metavar="REVISION", help="Go back to this revision instead.")
def migrate(down: str | None) -> None:
    """Bring the database's schema up to date."""
    from cli import preflight

    preflight.require_database()
    logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)  # it speaks when imported
    from db import migrations

    if down:
        migrations.downgrade(down)
    else:
        migrations.upgrade()
