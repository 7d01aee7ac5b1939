-- All of the document has come in: its goods are anybody's.
DELETE FROM reservations WHERE document_type = %(document_type)s AND document_id = %(document_id)s
