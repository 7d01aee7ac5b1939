-- Templates, and their HTML by its hash.
CREATE TABLE template_sources (
    hash bytea PRIMARY KEY CHECK (hash = sha256(convert_to(html, 'UTF8'))),
    html text NOT NULL
);

CREATE TRIGGER frozen BEFORE UPDATE OR DELETE OR TRUNCATE ON template_sources EXECUTE FUNCTION refuse_change();

CREATE TABLE templates (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organization_id bigint NOT NULL REFERENCES organizations,
    name text NOT NULL CHECK (name <> ''),
    source_hash bytea NOT NULL REFERENCES template_sources,
    is_default boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE UNIQUE INDEX templates_default_key ON templates (organization_id) WHERE is_default;

CREATE INDEX templates_organization_idx ON templates (organization_id, id);
