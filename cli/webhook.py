"""`counterfoil webhook`: what a receiver of webhooks needs to try out its own code."""

import time
from collections.abc import Sequence
from typing import BinaryIO, TextIO

import click

VARIABLE = "WEBHOOK_SECRET"


@click.group()
def webhook() -> None:
    """Webhooks, as their receiver sees them."""


@webhook.command()
@click.argument("body", type=click.File("rb"), default="-")
@click.option("--header", "lines", multiple=True, metavar="'NAME: VALUE'", help="A header of the message; repeat it.")
@click.option("--secret-file", type=click.File(), help=f"File with the secret; else the variable {VARIABLE} has it.")
@click.option("--tolerance", type=click.IntRange(0), default=300, show_default=True, help="Seconds of age allowed.")
@click.option("--at", type=click.IntRange(0), help="Judge the age at this Unix time instead of now.")
@click.pass_context
def verify(
    context: click.Context,
    body: BinaryIO,
    lines: Sequence[str],
    secret_file: TextIO | None,
    tolerance: int,
    at: int | None,
) -> None:
    """Say whether a webhook came from the holder of its secret, unchanged and just now.

    BODY is a file with the body exactly as it was received, byte by byte; without it, standard input. Prints "ok" and
    ends with status 0, or prints what is wrong and ends with status 1. The headers webhook-id, webhook-timestamp and
    webhook-signature are needed; others are ignored. The secret is never an argument, which other users of the machine
    could see.

    \b
    Example:
      WEBHOOK_SECRET=whsec_... counterfoil webhook verify body.json \\
        --header 'webhook-id: 0198c5' \\
        --header 'webhook-timestamp: 1793500000' \\
        --header 'webhook-signature: v1,g0hM9S...'
    """
    from domain.webhooks import signatures

    headers = dict(_header(line) for line in lines)
    try:
        secret = _secret(secret_file)
        signatures.verify(secret, headers, body.read(), time.time() if at is None else at, tolerance)
    except signatures.NotVerified as error:
        click.echo(error)
        context.exit(1)
    click.echo("ok")


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not name.strip():
        raise click.UsageError(f"--header {line!r}: write it as 'webhook-id: 0198c5'")
    return name.strip().lower(), value.strip()


def _secret(file: TextIO | None) -> str:
    import settings

    try:
        secret = file.read().strip() if file else settings.foreign(VARIABLE)
    except UnicodeDecodeError:
        raise click.UsageError(f"{file.name if file else VARIABLE} is no text") from None
    if not secret:
        raise click.UsageError(f"there is no secret: put it into the variable {VARIABLE}, or into a --secret-file")
    return secret
