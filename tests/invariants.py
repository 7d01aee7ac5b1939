"""The invariants I1-I13, A1 to A3 of the journal, B1 of bills and E1 of events, as SQL: each returns the rows at fault.

A healthy database returns none."""

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
    Rule("I3", "the printed number ends with the number, but in a series whose numbers restart", """
        SELECT i.id, i.number, invoice_number FROM invoices AS i JOIN number_series AS s
            ON s.supplier_id = i.supplier_id AND s.code = i.series_code AND s.restart = 'never'
        WHERE right(invoice_number, length(number::text)) <> number::text"""),
    Rule("I3", "no supplier prints a number twice", """
        SELECT supplier_id, invoice_number FROM invoices GROUP BY 1, 2 HAVING count(*) > 1"""),
    Rule("I3", "each counter stands at its series' last number", """
        SELECT s.supplier_id, s.code, s.last_number, max(i.number) AS issued FROM number_series AS s
        LEFT JOIN invoices AS i ON i.supplier_id = s.supplier_id AND i.series_code = s.code
        GROUP BY s.supplier_id, s.code, s.last_number HAVING s.last_number <> coalesce(max(i.number), 0)"""),
)  # fmt: skip

JOBS = (
    Rule("I4", "COMPLETED has one invoice and its result names it; any other state has none", """
        SELECT j.id, j.status, j.result, array_agg(i.id) AS invoice_ids
        FROM jobs AS j LEFT JOIN invoices AS i ON i.job_id = j.id WHERE j.kind IN ('invoice.generate', 'invoice.credit')
        GROUP BY j.id, j.status, j.result HAVING (j.status = 'COMPLETED') <> (count(i.id) > 0)
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
        SELECT id, status, attempts, available_at, error FROM jobs WHERE status = 'PENDING'""", after_drain=True),
    Rule("I10", "a PENDING job has one outbox entry, any other none", """
        SELECT j.id, j.status, o.job_id AS entry FROM jobs AS j FULL JOIN outbox AS o ON o.job_id = j.id
        WHERE j.id IS NULL OR (j.status = 'PENDING') <> (o.job_id IS NOT NULL)"""),
    Rule("B1", "a bill is under way while its job is", """
        SELECT bills.id, bills.status, job_id, j.status AS job FROM bills LEFT JOIN jobs AS j ON j.id = job_id
        WHERE bills.status IN ('received', 'processing') AND (j.status IN ('PENDING', 'PROCESSING')) IS NOT TRUE"""),
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
    Rule("I9", "no more of a line is credited than it has", """
        SELECT line.invoice_id, line.line_number, line.quantity, line.line_total,
            sum(l.quantity) AS credited, sum(l.line_total) AS credited_total
        FROM invoices AS note JOIN invoice_items AS l ON l.invoice_id = note.id
        JOIN invoice_items AS line ON line.invoice_id = note.credited_invoice_id AND line.line_number = l.credited_line
        GROUP BY line.invoice_id, line.line_number
        HAVING sum(l.quantity) > line.quantity OR sum(l.line_total) > line.line_total
            OR (sum(l.quantity) = line.quantity AND sum(l.line_total) <> line.line_total)"""),
    Rule("I9", "each line of a credit note is one of the invoice that it credits, and no other's is", """
        SELECT l.invoice_id, l.line_number FROM invoice_items AS l JOIN invoices AS i ON i.id = l.invoice_id
        LEFT JOIN invoice_items AS line
            ON line.invoice_id = i.credited_invoice_id AND line.line_number = l.credited_line
        WHERE (i.document_type = 381) <> (line.invoice_id IS NOT NULL)"""),
    Rule("I9", "each counter keeps the hash of its series' last invoice", """
        SELECT s.supplier_id, s.code, s.last_number, s.last_hash FROM number_series AS s
        LEFT JOIN invoices AS i
            ON i.supplier_id = s.supplier_id AND i.series_code = s.code AND i.number = s.last_number
        WHERE s.last_hash <> coalesce(i.hash, decode(repeat('00', 32), 'hex'))"""),
    Rule("I9", "the triggers that freeze issued rows are armed", """
        SELECT frozen.name, bit_or(t.tgtype::integer) FROM unnest(ARRAY['invoices', 'invoice_items', 'invoice_payments',
            'journal_entries', 'journal_lines']) AS frozen (name)
        LEFT JOIN pg_trigger AS t ON t.tgrelid = frozen.name::regclass AND t.tgenabled = 'O'
        GROUP BY frozen.name HAVING coalesce(bit_or(t.tgtype::integer), 0) & 56 <> 56"""),
)  # fmt: skip

# Each line with the movement that a step makes of it, and whether the document has taken the step.
LINES = """(
    SELECT 'transfer.send' AS kind, 'transfer' AS type, 'send' AS step, d.id, line_number, organization_id,
        from_location_id AS location_id, product_id, -quantity AS quantity, NULL::numeric AS value,
        sent_at IS NOT NULL AS taken, status = 'undoing' AND sent_at IS NULL AS undoing, job_id
    FROM transfers AS d JOIN transfer_lines ON transfer_id = d.id
    UNION ALL SELECT 'transfer.complete', 'transfer', 'complete', d.id, l.line_number, d.organization_id,
        to_location_id, l.product_id, l.quantity, (
            SELECT -value FROM movements WHERE (document_type, document_id, step) = ('transfer', d.id, 'send')
              AND line_number = l.line_number ORDER BY round DESC LIMIT 1),
        status = 'completed', status = 'undoing' AND sent_at IS NOT NULL, job_id
    FROM transfers AS d JOIN transfer_lines AS l ON transfer_id = d.id
    UNION ALL SELECT 'sale.post', 'sale', 'sell', d.id, line_number, organization_id,
        location_id, product_id, -quantity, NULL, status = 'completed', status = 'undoing', job_id
    FROM sales AS d JOIN sale_lines ON sale_id = d.id
    UNION ALL SELECT 'purchase.approve', 'purchase', 'receive', d.id, line_number, organization_id,
        location_id, product_id, quantity, line_total, status = 'approved', status = 'undoing', job_id
    FROM purchases AS d JOIN purchase_lines ON purchase_id = d.id
) AS line"""
MOVEMENT_OF_LINE = """(m.document_type, m.document_id, m.step, m.line_number)
    = (line.type, line.id, line.step, line.line_number)"""
MOVED = f"(SELECT coalesce(mod(max(round), 2), 0) FROM movements AS m WHERE {MOVEMENT_OF_LINE}) = 1"
DOCUMENTS = """(
    SELECT organization_id, number FROM transfers UNION ALL SELECT organization_id, number FROM sales
    UNION ALL SELECT organization_id, number FROM purchases
) AS document"""

INVENTORY = (
    Rule("I11", "stock is the sum of its movements, in quantity and in value", """
        SELECT location_id, product_id, s.quantity, s.value, m.quantity AS moved, m.value AS moved_value
        FROM stock AS s FULL JOIN (
            SELECT organization_id, location_id, product_id, sum(quantity) AS quantity, sum(value) AS value
            FROM movements GROUP BY 1, 2, 3) AS m USING (organization_id, location_id, product_id)
        WHERE (s.quantity, s.value) IS DISTINCT FROM (m.quantity, m.value)"""),
    Rule("I11", "no stock is below zero, and none is worth anything when nothing is there", """
        SELECT location_id, product_id, quantity, value FROM stock
        WHERE quantity < 0 OR value < 0 OR (quantity = 0 AND value <> 0)"""),
    Rule("I12", "each movement is that of one line in one round of a step, with its worth, there and then back", f"""
        SELECT m.document_type, m.document_id, m.step, m.line_number, m.round, count(*) FROM (
            SELECT *, lag(value) OVER (PARTITION BY document_type, document_id, step, line_number ORDER BY round, id)
                AS undone, row_number() OVER (
                    PARTITION BY document_type, document_id, step, line_number ORDER BY round, id) AS place
            FROM movements) AS m
        LEFT JOIN {LINES} ON {MOVEMENT_OF_LINE} GROUP BY 1, 2, 3, 4, 5
        HAVING count(*) > 1 OR bool_or(m.round <> m.place OR (m.organization_id, m.location_id, m.product_id,
            m.quantity, m.value) IS DISTINCT FROM (line.organization_id, line.location_id, line.product_id,
            CASE mod(m.round, 2) WHEN 1 THEN line.quantity ELSE -line.quantity END,
            CASE mod(m.round, 2) WHEN 1 THEN coalesce(line.value, m.value) ELSE -m.undone END))"""),
    Rule("I12", "a document has taken a step only if all its lines have moved", f"""
        SELECT line.type, line.id, line.step, line_number FROM {LINES} WHERE taken AND NOT {MOVED}"""),
    Rule("I12", "a document that nobody works on is whole: it has taken a step or no line has moved", f"""
        SELECT line.type, line.id, line.step, line_number FROM {LINES} LEFT JOIN jobs AS j ON j.id = line.job_id
        WHERE NOT taken AND {MOVED} AND (j.status <> 'FAILED' OR undoing OR j.id IS NULL)""", after_drain=True),
    Rule("I12", "no line arrives before its transfer is sent", """
        SELECT t.id, t.status, m.line_number FROM movements AS m JOIN transfers AS t ON t.id = m.document_id
        WHERE m.document_type = 'transfer' AND m.step = 'complete' AND t.sent_at IS NULL"""),
    Rule("I12", "a step whose job is COMPLETED is taken", f"""
        SELECT DISTINCT j.id, j.kind, line.id AS document_id FROM jobs AS j JOIN {LINES}
            ON line.kind = j.kind AND line.id = (j.payload ->> (line.type || 'Id'))::bigint
        WHERE j.status = 'COMPLETED' AND NOT taken"""),
    Rule("I13", "what is reserved is there", """
        SELECT location_id, product_id, s.quantity, r.reserved, s.value, r.value AS held FROM stock AS s JOIN (
            SELECT location_id, product_id, sum(quantity) AS reserved, coalesce(sum(value), 0) AS value
            FROM reservations GROUP BY 1, 2) AS r USING (location_id, product_id)
        WHERE r.reserved > s.quantity OR r.reserved <= 0 OR r.value > s.value"""),
    Rule("I13", "a reservation is that of a line which its job has still to move, or which a half done step brought in",
         f"""
        SELECT r.document_type, r.document_id, r.line_number, r.job_id, line.job_id AS job, j.status
        FROM reservations AS r
        LEFT JOIN {LINES} ON (line.type, line.id, line.line_number) = (r.document_type, r.document_id, r.line_number)
            AND (line.organization_id, line.location_id, line.product_id, abs(line.quantity))
                = (r.organization_id, r.location_id, r.product_id, r.quantity)
            AND NOT taken AND ({MOVED}) = (r.job_id IS NULL) AND (r.job_id IS NULL OR line.job_id = r.job_id)
            AND (line.quantity < 0) = (r.job_id IS NOT NULL)
        LEFT JOIN jobs AS j ON j.id = r.job_id
        WHERE line.id IS NULL OR (r.job_id IS NOT NULL AND coalesce(j.status, '') NOT IN ('PENDING', 'PROCESSING'))"""),
    Rule("I13", "each line that came in by a half done step is kept from everybody", f"""
        SELECT line.type, line.id, line_number FROM {LINES}
        WHERE quantity > 0 AND NOT taken AND {MOVED} AND NOT EXISTS (SELECT FROM reservations AS r
            WHERE (r.document_type, r.document_id, r.line_number) = (line.type, line.id, line.line_number))"""),
    Rule("I13", "each line that a job has still to take out is reserved", f"""
        SELECT line.type, line.id, line_number FROM {LINES} JOIN jobs AS j ON j.id = line.job_id
        WHERE quantity < 0 AND NOT taken AND NOT undoing AND j.kind = line.kind AND NOT {MOVED}
          AND j.status IN ('PENDING', 'PROCESSING') AND j.attempts = 1 AND NOT EXISTS (SELECT FROM reservations AS r
            WHERE (r.document_type, r.document_id, r.line_number) = (line.type, line.id, line.line_number))"""),
    Rule("I13", "no job has anything reserved", """
        SELECT document_type, document_id, line_number, job_id FROM reservations
        WHERE job_id IS NOT NULL""", after_drain=True),
    Rule("I3", "the documents of a month are numbered from one without a gap", f"""
        SELECT organization_id, series, count(document.number), max(n.last_number) AS last_number FROM (
            SELECT organization_id, prefix || '-' || month AS series, last_number FROM document_numbers
        ) AS n FULL JOIN (
            SELECT organization_id, left(number, 9) AS series, number, substr(number, 11)::integer AS place
            FROM {DOCUMENTS}
        ) AS document USING (organization_id, series)
        GROUP BY 1, 2 HAVING (count(DISTINCT place), max(place)) IS DISTINCT FROM
            (max(n.last_number)::bigint, max(n.last_number)) OR count(*) > count(DISTINCT place)"""),
)  # fmt: skip

JOURNAL = (
    Rule("A1", "each live entry balances, and has lines", """
        SELECT e.id, e.source_type, e.source_id, sum(l.debit) AS debit, sum(l.credit) AS credit
        FROM journal_entries AS e LEFT JOIN journal_lines AS l ON l.entry_id = e.id
        WHERE e.deleted_at IS NULL GROUP BY e.id
        HAVING sum(l.debit) IS DISTINCT FROM sum(l.credit) OR count(l.entry_id) = 0"""),
    Rule("A1", "no live entry has more decimals than its currency", """
        SELECT e.id, e.source_type, e.source_id, e.currency_code, l.debit, l.credit
        FROM journal_entries AS e JOIN journal_lines AS l ON l.entry_id = e.id
        CROSS JOIN LATERAL coalesce((%(decimals)s::jsonb ->> e.currency_code)::integer, 2) AS places
        WHERE e.deleted_at IS NULL AND (l.debit, l.credit) <> (round(l.debit, places), round(l.credit, places))"""),
    Rule("A1", "at most one entry of a document is live", """
        SELECT source_type, source_id, array_agg(id) AS entries FROM journal_entries
        WHERE deleted_at IS NULL GROUP BY source_type, source_id HAVING count(*) > 1"""),
    Rule("A2", "no live entry is ahead of its document, nor of what the document was entered as", """
        SELECT e.id, e.version, d.version AS document, d.entered_version FROM journal_entries AS e
        LEFT JOIN accounting_sources AS d USING (source_type, source_id)
        WHERE e.deleted_at IS NULL AND (e.version <= d.version AND e.version <= d.entered_version) IS NOT TRUE"""),
    Rule("A2", "an entry, its document and its lines share one organization", """
        SELECT e.id, e.organization_id, d.organization_id AS document, l.organization_id AS line
        FROM journal_entries AS e LEFT JOIN accounting_sources AS d USING (source_type, source_id)
        JOIN journal_lines AS l ON l.entry_id = e.id
        WHERE (d.organization_id, l.organization_id) IS DISTINCT FROM (e.organization_id, e.organization_id)"""),
    Rule("A2", "each document that counts is entered at its last version", """
        SELECT type, id, d.version, d.entered_version FROM (
            SELECT 'invoice' AS type, id FROM invoices
            UNION ALL SELECT 'payment', id FROM invoice_payments
            UNION ALL SELECT 'sale', id FROM sales WHERE status = 'completed'
            UNION ALL SELECT 'purchase', id FROM purchases WHERE status = 'approved'
            UNION ALL SELECT 'transfer', id FROM transfers WHERE sent_at IS NOT NULL
            UNION ALL SELECT 'bill', id FROM bills WHERE status = 'approved'
        ) AS final LEFT JOIN accounting_sources AS d ON d.source_type = type AND d.source_id = id
        WHERE (d.entered_version = d.version) IS NOT TRUE""", after_drain=True),
    Rule("A2", "of bills, nothing is entered but those that are approved", """
        SELECT bills.id, status, e.id AS entry FROM bills JOIN journal_entries AS e ON source_id = bills.id
        WHERE source_type = 'bill' AND deleted_at IS NULL AND status <> 'approved'""", after_drain=True),
    Rule("A3", "the journal's inventory is worth what the movements of finished steps have left", f"""
        SELECT o.id, moved.value, booked.value AS booked FROM organizations AS o
        LEFT JOIN LATERAL (
            SELECT (SELECT coalesce(sum(value), 0) FROM stock WHERE organization_id = o.id) - coalesce(sum(m.value), 0)
                AS value
            FROM {LINES} JOIN movements AS m ON {MOVEMENT_OF_LINE}
            WHERE line.organization_id = o.id AND NOT taken) AS moved ON true
        LEFT JOIN LATERAL (
            SELECT coalesce(sum(l.debit - l.credit), 0) AS value FROM journal_lines AS l
            JOIN journal_entries AS e ON e.id = l.entry_id AND e.deleted_at IS NULL
            WHERE l.organization_id = o.id AND l.account_code = '1300') AS booked ON true
        WHERE moved.value <> booked.value""", after_drain=True),
)  # fmt: skip

EVENTS = (
    Rule("E1", "an organization's events are numbered from 1 without a gap, up to its stream's last", """
        SELECT organization_id, last_sequence, count, last FROM (
            SELECT s.organization_id, last_sequence, count(e.sequence), coalesce(max(e.sequence), 0) AS last,
                count(DISTINCT e.id) AS ids
            FROM event_streams AS s LEFT JOIN events AS e USING (organization_id) GROUP BY 1, 2
        ) AS streams WHERE (count, last, ids) <> (last_sequence, last_sequence, last_sequence)"""),
    Rule("E1", "each invoice of an organization that listens is told once", """
        SELECT i.organization_id, i.id, count(e.id) FROM invoices AS i JOIN event_streams AS s USING (organization_id)
        LEFT JOIN events AS e ON e.organization_id = i.organization_id
            AND e.type IN ('invoice.issued', 'invoice.credited') AND (e.data ->> 'invoiceId')::bigint = i.id
        WHERE i.created_at > s.created_at GROUP BY 1, 2 HAVING count(e.id) <> 1""", after_drain=True),
    Rule("E1", "no event tells of an invoice that is not there", """
        SELECT e.* FROM events AS e LEFT JOIN invoices AS i ON i.id = (e.data ->> 'invoiceId')::bigint
            AND i.organization_id = e.organization_id
        WHERE e.type LIKE 'invoice.%%' AND i.id IS NULL"""),
    Rule("E1", "each event has its number", "SELECT * FROM pending_events", after_drain=True),
)  # fmt: skip

RULES = REQUESTS + NUMBERS + JOBS + INVOICES + INVENTORY + JOURNAL + EVENTS

OPEN_TRANSACTIONS_AND_LOCKS = """
    SELECT 'idle in transaction since ' || state_change AS what, pid, query FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'counterfoil'
      AND state LIKE 'idle in transaction%'
    UNION ALL
    SELECT 'advisory lock', pid, objid::text FROM pg_locks WHERE locktype = 'advisory'
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""

WATCH = """
    CREATE TABLE observed_moves (job_id bigint, before text, after text, attempts smallint,
        gained smallint, token uuid, progressed boolean, transaction xid8 DEFAULT pg_current_xact_id());
    CREATE FUNCTION observe_move() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        -- A test may let time pass by hand; that is no move.
        IF to_jsonb(NEW) - '{lease_expires_at,available_at,completed_at,created_at}'::text[]
           IS DISTINCT FROM to_jsonb(OLD) - '{lease_expires_at,available_at,completed_at,created_at}'::text[] THEN
            INSERT INTO observed_moves VALUES (NEW.id, OLD.status, NEW.status, NEW.attempts,
                NEW.attempts - coalesce(OLD.attempts, 0), NEW.lease_token, NEW.progress > coalesce(OLD.progress, 0));
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER observe_moves BEFORE UPDATE ON jobs FOR EACH ROW EXECUTE FUNCTION observe_move();
    CREATE TRIGGER observe_births BEFORE INSERT ON open_jobs FOR EACH ROW EXECUTE FUNCTION observe_move()"""

WATCHED_RULES = (
    Rule("I5", "only the lifecycle's moves are made", """
        SELECT * FROM observed_moves WHERE coalesce(before, '-') || '>' || after <> ALL(%(moves)s)"""),
    Rule("I5", "a claim takes one attempt, a release may hand it back, progress or a requeue gives all back", """
        SELECT * FROM observed_moves WHERE NOT CASE
            WHEN before = 'PENDING' AND after = 'PROCESSING' THEN gained = 1
            WHEN before = 'PROCESSING' AND after = 'PENDING' THEN gained IN (0, -1)
            WHEN after = 'PENDING' THEN attempts = 0
            WHEN before = 'PROCESSING' AND after IN ('PROCESSING', 'CANCELLED') AND progressed THEN attempts = 1
            ELSE gained = 0 END"""),
    Rule("I5", "each claim has a lease token of its own", """
        SELECT token, count(DISTINCT transaction) AS claims FROM observed_moves
        WHERE before = 'PENDING' AND after = 'PROCESSING'
        GROUP BY token HAVING count(DISTINCT transaction) > 1"""),
)  # fmt: skip
