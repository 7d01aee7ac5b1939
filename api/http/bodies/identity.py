"""Keys and users as operations and forms take them."""

from marshmallow import ValidationError, validates_schema

from api.http.bodies.mail import EmailAddress
from api.http.fields import Choice, Flag, Instant, Many, Text
from api.http.schema import Body, OptionalBody
from domain.identity import roles

MAX_SCOPES = 100


class KeyBody(Body):
    """A role or scopes say what the key may do; without both it may do what an owner may."""

    EXAMPLES = {
        "A shop that submits invoices": {"name": "Shop", "scopes": ["requests:submit", "requests:read"]},
        "A bookkeeper, until the end of the year": {
            "name": "Ada", "role": "accountant", "expiresAt": "2099-12-31T23:59:59Z",
        },
    }  # fmt: skip

    name = Text(100, required=True)
    role = Choice(*roles.ROLES)
    scopes = Many(Choice(*roles.PERMISSIONS), 1, MAX_SCOPES)
    expires_at = Instant(description="From then on it opens nothing; without it, it is valid until it is revoked.")

    @validates_schema
    def says_one(self, data: dict, **_: object) -> None:
        if data.get("role") and data.get("scopes"):
            raise ValidationError("must be absent where there is a role", "scopes")


class LinkBody(OptionalBody):
    EXAMPLES = {"To be handed over": {}, "By mail": {"sendMail": True}}

    send_mail = Flag(load_default=False, description="Send the link to the user's address.")


class UserBody(LinkBody):
    EXAMPLES = {"A bookkeeper": {"email": "grace@example.com", "name": "Grace Hopper", "role": "accountant"}}

    email = EmailAddress()
    name = Text(100, required=True)
    role = Choice(*roles.ROLES, required=True)


class UserChangeBody(Body):
    EXAMPLES = {
        "Another role": {"name": "Grace Hopper", "role": "clerk"},
        "Whoever has left": {"name": "Grace Hopper", "role": "clerk", "disabled": True},
    }

    name = Text(100, required=True)
    role = Choice(*roles.ROLES, required=True)
    disabled = Flag(load_default=False)
