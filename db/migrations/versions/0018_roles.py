"""What a key may do, who asked for a job, and who did what."""

from alembic import op

revision = "0018"
down_revision = "0017"

UP = (
    """ALTER TABLE api_keys ADD role text, ADD scopes text[], ADD last_four text, ADD expires_at timestamptz,
        ADD last_used_at timestamptz""",
    "UPDATE api_keys SET role = CASE WHEN operator THEN 'operator' ELSE 'owner' END",
    """ALTER TABLE api_keys DROP operator,
        ADD CONSTRAINT api_keys_allow_check CHECK ((role IS NULL) <> (scopes IS NULL))""",
    "CREATE INDEX api_keys_organization_idx ON api_keys (organization_id, id)",
    "ALTER TABLE jobs ADD created_by text",
    "ALTER TABLE automations ADD owner text",
    "UPDATE automations SET owner = 'key:' || key_id",
    "ALTER TABLE automations ALTER owner SET NOT NULL, DROP key_id",
    """CREATE TABLE audit_log (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        organization_id bigint NOT NULL REFERENCES organizations,
        actor text NOT NULL,
        actor_name text NOT NULL,
        action text NOT NULL,
        target text NOT NULL,
        address inet,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )""",
    "CREATE INDEX audit_log_organization_idx ON audit_log (organization_id, id)",
)
DOWN = (
    "DROP TABLE audit_log",
    "ALTER TABLE automations ADD key_id bigint REFERENCES api_keys",
    "UPDATE automations SET key_id = CAST(split_part(owner, ':', 2) AS bigint)",
    "ALTER TABLE automations ALTER key_id SET NOT NULL, DROP owner",
    "ALTER TABLE jobs DROP created_by",
    "DROP INDEX api_keys_organization_idx",
    "ALTER TABLE api_keys ADD operator boolean NOT NULL DEFAULT false, DROP CONSTRAINT api_keys_allow_check",
    "UPDATE api_keys SET operator = true WHERE role = 'operator'",
    # An older version would let it do everything.
    """UPDATE api_keys SET revoked_at = clock_timestamp()
        WHERE revoked_at IS NULL AND (expires_at IS NOT NULL OR role IS NULL OR role NOT IN ('owner', 'operator'))""",
    "ALTER TABLE api_keys DROP role, DROP scopes, DROP last_four, DROP expires_at, DROP last_used_at",
)


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN:
        op.execute(statement)
