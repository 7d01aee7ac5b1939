"""Jobs and pending events know the trace of the request or job that led to them."""

from alembic import op

revision = "0024"
down_revision = "0023"

# The rows that are there have none: nobody waits while they are read to prove it.
IS_ONE = "CHECK (length(traceparent) = 55) NOT VALID"
TELL_OF_JOB = """CREATE OR REPLACE FUNCTION tell_of_job() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO pending_events (organization_id, type, data{column})
    SELECT organization_id, CASE
            WHEN NEW.status = 'CANCELLED' THEN 'job.cancelled'
            WHEN NEW.kind IN ('invoice.generate', 'invoice.credit') THEN 'invoice_request.failed'
            ELSE 'job.failed' END,
        jsonb_strip_nulls(jsonb_build_object('jobId', NEW.id, 'kind', NEW.kind, 'error', NEW.error)){value}
    FROM event_streams WHERE organization_id = NEW.organization_id;
    RETURN NULL;
END $$"""
FAIL_BILL = """CREATE OR REPLACE FUNCTION fail_bill() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    WITH failed AS (
        UPDATE bills SET status = 'error', updated_at = clock_timestamp(), message = CASE NEW.status
            WHEN 'CANCELLED' THEN 'its job was cancelled: process the bill again'
            ELSE coalesce(NEW.error, 'its job failed') END
        WHERE job_id = NEW.id AND status IN ('received', 'processing')
        RETURNING id, organization_id, file_name, message
    ) INSERT INTO pending_events (organization_id, type, data{column})
    SELECT organization_id, 'bill.failed',
        jsonb_build_object('billId', failed.id, 'fileName', file_name, 'error', message){value}
    FROM failed JOIN event_streams USING (organization_id);
    RETURN NULL;
END $$"""
KNOWING, UNKNOWING = {"column": ", traceparent", "value": ", NEW.traceparent"}, {"column": "", "value": ""}


def upgrade() -> None:
    op.execute("ALTER TABLE jobs ADD traceparent text")
    op.execute(f"ALTER TABLE jobs ADD CONSTRAINT jobs_traceparent_check {IS_ONE}")
    op.execute("ALTER TABLE pending_events ADD traceparent text")
    for function in (TELL_OF_JOB, FAIL_BILL):
        op.execute(function.format(**KNOWING))


def downgrade() -> None:
    for function in (TELL_OF_JOB, FAIL_BILL):
        op.execute(function.format(**UNKNOWING))
    op.execute("ALTER TABLE pending_events DROP traceparent")
    op.execute("ALTER TABLE jobs DROP traceparent")
