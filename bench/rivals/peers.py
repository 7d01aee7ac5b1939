"""The queues that are measured, each with more at once than its default, so that none is slow for want of a setting."""

from functools import partial

from bench.rivals.installation import node_program, python_program
from bench.rivals.places import lists, tables
from bench.rivals.race import Peer

_graphile_worker = partial(node_program, "graphile_worker", "graphile-worker@0.17.3")
_graphile_tables = partial(tables, waiting="graphile_worker._private_jobs")

PEERS = {
    "Procrastinate 3.10, concurrency 10": Peer(
        5_000,
        partial(python_program, "procrastinate", "procrastinate==3.10.0", "psycopg[binary]==3.3.9"),
        partial(
            tables,
            waiting="procrastinate_jobs WHERE status IN ('todo', 'doing')",
            finished="procrastinate_jobs WHERE status = 'succeeded'",
        ),
    ),
    "PgQueuer 1.6, batches of 500": Peer(
        60_000,
        partial(python_program, "pgqueuer", "pgqueuer==1.6.0", "asyncpg==0.32.0", "uvloop==0.23.0"),
        partial(tables, waiting="pgqueuer", finished="pgqueuer_log WHERE status = 'successful'"),
    ),
    "graphile-worker 0.17, row by row": Peer(15_000, _graphile_worker, _graphile_tables),
    "graphile-worker 0.17, batches of 500": Peer(120_000, _graphile_worker, _graphile_tables, "work-batched"),
    "BullMQ 6.7 on Valkey": Peer(
        60_000,
        partial(node_program, "bullmq", "bullmq@6.7.0", "ioredis@5.9.3"),
        lists,
    ),
}
