-- Fail unless the disk has room for another 2 MB. They go to a temporary file, as the transaction has little memory.
SELECT count(*) FROM generate_series(1, 100000)
