"use strict";

const { Queue, Worker } = require("bullmq");

const BATCH = 1000;
const CONCURRENCY = 100;
const connection = { url: process.env.BROKER_URL, maxRetriesPerRequest: null };

async function enqueue(count) {
  const queue = new Queue("noop", { connection });
  for (let start = 0; start < count; start += BATCH) {
    const length = Math.min(BATCH, count - start);
    await queue.addBulk(Array.from({ length }, () => ({ name: "noop", data: {} })));
  }
  await queue.close();
}

async function work() {
  const worker = new Worker("noop", async () => {}, { connection, concurrency: CONCURRENCY });
  worker.on("error", (error) => console.error(String(error)));
}

const actions = { enqueue: () => enqueue(Number(process.argv[3])), work };

actions[process.argv[2]]().catch((error) => {
  console.error(String(error));
  process.exit(1);
});
