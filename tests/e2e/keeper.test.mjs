// Connections from `tenon deploy` to the code that uses them, and the keys that they are sealed under.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, copyFile, mkdtemp, readFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

import { CompactEncrypt, importJWK } from "jose";

import { callServer, deployFlows, endOf, isSanitized, runTenon, startServer, tokenOf, until } from "../support/tenon.mjs";

const secret = "planted-4f1d9c2e7a6b";
const declared = `requiredConfigVars:
  - { key: CRM, dataType: connection, required: true, connection: { component: { key: code, isPublic: true, version: LATEST }, key: basic } }
  - { key: Extra, dataType: connection, connection: { component: { key: code, isPublic: true, version: LATEST }, key: apiKey } }
  - { key: Plain, dataType: string, defaultValue: well }
`;
const config = { CRM: { username: "ada", password: secret } };

const show = "module.exports = async ({ configVars }) => ({ data: configVars });";
const digest = `module.exports = async ({ configVars }) => ({ data: require("crypto").createHash("sha256").update(configVars.CRM.fields.password).digest("hex") });`;
const flow = (code, more = {}) => ({ Flow: { isSynchronous: true, steps: [code], ...more } });
const sha256 = async (text) => Buffer.from(await crypto.subtle.digest("SHA-256", Buffer.from(text))).toString("hex");

const withData = async (use) => {
  const folder = await mkdtemp(path.join(tmpdir(), "tenon-keeper-"));
  try {
    return await use(path.join(folder, "data"), folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const withServer = (use, options) =>
  withData(async (data, folder) => {
    const server = await startServer(data, [], options);
    try {
      return await use(server, folder);
    } finally {
      await server.stop();
    }
  });

const call = async (server, url, body = {}) => {
  const at = new URL(new URL(url).pathname, server.url);
  const response = await fetch(at, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } });
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.includes("json");
  return { status: response.status, id: response.headers.get("tenon-execution-id"), body: isJson ? JSON.parse(text) : text };
};

const api = async (server, method, at, body) => {
  const response = await fetch(server.url + at, {
    method,
    headers: { authorization: `Bearer ${await tokenOf(server)}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
};

const keysOf = async (server) => (await fetch(`${server.url}/api/v1/keys/connections`)).json();

const seal = async (server, ctx, fields, more = {}) => {
  const [jwk] = (await keysOf(server)).keys;
  return new CompactEncrypt(Buffer.from(JSON.stringify(fields)))
    .setProtectedHeader({ alg: "ECDH-ES", enc: "A256GCM", kid: jwk.kid, ctx, ...more })
    .encrypt(await importJWK(jwk, "ECDH-ES"));
};

/** The version of an instance's deploy, to be sent again with other connections. */
const deployDocument = async (server, connections, config = {}) => {
  const sent = [];
  const spy = await import("node:http").then(({ createServer }) =>
    createServer(async (request, response) => {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      if (request.url.includes("deployments")) sent.push(JSON.parse(Buffer.concat(chunks)));
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ instance: { name: "default" }, version: { sequence: 1 }, urls: {}, warnings: [] }));
    }),
  );
  await new Promise((resolve) => spy.listen(0, "127.0.0.1", resolve));
  try {
    await deployFlows({ url: `http://127.0.0.1:${spy.address().port}`, data: server.data }, flow(show), { extra: declared });
  } finally {
    spy.close();
  }
  return { ...sent[0], config, connections };
};

describe("a connection", () => {
  test("goes sealed from the file of --config to the code that declares it", () =>
    withServer(async (server) => {
      const urls = await deployFlows(server, flow(show), { extra: declared, config });
      const { status, body } = await call(server, urls.Flow);
      assert.equal(status, 200);
      assert.deepEqual(body.CRM, { key: "basic", configVarKey: "CRM", fields: config.CRM });
      assert.equal(body.Plain, "well");
      assert.ok(!("Extra" in body), "an optional connection that is not set is not there");
    }));

  test("stays after a deploy that does not give it, and after a restart", () =>
    withData(async (data) => {
      let server = await startServer(data);
      const urls = await deployFlows(server, flow(digest), { extra: declared, config });
      await deployFlows(server, flow(digest), { extra: declared });
      assert.equal((await call(server, urls.Flow)).body, await sha256(secret));
      await server.kill();
      server = await startServer(data);
      assert.equal((await call(server, urls.Flow)).body, await sha256(secret));
      await server.stop();
    }));

  test("that is required and not set is a warning of the deploy, and an error when code touches it", () =>
    withServer(async (server) => {
      const before = await callServer(server, ["instances"]).catch((error) => error);
      assert.ok(before);
      const urls = await deployFlows(server, flow(digest), { extra: declared });
      const { status, id } = await call(server, urls.Flow);
      assert.equal(status, 400);
      const { error } = await endOf(server, id);
      assert.equal(error.name, "ConnectionError");
      assert.match(error.message, /CRM.*username.*tenon connections set "CRM" --instance default/s);
    }));

  test("is not taken in the clear by the API, which says what to do", () =>
    withServer(async (server) => {
      const { status, body } = await api(server, "POST", "/api/v1/deployments", await deployDocument(server, {}, config));
      assert.equal(status, 422);
      assert.match(body.faults[0].message, /in the clear/);
      assert.match(body.faults[0].hint, /tenon connections set/);
      assert.ok(!JSON.stringify(body).includes(secret));
    }));

  test("sealed by another JOSE library is taken, for its own place only", () =>
    withServer(async (server) => {
      const urls = await deployFlows(server, flow(digest), { extra: declared });
      const deploy = async (jwe) => (await api(server, "POST", "/api/v1/deployments", await deployDocument(server, { CRM: jwe }))).body.warnings;
      const wrongPlace = await deploy(await seal(server, "default/Extra", config.CRM));
      assert.match(wrongPlace[0].message, /not for this connection.*"ctx": "default\/CRM"/);
      const noPlace = await deploy(await seal(server, undefined, config.CRM));
      assert.match(noPlace[0].message, /not for this connection/);
      const noObject = await deploy(await seal(server, "default/CRM", "text"));
      assert.match(noObject[0].message, /must be a JSON object/);
      const wrongKey = await deploy(await seal(server, "default/CRM", config.CRM, { kid: "another" }));
      assert.match(wrongKey[0].message, /another key/);
      assert.match((await deploy("a.b.c.d.e"))[0].message, /the JWE/);
      assert.equal((await call(server, urls.Flow)).status, 400, "none of these was taken");
      assert.deepEqual(await deploy(await seal(server, "default/CRM", config.CRM)), []);
      await deployFlows(server, flow(digest), { extra: declared });
      assert.equal((await call(server, urls.Flow)).body, await sha256(secret));
    }));

  test("is for its own instance alone", () =>
    withServer(async (server) => {
      const one = await deployFlows(server, flow(digest), { extra: declared, config, instance: "one" });
      const two = await deployFlows(server, flow(digest), { extra: declared, config: { CRM: { username: "b", password: "another-secret" } }, instance: "two" });
      const answers = await Promise.all([1, 2, 3, 4].map((i) => call(server, (i % 2 ? one : two).Flow)));
      assert.deepEqual(answers.map(({ body }) => body), [await sha256(secret), await sha256("another-secret"), await sha256(secret), await sha256("another-secret")]);
    }));

  test("of a flow under load is there for every execution", () =>
    withServer(async (server) => {
      const urls = await deployFlows(server, flow(digest), { extra: declared, config });
      const expected = await sha256(secret);
      for (let round = 0; round < 5; round++) {
        const answers = await Promise.all(Array.from({ length: 40 }, () => call(server, urls.Flow)));
        for (const { body } of answers) assert.equal(body, expected);
      }
    }));
});

describe("a secret", () => {
  test("is redacted from log lines, errors and step results in every spelling", () =>
    withServer(async (server) => {
      const urls = await deployFlows(
        server,
        flow(`module.exports = async ({ configVars, logger }) => {
          const { password } = configVars.CRM.fields;
          logger.info("plain " + password, { password }, Buffer.from(password));
          console.log(Buffer.from("ada:" + password).toString("base64"), encodeURIComponent(password));
          throw new Error("login failed for " + password);
        };`),
        { extra: declared, config },
      );
      const { id, body } = await call(server, urls.Flow);
      const execution = await endOf(server, id);
      const text = JSON.stringify([execution, body]) + server.output();
      assert.ok(!text.includes(secret));
      assert.ok(!text.includes(Buffer.from(`ada:${secret}`).toString("base64")));
      assert.match(execution.error.message, /login failed for \[redacted: CRM\.password\]/);
      assert.match(execution.logs[0].text, /plain \[redacted: CRM\.password\]/);
    }));

  test("in a step's results is redacted to be shown, and there again for a step after a crash", () =>
    withData(async (data) => {
      let server = await startServer(data);
      const urls = await deployFlows(
        server,
        {
          Flow: {
            steps: [
              "module.exports = async ({ configVars }) => ({ data: { password: configVars.CRM.fields.password, file: Buffer.from(configVars.CRM.fields.password) } });",
              `module.exports = async (context, { step1 }) => {
                 await new Promise((r) => setTimeout(r, 1500));
                 return { data: require("crypto").createHash("sha256").update(step1.results.password + step1.results.file).digest("hex") };
               };`,
            ],
          },
        },
        { extra: declared, config },
      );
      const { body } = await call(server, urls.Flow);
      await until(async () => {
        const { body: execution } = await api(server, "GET", `/api/v1/executions/${body.executionId}`);
        return execution.steps?.length === 2;
      });
      await server.kill();
      server = await startServer(data);
      const execution = await endOf(server, body.executionId);
      assert.equal(execution.status, "succeeded", JSON.stringify(execution.error));
      assert.equal(execution.steps[1].results.password, "[redacted: CRM.password]");
      assert.equal(execution.steps.at(-1).results, await sha256(secret + secret));
      assert.ok(!JSON.stringify(execution).includes(secret));
      await server.stop();
    }));

  test("may not be put into a state", () =>
    withServer(async (server) => {
      for (const state of ["executionState", "instanceState", "crossFlowState", "integrationState"]) {
        const urls = await deployFlows(server, flow(`module.exports = async ({ configVars, ${state} }) => { ${state}.kept = "Basic " + configVars.CRM.fields.password; return { data: 1 }; };`), { extra: declared, config });
        const { status, id } = await call(server, urls.Flow);
        assert.equal(status, 400);
        assert.match((await endOf(server, id)).error.message, new RegExp(`${state} holds a secret, CRM.password`));
      }
    }));

  test("that was in the clear in a store of before is sealed at the first start", () =>
    withData(async (data) => {
      let server = await startServer(data);
      const urls = await deployFlows(server, flow(digest), { extra: declared });
      await server.stop();
      const sql = `UPDATE instance SET config = '${JSON.stringify(config)}'`;
      await promisify(execFile)("sqlite3", [path.join(data, "tenon.db"), sql]);
      server = await startServer(data);
      await until(() => /sealed now/.test(server.output()));
      assert.equal((await call(server, urls.Flow)).body, await sha256(secret));
      await server.stop();
      server = await startServer(data);
      assert.equal((await call(server, urls.Flow)).body, await sha256(secret));
      assert.doesNotMatch(server.output(), /sealed now/);
      await server.stop();
    }));
});

describe("context.connections.refresh", () => {
  test("gives the connection, and says what is wrong with a name", () =>
    withServer(async (server) => {
      const urls = await deployFlows(
        server,
        flow(`module.exports = async ({ connections, configVars }) => {
          const again = await connections.refresh("CRM");
          const error = await connections.refresh("CMR").catch((error) => ({ name: error.name, message: error.message, isSpectralError: error.isSpectralError }));
          return { data: { same: again === configVars.CRM, error } };
        };`),
        { extra: declared, config },
      );
      const { body } = await call(server, urls.Flow);
      assert.deepEqual(body, { same: true, error: { name: "ConnectionError", message: 'there is no connection "CMR"', isSpectralError: true } });
    }));
});

describe("the master key", () => {
  test("is made at the first start, for its owner alone", () =>
    withServer(async (server) => {
      const file = path.join(server.data, "master.key");
      assert.equal((await stat(file)).mode & 0o777, 0o600);
      assert.match(await readFile(file, "utf8"), /^[0-9a-f]{64}\n$/);
    }));

  const snapshot = async (data) => {
    const files = {};
    for (const name of await readdir(data)) {
      if (!/^(tenon\.db|master)/.test(name)) continue;
      const bytes = await readFile(path.join(data, name));
      // SQLite counts openings in its header (https://sqlite.org/fileformat.html, 1.3).
      if (name === "tenon.db") bytes.fill(0, 24, 28).fill(0, 92, 100);
      files[name] = bytes.toString("base64");
    }
    return files;
  };

  const refused = async (data, pattern, env = {}) => {
    const before = await snapshot(data);
    const { code, stderr } = await runTenon(["serve", "--data", data, "--listen", "127.0.0.1:0"], { env });
    assert.equal(code, 1);
    assert.match(stderr, pattern);
    assert.deepEqual(await snapshot(data), before, "nothing was touched");
  };

  test("that is missing, another's, damaged, or readable for others stops the start, and nothing is touched", () =>
    withData(async (data, folder) => {
      const server = await startServer(data);
      await deployFlows(server, flow(digest), { extra: declared, config });
      await server.stop();
      const key = path.join(data, "master.key"), aside = path.join(folder, "aside");
      await rename(key, aside);
      await refused(data, /key is not to be had.*master\.key/);
      await writeFile(key, `${"ab".repeat(32)}\n`, { mode: 0o600 });
      await refused(data, /sealed under the master key [0-9a-f]{16}, but .*master\.key holds the key [0-9a-f]{16}/);
      await writeFile(key, "short");
      await refused(data, /must hold 32 bytes/);
      await copyFile(aside, key);
      await chmod(key, 0o644);
      await refused(data, /can be read by others.*chmod 600/);
      await rm(key);
      await refused(data, /another\.key/, { TENON_MASTER_KEY_FILE: path.join(folder, "another.key") });
      const again = await startServer(data, [], { env: { TENON_MASTER_KEY_FILE: aside } });
      await again.stop();
    }));

  test("may be a systemd credential", () =>
    withData(async (data, folder) => {
      await writeFile(path.join(folder, "tenon-master-key"), Buffer.from("ab".repeat(32), "hex"), { mode: 0o440 });
      const server = await startServer(data, [], { env: { CREDENTIALS_DIRECTORY: folder } });
      const urls = await deployFlows(server, flow(digest), { extra: declared, config });
      assert.equal((await call(server, urls.Flow)).body, await sha256(secret));
      assert.ok(!(await readdir(data)).includes("master.key"));
      await server.stop();
    }));

  test("is replaced while executions run, none of which notices", () =>
    withData(async (data) => {
      let server = await startServer(data);
      const urls = await deployFlows(server, flow(digest), { extra: declared, config });
      const expected = await sha256(secret);
      const before = await readFile(path.join(data, "master.key"), "utf8");
      let isOn = true, n = 0;
      const load = (async () => {
        while (isOn) {
          assert.equal((await call(server, urls.Flow)).body, expected);
          n++;
        }
      })();
      for (let i = 0; i < 5; i++) {
        const { keyId, rows } = await callServer(server, ["keys", "rotate"]);
        assert.match(keyId, /^[0-9a-f]{16}$/);
        assert.equal(rows, 1);
      }
      isOn = false;
      await load;
      assert.ok(n > 0);
      assert.notEqual(await readFile(path.join(data, "master.key"), "utf8"), before);
      assert.deepEqual((await readdir(data)).filter((name) => name.startsWith("master.key.")), []);
      await server.stop();
      server = await startServer(data);
      assert.equal((await call(server, urls.Flow)).body, expected);
      await server.stop();
    }));

  test("is replaced by the operator's file, which is needed from then on", () =>
    withData(async (data, folder) => {
      const [one, two] = ["one.key", "two.key"].map((name) => path.join(folder, name));
      await writeFile(one, "11".repeat(32), { mode: 0o600 });
      await writeFile(two, "22".repeat(32), { mode: 0o600 });
      let server = await startServer(data, [], { env: { TENON_MASTER_KEY_FILE: one } });
      const urls = await deployFlows(server, flow(digest), { extra: declared, config });
      await assert.rejects(callServer(server, ["keys", "rotate"]), /not Tenon's to replace.*--to/s);
      await assert.rejects(callServer(server, ["keys", "rotate", "--to", one]), /holds the present key/);
      await callServer(server, ["keys", "rotate", "--to", two]);
      await server.stop();
      await refused(data, /sealed under the master key/, { TENON_MASTER_KEY_FILE: one });
      server = await startServer(data, [], { env: { TENON_MASTER_KEY_FILE: two } });
      assert.equal((await call(server, urls.Flow)).body, await sha256(secret));
      await server.stop();
    }));

  test("survives kills at random moments of its replacement", { timeout: 600_000 }, () =>
    withData(async (data) => {
      const expected = await sha256(secret);
      let server = await startServer(data), urls;
      for (const instance of ["a", "b", "c", "d"]) urls = await deployFlows(server, flow(digest), { extra: declared, config, instance });
      const rounds = isSanitized ? 12 : 25;
      for (let round = 0; round < rounds; round++) {
        const rotation = callServer(server, ["keys", "rotate"]).catch(() => undefined);
        await sleep(Math.random() * (isSanitized ? 400 : 60));
        await server.kill();
        await rotation;
        server = await startServer(data);
        assert.equal((await call(server, urls.Flow)).body, expected, `round ${round}`);
      }
      /* What was interrupted last goes on by itself. */
      await until(async () => (await readdir(data)).every((name) => !name.startsWith("master.key.")));
      await server.stop();
    }));
});

describe("the keeper", () => {
  const pidOf = async (server, name) => {
    for (const entry of await readdir("/proc")) {
      if (!/^\d+$/.test(entry)) continue;
      try {
        const fields = await readFile(`/proc/${entry}/stat`, "utf8");
        const parent = Number(fields.slice(fields.lastIndexOf(")") + 2).split(" ")[1]);
        if (parent === server.pid && fields.includes(`(${name})`)) return Number(entry);
      } catch {
        // it has ended meanwhile
      }
    }
    return undefined;
  };

  test("that dies is started anew, and executions get their connections again", () =>
    withServer(async (server) => {
      const urls = await deployFlows(server, flow(digest), { extra: declared, config });
      const expected = await sha256(secret);
      for (let i = 0; i < 3; i++) {
        assert.equal((await call(server, urls.Flow)).body, expected);
        const pid = await until(() => pidOf(server, "tenon: keeper"));
        process.kill(pid, "SIGKILL");
        await until(async () => ((await pidOf(server, "tenon: keeper")) ?? pid) !== pid);
        assert.equal((await call(server, urls.Flow)).body, expected);
      }
    }));

  test("makes no socket, runs nothing, and can't be looked at", { skip: process.getuid() !== 0 && "needs root" }, () =>
    withServer(async (server) => {
      const pid = await until(() => pidOf(server, "tenon: keeper"));
      const status = await readFile(`/proc/${pid}/status`, "utf8");
      assert.match(status, /^Seccomp:\s+2$/m);
      assert.match(status, /^NoNewPrivs:\s+1$/m);
      assert.match(status, /^CapEff:\s+0+$/m);
      assert.match(status, /^CapPrm:\s+0+$/m);
      assert.match(await readFile(`/proc/${pid}/limits`, "utf8"), /^Max core file size\s+0\s+0/m);
      assert.equal((await readFile(`/proc/${pid}/environ`, "utf8")).replaceAll("\0", ""), "");
      assert.equal((await stat(`/proc/${pid}/mem`)).uid, 0, "not dumpable: its files are root's");
    }));
});
