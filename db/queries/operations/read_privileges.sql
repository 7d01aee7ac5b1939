-- What the role of this session may do and no part of Counterfoil needs; a superuser may do all of it.
WITH me AS (
    SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user
), kept AS (
    SELECT oid, relowner FROM pg_class
    WHERE relnamespace = CAST(current_schema() AS regnamespace) AND relkind IN ('r', 'p') AND NOT relispartition
)
SELECT may FROM me CROSS JOIN LATERAL (VALUES
    ('do everything, as a superuser', rolsuper),
    ('see the rows of all organizations, by BYPASSRLS', rolbypassrls),
    ('create roles', rolcreaterole),
    ('create databases', rolcreatedb),
    ('run programs on the server', pg_has_role('pg_execute_server_program', 'MEMBER')),
    ('read files of the server', pg_has_role('pg_read_server_files', 'MEMBER')),
    ('write files of the server', pg_has_role('pg_write_server_files', 'MEMBER')),
    ('switch off triggers for itself', has_parameter_privilege('session_replication_role', 'SET')),
    ('drop tables and disable their triggers and row-level security, as their owner',
        EXISTS (SELECT FROM kept WHERE pg_has_role(relowner, 'MEMBER'))),
    ('truncate tables', EXISTS (SELECT FROM kept WHERE has_table_privilege(oid, 'TRUNCATE'))),
    ('delete from tables of which everything is kept', EXISTS (
        SELECT FROM kept WHERE CAST(oid AS regclass) = ANY(CAST(%(kept)s AS regclass[])) AND has_table_privilege(oid, 'DELETE'))),
    ('create tables', has_schema_privilege(current_schema(), 'CREATE'))
) AS checked (may, so) WHERE so AND (NOT rolsuper OR may LIKE '%%superuser')
