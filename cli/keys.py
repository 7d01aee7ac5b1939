"""`counterfoil keys`: API keys are made, listed and revoked; the keys that sign and encrypt are made and rotated."""

from datetime import UTC, datetime

import click

from cli.database import database
from domain.identity import roles


@click.group()
def keys() -> None:
    """API keys, and those that sign and encrypt."""


@keys.command()
@click.option("--organization", required=True, help="Name of the organization, made if it is new.")
@click.option("--currency", help="Currency of a new organization (ISO 4217); EUR without it.")
@click.option("--name", default="created on the command line", show_default=True, help="What the key is called.")
@click.option("--role", type=click.Choice(list(roles.ROLES)), help="What the key may do; without it, as an owner.")
@click.option("--operator", is_flag=True, help="As --role operator: the key also opens /api/v1/admin and /metrics.")
@click.option("--scope", "scopes", multiple=True, type=click.Choice(list(roles.PERMISSIONS)), help="Instead of a role.")
@click.option("--expires", type=click.DateTime(["%Y-%m-%d"]), help="The day (UTC) from which on it opens nothing.")
def create(
    organization: str,
    currency: str | None,
    name: str,
    role: str | None,
    operator: bool,
    scopes: tuple[str, ...],
    expires: datetime | None,
) -> None:
    """Print a new API key; it is shown this once."""
    from domain.errors import Invalid
    from domain.identity import keys, organizations
    from domain.text import is_blank

    if sum(map(bool, (role, operator, scopes))) > 1:
        raise click.UsageError("give one of --role, --operator and --scope")
    if is_blank(organization):
        raise click.UsageError("--organization must not be blank")
    with database() as session:
        owner = organizations.find(session, organization)
        if owner and currency and currency != owner.currency_code:
            raise click.UsageError(f"{organization} has the currency {owner.currency_code}, and keeps it")
        try:
            owner = owner or organizations.create(session, organization, currency or "EUR")
            role = roles.OPERATOR if operator else role
            until = expires and expires.replace(tzinfo=UTC)
            key = keys.create(session, owner.id, name, role, list(scopes) or None, until)
        except Invalid as refused:
            raise click.UsageError(str(refused)) from None
    click.echo(key.secret)


@keys.command("list")
def list_keys() -> None:
    """List the live keys: id, organization, when it was made, role or scopes, name. The keys are not kept."""
    from domain.identity import keys

    with database() as session:
        for key, owner in keys.everyone(session):
            allows = key.role or ",".join(key.scopes or ())
            click.echo(f"{key.id}\t{owner}\t{key.created_at:%Y-%m-%d %H:%M}\t{allows}\t{key.name}")


@keys.command()
@click.argument("key_id", type=click.IntRange(1, 2**63 - 1))
def revoke(key_id: int) -> None:
    """Let a key open nothing from now on; an event stream that it opened ends within ten minutes."""
    from domain.errors import NotFound
    from domain.identity import keys

    try:
        with database() as session:
            keys.revoke(session, key_id)
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
