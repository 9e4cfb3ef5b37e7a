// An integration's own modules, JSON and TypeScript: the same in run, check and deploy.
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";

import { callServer, runTenon, startServer, withFolder } from "../support/tenon.mjs";

const files = {
  "lib/dates.ts": `
    export enum Unit { Day = 1, Week = 7 }
    export interface Span { from: Date; unit: Unit }
    export const end = ({ from, unit }: Span): string => new Date(from.getTime() + unit * 86_400_000).toISOString().slice(0, 10);`,
  "lib/counter.js": `let n = 0; exports.next = () => ++n;`,
  "lib/even.mts": `import { isOdd } from "./odd.cts"; export const isEven = (n: number): boolean => n === 0 || isOdd(n - 1);`,
  "lib/odd.cts": `import { isEven } from "./even.mts"; export const isOdd = (n: number): boolean => n !== 0 && isEven(n - 1);`,
  "lib/index.ts": `export * as numbers from "./even.mts"; export type { Span } from "./dates.ts"; export { default as regions } from "../data/regions.json";`,
  "lib/later.ts": `export default "later";`,
  "data/regions.json": `{ "eu": "Frankfurt", "a-b": [1, 2.5, null], "ü": "\\u2028" }`,
};

/** Each gives `expected` as its data. */
const blocks = {
  "a TypeScript block imports TypeScript, JSON and types": {
    file: "code/typed.ts",
    code: `
      import { end, Unit, type Span } from "../lib/dates.ts";
      import regions from "../data/regions.json";
      import { eu } from "../data/regions.json";
      const span: Span = { from: new Date("2026-02-27T00:00:00Z"), unit: Unit.Week };
      export default async (context: unknown, stepResults: Record<string, { results: unknown }>): Promise<{ data: unknown }> =>
        ({ data: [end(span), regions["a-b"], eu satisfies string, Unit[1]!] });`,
    expected: ["2026-03-06", [1, 2.5, null], "Frankfurt", "Day"],
  },
  "a CommonJS block requires modules and JSON": {
    file: "code/plain.js",
    code: `
      const { next } = require("../lib/counter");
      const again = require("../lib/counter.js");
      const regions = require("../data/regions.json");
      module.exports = async () => ({ data: [next(), again.next(), regions["ü"] === "\\u2028", require("../lib").numbers.isEven(4)] });`,
    expected: [1, 2, true, true],
  },
  "an ES module imports a folder, its re-exports and a cycle": {
    file: "code/module.mjs",
    code: `
      import { numbers, regions } from "../lib/index.ts";
      import * as all from "../lib/even.mts";
      export default () => ({ data: [numbers.isEven(7), all.isEven(8), regions.eu] });`,
    expected: [false, true, "Frankfurt"],
  },
  "a module is imported later, and JSON with an attribute": {
    file: "code/later.ts",
    code: `
      import regions from "../data/regions.json" with { type: "json" };
      export default async () => ({ data: [(await import("../lib/later.ts")).default, Object.keys(regions).length] });`,
    expected: ["later", 3],
  },
};

const withFiles = (more, use) =>
  withFolder(async (folder) => {
    for (const [name, text] of Object.entries({ ...files, ...more })) {
      await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
      await writeFile(path.join(folder, name), text);
    }
    return use(folder);
  });

const definition = (steps) =>
  `name: Modules\ndescription: ""\ndefinitionVersion: 7\nflows:\n${steps
    .map(([flow, code]) => `  - name: ${flow}\n    isSynchronous: true\n    steps:\n      - name: Webhook\n        action: webhook-triggers.webhook\n      - name: Block\n        action: code.runCode\n        inputs:\n          code: ${code}\n`)
    .join("")}`;

for (const [what, { file, code, expected }] of Object.entries(blocks))
  test(`${what}: run as a file`, () =>
    withFiles({ [file]: code, "package.json": "{}" }, async (folder) => {
      const { code: status, stdout, stderr } = await runTenon(["run", file, "--json"], { cwd: folder });
      assert.equal(status, 0, stderr + stdout);
      assert.deepEqual(JSON.parse(stdout).result, expected);
    }));

const inlineBlock = `|
            const { next } = require("./lib/counter");
            import regions from "./data/regions.json";
            import { isEven } from "./lib/even.mts";
            module.exports = async () => ({ data: [next(), regions.eu, isEven(3)] });`;

test("all of them are sound to check, run in an integration, and are deployed", { timeout: 120_000 }, () => {
  const named = Object.entries(blocks).map(([, { file }], i) => [`Flow ${i}`, `{ file: ${file} }`]);
  const sources = Object.fromEntries(Object.values(blocks).map(({ file, code }) => [file, code]));
  const yaml = definition([...named, ["Inline", inlineBlock]]);
  const expected = Object.fromEntries([...Object.values(blocks).map(({ expected: data }, i) => [`Flow ${i}`, data]), ["Inline", [1, "Frankfurt", false]]]);
  return withFiles({ ...sources, "integration.yaml": yaml }, async (folder) => {
    const check = await runTenon(["check", folder, "--json"], { timeoutMs: 240_000 });
    assert.deepEqual(JSON.parse(check.stdout), { isSound: true, faults: [] });
    for (const [flow, data] of Object.entries(expected)) {
      const { stdout, stderr } = await runTenon(["run", folder, "--flow", flow, "--json"]);
      assert.deepEqual(JSON.parse(stdout).result, data, stderr);
    }
    await withFolder(async (data) => {
      const server = await startServer(data);
      try {
        const { urls } = await callServer(server, ["deploy", folder]);
        for (const [flow, result] of Object.entries(expected))
          assert.deepEqual(await (await fetch(urls[flow], { method: "POST" })).json(), result, flow);
      } finally {
        await server.stop();
      }
    });
  });
});

test("an error in a module shows the module's own file, line and column", () =>
  withFiles(
    {
      "package.json": "{}",
      "lib/fails.ts": `interface Thing { name: string }\nexport const fail = (thing: Thing): never => {\n  throw new TypeError(\`no \${thing.name}\`);\n};`,
      "block.ts": `import { fail } from "./lib/fails.ts";\nexport default async () => fail({ name: "x" });`,
    },
    async (folder) => {
      const { stdout } = await runTenon(["run", "block.ts", "--json"], { cwd: folder });
      const { error } = JSON.parse(stdout);
      assert.equal(error.message, "no x");
      assert.match(error.stack, /lib\/fails\.ts:3:\d+[^]*block\.ts:2:\d+/);
    },
  ));

for (const [what, code, place, message, file = "block.ts"] of [
  ["a file that is not there", `import x from "./lib/nothing.ts";\nexport default () => ({ data: x });`, "1:15", /Could not resolve ".\/lib\/nothing.ts"/],
  ["JSON that is none", `import x from "./broken.json";\nexport default () => ({ data: x });`, "1:8", /JSON/, "broken.json"],
  ["a name that is not exported", `import { nothing } from "./lib/dates.ts";\nexport default () => ({ data: nothing });`, "1:10", /nothing/],
  ["a file outside the folder", `import x from "../outside.ts";\nexport default () => ({ data: x });`, "1:15", /outside|Could not resolve/],
  ["syntax that is none", `export default () => ({ data: 1 + });`, "1:35", /Unexpected "}"/],
])
  test(`${what} is an error of run, check and deploy alike`, () =>
    withFiles({ "block.ts": code, "broken.json": `{ "a": b }`, "integration.yaml": definition([["One", "{ file: block.ts }"]]) }, async (folder) => {
      const { code: status, stdout } = await runTenon(["check", folder, "--json"], { timeoutMs: 240_000 });
      const { faults } = JSON.parse(stdout);
      assert.equal(status, 2);
      const fault = faults.find(({ message: text }) => message.test(text));
      assert.ok(fault, stdout);
      assert.equal(`${path.basename(fault.file)}:${fault.line}:${fault.column}`, `${file}:${place}`);
      for (const command of [["run", folder], ["deploy", folder]]) {
        const result = await runTenon(command, { env: { TENON_SERVER: "http://127.0.0.1:9", TENON_TOKEN: "x" } });
        assert.equal(result.code, 2, result.stderr);
        assert.match(result.stderr, message);
      }
    }));
