"""What the last audit of each series of numbers has found."""

from alembic import op

revision = "0021"
down_revision = "0020"

# As 0020 has it for all others.
IS_OWN = "CAST(coalesce(organization_id <> (SELECT confined_to()), false) AS integer) <> 1"
UP = (
    """CREATE TABLE series_audits (
        supplier_id bigint NOT NULL REFERENCES suppliers,
        code text NOT NULL,
        organization_id bigint NOT NULL REFERENCES organizations,
        audited_at timestamptz NOT NULL,
        whole boolean NOT NULL,
        PRIMARY KEY (supplier_id, code)
    )""",
    "CREATE INDEX series_audits_organization_idx ON series_audits (organization_id)",
    f"CREATE POLICY own_rows ON series_audits USING ({IS_OWN})",
    "ALTER TABLE series_audits ENABLE ROW LEVEL SECURITY",
)


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE series_audits")
