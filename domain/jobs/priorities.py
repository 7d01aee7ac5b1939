"""Priorities: those of callers order the jobs of their own organization; those of operators rank across organizations.

A job's row has one number. Up to MAX_OWN it orders the organization's own jobs, within its turns. Above that it is the
rank that an operator gave, plus MAX_OWN: such jobs go before those of lower rank, whosever they are.
"""

NORMAL, HIGH, MAX_OWN = 1, 2, 100


def ranked(given: int) -> int:
    """Return the priority in the row of a job to which an operator gave `given`; NORMAL and less give no rank."""
    return given + MAX_OWN if given > NORMAL else given


def rank(priority: int) -> int:
    """Return the rank among the jobs of all organizations, 0 without one."""
    return max(0, priority - MAX_OWN)


def given(priority: int) -> int:
    """Return the priority as it was submitted."""
    return rank(priority) or priority
