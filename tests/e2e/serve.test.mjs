// `tenon serve` and the commands that talk to it.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";

import { callServer, deployFlows, endOf, root, runTenon, startServer, tenon, tokenOf, until, withFolder } from "../support/tenon.mjs";

const example = path.join(root, "examples/hello");
const shell = (line) => promisify(execFile)("/bin/sh", ["-c", line]);
const modeOf = async (file) => ((await stat(file)).mode & 0o777).toString(8);

describe("a server's life", () => {
  test("its token is made once, for its owner alone", () =>
    withFolder(async (folder) => {
      const data = path.join(folder, "data");
      const first = await startServer(data);
      const token = await tokenOf(first);
      assert.match(token, /^[A-Za-z0-9_-]{43}$/);
      assert.equal(await modeOf(path.join(data, "token")), "600");
      assert.equal(await modeOf(path.join(data, "server.json")), "600");
      assert.equal(await modeOf(data), "700");
      assert.equal(await first.stop(), 0);
      await assert.rejects(stat(path.join(data, "server.json")));
      const second = await startServer(data);
      assert.equal(await tokenOf(second), token);
      await second.stop();
    }));

  test("a token that others can read is refused, with the remedy", () =>
    withFolder(async (data) => {
      await writeFile(path.join(data, "token"), "x".repeat(43));
      await chmod(path.join(data, "token"), 0o644);
      const { code, stderr } = await runTenon(["serve", "--data", data, "--listen", "127.0.0.1:0"]);
      assert.equal(code, 1);
      assert.match(stderr, /chmod 600/);
    }));

  test("a second server on the same data is refused", () =>
    withFolder(async (data) => {
      const server = await startServer(data);
      try {
        const { code, stderr } = await runTenon(["serve", "--data", data, "--listen", "127.0.0.1:0"]);
        assert.equal(code, 1);
        assert.match(stderr, new RegExp(`another server.*${server.pid}`));
      } finally {
        await server.stop();
      }
    }));

  test("an address that is taken is said", () =>
    withFolder(async (folder) => {
      const server = await startServer(path.join(folder, "one"));
      try {
        const { code, stderr } = await runTenon(["serve", "--data", path.join(folder, "two"), "--listen", new URL(server.url).host]);
        assert.equal(code, 1);
        assert.match(stderr, new RegExp(new URL(server.url).port));
      } finally {
        await server.stop();
      }
    }));

  test("the token is in nobody's arguments or environment", () =>
    withFolder(async (data) => {
      const server = await startServer(data, ["--deploy", example]);
      try {
        await until(() => server.output().includes("/trigger/"));
        const token = await tokenOf(server);
        const { stdout } = await shell("ps axeww -o args");
        assert.ok(!stdout.includes(token));
      } finally {
        await server.stop();
      }
    }));

  test("nothing is left of it after it has ended", () =>
    withFolder(async (data) => {
      const server = await startServer(data);
      let children = [];
      try {
        await deployFlows(server, { Main: { isSynchronous: true, steps: ["module.exports = async () => ({ data: 1 });"] } });
        const { stdout } = await shell(`ps -o pid= --ppid ${server.pid}`);
        children = stdout.trim().split(/\s+/).map(Number);
        assert.ok(children.length >= 2, stdout);
      } finally {
        await server.kill();
      }
      await until(() =>
        children.every((pid) => {
          try {
            process.kill(pid, 0);
            return false;
          } catch {
            return true;
          }
        }),
      );
    }));

  test("SIGHUP does not end it", () =>
    withFolder(async (data) => {
      const server = await startServer(data);
      try {
        process.kill(server.pid, "SIGHUP");
        await new Promise((resolve) => setTimeout(resolve, 200));
        assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
      } finally {
        assert.equal(await server.stop(), 0);
      }
    }));
});

describe("commands find the server", () => {
  const clean = { TENON_SERVER: "", TENON_TOKEN: "" };

  test("by the user's own pointer, by --data, by the environment", () =>
    withFolder(async (folder) => {
      const env = { ...clean, XDG_RUNTIME_DIR: folder };
      const data = path.join(folder, "data");
      const server = await startServer(data, [], { env });
      try {
        for (const [args, more] of [
          [[], env],
          [["--data", data], { ...clean, XDG_RUNTIME_DIR: "/nonexistent" }],
          [[], { TENON_SERVER: server.url, TENON_TOKEN: await tokenOf(server), XDG_RUNTIME_DIR: "/nonexistent" }],
        ]) {
          const { code, stdout, stderr } = await runTenon(["instances", "--json", ...args], { env: more });
          assert.equal(code, 0, stderr);
          assert.deepEqual(JSON.parse(stdout).instances, []);
        }
      } finally {
        await server.stop();
      }
      const { code, stderr } = await runTenon(["instances"], { env });
      assert.equal(code, 1);
      assert.match(stderr, /no server runs here.*tenon serve/);
    }));

  test("a wrong token is said", () =>
    withFolder(async (data) => {
      const server = await startServer(data);
      try {
        const { code, stderr } = await runTenon(["instances"], { env: { TENON_SERVER: server.url, TENON_TOKEN: "wrong-token-wrong-token" } });
        assert.equal(code, 1);
        assert.match(stderr, /does not accept the token/);
        assert.ok(!stderr.includes("wrong-token"));
      } finally {
        await server.stop();
      }
    }));

  test("nobody at the address is said", async () => {
    const { code, stderr } = await runTenon(["instances"], { env: { TENON_SERVER: "http://127.0.0.1:9", TENON_TOKEN: "x" } });
    assert.equal(code, 1);
    assert.match(stderr, /can't be reached.*is it running\?/);
  });
});

describe("deploying and looking back", () => {
  let server, data;
  const onServer = async (args, options = {}) =>
    runTenon(args, { ...options, env: { TENON_SERVER: server.url, TENON_TOKEN: await tokenOf(server) } });

  before(async () => {
    data = await mkdtemp(path.join(tmpdir(), "tenon-serve-"));
    server = await startServer(data);
  });
  after(async () => {
    await server?.stop();
    await rm(data, { recursive: true, force: true });
  });

  test("the printed curl line works", async () => {
    const { code, stdout, stderr } = await onServer(["deploy", example]);
    assert.equal(code, 0, stderr);
    const line = /^ *(curl .*)$/m.exec(stdout)[1];
    const answer = await shell(line);
    assert.match(answer.stdout, /^HTTP\/1\.1 200/);
    assert.match(answer.stdout, /"greeting":\s*"Hello bar!"/);
    assert.match(answer.stdout, /"doubled":\s*246/);
    assert.match(answer.stdout, /tenon-execution-id: [0-9a-f-]{36}/i);
  });

  test("a second deploy keeps the URLs and counts the version", async () => {
    const first = await callServer(server, ["deploy", example]);
    await withFolder(async (folder) => {
      await shell(`cp -r '${example}'/. '${folder}'`);
      const file = path.join(folder, "code/map-fields.ts");
      await writeFile(file, (await readFile(file, "utf8")).replace("baz * 2", "baz * 3"));
      const second = await callServer(server, ["deploy", folder]);
      assert.deepEqual(second.urls, first.urls);
    });
    const response = await fetch(first.urls.Hello, { method: "POST", body: '{"baz":2}', headers: { "content-type": "application/json" } });
    assert.equal((await response.json()).doubled, 6);
  });

  test("two instances of one integration have their own URLs and values", async () => {
    await withFolder(async (folder) => {
      await writeFile(path.join(folder, "a.yaml"), "Greeting: Salut\n");
      const a = await callServer(server, ["deploy", example, "--instance", "acme", "--config", path.join(folder, "a.yaml")]);
      const b = await callServer(server, ["deploy", example, "--instance", "beta"]);
      assert.notEqual(a.urls.Hello, b.urls.Hello);
      const greet = async (url) => (await (await fetch(url, { method: "POST", body: '{"foo":"x"}', headers: { "content-type": "application/json" } })).json()).greeting;
      assert.equal(await greet(a.urls.Hello), "Salut x!");
      assert.equal(await greet(b.urls.Hello), "Hello x!");
    });
  });

  test("a faulty definition is not deployed: status 2, with its places", () =>
    withFolder(async (folder) => {
      await writeFile(path.join(folder, "integration.yaml"), "name: X\nflows: 5\n");
      const { code, stderr } = await onServer(["deploy", folder]);
      assert.equal(code, 2);
      assert.match(stderr, /integration\.yaml:2:\d+: error:/);
    }));

  test("a flow for --api-key that is not there is refused", async () => {
    const { code, stderr } = await onServer(["deploy", example, "--api-key", "Nope=secret"]);
    assert.equal(code, 2);
    assert.match(stderr, /no flow "Nope"/);
    assert.ok(!stderr.includes("secret"));
  });

  test("executions and logs are shown to people", async () => {
    const { urls } = await callServer(server, ["deploy", example, "--instance", "people"]);
    const response = await fetch(urls.Hello, { method: "POST", body: '{"foo":"nobody"}', headers: { "content-type": "application/json" } });
    const id = response.headers.get("tenon-execution-id");
    await endOf(server, id);
    const list = await onServer(["executions", "list", "--instance", "people"]);
    assert.match(list.stdout, new RegExp(`${id} +succeeded +people +Hello`));
    const shown = await onServer(["executions", "show", id]);
    assert.match(shown.stdout, /Map Fields/);
    assert.match(shown.stdout, /WARN .*nobody is there/);
    const logs = await onServer(["logs", "--execution", id]);
    assert.match(logs.stdout, /nobody is there/);
    const failed = await onServer(["executions", "list", "--status", "failed", "--instance", "people"]);
    assert.match(failed.stdout, /No executions/);
    const nowhere = await onServer(["executions", "show", "01890000-0000-7000-8000-000000000000"]);
    assert.equal(nowhere.code, 1);
  });

  test("logs -f goes on as lines come", { timeout: 30_000 }, async () => {
    const urls = await deployFlows(server, { Say: { isSynchronous: true, steps: ["module.exports = async ({ logger }, { webhook }) => { logger.info(`said ${webhook.results.body.data.word}`); return { data: 1 }; };"] } }, { instance: "follow" });
    const child = spawn(tenon, ["logs", "-f", "--instance", "follow"], {
      env: { ...process.env, TENON_SERVER: server.url, TENON_TOKEN: await tokenOf(server) },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let seen = "";
    child.stdout.on("data", (chunk) => (seen += chunk));
    const say = (word) => fetch(urls.Say, { method: "POST", body: JSON.stringify({ word }), headers: { "content-type": "application/json" } });
    try {
      await say("one");
      await until(() => seen.includes("said one"));
      await say("two");
      await until(() => seen.includes("said two"));
      assert.equal(seen.split("said one").length, 2, seen);
    } finally {
      child.kill("SIGTERM");
    }
  });

  test("instances are listed, paused and resumed", async () => {
    await callServer(server, ["deploy", example, "--instance", "pausable"]);
    assert.equal((await onServer(["pause", "pausable"])).code, 0);
    assert.match((await onServer(["instances"])).stdout, /pausable +Hello +\S+ +paused/);
    assert.equal((await onServer(["resume", "pausable"])).code, 0);
    assert.match((await onServer(["instances"])).stdout, /pausable +Hello +\S+ +active/);
    const unknown = await onServer(["pause", "nobody"]);
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /nobody/);
  });
});

test("the doctor shows the layers and runs the escape attempts", { timeout: 120_000 }, async () => {
  const { code, stdout } = await runTenon(["doctor", "--json"], { timeoutMs: 110_000 });
  const report = JSON.parse(stdout);
  assert.ok(report.layers.length >= 8);
  const isSound = report.error === undefined && report.layers.every((layer) => layer.isPresent) && report.attempts.every((attempt) => attempt.wasRefused);
  assert.equal(report.isSound, isSound);
  assert.equal(code, isSound ? 0 : 1);
  assert.deepEqual(report.attempts.filter((attempt) => !attempt.wasRefused), []);
  for (const layer of report.layers.filter((one) => !one.isPresent)) assert.ok(layer.detail && layer.cost, layer.layer);
});
