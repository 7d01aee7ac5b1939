-- Keep what a write has stored, and count its bytes, unless the write was given up or the same bytes are kept already:
-- its row then stays, so that what it stored is collected.
WITH kept AS (
    INSERT INTO files (organization_id, sha256, size, media_type, write_id)
    SELECT organization_id, sha256, size, %(media_type)s, id FROM file_writes
    WHERE organization_id = %(organization_id)s AND id = %(write_id)s AND given_up_at IS NULL FOR UPDATE
    ON CONFLICT DO NOTHING
    RETURNING organization_id, size, write_id
), counted AS (
    INSERT INTO file_totals AS total (organization_id, files, bytes) SELECT organization_id, 1, size FROM kept
    ON CONFLICT (organization_id) DO UPDATE SET files = total.files + 1, bytes = total.bytes + excluded.bytes
)
DELETE FROM file_writes USING kept WHERE file_writes.id = kept.write_id RETURNING file_writes.id
