SELECT organization_id, sha256, size, media_type, write_id FROM files
WHERE organization_id = %(organization_id)s AND sha256 = %(sha256)s
