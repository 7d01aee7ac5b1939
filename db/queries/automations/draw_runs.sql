-- The ids of so many runs, for the payloads of the jobs that will do them.
SELECT array_agg(nextval('automation_runs_id_seq')) AS ids FROM generate_series(1, %(count)s)
