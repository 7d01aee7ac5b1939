"""`counterfoil migrate`."""

import logging

import click


@click.command()
@click.option("--down", metavar="REVISION", help="Go back to this revision instead.")
def migrate(down: str | None) -> None:
    """Bring the database's schema up to date, and with it the shipped templates that nobody changed."""
    from cli import preflight

    preflight.require_owner()
    logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)  # it speaks when imported
    from db import migrations

    try:
        if down:
            migrations.downgrade(down)
        else:
            migrations.upgrade()
            _renew_templates()
    except migrations.Blocked as blocked:
        raise click.ClickException(f"the schema was not changed, because others hold its tables: {blocked}") from None


def _renew_templates() -> None:
    from cli import preflight
    from db.transaction import transaction
    from domain.templates import library

    preflight.require_answer()
    with transaction() as session:
        library.renew_shipped(session)
