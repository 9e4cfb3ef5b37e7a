// Real packages from npm: each file beside this one is a code block that uses one and throws where a result is wrong.
// All are flows of one integration, so that npm runs once; they run in a server's workers, against servers of ours and
// of the distribution (servers/all.mjs).
import assert from "node:assert/strict";
import { copyFile, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

import { callServer, endOf, startServer, withFolder } from "../support/tenon.mjs";
import { startServers } from "./servers/all.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const names = (await readdir(here)).filter((name) => name.endsWith(".js")).map((name) => name.slice(0, -".js".length)).sort();

const flowOf = (name) => `
  - name: ${name}
    isSynchronous: true
    limits: { syncMs: 120000, cpuMs: 120000, memoryMb: 6000 }
    steps:
      - name: Webhook
        isTrigger: true
        action: { component: { key: webhook-triggers, isPublic: true, version: LATEST }, key: webhook }
        inputs: {}
      - name: Block
        action: { component: { key: code, isPublic: true, version: LATEST }, key: runCode }
        inputs:
          code: { file: ${name}.js }
`;

const deploy = (server) =>
  withFolder(async (folder) => {
    for (const name of names) await copyFile(path.join(here, `${name}.js`), path.join(folder, `${name}.js`));
    await writeFile(path.join(folder, "integration.yaml"), `name: Packages\ndescription: ""\ndefinitionVersion: 7\nflows:${names.map(flowOf).join("")}`);
    return (await callServer(server, ["deploy", folder], { timeoutMs: 400_000 })).urls;
  });

describe("packages from npm", { concurrency: 2, timeout: 900_000 }, () => {
  let close = [];
  let servers;
  let server;
  let urls;

  before(async () => {
    let folderIsUnused;
    const folder = await new Promise((resolve) => {
      const unused = new Promise((isUnused) => (folderIsUnused = isUnused));
      const removed = withFolder((made) => (resolve(made), unused));
      close.push(() => (folderIsUnused(), removed));
    });
    servers = await startServers();
    close.unshift(() => servers.stop());
    server = await startServer(path.join(folder, "data"), ["--allow-private", "127.0.0.0/8"]);
    close.unshift(() => server.stop());
    urls = await deploy(server);
  });
  after(async () => {
    for (const one of close) await one();
  });

  for (const name of names)
    test(`${name} does what it is for`, async () => {
      const response = await fetch(urls[name], { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(servers.places) });
      const text = await response.text();
      if (response.status === 200) return;
      const { error } = await endOf(server, response.headers.get("tenon-execution-id"));
      assert.fail(`${text}\n${error?.stack ?? ""}`);
    });

  test("the mail that nodemailer sent arrived whole", async () => {
    const mail = servers.mails.find(({ from }) => from === "ada@example.com");
    assert.deepEqual(mail?.to, ["bob@example.com", "eve@example.com"]);
    assert.match(mail.text, /^Subject: =\?UTF-8\?Q\?Gr=C3=BC=C3=9Fe\?=\r$/m);
    assert.match(mail.text, /filename=report\.csv/);
  });
});
