-- Forget a process that has ended as it should.
DELETE FROM processes WHERE name = %(name)s
