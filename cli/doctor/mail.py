"""Whether this installation's mails find their relay."""

import settings
from domain.doctor.findings import Finding, ok, unknown, wrong
from domain.mail import addresses
from gateways import smtp
from settings import ConfigurationError, variable

SECONDS = 5.0


def relay() -> Finding:
    """Whether the relay lets this process in, over the encryption that is asked for."""
    url, sender = settings.current().smtp_url, settings.current().mail_from
    if not url and not sender:
        return ok("no mail is accepted")
    if not url:
        remedy = f"Run this command with the environment of an io part, which needs {variable('smtp_url')}."
        return unknown(f"{variable('smtp_url')} is not set here", remedy)
    try:
        domain = addresses.sender(sender).rpartition("@")[2]
        smtp.probe(smtp.relay(url), domain, SECONDS)
    except (ConfigurationError, smtp.Unsent) as error:
        return wrong(str(error), f"Correct {variable('smtp_url')}, or have the relay answer: mails wait a day for it.")
    return ok("the relay answers and lets us in")
