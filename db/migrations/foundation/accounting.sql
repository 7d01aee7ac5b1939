-- The chart of accounts, the versions of the journal's sources, and the journal.
CREATE TABLE accounts (
    organization_id bigint NOT NULL REFERENCES organizations,
    code text NOT NULL CHECK (code <> ''),
    name text NOT NULL CHECK (name <> ''),
    type text NOT NULL CHECK (type IN ('asset', 'liability', 'income', 'expense')),
    PRIMARY KEY (organization_id, code)
);

CREATE TABLE accounting_sources (
    source_type text NOT NULL CHECK (source_type IN ('invoice', 'sale', 'purchase', 'transfer')),
    source_id bigint NOT NULL,
    organization_id bigint NOT NULL REFERENCES organizations,
    version integer NOT NULL DEFAULT 1 CHECK (version >= 1),
    entered_version integer NOT NULL DEFAULT 0,
    PRIMARY KEY (source_type, source_id),
    CHECK (entered_version BETWEEN 0 AND version)
) WITH (fillfactor = 80);

CREATE INDEX accounting_sources_stale_idx ON accounting_sources (organization_id, source_type, source_id)
WHERE entered_version < version;

CREATE TABLE journal_entries (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organization_id bigint NOT NULL REFERENCES organizations,
    source_type text NOT NULL,
    source_id bigint NOT NULL,
    version integer NOT NULL CHECK (version >= 1),
    entry_date date NOT NULL,
    currency_code text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    deleted_at timestamptz,
    FOREIGN KEY (source_type, source_id) REFERENCES accounting_sources
);

CREATE UNIQUE INDEX journal_entries_live_key ON journal_entries (source_type, source_id)
WHERE deleted_at IS NULL;

CREATE INDEX journal_entries_source_idx ON journal_entries (source_type, source_id, id);

CREATE INDEX journal_entries_organization_idx ON journal_entries (organization_id, id);

CREATE TABLE journal_lines (
    entry_id bigint NOT NULL REFERENCES journal_entries,
    line_number integer NOT NULL CHECK (line_number >= 1),
    organization_id bigint NOT NULL,
    account_code text NOT NULL,
    location_id bigint REFERENCES locations,
    debit numeric(28, 4) NOT NULL CHECK (debit >= 0),
    credit numeric(28, 4) NOT NULL CHECK (credit >= 0),
    PRIMARY KEY (entry_id, line_number),
    FOREIGN KEY (organization_id, account_code) REFERENCES accounts,
    CONSTRAINT journal_lines_side_check CHECK ((debit > 0) <> (credit > 0))
);

CREATE FUNCTION refuse_unbalanced_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT sum(debit) IS DISTINCT FROM sum(credit) OR count(*) = 0
        FROM journal_lines WHERE entry_id = NEW.id) THEN
        RAISE EXCEPTION 'journal entry % does not balance', NEW.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER balanced AFTER INSERT ON journal_entries DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION refuse_unbalanced_entry();

CREATE FUNCTION refuse_entry_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW) - 'deleted_at' IS DISTINCT FROM to_jsonb(OLD) - 'deleted_at'
       OR OLD.deleted_at IS NOT NULL OR NEW.deleted_at IS NULL THEN
        RAISE EXCEPTION 'journal entry % is frozen', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

-- To delete an entry is to write its row: without the look at deleted_at, it would count as new once more.
CREATE FUNCTION refuse_late_journal_lines() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM added JOIN journal_entries AS e ON e.id = entry_id
               WHERE e.xmin <> pg_current_xact_id()::xid OR e.deleted_at IS NOT NULL) THEN
        RAISE EXCEPTION 'a journal entry gets no more lines' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER complete AFTER INSERT ON journal_lines REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION refuse_late_journal_lines();

CREATE TRIGGER frozen BEFORE UPDATE ON journal_entries FOR EACH ROW EXECUTE FUNCTION refuse_entry_change();

CREATE TRIGGER keep BEFORE DELETE OR TRUNCATE ON journal_entries EXECUTE FUNCTION refuse_change();

CREATE TRIGGER frozen BEFORE UPDATE OR DELETE OR TRUNCATE ON journal_lines EXECUTE FUNCTION refuse_change();
