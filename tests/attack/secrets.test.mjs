// Where secrets must not be: the server's whole memory, everything that is written, what processes were started with.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, open, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";

import { deployFlows, isSanitized, startServer, tokenOf } from "../support/tenon.mjs";

const secret = "planted-9b7e21c405fa-secret";
const spellings = [secret, Buffer.from(secret).toString("base64").slice(0, -4), Buffer.from(secret).toString("hex"), encodeURIComponent(`${secret}`)].map((text) => Buffer.from(text));
const declared = `requiredConfigVars:
  - { key: CRM, dataType: connection, required: true, connection: { component: { key: code, isPublic: true, version: LATEST }, key: basic } }
`;
// It logs the secret, returns it from a step, and fails with it every third time: everything but the caller's answer.
const code = `module.exports = async ({ configVars, logger }, { webhook }) => {
  const { password } = configVars.CRM.fields;
  logger.info("using " + password, { password });
  if (webhook.results.body.data.n % 3 === 2) throw new Error("refused: " + password);
  return { data: { password, digest: require("crypto").createHash("sha256").update(password).digest("hex") } };
};`;
const last = "module.exports = async (context, { step1 }) => ({ data: step1.results.digest });";

const children = async (pid) => {
  const found = [];
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = await readFile(`/proc/${entry}/stat`, "utf8").catch(() => "");
    const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    if (parent === pid) found.push(Number(entry), ...(await children(Number(entry))));
  }
  return found;
};

/** How many bytes were read, and where a spelling stands in them. AddressSanitizer's shadow is of no interest. */
const sweepMemory = async (pid, needles) => {
  const maps = (await readFile(`/proc/${pid}/maps`, "utf8")).split("\n").filter((line) => line !== "");
  const memory = await open(`/proc/${pid}/mem`, "r");
  const chunk = 4 << 20, overlap = 256;
  const buffer = Buffer.alloc(chunk);
  const hits = [];
  let bytes = 0;
  try {
    for (const line of maps) {
      const [range, rights, , , , name = ""] = line.split(/\s+/);
      const [from, to] = range.split("-").map((text) => Number.parseInt(text, 16));
      if (rights[0] !== "r" || /^\[v(var|syscall)/.test(name) || to - from > 2 ** 34) continue;
      for (let at = from; at < to; at += chunk - overlap) {
        const length = Math.min(to - at, chunk);
        const { bytesRead } = await memory.read(buffer, 0, length, at).catch(() => ({ bytesRead: 0 }));
        bytes += bytesRead;
        for (const needle of needles) if (buffer.subarray(0, bytesRead).includes(needle)) hits.push(`${name} ${range}: ${needle}`);
        if (bytesRead < length) break;
      }
    }
  } finally {
    await memory.close();
  }
  return { bytes, hits };
};

const filesBelow = async (folder) => (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath ?? entry.path, entry.name));

test("no planted secret is in the server's memory, its files, its answers, or any process's arguments and environment", { skip: process.getuid() !== 0 && "needs root, to read another process's memory", timeout: 300_000 }, async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "tenon-secrets-"));
  const data = path.join(folder, "data");
  const server = await startServer(data);
  let isOn = true, n = 0, failure;
  try {
    const token = await tokenOf(server);
    const flows = { Sync: { isSynchronous: true, steps: [code, last] }, Async: { steps: [code, last] } };
    const urls = await deployFlows(server, flows, { extra: declared, config: { CRM: { username: "ada", password: secret } } });
    const call = async (url, n) => {
      const response = await fetch(url, { method: "POST", body: JSON.stringify({ n }), headers: { "content-type": "application/json" } });
      return response.text();
    };
    const expected = createHash("sha256").update(secret).digest("hex");
    const answers = [];
    const load = Array.from({ length: 4 }, async () => {
      while (isOn)
        try {
          const mine = n++;
          const text = await call(mine % 2 ? urls.Sync : urls.Async, mine);
          answers.push(text);
          if (mine % 2 && mine % 3 !== 2) assert.equal(text, expected);
        } catch (error) {
          failure ??= error;
          return;
        }
    });

    // While it runs, and several times: a secret that only passes through is to be caught too.
    let bytes = 0;
    for (let round = 0; round < (isSanitized ? 2 : 4); round++) {
      const sweep = await sweepMemory(server.pid, spellings);
      assert.deepEqual(sweep.hits, []);
      bytes += sweep.bytes;
    }
    assert.ok(bytes > 10 << 20, `only ${bytes} bytes were read`);
    // The sweep finds what is there: the API's token is.
    assert.notDeepEqual((await sweepMemory(server.pid, [Buffer.from(token)])).hits, []);

    for (const pid of [server.pid, ...(await children(server.pid))])
      for (const file of ["cmdline", "environ"]) {
        const text = await readFile(`/proc/${pid}/${file}`).catch(() => Buffer.alloc(0));
        for (const needle of spellings) assert.ok(!text.includes(needle), `${file} of ${pid}`);
      }

    isOn = false;
    await Promise.all(load);
    assert.equal(failure, undefined);
    assert.ok(answers.length > 20, `only ${answers.length} executions`);
    const headers = { authorization: `Bearer ${token}` };
    const get = async (at) => (await fetch(server.url + at, { headers })).text();
    const { executions } = JSON.parse(await get("/api/v1/executions?limit=200"));
    const shown = [...answers, server.output(), await get("/api/v1/logs?limit=1000"), await get("/api/v1/instances"), await get("/metrics")];
    for (const { id } of executions.slice(0, 60)) shown.push(await get(`/api/v1/executions/${id}`));
    for (const text of shown) for (const needle of spellings) assert.ok(!text.includes(needle.toString()), text.slice(0, 500));
    assert.ok(shown.some((text) => text.includes("[redacted: CRM.password]")));

    const sweepFiles = async () => {
      for (const file of await filesBelow(folder)) {
        const content = await readFile(file);
        for (const needle of spellings) assert.ok(!content.includes(needle), `${file} holds ${needle}`);
      }
    };
    await sweepFiles(); // with the WAL
    assert.equal(await server.stop(), 0);
    await sweepFiles();
  } finally {
    isOn = false;
    await server.kill();
    await rm(folder, { recursive: true, force: true });
  }
});
