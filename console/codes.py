"""The words that rows have for themselves, such as a job's status, in the language of the reader."""

from console.words import gettext


def N_(message: str) -> str:
    """Mark a message that is translated where it is shown."""
    return message


CODES = (
    # Jobs and their attempts
    N_("pending"), N_("processing"), N_("completed"), N_("failed"), N_("cancelled"), N_("running"), N_("retried"),
    N_("swept"),
    # Webhooks and their deliveries
    N_("delivering"), N_("failing"), N_("disabled"), N_("delivered"), N_("paused"),
    # Transfers, sales and purchases, and the steps in which their lines move
    N_("draft"), N_("sent"), N_("undoing"), N_("refused"), N_("approved"),
    N_("transfer"), N_("sale"), N_("purchase"), N_("send"), N_("complete"), N_("sell"), N_("receive"),
    # Mailboxes, their mails, and mails that are sent
    N_("in order"), N_("not read yet"), N_("imported"), N_("filtered"), N_("skipped"), N_("unreadable"), N_("queued"),
    # Invoices, by what is paid of them
    N_("unpaid"), N_("overdue"), N_("partly paid"), N_("paid"), N_("partly credited"), N_("credited"),
    N_("credit note"),
    # Suppliers: where tax is rounded, e-invoices, and the rules of series
    N_("line"), N_("document"), N_("none"), N_("never"), N_("yearly"), N_("strict"), N_("warn"),
    # What the journal enters, and its accounts
    N_("invoice"), N_("payment"), N_("bill"),
    N_("asset"), N_("liability"), N_("income"), N_("expense"),
    # The way of a job
    N_("accepted"), N_("due"), N_("published"), N_("claimed"), N_("committed"), N_("told"),
    # Runs of automations, their actions, and conditions
    N_("succeeded"), N_("stopped"), N_("done"), N_("holds"), N_("does not hold"),
    # Bills, and where their fields come from
    N_("received"), N_("processed"), N_("needs review"), N_("error"), N_("rejected"),
    N_("xml"), N_("text"), N_("ocr"), N_("model"), N_("person"),
    # Roles
    N_("viewer"), N_("clerk"), N_("accountant"), N_("owner"), N_("operator"),
    # Processes and parts
    N_("alive"), N_("idle"), N_("silent"), N_("missing"),
    # What the doctor says
    N_("ok"), N_("unknown"), N_("warning"), N_("wrong"),
)  # fmt: skip


def told(code: str) -> str:
    """Return the word for a code, whichever case it has, and with spaces for underscores."""
    return gettext(code.lower().replace("_", " "))
