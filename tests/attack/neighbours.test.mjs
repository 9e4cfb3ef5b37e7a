// A runaway instance is its own trouble: executions of others don't notice.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";

import { deployFlows, isSanitized, startServer } from "../support/tenon.mjs";

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

test("an instance that spins and one that eats memory do not slow down a third", { timeout: 120_000 }, async () => {
  const data = await mkdtemp(path.join(tmpdir(), "tenon-neighbours-"));
  const server = await startServer(data);
  try {
    const limits = { cpuMs: 1500, memoryMb: 128, wallMs: 10000 };
    const good = (await deployFlows(server, { Good: { isSynchronous: true, steps: ["module.exports = async () => ({ data: 'fine' });"] } }, { instance: "good" })).Good;
    const spin = (await deployFlows(server, { Spin: { isSynchronous: true, limits, steps: ["module.exports = async () => { while (true) await null; };"] } }, { instance: "spin" })).Spin;
    const eat = (await deployFlows(server, { Eat: { isSynchronous: true, limits, steps: ["module.exports = async () => { const a = []; for (;;) a.push(new Uint8Array(1 << 20).fill(1)); };"] } }, { instance: "eat" })).Eat;

    const measure = async (n) => {
      const times = [];
      for (let i = 0; i < n; i++) {
        const started = performance.now();
        const response = await fetch(good, { method: "POST" });
        assert.equal(await response.text(), "fine");
        times.push(performance.now() - started);
      }
      return times;
    };

    await measure(20);
    const quiet = median(await measure(40));
    const rogue = [fetch(spin, { method: "POST" }), fetch(eat, { method: "POST" })];
    const loud = await measure(60);
    const answers = await Promise.all(rogue);
    for (const answer of answers) {
      assert.equal(answer.status, 400);
      assert.match((await answer.json()).error, /limit "/);
    }
    // Two processors are shared with the rogues; what must not happen is waiting for them to end.
    assert.ok(median(loud) < Math.max(quiet * 20, isSanitized ? 400 : 100), `${quiet} ms alone, ${median(loud)} ms beside rogues`);
  } finally {
    await server.stop();
    await rm(data, { recursive: true, force: true });
  }
});

test("malformed frames end the worker that sends them, and nobody else", { timeout: 240_000 }, async () => {
  const data = await mkdtemp(path.join(tmpdir(), "tenon-frames-"));
  const server = await startServer(data);
  try {
    const good = (await deployFlows(server, { Good: { isSynchronous: true, steps: ["module.exports = async () => ({ data: 'fine' });"] } }, { instance: "good" })).Good;
    const evil = (
      await deployFlows(
        server,
        {
          Evil: {
            isSynchronous: true,
            limits: { wallMs: 3000, attempts: 1 },
            steps: [
              "module.exports = async (c, { webhook }) => { const { type, stream, bytes } = webhook.results.body.data; for (let i = 0; i < 3; i++) tenonFrame(type, stream, Uint8Array.from(bytes)); await new Promise((r) => setTimeout(r, 300)); return { data: 'sent' }; };",
            ],
          },
        },
        { instance: "evil" },
      )
    ).Evil;
    for (const frame of [
      { type: 0, stream: 0, bytes: [] },
      { type: 65535, stream: 1, bytes: [1, 2, 3] },
      { type: 64, stream: 999, bytes: [0] },
      { type: 66, stream: 1, bytes: [255, 255, 255, 255] },
      { type: 68, stream: 1, bytes: [1, 0, 0, 0, 48] },
      { type: 69, stream: 1, bytes: [255, 255, 255, 127] },
      { type: 70, stream: 1, bytes: [] },
      { type: 70, stream: 12345678, bytes: [1] },
      { type: 1, stream: 0, bytes: [0, 0, 0, 0] },
    ]) {
      const response = await fetch(evil, {
        method: "POST",
        body: JSON.stringify(frame),
        headers: { "content-type": "application/json" },
      });
      await response.arrayBuffer();
      assert.equal(await (await fetch(good, { method: "POST" })).text(), "fine");
    }
    assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
  } finally {
    await server.stop();
    await rm(data, { recursive: true, force: true });
  }
});
