-- One snapshot for all that the report reads. The queue's sessions never read a whole table or join by one
-- (db/engine.py); a report may, until its transaction ends.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;
SET LOCAL enable_seqscan = on;
SET LOCAL enable_hashjoin = on;
SET LOCAL enable_mergejoin = on;
SET LOCAL enable_bitmapscan = on
