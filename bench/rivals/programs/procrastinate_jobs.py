"""No-op jobs on Procrastinate."""

import asyncio
import os
import sys

from procrastinate import App, PsycopgConnector

BATCH, CONCURRENCY = 1000, 10

app = App(connector=PsycopgConnector(conninfo=os.environ["DATABASE_URL"]))


@app.task(name="noop")
async def noop() -> None:
    """Nothing at all."""


async def enqueue(count: int) -> None:
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        for start in range(0, count, BATCH):
            await noop.batch_defer_async(*[{}] * min(BATCH, count - start))


async def work() -> None:
    async with app.open_async():
        await app.run_worker_async(concurrency=CONCURRENCY)


asyncio.run(enqueue(int(sys.argv[2])) if sys.argv[1] == "enqueue" else work())
