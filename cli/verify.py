"""`counterfoil verify`: a report of a number series is checked without a database."""

from pathlib import Path

import click


@click.command()
@click.argument("report", type=click.Path(path_type=Path))
@click.option("--key", help="The issuer's public key in base64, as the issuer told you.")
@click.pass_context
def verify(context: click.Context, report: Path, key: str | None) -> None:
    """Recompute a REPORT of a number series: its chain of hashes, its numbers and its signature.

    The report is what /api/v1/suppliers/{id}/numbering/report gives. Ends with status 1 if anything is wrong. Without
    --key it proves that the report is whole, not who made it.
    """
    from domain.invoices.report import verify as recompute

    if key == "":
        raise click.UsageError("--key is empty: give the issuer's public key, or leave the option out")
    try:
        with report.open("rb") as lines:
            verified = recompute(lines, key)
    except OSError as error:
        raise click.UsageError(f"{report} cannot be read: {error.strerror}") from None
    for finding in verified.findings:
        click.echo(f"WRONG: {finding}")
    head = verified.head
    click.echo(f"supplier: {head.get('supplier', {}).get('name')}, series {head.get('series', {}).get('code')}")
    click.echo(f"invoices: {verified.count}" + (f", {verified.first} to {verified.last}" if verified.count else ""))
    click.echo(f"head hash: {verified.head_hash.hex()}")
    click.echo(f"signed by: {head.get('publicKey')}{'' if key else ' (compare it with the key that you were told)'}")
    click.echo("WRONG" if verified.findings else "ok")
    if verified.findings:
        context.exit(1)
