from domain.jobs.work import PermanentError


class InvoiceRefused(PermanentError):
    """The request can never become an invoice; the message says what to change. No number is taken."""
