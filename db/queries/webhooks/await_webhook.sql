-- Ask whoever holds a webhook to have the others go on when it is done.
UPDATE webhooks SET awaited = true WHERE id = %(id)s AND NOT awaited
