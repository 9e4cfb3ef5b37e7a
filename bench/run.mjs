// `make bench`: Tenon's release build beside the ceiling (bare libmicrohttpd) and Node, in one run, on one
// processor for the server side and another for the load. Prints ratios; writes bench/results.json.
import { execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.dirname(here);
const tenon = process.env.TENON ?? path.join(root, "build/release/tenon");
const seconds = Number(process.env.BENCH_SECONDS ?? 5);
const run = promisify(execFile);
const body = '{"foo":"bar","baz":123}';

const [serverCpu, loadCpu] = cpus().length > 1 ? ["0", "1"] : ["0", "0"];
const onServerCpu = (command, args) => ["taskset", ["-c", serverCpu, command, ...args]];
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** Starts a program that prints its port on the first line. */
const startPeer = async (command, args) => {
  const child = spawn(...onServerCpu(command, args), { stdio: ["ignore", "pipe", "inherit"] });
  const port = await new Promise((resolve, reject) => {
    child.stdout.once("data", (chunk) => resolve(Number(String(chunk).trim())));
    child.once("exit", (code) => reject(new Error(`${command} ended with ${code}`)));
  });
  return { url: `http://127.0.0.1:${port}/`, stop: () => child.kill("SIGKILL") };
};

/** One wrk run: requests a second, latencies in µs. */
const load = async (url, connections) => {
  const { stdout } = await run("taskset", [
    "-c", loadCpu, "wrk", "-t1", `-c${connections}`, `-d${seconds}s`, "--latency",
    "-s", path.join(here, "post.lua"), url,
  ]);
  const [, requests, duration, p50, p99, max, errors] = /RESULT (.*)/
    .exec(stdout)[0]
    .split(" ")
    .map(Number);
  return {
    requestsPerSecond: Math.round((requests * 1e6) / duration),
    medianUs: p50,
    p99Us: p99,
    maxUs: max,
    errors,
  };
};

const loads = async (url) => {
  await load(url, 4); // warm
  return { c1: await load(url, 1), c32: await load(url, 32) };
};

const measurePeer = async (command, args) => {
  const peer = await startPeer(command, args);
  try {
    return await loads(peer.url);
  } finally {
    peer.stop();
  }
};

// --- Tenon ---

const startTenon = async (data, extra = []) => {
  const started = performance.now();
  const child = spawn(
    ...onServerCpu(tenon, ["serve", "--data", data, "--listen", "127.0.0.1:0", ...extra]),
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  let output = "";
  const url = await new Promise((resolve, reject) => {
    child.stdout.on("data", (chunk) => {
      output += chunk;
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(output);
      if (found !== null) resolve(found[0]);
    });
    child.once("exit", (code) => reject(new Error(`tenon serve ended with ${code}`)));
  });
  while (!(await fetch(`${url}/readyz`)).ok) await sleep(2);
  const readyMs = performance.now() - started;
  const token = readFileSync(path.join(data, "token"), "utf8").trim();
  const stop = () =>
    new Promise((resolve) => {
      child.once("exit", resolve);
      child.kill("SIGTERM");
    });
  return { url, readyMs, pid: child.pid, env: { ...process.env, TENON_SERVER: url, TENON_TOKEN: token }, stop };
};

const deploy = async (server, instance) => {
  const { stdout } = await run(
    tenon,
    ["deploy", path.join(here, "integration"), "--instance", instance, "--json"],
    { env: server.env },
  );
  return JSON.parse(stdout).urls;
};

const post = async (url) => {
  const started = performance.now();
  const response = await fetch(url, {
    method: "POST",
    body,
    headers: { "content-type": "application/json" },
  });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return performance.now() - started;
};

/** The first request of instances that were just deployed, and again after their workers were retired. */
const measureCold = async (data) => {
  const server = await startTenon(data, ["--idle-seconds", "1"]);
  try {
    const fresh = [];
    const retired = [];
    const urls = [];
    for (let i = 0; i < 5; i++) {
      const url = (await deploy(server, `cold-${i}`)).Sync;
      await fetch(`${server.url}/healthz`); // the connection is not part of it
      await sleep(100); // the spare worker is
      fresh.push(await post(url));
      urls.push(url);
    }
    await sleep(3000);
    for (const url of urls) {
      await sleep(100);
      await fetch(`${server.url}/healthz`);
      retired.push(await post(url));
    }
    return { freshMs: median(fresh), retiredMs: median(retired) };
  } finally {
    await server.stop();
  }
};

/** Private memory of the server's processes, KiB, by title. */
const memoryOf = (serverPid) => {
  const children = (pid) =>
    readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .filter((name) => {
        try {
          return Number(readFileSync(`/proc/${name}/stat`, "utf8").split(") ")[1].split(" ")[1]) === pid;
        } catch {
          return false;
        }
      })
      .map(Number);
  const privateKb = (pid) =>
    [...readFileSync(`/proc/${pid}/smaps_rollup`, "utf8").matchAll(/^Private_\w+:\s+(\d+) kB/gm)]
      .map((match) => Number(match[1]))
      .reduce((a, b) => a + b, 0);
  const title = (pid) => readFileSync(`/proc/${pid}/comm`, "utf8").trim();
  const all = { serverKb: privateKb(serverPid) };
  const workers = [];
  const walk = (pid) => {
    for (const child of children(pid)) {
      const name = title(child);
      if (name.includes("worker")) workers.push(privateKb(child));
      else if (name.includes("zygote")) all.zygoteKb = privateKb(child);
      else if (name.includes("egress")) all.egressKb = privateKb(child);
      walk(child);
    }
  };
  walk(serverPid);
  if (workers.length > 0) all.idleWorkerKb = Math.min(...workers);
  return all;
};

const measureRun = async () => {
  const times = [];
  for (let i = 0; i < 12; i++) {
    const started = performance.now();
    await run(...onServerCpu(tenon, ["run", path.join(here, "block.js"), "--json"]));
    times.push(performance.now() - started);
  }
  return { execToExitMs: median(times) };
};

const measureTenon = async (folder) => {
  const starts = [];
  for (let i = 0; i < 3; i++) {
    const server = await startTenon(path.join(folder, `start-${i}`));
    starts.push(server.readyMs);
    await server.stop();
  }
  const server = await startTenon(path.join(folder, "main"));
  try {
    const urls = await deploy(server, "bench");
    const memory = memoryOf(server.pid);
    const sync = await loads(urls.Sync);
    const async = await load(urls.Async, 32);
    return { readyMs: median(starts), memory, sync, asyncIngest: async };
  } finally {
    await server.stop();
  }
};

// --- the report ---

const ratio = (a, b) => Math.round((a / b) * 100) / 100;

const report = ({ tenon: own, echo, nodePlain, nodeVm, cold, cli }) => {
  const rows = [
    ["32 connections: Tenon / Node with a fresh vm context", ratio(own.sync.c32.requestsPerSecond, nodeVm.c32.requestsPerSecond), "at least 2"],
    ["32 connections: Tenon / Node without isolation", ratio(own.sync.c32.requestsPerSecond, nodePlain.c32.requestsPerSecond), ""],
    ["32 connections: Tenon / bare libmicrohttpd", ratio(own.sync.c32.requestsPerSecond, echo.c32.requestsPerSecond), ""],
    ["32 connections: Tenon, requests/s here", own.sync.c32.requestsPerSecond, "over 5000"],
    ["32 connections: Tenon p99, ms", own.sync.c32.p99Us / 1000, "under 15"],
    ["1 connection: Tenon median, ms", own.sync.c1.medianUs / 1000, "under 0.5"],
    ["1 connection: Tenon / Node vm median latency", ratio(own.sync.c1.medianUs, nodeVm.c1.medianUs), ""],
    ["asynchronous ingest, durable, requests/s here", own.asyncIngest.requestsPerSecond, ""],
    ["first request after deploy, ms", cold.freshMs.toFixed(1), "under 10"],
    ["first request after its worker was retired, ms", cold.retiredMs.toFixed(1), "under 10"],
    ["server ready, ms", own.readyMs.toFixed(0), "under 100"],
    ["tenon run, exec to exit, ms", cli.execToExitMs.toFixed(0), ""],
    ["idle worker, private MiB", (own.memory.idleWorkerKb / 1024).toFixed(1), "under 12"],
    ["zygote, private MiB", (own.memory.zygoteKb / 1024).toFixed(1), ""],
    ["server, private MiB", (own.memory.serverKb / 1024).toFixed(1), ""],
    ["errors", own.sync.c1.errors + own.sync.c32.errors + own.asyncIngest.errors, "0"],
  ];
  for (const [name, value, aim] of rows)
    console.log(`${name.padEnd(58)} ${String(value).padStart(10)}  ${aim}`);
};

const main = async () => {
  if (!existsSync(tenon)) throw new Error(`${tenon} is missing: make build`);
  const folder = mkdtempSync(path.join(tmpdir(), "tenon-bench-"));
  try {
    const results = {
      echo: await measurePeer(path.join(root, "build/release/bench-echo"), []),
      nodePlain: await measurePeer(process.execPath, [path.join(here, "node-plain.mjs")]),
      nodeVm: await measurePeer(process.execPath, [path.join(here, "node-vm.mjs")]),
      tenon: await measureTenon(folder),
      cold: await measureCold(path.join(folder, "cold")),
      cli: await measureRun(),
      node: process.version,
      secondsEach: seconds,
    };
    writeFileSync(path.join(here, "results.json"), `${JSON.stringify(results, null, 2)}\n`);
    report(results);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

await main();
