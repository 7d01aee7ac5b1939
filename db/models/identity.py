from datetime import datetime

from sqlalchemy import BigInteger, Boolean, ForeignKey, Integer, LargeBinary, SmallInteger, Text, false, text
from sqlalchemy.dialects.postgresql import ARRAY, INET, REAL
from sqlalchemy.orm import Mapped, mapped_column

from db.models.columns import TIME, Base, BigId, OrganizationId, Timestamp


class Organization(Base):
    __tablename__ = "organizations"

    id: Mapped[BigId]
    name: Mapped[str] = mapped_column(Text)
    # Its share when organizations take turns, and how many of its jobs may be out at once.
    weight: Mapped[int] = mapped_column(SmallInteger, server_default=text("1"))
    max_running: Mapped[int | None] = mapped_column(Integer)
    # Quotas of its own; None means the installation's.
    max_requests_per_second: Mapped[int | None] = mapped_column(Integer)
    max_stored_mb: Mapped[int | None] = mapped_column(Integer)
    max_templates: Mapped[int | None] = mapped_column(Integer)
    max_invoices_per_day: Mapped[int | None] = mapped_column(Integer)
    currency_code: Mapped[str] = mapped_column(Text, server_default="EUR")
    # That of the installation itself, of which there is one at the most.
    system: Mapped[bool] = mapped_column(Boolean, server_default=false())
    created_at: Mapped[Timestamp]


class ApiKey(Base):
    """A key is known by its SHA-256 alone; the plain key is shown once, when it is made."""

    __tablename__ = "api_keys"

    id: Mapped[BigId]
    organization_id: Mapped[OrganizationId]
    name: Mapped[str] = mapped_column(Text)
    key_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    created_at: Mapped[Timestamp]
    revoked_at: Mapped[datetime | None] = mapped_column(TIME)
    # What it may do: either its role says it, or its scopes do.
    role: Mapped[str | None] = mapped_column(Text)
    scopes: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    last_four: Mapped[str | None] = mapped_column(Text)
    expires_at: Mapped[datetime | None] = mapped_column(TIME)
    # To the minute.
    last_used_at: Mapped[datetime | None] = mapped_column(TIME)


class User(Base):
    """A person of an organization, known by an address that is unique over the installation."""

    __tablename__ = "users"

    id: Mapped[BigId]
    organization_id: Mapped[OrganizationId]
    email: Mapped[str] = mapped_column(Text)
    folded_email: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    # None until one is chosen.
    password_hash: Mapped[str | None] = mapped_column(Text)
    # Who it is to the provider of OpenID Connect: issuer and subject, with a space between.
    subject: Mapped[str | None] = mapped_column(Text, unique=True)
    # The encrypted secret of the second factor, and the last of its steps that was used.
    second_factor: Mapped[bytes | None] = mapped_column(LargeBinary)
    second_factor_at: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    created_at: Mapped[Timestamp]
    last_seen_at: Mapped[datetime | None] = mapped_column(TIME)
    disabled_at: Mapped[datetime | None] = mapped_column(TIME)


class UserLink(Base):
    """The link by which a user chooses a password, once."""

    __tablename__ = "user_links"

    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"), primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    expires_at: Mapped[datetime] = mapped_column(TIME)


class UserSession(Base):
    """A browser that a user has logged in with, known by the SHA-256 of its cookie."""

    __tablename__ = "user_sessions"

    id: Mapped[BigId]
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    lacks_second_factor: Mapped[bool] = mapped_column(Boolean)
    created_at: Mapped[Timestamp]
    # When the password was given last.
    confirmed_at: Mapped[Timestamp]
    # To the minute.
    seen_at: Mapped[Timestamp]
    expires_at: Mapped[datetime] = mapped_column(TIME)
    ended_at: Mapped[datetime | None] = mapped_column(TIME)
    address: Mapped[str | None] = mapped_column(INET)
    browser: Mapped[str | None] = mapped_column(Text)


class LoginAttempts(Base):
    """How many attempts to log in were made of late at one account or from one address, as a leaky bucket."""

    __tablename__ = "login_attempts"

    counter: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    per_hour: Mapped[int] = mapped_column(Integer)
    level: Mapped[float] = mapped_column(REAL)
    counted_at: Mapped[Timestamp]


class AuditEntry(Base):
    """That somebody did something. The parts may add rows and read them, and nothing else."""

    __tablename__ = "audit_log"

    id: Mapped[BigId]
    organization_id: Mapped[OrganizationId]
    actor: Mapped[str] = mapped_column(Text)
    # As it was called at that time.
    actor_name: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    target: Mapped[str] = mapped_column(Text)
    address: Mapped[str | None] = mapped_column(INET)
    created_at: Mapped[Timestamp]
