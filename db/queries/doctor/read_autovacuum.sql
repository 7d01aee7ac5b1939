-- Whether the server cleans up by itself, counts what there is to clean up, and which tables are excluded from it.
SELECT CAST(current_setting('autovacuum') AS boolean) AS runs, CAST(current_setting('track_counts') AS boolean) AS counts,
    ARRAY(SELECT CAST(relname AS text) FROM pg_class, pg_options_to_table(reloptions)
          WHERE relnamespace = CAST(current_schema() AS regnamespace) AND relkind = 'r'
            AND option_name = 'autovacuum_enabled' AND NOT CAST(option_value AS boolean) ORDER BY relname) AS excluded
