"""How a storage says no, one class for each decision that a caller makes."""


class Unavailable(Exception):
    """The storage cannot be used now; the same call may work in a while. The message says why, for the operator."""


class Misconfigured(Unavailable):
    """The storage cannot be used until its operator changes something; the message says what."""


class Missing(Exception):
    """There is nothing under this key."""
