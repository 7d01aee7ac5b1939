"use strict";

const { Logger, makeWorkerUtils, run } = require("graphile-worker");

const BATCH = 1000;
const ONE_BY_ONE = { concurrentJobs: 24, maxPoolSize: 25 };
const BATCHED = { ...ONE_BY_ONE, localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 };

const logger = new Logger(() => (level, message) => level === "error" && console.error(message));

function preset(options = {}) {
  return { worker: { connectionString: process.env.DATABASE_URL, logger, ...options } };
}

async function enqueue(count) {
  const utils = await makeWorkerUtils({ preset: preset() });
  await utils.migrate();
  for (let start = 0; start < count; start += BATCH) {
    const length = Math.min(BATCH, count - start);
    await utils.addJobs(Array.from({ length }, () => ({ identifier: "noop" })));
  }
  await utils.release();
}

async function work(options) {
  const runner = await run({ preset: preset(options), taskList: { noop: async () => {} } });
  await runner.promise;
}

const actions = {
  enqueue: () => enqueue(Number(process.argv[3])),
  work: () => work(ONE_BY_ONE),
  "work-batched": () => work(BATCHED),
};

actions[process.argv[2]]().catch((error) => {
  console.error(String(error));
  process.exit(1);
});
