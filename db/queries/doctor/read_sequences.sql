-- Which part of its numbers each sequence has given out, the fullest first; one that was never used is left out.
SELECT sequencename AS name, CAST(last_value AS double precision) / max_value AS used
FROM pg_sequences WHERE schemaname = current_schema() AND last_value IS NOT NULL ORDER BY used DESC
