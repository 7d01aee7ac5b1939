"""`counterfoil keys`: API keys are made, listed and revoked; the keys that sign and encrypt are made and rotated."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click


@click.group()
def keys() -> None:
    """API keys, and those that sign and encrypt."""


@keys.command()
@click.option("--organization", required=True, help="Name of the organization, made if it is new.")
@click.option("--currency", help="Currency of a new organization (ISO 4217); EUR without it.")
@click.option("--operator", is_flag=True, help="The key also opens /api/v1/admin and /metrics.")
def create(organization: str, currency: str | None, operator: bool) -> None:
    """Print a new API key; it is shown this once."""
    from domain.errors import Invalid
    from domain.identity import organizations
    from domain.text import is_blank

    if is_blank(organization):
        raise click.UsageError("--organization must not be blank")
    with _database() as session:
        owner = organizations.find(session, organization)
        if owner and currency and currency != owner.currency_code:
            raise click.UsageError(f"{organization} has the currency {owner.currency_code}, and keeps it")
        try:
            owner = owner or organizations.create(session, organization, currency or "EUR")
        except Invalid as refused:
            raise click.UsageError(str(refused)) from None
        key = organizations.create_key(session, owner.id, "created on the command line", operator)
    click.echo(key)


@keys.command("list")
def list_keys() -> None:
    """List the live keys: id, organization, when it was made, operator or not. The keys themselves are not kept."""
    from domain.identity import organizations

    with _database() as session:
        for key, owner in organizations.live_keys(session):
            role = "operator" if key.operator else "caller"
            click.echo(f"{key.id}\t{owner}\t{key.created_at:%Y-%m-%d %H:%M}\t{role}\t{key.name}")


@keys.command()
@click.argument("key_id", type=click.IntRange(1, 2**63 - 1))
def revoke(key_id: int) -> None:
    """Let a key open nothing from now on; an event stream that it opened ends within ten minutes."""
    from domain.errors import NotFound
    from domain.identity import organizations

    try:
        with _database() as session:
            organizations.revoke_key(session, key_id)
    except NotFound as error:
        raise click.UsageError(f"{error}; `counterfoil keys list` shows them") from None


@keys.command()
def signing() -> None:
    """Print a new key to sign reports with, as COUNTERFOIL_SIGNING_KEY, or the public key of the one that is set."""
    import settings
    from domain import signing as signatures
    from settings import variable

    if settings.current().signing_key:
        click.echo(signatures.public_key())
    else:
        click.echo(f"{variable('signing_key')}={signatures.new_key()}")


@keys.command()
def master() -> None:
    """Print a new master key, which encrypts the secrets in the database, as COUNTERFOIL_MASTER_KEYS."""
    import settings
    from domain import master_keys
    from settings import variable

    if settings.current().master_keys:
        click.echo("Put it before what is set already, with a comma between: that is still needed.", err=True)
    click.echo(f"{variable('master_keys')}={master_keys.new_key()}")


@keys.command("rotate-master")
def rotate_master() -> None:
    """Have every data key wrapped by the first master key. If it is killed or fails, run it again."""
    from cli import preflight
    from domain import master_keys
    from domain.errors import PermanentError

    preflight.require_database()
    preflight.require_master_keys()
    try:
        done = master_keys.rotate()
    except PermanentError as error:
        raise click.ClickException(str(error)) from None
    first, *older = [key.id for key in master_keys.known()]
    click.echo(f"Master key {first}: {done.rewrapped} data keys rewrapped, {done.current} were current.")
    click.echo(_what_next(older, done.older))


def _what_next(older: list[str], left: int) -> str:
    from settings import variable

    name = variable("master_keys")
    if left:
        return (
            f"{left} were made by an older one meanwhile: restart every api, worker, io and ocr, then run this again."
        )
    if older:
        return (
            f"Next: take {', '.join(older)} out of {name} of every api, worker, io and ocr, and restart them."
            " Keep it beside the backups that were made until now: they need it."
        )
    return (
        f"To change it: put a new one (`counterfoil keys master`) first in {name}, "
        "restart api, worker, io, ocr, run this."
    )


@contextmanager
def _database() -> Iterator[Any]:
    """Run the block in one transaction, once the database can be used."""
    from cli import preflight

    preflight.require_database()
    from db.transaction import transaction

    with transaction() as session:
        yield session
