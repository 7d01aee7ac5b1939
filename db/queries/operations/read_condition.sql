-- Read whatever may keep the database from being used. From here on the transaction has so little memory that write_to_disk
-- needs a file.
SELECT getdatabaseencoding() AS encoding, current_setting('transaction_read_only') = 'on' AS read_only,
    to_regclass('alembic_version') IS NOT NULL AS has_revision, set_config('work_mem', '64kB', true) AS work_mem
