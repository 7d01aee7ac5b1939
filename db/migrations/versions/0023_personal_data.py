"""What is kept of a person is encrypted under a key of its own, so that it is gone when the key is."""

from alembic import op

revision = "0023"
down_revision = "0022"

UP = (
    "ALTER TABLE data_keys ADD COLUMN client_id bigint REFERENCES clients",
    "ALTER TABLE data_keys DROP CONSTRAINT data_keys_organization_id_key",
    "CREATE UNIQUE INDEX data_keys_organization_key ON data_keys (organization_id) WHERE client_id IS NULL",
    "CREATE UNIQUE INDEX data_keys_client_key ON data_keys (client_id) WHERE client_id IS NOT NULL",
    # Runs as the owner, whom no policy confines.
    """CREATE FUNCTION remove_client_key(of_organization bigint, of_client bigint) RETURNS SETOF bigint
        SECURITY DEFINER LANGUAGE sql SET search_path FROM CURRENT
        AS $$ DELETE FROM data_keys WHERE client_id = of_client AND organization_id = of_organization
            AND organization_id = coalesce(confined_to(), organization_id) RETURNING id $$""",
    "REVOKE EXECUTE ON FUNCTION remove_client_key(bigint, bigint) FROM PUBLIC",
    "ALTER TABLE clients ADD COLUMN contact bytea",
    "ALTER TABLE clients ADD COLUMN email_index bytea",
    "ALTER TABLE clients ADD COLUMN personal_data_removed_at timestamptz",
    "ALTER TABLE clients ALTER COLUMN address_line1 DROP NOT NULL",
    "ALTER TABLE clients ALTER COLUMN city DROP NOT NULL",
    """ALTER TABLE clients ADD CONSTRAINT clients_contact_check CHECK (contact IS NOT NULL
        OR personal_data_removed_at IS NOT NULL OR (address_line1 IS NOT NULL AND city IS NOT NULL))""",
    "CREATE INDEX clients_email_idx ON clients (organization_id, email_index) WHERE email_index IS NOT NULL",
    "ALTER TABLE mails ADD COLUMN client_id bigint REFERENCES clients",
    "ALTER TABLE mails ADD COLUMN addresses bytea",
    "CREATE INDEX mails_client_idx ON mails (client_id) WHERE client_id IS NOT NULL",
    # What is to be emptied once its retention is over.
    "CREATE INDEX mailbox_mails_personal_idx ON mailbox_mails (created_at) WHERE sender <> '' OR subject <> ''",
    "CREATE INDEX bills_rejected_idx ON bills (decided_at) WHERE status = 'rejected' AND reading IS NOT NULL",
    # What is still to be encrypted, which soon is nothing.
    "CREATE INDEX clients_plain_idx ON clients (id) WHERE contact IS NULL AND personal_data_removed_at IS NULL",
)
DOWN = (
    # What is encrypted cannot be written back here, where no master key is.
    """DO $$ BEGIN
        IF EXISTS (SELECT FROM clients WHERE contact IS NOT NULL)
            OR EXISTS (SELECT FROM mails WHERE addresses IS NOT NULL) THEN
            RAISE EXCEPTION 'personal data is encrypted: restore a backup to go back';
        END IF;
    END $$""",
    "DROP INDEX clients_plain_idx",
    "DROP INDEX bills_rejected_idx",
    "DROP INDEX mailbox_mails_personal_idx",
    "DROP INDEX mails_client_idx",
    "ALTER TABLE mails DROP COLUMN addresses",
    "ALTER TABLE mails DROP COLUMN client_id",
    "DROP INDEX clients_email_idx",
    "ALTER TABLE clients DROP CONSTRAINT clients_contact_check",
    "UPDATE clients SET address_line1 = coalesce(address_line1, ''), city = coalesce(city, '')"
    " WHERE personal_data_removed_at IS NOT NULL",
    "ALTER TABLE clients ALTER COLUMN city SET NOT NULL",
    "ALTER TABLE clients ALTER COLUMN address_line1 SET NOT NULL",
    "ALTER TABLE clients DROP COLUMN personal_data_removed_at",
    "ALTER TABLE clients DROP COLUMN email_index",
    "ALTER TABLE clients DROP COLUMN contact",
    "DROP FUNCTION remove_client_key(bigint, bigint)",
    "DROP INDEX data_keys_client_key",
    "DROP INDEX data_keys_organization_key",
    "DELETE FROM data_keys WHERE client_id IS NOT NULL",
    "ALTER TABLE data_keys DROP COLUMN client_id",
    "ALTER TABLE data_keys ADD CONSTRAINT data_keys_organization_id_key UNIQUE (organization_id)",
)


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN:
        op.execute(statement)
