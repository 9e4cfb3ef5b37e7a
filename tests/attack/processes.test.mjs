// Processes that die under load, and the sandbox without root and without namespaces.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, copyFile, mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

import { deployFlows, endOf, startServer, tenon, until } from "../support/tenon.mjs";

const run = promisify(execFile);

const withServer = async (args, use) => {
  const data = await mkdtemp(path.join(tmpdir(), "tenon-processes-"));
  const server = await startServer(data, args);
  try {
    await use(server);
  } finally {
    await server.stop();
    await rm(data, { recursive: true, force: true });
  }
};

/** Pids of a server's processes by their name, its own workers' too. */
const pidsOf = async (server, name) => {
  const all = new Map();
  for (const entry of await readdir("/proc"))
    if (/^\d+$/.test(entry))
      try {
        const stat = await readFile(`/proc/${entry}/stat`, "utf8");
        const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
        all.set(Number(entry), { parent, name: stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")")) });
      } catch {
        // it has ended meanwhile
      }
  const isOurs = (pid) => pid === server.pid || (all.has(pid) && isOurs(all.get(pid).parent));
  return [...all].filter(([pid, process]) => process.name === name && isOurs(pid)).map(([pid]) => pid);
};

/** Sends asynchronous requests until `stop`, and keeps what was accepted. */
const flood = (url) => {
  const accepted = new Map();
  let isOn = true;
  const lanes = Array.from({ length: 4 }, async (_, lane) => {
    for (let i = 0; isOn; i++) {
      const n = lane * 1e6 + i;
      const response = await fetch(url, { method: "POST", body: JSON.stringify({ n }), headers: { "content-type": "application/json" } });
      if (response.status === 200) accepted.set((await response.json()).executionId, n);
      else await response.arrayBuffer();
      await sleep(2);
    }
  });
  return {
    accepted,
    stop: async () => {
      isOn = false;
      await Promise.all(lanes);
    },
  };
};

const flows = {
  Work: {
    steps: ["module.exports = async (c, { webhook }) => { await new Promise((r) => setTimeout(r, 3)); return { data: webhook.results.body.data.n }; };"],
  },
  Sync: { isSynchronous: true, steps: ["module.exports = async () => ({ data: 'well' });"] },
};

for (const name of ["tenon: zygote", "tenon: worker", "tenon: egress"])
  test(`no execution is lost when ${name} is killed under load, again and again`, { timeout: 180_000 }, async () =>
    withServer([], async (server) => {
      const urls = await deployFlows(server, flows);
      const load = flood(urls.Work);
      for (let round = 0; round < 4; round++) {
        await sleep(200 + Math.random() * 300);
        const [victim] = await until(async () => {
          const pids = await pidsOf(server, name);
          return pids.length > 0 ? pids : undefined;
        });
        process.kill(victim, "SIGKILL");
      }
      await sleep(300);
      await load.stop();
      assert.ok(load.accepted.size > 50, `only ${load.accepted.size} were accepted`);
      for (const [id, n] of load.accepted) {
        const execution = await endOf(server, id);
        assert.equal(execution.status, "succeeded", JSON.stringify(execution.error));
        assert.equal(execution.steps.at(-1).results, n);
      }
      const response = await fetch(urls.Sync, { method: "POST" });
      assert.equal(await response.text(), "well");
    }));

test("requests go on after egress was killed", { timeout: 60_000 }, async () => {
  const peer = createServer((request, response) => response.end("from outside"));
  await new Promise((resolve) => peer.listen(0, "127.0.0.1", resolve));
  try {
    await withServer(["--allow-private", "127.0.0.1"], async (server) => {
      const urls = await deployFlows(server, {
        Ask: {
          isSynchronous: true,
          steps: [`module.exports = async () => ({ data: await (await fetch("http://127.0.0.1:${peer.address().port}/")).text() });`],
        },
      });
      const ask = async () => (await fetch(urls.Ask, { method: "POST" })).text();
      assert.equal(await ask(), "from outside");
      const [egress] = await pidsOf(server, "tenon: egress");
      process.kill(egress, "SIGKILL");
      await until(async () => (await ask()) === "from outside");
    });
  } finally {
    peer.close();
  }
});

test("code runs, and attempts to get out fail, without namespaces too", { timeout: 120_000 }, async () => {
  const { stdout } = await run(tenon, ["doctor", "--sandbox=weak", "--json"]).catch((error) => error);
  const report = JSON.parse(stdout);
  const got = report.attempts.filter(({ wasRefused }) => !wasRefused).map(({ name }) => name);
  // What only namespaces keep: the own process is visible, its parent may be.
  assert.deepEqual(got, []);
  await withServer(["--sandbox=weak"], async (server) => {
    const urls = await deployFlows(server, flows);
    assert.equal(await (await fetch(urls.Sync, { method: "POST" })).text(), "well");
  });
});

test("all of it works as an ordinary user", { timeout: 120_000, skip: process.getuid() !== 0 && "the tests run as one" }, async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "tenon-user-"));
  try {
    await chmod(folder, 0o755);
    const copy = path.join(folder, "tenon");
    await copyFile(tenon, copy);
    await chmod(copy, 0o755);
    const asNobody = ["--reuid=65534", "--regid=65534", "--clear-groups", copy];
    const { stdout } = await run("setpriv", [...asNobody, "doctor", "--json"], { cwd: "/" }).catch((error) => error);
    const report = JSON.parse(stdout);
    assert.deepEqual(report.layers.filter(({ isPresent }) => !isPresent), []);
    assert.deepEqual(report.attempts.filter(({ wasRefused }) => !wasRefused), []);
  } finally {
    await rm(folder, { recursive: true });
  }
});
