// npm packages in code blocks: found, pinned, shared by steps, and refused with the line that asks for them.
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";

import { callServer, deployFlows, runTenon, startServer, withFolder } from "../support/tenon.mjs";

const run = (folder, file, args = [], env = {}) =>
  runTenon(["run", file, "--json", ...args], { cwd: folder, env, timeoutMs: 120_000 });

const runFiles = (files, file = "block.js") =>
  withFolder(async (folder) => {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
      await writeFile(path.join(folder, name), text);
    }
    return run(folder, file);
  });

const dataOf = ({ code, stdout, stderr }) => {
  assert.equal(code, 0, stderr + stdout);
  return JSON.parse(stdout).result;
};

test("a package comes by its name and version, by require and by import", async () => {
  const result = await runFiles({
    "block.js": `
      const _ = require("lodash@4.17.21");
      import camelCase from "lodash@4.17.21/camelCase.js";
      export default async () => ({ data: [_.VERSION, camelCase("a b"), _.camelCase === camelCase] });`,
  });
  assert.deepEqual(dataOf(result), ["4.17.21", "aB", false]);
});

test("two versions of one package live side by side", async () => {
  const result = await runFiles({
    "block.js": `module.exports = async () => ({ data: [require("lodash@4.17.21").VERSION, require("lodash@3.10.1").VERSION] });`,
  });
  assert.deepEqual(dataOf(result), ["4.17.21", "3.10.1"]);
});

test("a plain name is that of package.json, and files of the integration have packages too", async () => {
  const result = await runFiles({
    "package.json": JSON.stringify({ dependencies: { dayjs: "1.11.10" } }),
    "lib/dates.ts": `import dayjs from "dayjs"; export const year = (text: string): number => dayjs(text).year();`,
    "block.ts": `import { year } from "./lib/dates.ts"; import names from "./names.json"; export default async () => ({ data: [year("2020-05-06"), names.first] });`,
    "names.json": `{"first": "Ada"}`,
  }, "block.ts");
  assert.deepEqual(dataOf(result), [2020, "Ada"]);
  assert.equal(result.stderr, "");
});

test("a range is pinned, and the warning says to what", async () => {
  const { code, stderr } = await runFiles({
    "block.js": `const dayjs = require("dayjs@~1.11.9");\nmodule.exports = async () => ({ data: 1 });`,
  });
  assert.equal(code, 0);
  assert.match(stderr, /block\.js:1:\d+: warning: "dayjs@~1\.11\.9" asks for "~1\.11\.9" and is pinned to 1\.11\.\d+/);
});

for (const [what, request, message] of [
  ["a package that does not exist", "tenon-has-no-such-package@1.0.0", /the npm registry has no package "tenon-has-no-such-package"/],
  ["a version that does not exist", "lodash@99.0.0", /no version of "lodash" matches "99\.0\.0"/],
  ["a file that does not exist", "lodash@4.17.21/nothing.js", /"lodash@4\.17\.21\/nothing\.js" can't be built in/],
  ["a package without a version", "lodash", /"lodash" has no version/],
  ["an address for a version", "lodash@git+ssh://host/x", /is not the name of an npm package|names no version/],
  ["a name that is none", "../../etc@1", /does not exist|Could not resolve|can't be read/],
])
  test(`${what} is an error at its line`, async () => {
    const { code, stderr, stdout } = await runFiles({
      "block.js": `// a comment\nconst x = require("${request}");\nmodule.exports = async () => ({ data: x });`,
    });
    assert.equal(code, 2, stdout);
    assert.match(stderr, /block\.js:2:\d+: error: /);
    assert.match(stderr, message);
  });

test("without npm the error says so", async () =>
  withFolder(async (folder) => {
    await writeFile(path.join(folder, "block.js"), `const x = require("left-pad@1.3.0");\nmodule.exports = async () => ({ data: x });`);
    const { code, stderr } = await run(folder, "block.js", [], { PATH: "/nowhere", TENON_CACHE: path.join(folder, "cache") });
    assert.equal(code, 2);
    assert.match(stderr, /block\.js:1:\d+: error: npm was not found/);
  }));

test("two builds of the same are the same, and a deployed version needs no npm", { timeout: 180_000 }, async () =>
  withFolder(async (folder) => {
    const server = await startServer(path.join(folder, "data"), [], { env: { PATH: "/nowhere" } });
    try {
      const step = `module.exports = async () => { const _ = require("lodash@4.17.21"); _.seen = (_.seen ?? 0) + 1; return { data: _.seen }; };`;
      const flows = { Shared: { isSynchronous: true, steps: [step, step] } };
      const urls = await deployFlows(server, flows);
      for (let i = 0; i < 3; i++) assert.equal(await (await fetch(urls.Shared, { method: "POST" })).text(), "2");

      // The other build has a cache of its own, so everything is installed again.
      process.env.TENON_CACHE = path.join(folder, "cache");
      await deployFlows(server, flows, { instance: "again" });
      delete process.env.TENON_CACHE;
      const instances = await callServer(server, ["instances"]);
      const versions = new Set((instances.instances ?? instances).map(({ version }) => JSON.stringify(version)));
      assert.equal(versions.size, 1, JSON.stringify(instances));
    } finally {
      await server.stop();
    }
  }));

test("an error inside a package shows the package's own file and line", async () => {
  const { code, stdout } = await runFiles({
    "block.js": `module.exports = async () => require("uuid@9.0.1").parse("no uuid");`,
  });
  assert.equal(code, 1);
  const { error } = JSON.parse(stdout);
  assert.match(error.message, /Invalid UUID/);
  assert.match(error.stack, /node_modules\/uuid\/dist\/.*parse\.js:\d+:\d+/);
  assert.match(error.stack, /block\.js:1:/);
});

test("a package that looks for the prototype of async iterators finds it beside one that keeps contexts", async () => {
  const result = await runFiles({
    "block.js": `
      const { AsyncLocalStorage } = require("node:async_hooks");
      const { getStreamAsArray } = require("get-stream@9.0.1");
      module.exports = async () => ({ data: [await getStreamAsArray(require("node:stream").Readable.from([1, 2])), typeof AsyncLocalStorage] });`,
  });
  assert.deepEqual(dataOf(result), [[1, 2], "function"]);
});
