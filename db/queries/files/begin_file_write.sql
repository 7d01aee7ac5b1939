-- Committed before the storage is told: whatever a crash leaves there is known.
INSERT INTO file_writes (organization_id, sha256, size)
VALUES (%(organization_id)s, %(sha256)s, %(size)s) RETURNING id
