"""`counterfoil migrate`."""

import logging

import click


@click.command()
@click.option("--down", metavar="REVISION", help="Go back to this revision instead.")
def migrate(down: str | None) -> None:
    """Bring the database's schema up to date."""
    from cli import preflight

    preflight.require_owner()
    logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)  # it speaks when imported
    from db import migrations

    try:
        migrations.downgrade(down) if down else migrations.upgrade()
    except migrations.Blocked as blocked:
        raise click.ClickException(f"the schema was not changed, because others hold its tables: {blocked}") from None
