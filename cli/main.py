"""The command itself: its groups, and how it ends when it cannot go on."""

import logging
import sys

import click
from sqlalchemy.exc import DBAPIError

import settings
from cli import logs
from cli.check import check
from cli.doctor.command import doctor
from cli.keys import keys
from cli.parts import api, beat, flower, io, ocr, relay, worker
from cli.schema import migrate
from cli.stack import demo, up
from cli.users import users
from cli.verify import verify
from cli.webhook import webhook
from db.transaction import is_transient
from local.process import StartFailed
from settings import ConfigurationError, variable


def main() -> None:
    """Run a command; an error that the operator can repair is one line, and the exit status 2."""
    try:
        counterfoil()
    except ConfigurationError as error:
        refuse(error, 2)
    except StartFailed as error:
        refuse(error.summary, 1)
    except DBAPIError as error:
        if not is_transient(error):
            raise
        first_line, _, _ = str(error.orig).partition("\n")
        refuse(f"the database failed: {first_line}", 1)


def refuse(error: object, status: int) -> None:
    """End the process with the message and no traceback."""
    print(f"counterfoil: {error}", file=sys.stderr)
    sys.exit(status)


@click.group()
@click.pass_context
def counterfoil(context: click.Context) -> None:
    """Invoices that are never lost, doubled or misnumbered."""
    if settings.current().log_level not in logging.getLevelNamesMapping():
        raise ConfigurationError(f"{variable('log_level')} must be one of DEBUG, INFO, WARNING, ERROR")
    for sentence in settings.unknown():
        print(f"counterfoil: warning: {sentence}", file=sys.stderr)
    logs.configure(context.invoked_subcommand or "", settings.current().log_level, settings.current().log)


for command in (
    up,
    demo,
    migrate,
    api,
    relay,
    worker,
    io,
    ocr,
    beat,
    flower,
    keys,
    users,
    check,
    doctor,
    verify,
    webhook,
):
    counterfoil.add_command(command)
