// What strangers can do to the socket: slow, broken, greedy and leaving clients, against a real server.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { deployFlows, startServer } from "../support/tenon.mjs";

let data, server, urls;

before(async () => {
  data = await mkdtemp(path.join(tmpdir(), "tenon-e2e-"));
  server = await startServer(data, ["--connections-per-address", "20", "--request-seconds", "2"]);
  urls = await deployFlows(
    server,
    {
      Echo: { isSynchronous: true, steps: ["module.exports = async (c, { webhook }) => ({ data: webhook.results.body.data });"] },
      Slow: { isSynchronous: true, steps: ["module.exports = () => new Promise((resolve) => setTimeout(() => resolve({ data: 1 }), 20000));"] },
    },
  );
});
after(async () => {
  await server.stop();
  await rm(data, { recursive: true });
});

/** A connection with what has been heard on it. */
const open = (to = server) =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(to.url);
    const socket = connect(Number(port), hostname);
    const client = { socket, heard: "", isClosed: false };
    client.closed = new Promise((done) =>
      socket.on("close", () => {
        client.isClosed = true;
        done();
      }),
    );
    socket.on("data", (chunk) => (client.heard += chunk.toString("latin1")));
    socket.on("error", () => {});
    socket.on("connect", () => resolve(client));
    socket.on("error", reject);
  });

const within = async (ms, promise, what) => {
  const late = sleep(ms, "late", { ref: false });
  if ((await Promise.race([promise, late])) === "late") throw new Error(`${what} took over ${ms} ms`);
};
const statusOf = (heard) => Number(/^HTTP\/1\.[01] (\d{3})/.exec(heard)?.[1] ?? 0);
const webhook = (name) => new URL(urls[name]).pathname;
const isWell = async () => assert.equal((await fetch(`${server.url}/healthz`)).status, 200);

/** Sends one text and waits for the answer or the end. */
const say = async (text) => {
  const client = await open();
  client.socket.write(text);
  for (let i = 0; i < 60 && client.heard === "" && !client.isClosed; i++) await sleep(50);
  client.socket.destroy();
  return client;
};

test("a head that drips is cut off", async () => {
  const client = await open();
  client.socket.write("POST / HTTP/1.1\r\nHost: x\r\n");
  const drip = setInterval(() => client.socket.write("X-A: b\r\n"), 200);
  await within(6000, client.closed, "cutting off");
  clearInterval(drip);
  await isWell();
});

test("a body that drips is cut off", async () => {
  const client = await open();
  client.socket.write(`POST ${webhook("Echo")} HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n`);
  const drip = setInterval(() => client.socket.write("x"), 200);
  await within(6000, client.closed, "cutting off");
  clearInterval(drip);
  await isWell();
});

test("a connection that says nothing is closed", async () => {
  const client = await open();
  await within(6000, client.closed, "closing");
});

test("an address has so many connections and no more, and others' go on", async () => {
  const clients = await Promise.all(Array.from({ length: 20 }, () => open()));
  const extra = await open();
  await within(3000, extra.closed, "refusing");
  clients.forEach(({ socket }) => socket.destroy());
  await Promise.all(clients.map(({ closed }) => closed));
  await sleep(300);
  await isWell();
});

test("a head over the limit is 431", async () => {
  const { heard } = await say(`GET /healthz HTTP/1.1\r\nHost: x\r\n${"X-Long: ".padEnd(4000, "y")}\r\n`.padEnd(200, "") + "X-More: ".padEnd(80000, "z") + "\r\n\r\n");
  assert.equal(statusOf(heard), 431);
});

for (const [what, head] of [
  ["no request line", "\r\n\r\n\r\n\r\nnonsense\r\n\r\n"],
  ["bytes", "\x00\x01\x02\xff\xfe\r\n\r\n"],
  ["a line that is no header", "GET /healthz HTTP/1.1\r\nHost: x\r\nnocolon\r\n\r\n"],
  ["a negative length", "POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\nhello"],
  ["two lengths", "POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\nhello"],
  ["a length beyond all bounds", "POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n"],
  ["a broken chunk", "POST /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n"],
  ["another protocol", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  ["a space before the colon", "GET /healthz HTTP/1.1\r\nHost : x\r\n\r\n"],
  ["a folded header", "GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: b\r\n c\r\n\r\n"],
])
  test(`a request with ${what} is refused or cut off, and the server is well`, async () => {
    const { heard, isClosed } = await say(head);
    assert.ok(isClosed || heard === "" || statusOf(heard) >= 400 || statusOf(heard) === 200, heard.slice(0, 200));
    await isWell();
  });

test("a client that leaves while it waits harms nobody", async () => {
  for (let i = 0; i < 10; i++) {
    const client = await open();
    client.socket.write(`POST ${webhook("Slow")} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}`);
    await sleep(20);
    client.socket.resetAndDestroy();
  }
  await isWell();
});

test("a server that stops answers those who wait", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "tenon-e2e-"));
  const other = await startServer(folder);
  const own = await deployFlows(other, {
    Slow: { isSynchronous: true, steps: ["module.exports = () => new Promise((resolve) => setTimeout(() => resolve({ data: 1 }), 20000));"] },
  });
  const client = await open(other);
  client.socket.write(`POST ${new URL(own.Slow).pathname} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}`);
  await sleep(500);
  const code = await other.stop();
  await client.closed;
  assert.equal(code, 0, other.output());
  assert.equal(statusOf(client.heard), 503);
  assert.match(client.heard, /retry-after: \d+/i);
  await rm(folder, { recursive: true });
});
