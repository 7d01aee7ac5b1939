"""No-op jobs on PgQueuer."""

import os
import sys

import asyncpg
import uvloop
from pgqueuer import PgQueuer
from pgqueuer.models import Job

BATCH = 500


async def connect() -> PgQueuer:
    return PgQueuer.from_asyncpg_connection(await asyncpg.connect(os.environ["DATABASE_URL"]))


async def enqueue(count: int) -> None:
    queries = (await connect()).qm.queries
    await queries.install()
    await queries.enqueue(["noop"] * count, [None] * count, [0] * count)


async def work() -> None:
    queue = await connect()

    @queue.entrypoint("noop")
    async def noop(job: Job) -> None:
        """Nothing at all."""

    await queue.run(batch_size=BATCH)


uvloop.run(enqueue(int(sys.argv[2])) if sys.argv[1] == "enqueue" else work())
