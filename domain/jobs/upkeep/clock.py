"""A clock that was put back delays nothing: what was accepted before the step would else be due only after it."""

import logging

import settings
from db import clock
from db.transaction import statement, transaction
from domain.schedules import waking

log = logging.getLogger(__name__)

# A clock that is merely kept right moves by less.
TOLERANCE_S = 1.0


def follow_clock() -> None:
    """Note how far the database's clock has come; if it was put back, realign what waits for it."""
    with statement() as session:
        if clock.seconds_behind(session) <= TOLERANCE_S:
            return
    with transaction() as session:
        step = clock.realign(session, settings.current().lease)
        if step is not None:
            waking.realign(session)
    if step is not None:
        log.warning("the database's clock was put back by %.0f s; all that waits goes on by the new time", step)
