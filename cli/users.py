"""`counterfoil users`: the people who use the console are made and let in again."""

import click

from cli.database import database
from domain.identity import roles


@click.group()
def users() -> None:
    """People who use the console."""


@users.command()
@click.option("--organization", required=True, help="Name of the organization, made if it is new.")
@click.option("--email", required=True, help="The address by which the user logs in.")
@click.option("--name", required=True, help="What the user is called.")
@click.option("--role", type=click.Choice(list(roles.ROLES)), default=roles.OWNER, show_default=True)
def create(organization: str, email: str, name: str, role: str) -> None:
    """Make a user, and print the link by which it chooses a password; it is shown this once."""
    from domain.errors import Refusal
    from domain.identity import invitations, organizations, users
    from domain.mail import addresses
    from domain.text import is_blank

    if is_blank(organization) or is_blank(name):
        raise click.UsageError("--organization and --name must not be blank")
    try:
        with database() as session:
            owner = organizations.find(session, organization) or organizations.create(session, organization)
            made = users.invite(session, owner.id, addresses.normal(email), name.strip(), role)
    except Refusal as refused:
        raise click.UsageError(str(refused)) from None
    click.echo(invitations.link(made.token))


@users.command()
@click.argument("email")
def link(email: str) -> None:
    """Print another link for a user who has lost the password or the second factor."""
    from domain.errors import Refusal
    from domain.identity import invitations, users

    try:
        with database() as session:
            user = users.of_email(session, email)
            if user is None:
                raise click.UsageError(f"no user has the address {email}")
            token = users.make_link(session, user)
    except Refusal as refused:
        raise click.UsageError(str(refused)) from None
    click.echo(invitations.link(token))


@users.command("list")
def list_users() -> None:
    """List the users: id, organization, address, role, and whether one is disabled."""
    from domain.identity import users

    with database() as session:
        for user, owner in users.everyone(session):
            state = "disabled" if user.disabled_at else "invited" if user.password_hash is None else "active"
            click.echo(f"{user.id}\t{owner}\t{user.email}\t{user.role}\t{state}")
