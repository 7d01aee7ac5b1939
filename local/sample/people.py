"""The people and keys of the sample company."""

from datetime import timedelta
from typing import Any

from local.access import choose_password
from local.sample.asking import Asking
from local.sample.company import DOMAIN

OWNER = f"owner@{DOMAIN}"
COLLEAGUES = [
    ("grace", "Grace O'Malley", "accountant"),
    ("tom", "Tom Byrne", "clerk"),
    ("vera", "Vera Klein", "viewer"),
]
# The last of them expires.
KEYS: list[dict[str, Any]] = [
    {"name": "Web shop", "scopes": ["requests:submit", "requests:read", "clients:read"]},
    {"name": "Warehouse scanner", "role": "clerk"},
    {"name": "Tax adviser", "role": "viewer"},
]


def find_owner(asking: Asking) -> int | None:
    """Return the id of the owner who can log in, if there is one."""
    return next((user["id"] for user in asking.get("users") if user["email"] == OWNER), None)


def let_owner_in(asking: Asking, url: str) -> str:
    """Return the owner's new password; the owner is made if there is none."""
    known = find_owner(asking)
    body = {"email": OWNER, "name": "Aoife Brennan", "role": "owner"}
    path = "users" if known is None else f"users/{known}/link"
    # An answer that is given again has no link.
    answer = asking.make("the owner's link", path, {} if known else body, once=False)
    return choose_password(url, answer["link"])


def make_colleagues(asking: Asking) -> None:
    """There are three more users, invited and not yet in, and the keys of other programs."""
    for mailbox, name, role in COLLEAGUES:
        asking.make(f"user {mailbox}", "users", {"email": f"{mailbox}@{DOMAIN}", "name": name, "role": role})
    ends = {"expiresAt": f"{asking.day + timedelta(days=365)}T00:00:00Z"}
    for index, key in enumerate(KEYS):
        asking.make(f"key {index}", "keys", key | (ends if key is KEYS[-1] else {}))
