-- Whether row-level security holds for the role of this session, and what exempts it if it does not.
SELECT current_user AS role, row_security_active('invoices') AS holds, rolsuper AS is_superuser, rolbypassrls AS bypasses
FROM pg_roles WHERE rolname = current_user
