"""Other queues under the same load: each in an environment and a database of its own, one at a time."""
