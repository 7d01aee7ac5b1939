"""The lanes, declared here alone: each is a queue of the broker, and workers and messages take them in this order."""

LANES = URGENT, DEFAULT, IO = "urgent", "default", "io"
