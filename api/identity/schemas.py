from marshmallow import fields

from api.http.fields import Choice, Instant, Text
from api.http.pagination import Page
from api.http.schema import CamelSchema
from domain.identity import roles

ACTOR = "^(key|user):[0-9]{1,18}$"
NO_ACTOR = "be such as key:7 or user:7"


class Key(CamelSchema):
    """A key; what opens with it is not kept. `scopes` are permissions, `lastUsedAt` is to the minute."""

    id = fields.Integer()
    name = fields.String()
    last_four = fields.String(
        allow_none=True, metadata={"description": "Its last four letters; null if it was made by an early version."}
    )
    role = Choice(*roles.ROLES, allow_none=True)
    scopes = fields.List(fields.String(), allow_none=True)
    created_at = Instant()
    expires_at = Instant(allow_none=True)
    last_used_at = Instant(allow_none=True)


class KeyWithSecret(Key):
    """`key` is shown this once: only its SHA-256 is kept."""

    key = fields.String()


class User(CamelSchema):
    """A person; `lastSeenAt` is to the minute."""

    id = fields.Integer()
    email = fields.String()
    name = fields.String()
    role = Choice(*roles.ROLES)
    disabled = fields.Function(lambda user: user.disabled_at is not None, metadata={"type": "boolean"})
    has_password = fields.Function(lambda user: user.password_hash is not None, metadata={"type": "boolean"})
    second_factor = fields.Function(
        lambda user: user.second_factor is not None,
        metadata={"type": "boolean", "description": "Whether a code of an authenticator is asked for as well."},
    )
    created_at = Instant()
    last_seen_at = Instant(allow_none=True)


class LinkMade(CamelSchema):
    """`link` is shown this once; it is a path where COUNTERFOIL_PUBLIC_URL is not set."""

    link = fields.String()


class UserWithLink(User, LinkMade):
    """`link` is shown this once: by it the user chooses a password."""


class AuditPage(Page):
    actor = Text(30, pattern=ACTOR, meant=NO_ACTOR, description="Only what this one did, such as user:7.")
    action = Text(100, description="Only this operation, by its operationId.")


class AuditEntry(CamelSchema):
    """`actor` did `action`, an operation of this spec, to `target`, its path or that of what it made."""

    id = fields.Integer()
    actor = fields.String()
    actor_name = fields.String(metadata={"description": "What it was called then."})
    action = fields.String()
    target = fields.String()
    address = fields.Function(
        lambda entry: entry.address and str(entry.address), metadata={"type": ["string", "null"], "format": "ip"}
    )
    created_at = Instant()
