"""The invariants I1-I10, and A1 and A2 of the journal, as SQL.

Each query returns the rows at fault, so a healthy database returns none."""

from typing import NamedTuple


class Rule(NamedTuple):
    """A rule that only holds `after_drain` is skipped while work goes on."""

    name: str
    text: str
    sql: str
    after_drain: bool = False


ACCEPTED = """jsonb_to_recordset(%(accepted)s::jsonb)
              AS a (organization_id bigint, request_id bigint, idempotency_key text)"""

REQUESTS = (
    Rule("I1", "each accepted request is there", f"""
        SELECT a.* FROM {ACCEPTED} LEFT JOIN jobs AS j ON j.id = a.request_id
        WHERE j.organization_id IS DISTINCT FROM a.organization_id"""),
    Rule("I1", "each accepted request is in a final state", f"""
        SELECT j.id, j.status, j.attempts, j.error FROM {ACCEPTED} JOIN jobs AS j ON j.id = a.request_id
        WHERE j.status NOT IN ('COMPLETED', 'FAILED', 'CANCELLED')""", after_drain=True),
    Rule("I2", "one invoice a request", """
        SELECT job_id, array_agg(invoice_number ORDER BY number) AS invoices FROM invoices
        WHERE job_id IS NOT NULL GROUP BY job_id HAVING count(*) > 1"""),
    Rule("I2", "one accepted request for each idempotency key", f"""
        SELECT organization_id, idempotency_key, array_agg(DISTINCT request_id) AS requests
        FROM {ACCEPTED} WHERE idempotency_key IS NOT NULL
        GROUP BY 1, 2 HAVING count(DISTINCT request_id) > 1"""),
    Rule("I2", "a key's kept answer is the answer that was given", f"""
        SELECT a.*, k.response FROM {ACCEPTED} LEFT JOIN idempotency_keys AS k
            ON k.organization_id = a.organization_id AND k.key = a.idempotency_key
        WHERE a.idempotency_key IS NOT NULL
          AND (k.response -> 'body' ->> 'requestId')::bigint IS DISTINCT FROM a.request_id"""),
    Rule("I2", "a key's kept answer names a request of its organization, and no two keys the same", """
        SELECT k.organization_id, k.key, k.response FROM (
            SELECT *, response -> 'body' ->> 'requestId' AS request_id,
                   count(*) OVER (PARTITION BY response -> 'body' ->> 'requestId') AS sharers
            FROM idempotency_keys
        ) AS k LEFT JOIN jobs AS j ON j.id = k.request_id::bigint
        WHERE k.request_id IS NOT NULL
          AND (j.organization_id IS DISTINCT FROM k.organization_id OR sharers > 1)"""),
)  # fmt: skip

NUMBERS = (
    Rule("I3", "numbers run from the start number without a gap", """
        SELECT supplier_id, series_code, number, expected FROM (
            SELECT i.supplier_id, i.series_code, i.number, s.start_number - 1 + row_number() OVER (
                PARTITION BY i.supplier_id, i.series_code ORDER BY i.number) AS expected
            FROM invoices AS i
            LEFT JOIN number_series AS s ON s.supplier_id = i.supplier_id AND s.code = i.series_code
        ) AS numbered WHERE number IS DISTINCT FROM expected"""),
    Rule("I3", "numbers follow the order of issue", """
        SELECT supplier_id, series_code, number, id, created_at FROM (
            SELECT *, lag(id) OVER series AS previous_id, lag(created_at) OVER series AS previous_at
            FROM invoices WINDOW series AS (PARTITION BY supplier_id, series_code ORDER BY number)
        ) AS ordered WHERE id < previous_id OR created_at < previous_at"""),
    Rule("I3", "the printed number ends with the number", """
        SELECT id, number, invoice_number FROM invoices
        WHERE right(invoice_number, length(number::text)) <> number::text"""),
    Rule("I3", "each counter stands at its series' last number", """
        SELECT s.supplier_id, s.code, s.last_number, max(i.number) AS issued FROM number_series AS s
        LEFT JOIN invoices AS i ON i.supplier_id = s.supplier_id AND i.series_code = s.code
        GROUP BY s.supplier_id, s.code HAVING s.last_number <> coalesce(max(i.number), 0)"""),
)  # fmt: skip

JOBS = (
    Rule("I4", "COMPLETED has one invoice and its result names it; any other state has none", """
        SELECT j.id, j.status, j.result, array_agg(i.id) AS invoice_ids
        FROM jobs AS j LEFT JOIN invoices AS i ON i.job_id = j.id WHERE j.kind = 'invoice.generate'
        GROUP BY j.id HAVING (j.status = 'COMPLETED') <> (count(i.id) > 0)
            OR (count(i.id) > 0 AND NOT bool_or(coalesce(j.result = jsonb_build_object(
                'invoiceId', i.id, 'invoiceNumber', i.invoice_number), false)))"""),
    Rule("I5", "attempts are counted at the claim and never exceed the maximum", """
        SELECT id, status, attempts, max_attempts FROM jobs
        WHERE attempts > max_attempts
           OR (status IN ('PROCESSING', 'COMPLETED', 'FAILED') AND attempts < 1)"""),
    Rule("I5", "a lease belongs to PROCESSING alone, an end to the final states", """
        SELECT id, status, lease_token, lease_expires_at, completed_at FROM jobs
        WHERE (status = 'PROCESSING') <> (lease_token IS NOT NULL)
           OR (lease_token IS NULL) <> (lease_expires_at IS NULL)
           OR (status IN ('COMPLETED', 'FAILED', 'CANCELLED')) <> (completed_at IS NOT NULL)"""),
    Rule("I6", "no job waits any more", """
        SELECT id, status, attempts, available_at, error FROM jobs
        WHERE status = 'PENDING'""", after_drain=True),
    Rule("I10", "a PENDING job has one outbox entry, any other none", """
        SELECT j.id, j.status, o.job_id AS entry FROM jobs AS j FULL JOIN outbox AS o ON o.job_id = j.id
        WHERE j.id IS NULL OR (j.status = 'PENDING') <> (o.job_id IS NOT NULL)"""),
    Rule("I10", "nothing is PROCESSING", """
        SELECT id, attempts, lease_expires_at FROM jobs
        WHERE status = 'PROCESSING'""", after_drain=True),
)  # fmt: skip

INVOICES = (
    Rule("I7", "an invoice, its supplier, client and job share one organization", """
        SELECT i.id, i.organization_id, s.organization_id AS supplier, c.organization_id AS client,
               j.organization_id AS job
        FROM invoices AS i LEFT JOIN suppliers AS s ON s.id = i.supplier_id
        LEFT JOIN clients AS c ON c.id = i.client_id LEFT JOIN jobs AS j ON j.id = i.job_id
        WHERE (i.organization_id, i.organization_id, i.organization_id) IS DISTINCT FROM
              (s.organization_id, c.organization_id, coalesce(j.organization_id, i.organization_id))"""),
    Rule("I9", "totals are the sums of the lines, and each invoice has lines", """
        SELECT i.id, i.subtotal, i.tax_total, i.total, sum(l.line_total) AS lines FROM invoices AS i
        LEFT JOIN invoice_items AS l ON l.invoice_id = i.id GROUP BY i.id
        HAVING (i.subtotal, i.tax_total, i.total) IS DISTINCT FROM
               (sum(l.line_subtotal), sum(l.line_tax), sum(l.line_total))
            OR count(*) <> max(l.line_number)"""),
    Rule("I9", "each counter keeps the hash of its series' last invoice", """
        SELECT s.supplier_id, s.code, s.last_number, s.last_hash FROM number_series AS s
        LEFT JOIN invoices AS i
            ON i.supplier_id = s.supplier_id AND i.series_code = s.code AND i.number = s.last_number
        WHERE s.last_hash <> coalesce(i.hash, decode(repeat('00', 32), 'hex'))"""),
    Rule("I9", "the triggers that freeze issued rows are armed", """
        SELECT frozen.name, bit_or(t.tgtype::integer) FROM unnest(ARRAY['invoices', 'invoice_items', 'journal_entries',
            'journal_lines']) AS frozen (name)
        LEFT JOIN pg_trigger AS t ON t.tgrelid = frozen.name::regclass AND t.tgenabled = 'O'
        GROUP BY frozen.name HAVING coalesce(bit_or(t.tgtype::integer), 0) & 56 <> 56"""),
)  # fmt: skip

JOURNAL = (
    Rule("A1", "each live entry balances, and has lines", """
        SELECT e.id, e.document_type, e.document_id, sum(l.debit) AS debit, sum(l.credit) AS credit
        FROM journal_entries AS e LEFT JOIN journal_lines AS l ON l.entry_id = e.id
        WHERE e.deleted_at IS NULL GROUP BY e.id
        HAVING sum(l.debit) IS DISTINCT FROM sum(l.credit) OR count(l.entry_id) = 0"""),
    Rule("A1", "at most one entry of a document is live", """
        SELECT document_type, document_id, array_agg(id) AS entries FROM journal_entries
        WHERE deleted_at IS NULL GROUP BY document_type, document_id HAVING count(*) > 1"""),
    Rule("A2", "no live entry is ahead of its document, nor of what the document was entered as", """
        SELECT e.id, e.version, d.version AS document, d.entered_version FROM journal_entries AS e
        LEFT JOIN accounting_documents AS d USING (document_type, document_id)
        WHERE e.deleted_at IS NULL AND (e.version <= d.version AND e.version <= d.entered_version) IS NOT TRUE"""),
    Rule("A2", "an entry, its document and its lines share one organization", """
        SELECT e.id, e.organization_id, d.organization_id AS document, l.organization_id AS line
        FROM journal_entries AS e LEFT JOIN accounting_documents AS d USING (document_type, document_id)
        JOIN journal_lines AS l ON l.entry_id = e.id
        WHERE (d.organization_id, l.organization_id) IS DISTINCT FROM (e.organization_id, e.organization_id)"""),
    Rule("A2", "each issued invoice is entered at its last version", """
        SELECT i.id, d.version, d.entered_version FROM invoices AS i LEFT JOIN accounting_documents AS d
            ON d.document_type = 'invoice' AND d.document_id = i.id
        WHERE (d.entered_version = d.version) IS NOT TRUE""", after_drain=True),
)  # fmt: skip

RULES = REQUESTS + NUMBERS + JOBS + INVOICES + JOURNAL

OPEN_TRANSACTIONS_AND_LOCKS = """
    SELECT 'idle in transaction since ' || state_change AS what, pid, query FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'counterfoil'
      AND state LIKE 'idle in transaction%'
    UNION ALL
    SELECT 'advisory lock', pid, objid::text FROM pg_locks WHERE locktype = 'advisory'
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""

WATCH = """
    CREATE TABLE observed_moves (job_id bigint, before text, after text, attempts smallint,
        gained smallint, token uuid, transaction xid8 DEFAULT pg_current_xact_id());
    CREATE FUNCTION observe_move() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        -- A test may let time pass by hand; that is no move.
        IF to_jsonb(NEW) - '{lease_expires_at,available_at,completed_at,created_at}'::text[]
           IS DISTINCT FROM to_jsonb(OLD) - '{lease_expires_at,available_at,completed_at,created_at}'::text[] THEN
            INSERT INTO observed_moves VALUES (NEW.id, OLD.status, NEW.status, NEW.attempts,
                NEW.attempts - coalesce(OLD.attempts, 0), NEW.lease_token);
        END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER observe_moves AFTER INSERT OR UPDATE ON jobs
        FOR EACH ROW EXECUTE FUNCTION observe_move()"""

WATCHED_RULES = (
    Rule("I5", "only the lifecycle's moves are made", """
        SELECT * FROM observed_moves WHERE coalesce(before, '-') || '>' || after <> ALL(%(moves)s)"""),
    Rule("I5", "a claim takes one attempt, a release may hand it back, a requeue gives all back", """
        SELECT * FROM observed_moves WHERE NOT CASE
            WHEN before = 'PENDING' AND after = 'PROCESSING' THEN gained = 1
            WHEN before = 'PROCESSING' AND after = 'PENDING' THEN gained IN (0, -1)
            WHEN after = 'PENDING' THEN attempts = 0 ELSE gained = 0 END"""),
    Rule("I5", "each claim has a lease token of its own", """
        SELECT token, count(DISTINCT transaction) AS claims FROM observed_moves
        WHERE before = 'PENDING' AND after = 'PROCESSING'
        GROUP BY token HAVING count(DISTINCT transaction) > 1"""),
)  # fmt: skip
