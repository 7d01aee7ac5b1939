"""People: users, the links by which they choose a password, and their sessions."""

from alembic import op

revision = "0019"
down_revision = "0018"

UP = (
    """CREATE TABLE users (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        organization_id bigint NOT NULL REFERENCES organizations,
        email text NOT NULL,
        folded_email text NOT NULL CONSTRAINT users_email_key UNIQUE,
        name text NOT NULL,
        role text NOT NULL,
        password_hash text,
        subject text CONSTRAINT users_subject_key UNIQUE,
        second_factor bytea,
        second_factor_at bigint NOT NULL DEFAULT 0,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        last_seen_at timestamptz,
        disabled_at timestamptz
    )""",
    "CREATE INDEX users_organization_idx ON users (organization_id, id)",
    """CREATE TABLE user_links (
        user_id bigint PRIMARY KEY REFERENCES users,
        token_hash bytea NOT NULL CONSTRAINT user_links_token_key UNIQUE,
        expires_at timestamptz NOT NULL
    )""",
    """CREATE TABLE user_sessions (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        user_id bigint NOT NULL REFERENCES users,
        token_hash bytea NOT NULL CONSTRAINT user_sessions_token_key UNIQUE,
        lacks_second_factor boolean NOT NULL,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        confirmed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        expires_at timestamptz NOT NULL,
        ended_at timestamptz,
        address inet,
        browser text
    )""",
    "CREATE INDEX user_sessions_user_idx ON user_sessions (user_id, id)",
    """CREATE TABLE login_attempts (
        counter bytea PRIMARY KEY,
        per_hour integer NOT NULL,
        level real NOT NULL,
        counted_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )""",
)
DOWN = (
    "DROP TABLE login_attempts",
    "DROP TABLE user_sessions",
    "DROP TABLE user_links",
    # An older version knows keys alone: what users wrote gets one that is revoked, and waits until it is saved again.
    """INSERT INTO api_keys (organization_id, name, key_hash, role, revoked_at)
        SELECT DISTINCT organization_id, 'users', sha256(('users' || organization_id)::bytea), 'viewer', now()
        FROM automations WHERE owner LIKE 'user:%'""",
    """UPDATE automations AS a SET owner = 'key:' || k.id FROM api_keys AS k
        WHERE owner LIKE 'user:%' AND key_hash = sha256(('users' || a.organization_id)::bytea)""",
    "DROP TABLE users",
)


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN:
        op.execute(statement)
