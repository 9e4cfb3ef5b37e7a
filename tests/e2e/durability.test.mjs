// What a kill of the server at any moment may cost: never an accepted execution.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";

import { deployFlows, endOf, startServer } from "../support/tenon.mjs";

const rounds = 6;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

test("no accepted execution is lost when the server is killed at random moments", { timeout: 300_000 }, async () => {
  const data = await mkdtemp(path.join(tmpdir(), "tenon-kill-"));
  try {
    let server = await startServer(data);
    const urls = await deployFlows(server, {
      Work: {
        steps: [
          "module.exports = async (c, { webhook }) => { await new Promise((r) => setTimeout(r, 5)); return { data: webhook.results.body.data.n }; };",
          "module.exports = async (c, { step1 }) => ({ data: step1.results * 2 });",
        ],
      },
    });
    const pathOf = (at) => new URL(urls.Work).pathname.replace(/^/, at);
    const accepted = new Map();

    for (let round = 0; round < rounds; round++) {
      let isAlive = true;
      const flood = Array.from({ length: 4 }, async (_, lane) => {
        for (let i = 0; isAlive; i++) {
          const n = round * 1e6 + lane * 1e4 + i;
          try {
            const response = await fetch(pathOf(server.url), {
              method: "POST",
              body: JSON.stringify({ n }),
              headers: { "content-type": "application/json" },
            });
            if (response.status === 200) accepted.set((await response.json()).executionId, n);
          } catch {
            return; // the server is gone
          }
        }
      });
      await sleep(50 + Math.random() * 400);
      await server.kill();
      isAlive = false;
      await Promise.all(flood);
      server = await startServer(data);
    }

    assert.ok(accepted.size > rounds, `only ${accepted.size} were accepted`);
    for (const [id, n] of accepted) {
      const execution = await endOf(server, id);
      assert.equal(execution.status, "succeeded", JSON.stringify(execution.error));
      assert.equal(execution.steps.at(-1).results, n * 2);
    }
    await server.stop();
  } finally {
    await rm(data, { recursive: true, force: true });
  }
});

test("a worker that is killed takes down nobody and its executions run again", { timeout: 60_000 }, async () => {
  const data = await mkdtemp(path.join(tmpdir(), "tenon-kill-"));
  const server = await startServer(data);
  try {
    const urls = await deployFlows(server, {
      Wait: { isSynchronous: true, steps: ["module.exports = async () => { await new Promise((r) => setTimeout(r, 1500)); return { data: 'finished' }; };"] },
    });
    const answer = fetch(urls.Wait, { method: "POST" });
    await sleep(500);
    const { execFileSync } = await import("node:child_process");
    const tree = execFileSync("ps", ["-eo", "pid=,ppid=,comm="], { encoding: "utf8" })
      .trim()
      .split("\n")
      .map((line) => /(\d+)\s+(\d+)\s+(.*)/.exec(line.trim()))
      .map(([, pid, parent, title]) => ({ pid: Number(pid), parent: Number(parent), title }));
    const zygote = tree.find(({ parent, title }) => parent === server.pid && title.includes("zygote"));
    for (const { pid, parent } of tree) if (parent === zygote.pid) process.kill(pid, "SIGKILL");
    assert.equal(await (await answer).text(), "finished");
  } finally {
    await server.stop();
    await rm(data, { recursive: true, force: true });
  }
});
