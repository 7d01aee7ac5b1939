"""That a job's organization exists is looked up once a statement: a foreign key looks, and locks, once a row.

That was half of what writing many jobs took.
"""

from alembic import op

revision = "0008"
down_revision = "0007"

UP = (
    """CREATE FUNCTION require_organizations() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM (SELECT DISTINCT organization_id FROM written) AS asked
               WHERE NOT EXISTS (SELECT FROM organizations WHERE id = organization_id)) THEN
        RAISE 'a job needs an organization that exists' USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$""",
    """CREATE TRIGGER require_organizations AFTER INSERT ON open_jobs REFERENCING NEW TABLE AS written
        FOR EACH STATEMENT EXECUTE FUNCTION require_organizations()""",
    "ALTER TABLE open_jobs DROP CONSTRAINT jobs_organization_id_fkey",
)
DOWN = (
    """ALTER TABLE open_jobs ADD CONSTRAINT jobs_organization_id_fkey
        FOREIGN KEY (organization_id) REFERENCES organizations""",
    "DROP TRIGGER require_organizations ON open_jobs",
    "DROP FUNCTION require_organizations",
)


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN:
        op.execute(statement)
