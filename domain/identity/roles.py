"""What callers may do: a permission is `noun:verb`, and a role is a set of them."""

from collections.abc import Iterable, Mapping

from domain.errors import say

PERMISSIONS: Mapping[str, str] = {
    "accounting:read": "See the accounts, the journal and the trial balance.",
    "accounting:recreate": "Have the entries of documents made anew.",
    "audit-log:read": "See who did what.",
    "automations:read": "See automations and their runs.",
    "automations:manage": "Create, change, delete and test automations, which act in the name of whoever wrote them.",
    "bills:read": "See bills and their files.",
    "bills:upload": "Upload bills.",
    "bills:review": "Correct what was read from bills, and have them read again.",
    "bills:approve": "Approve, reject and reopen bills.",
    "clients:read": "See clients.",
    "clients:edit": "Create, change and delete clients.",
    "events:read": "See events.",
    "goods:read": "See products, locations, stock and movements.",
    "goods:create": "Create products and locations.",
    "installation:read": "See the queues, processes and checks of the whole installation.",
    "installation:manage": "Pause and rank what all organizations wait for, set their shares, try their jobs again.",
    "invoices:read": "See invoices, their payments, files and credit requests.",
    "invoices:issue": "Issue invoices, record their payments, and send mail.",
    "invoices:credit": "Credit invoices.",
    "jobs:read": "See jobs.",
    "jobs:create": "Submit jobs, of the types that the caller may do.",
    "jobs:cancel-own": "Cancel jobs that the caller asked for.",
    "jobs:cancel": "Cancel any job.",
    "jobs:retry": "Try failed jobs again.",
    "jobs:manage": "Create, change, pause and delete schedules.",
    "keys:read": "See the keys, without their secrets.",
    "keys:manage": "Create and revoke keys that may do no more than the caller.",
    "mailboxes:read": "See mailboxes and the mails that were read.",
    "mailboxes:manage": "Create, change, delete, test and read mailboxes.",
    "mails:read": "See the mails that were sent.",
    "personal-data:export": "Export what is kept of a client as a person.",
    "personal-data:remove": "Remove what is kept of a client as a person.",
    "purchases:read": "See purchases.",
    "purchases:create": "Create purchases.",
    "purchases:approve": "Approve purchases, and undo approvals.",
    "requests:read": "See invoice requests.",
    "requests:submit": "Submit invoice requests.",
    "sales:read": "See sales.",
    "sales:create": "Make sales, and undo them.",
    "schedules:read": "See schedules.",
    "suppliers:read": "See suppliers and the audits of their numbers.",
    "suppliers:manage": "Create and change suppliers with their number series.",
    "templates:read": "See templates.",
    "templates:manage": "Create and change templates.",
    "transfers:read": "See transfers.",
    "transfers:create": "Create transfers.",
    "transfers:send": "Send transfers, and undo it.",
    "transfers:complete": "Complete transfers.",
    "users:read": "See the users.",
    "users:manage": "Invite, change and disable users who may do no more than the caller.",
    "webhooks:read": "See webhooks and their deliveries.",
    "webhooks:manage": "Create, change, delete and test webhooks, and deliver events again.",
}
# Who has the first has the second.
IMPLIED = {"jobs:cancel": "jobs:cancel-own"}

VIEWER, CLERK, ACCOUNTANT, OWNER, OPERATOR = "viewer", "clerk", "accountant", "owner", "operator"


def _matching(*patterns: str) -> frozenset[str]:
    """Return the permissions of which `*:verb` or `noun:*` is true, or which are named."""
    wanted = {*patterns}
    halves = {name: name.split(":") for name in PERMISSIONS}
    found = {name for name, (noun, verb) in halves.items() if wanted & {name, f"{noun}:*", f"*:{verb}"}}
    return frozenset(found)


_of_installation = _matching("installation:*")
_viewer = _matching("*:read") - _of_installation
_clerk = _viewer | _matching(
    "invoices:issue", "requests:submit", "bills:upload", "bills:review", "clients:edit", "goods:create", "transfers:*",
    "sales:*", "purchases:create", "jobs:create", "jobs:cancel-own",
)  # fmt: skip
_accountant = _clerk | _matching(
    "bills:approve", "purchases:approve", "invoices:credit", "accounting:*", "jobs:retry", "jobs:cancel"
)
ROLES: Mapping[str, frozenset[str]] = {
    VIEWER: _viewer,
    CLERK: _clerk,
    ACCOUNTANT: _accountant,
    OWNER: frozenset(PERMISSIONS) - _of_installation,
    OPERATOR: frozenset(PERMISSIONS),
}


def within(held: frozenset[str]) -> list[str]:
    """Return the names of the roles that may do nothing beyond the permissions `held`."""
    return [name for name, permissions in ROLES.items() if permissions <= held]


def granted(role: str | None, scopes: Iterable[str] | None) -> frozenset[str]:
    """Return what the scopes allow or, without any, what the role does: without both, what an owner may."""
    named = ROLES[role or OWNER] if scopes is None else frozenset(scopes) & PERMISSIONS.keys()
    return named | {IMPLIED[name] for name in named & IMPLIED.keys()}


def lacking(permission: str) -> str:
    """Return the sentence that tells a caller what it may not do."""
    return say("this takes the permission %(name)s: %(means)s", name=permission, means=PERMISSIONS[permission])
