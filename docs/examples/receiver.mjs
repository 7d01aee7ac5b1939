// Handles each event once and in order; what was not delivered is read from the API.
import { createHmac, timingSafeEqual } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { buffer } from "node:stream/consumers";

const { WEBHOOK_SECRET, API_URL, API_KEY, EVENT_TYPE = "*", LAST_FILE, PORT } = process.env;
const secret = Buffer.from(WEBHOOK_SECRET.replace("whsec_", ""), "base64");
let last = existsSync(LAST_FILE) ? Number(readFileSync(LAST_FILE)) : 0;
let turn = take({ sequence: 0 });

function accepts({ "webhook-id": id, "webhook-timestamp": at, "webhook-signature": given = "" }, body) {
  const right = Buffer.from(`v1,${createHmac("sha256", secret).update(`${id}.${at}.`).update(body).digest("base64")}`);
  const all = given.split(" ").map((one) => Buffer.from(one));
  const genuine = all.some((one) => one.length === right.length && timingSafeEqual(one, right));
  return genuine && Math.abs(Date.now() / 1000 - at) <= 300;
}

async function take(event) {
  const missed = event.sequence !== last + 1;
  const page = missed ? await read(`${API_URL}/api/v1/events?type=${EVENT_TYPE}&after=${last}`) : [event];
  for (const one of page) {
    console.log(one.sequence, one.type); // your work
    writeFileSync(`${LAST_FILE}.new`, `${(last = one.sequence)}`);
    renameSync(`${LAST_FILE}.new`, LAST_FILE);
  }
  if (missed && page.length) await take(event);
}

async function read(url) {
  const answer = await fetch(url, { headers: { Authorization: `Bearer ${API_KEY}` } }).catch((error) => error);
  if (answer.ok) return answer.json();
  console.log("tried again in 2 seconds:", answer.status ?? answer.cause?.code);
  return new Promise((done) => setTimeout(() => done(read(url)), 2000));
}

createServer(async (request, response) => {
  const body = await buffer(request).catch(() => Buffer.of());
  const accepted = accepts(request.headers, body);
  response.writeHead(accepted ? 204 : 401).end();
  if (accepted) turn = turn.then(() => take(JSON.parse(body)));
}).listen(PORT, "127.0.0.1");
