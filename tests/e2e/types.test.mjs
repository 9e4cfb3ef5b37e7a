// Types of code blocks: what `tenon types` and `tenon init` write for editors, and what `tenon check` finds.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdir, readFile, readdir, symlink, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

import { root, runTenon, withFolder } from "../support/tenon.mjs";

const codeStep = (name, key, code) => ({
  name,
  action: { component: { key: "code", isPublic: true, version: "LATEST" }, key },
  inputs: { code },
});
const inline = (text) => ({ type: "value", value: text });
const trigger = codeStep("Receive Order", "runCodeTrigger", inline("module.exports = async (context, payload) => ({ payload });"));
const configVars = [
  { key: "App Base URL", description: "Where links lead. */", dataType: "string", defaultValue: "https://app.example.com" },
  { key: "Page Size", dataType: "number", defaultValue: "5" },
  { key: "Is \"Loud\"", dataType: "boolean", defaultValue: "false" },
  { key: "Region", dataType: "picklist", pickList: ["eu", "us"], defaultValue: "eu" },
  { key: "Tags", dataType: "string", collectionType: "valuelist" },
  { key: "Headers", dataType: "string", collectionType: "keyvaluelist" },
  { key: "Nightly", dataType: "schedule" },
  { key: "Form", dataType: "jsonForm", required: false },
  { key: "ERP", dataType: "connection", connection: "apiKeySecret" },
  {
    key: "Gateway",
    dataType: "connection",
    connection: "basic",
    inputs: { region: { label: "Region", required: true } },
  },
  { key: "CRM", dataType: "connection", connection: "authorizationCode" },
];

/** Writes an integration of one flow, with YAML that is JSON, one step a line. */
const writeIntegration = async (folder, steps, files = {}) => {
  const definition = { name: "Orders", description: "", definitionVersion: 7, requiredConfigVars: configVars, flows: [{ name: "New Order", steps: [trigger, ...steps] }] };
  await writeFile(path.join(folder, "integration.yaml"), JSON.stringify(definition, null, 1));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), text);
  }
};

const check = async (folder, target = "integration.yaml", options = {}) => {
  const { code, stdout, stderr } = await runTenon(["check", target, "--json"], { cwd: folder, timeoutMs: 240_000, ...options });
  assert.ok(code === 0 || code === 2, stderr);
  return JSON.parse(stdout);
};

const checkCode = (code, { file = "code/block.ts", files = {} } = {}) =>
  withFolder(async (folder) => {
    await writeIntegration(folder, [codeStep("Map Fields", "runCode", { file })], { [file]: code, ...files });
    return check(folder);
  });

const places = ({ faults }) => faults.map(({ file, line, column }) => `${file}:${line}:${column}`);

test("a TypeScript block has the types of its step without saying so", async () => {
  const report = await checkCode(
    [
      `export default async ({ logger, configVars }, stepResults) => {`,
      `  const size: string = configVars["Page Size"];`,
      `  logger.inform(size);`,
      `  const ü = "é"; return { data: stepResults.recieveOrder.results };`,
      `};`,
    ].join("\n"),
  );
  assert.equal(report.isSound, false);
  assert.deepEqual(places(report), ["code/block.ts:2:9", "code/block.ts:3:10", "code/block.ts:4:45"]);
  assert.match(report.faults[0].message, /Type 'number' is not assignable to type 'string'\. \(TS2322\)/);
  assert.match(report.faults[2].message, /Did you mean 'receiveOrder'\?/);
  assert.match(report.faults[1].hint, /the line: logger\.inform\(size\);/);
});

test("config variables have the types that code sees", async () => {
  const report = await checkCode(`
    const same = <T>(value: T) => value;
    export default (async ({ configVars }, stepResults) => {
      same<string>(configVars["App Base URL"]);
      same<number>(configVars["Page Size"]);
      same<boolean>(configVars['Is "Loud"']);
      same<"eu" | "us">(configVars.Region);
      same<string[]>(configVars.Tags);
      same<{ key: string; value: string }[]>(configVars.Headers);
      same<string>(configVars.Nightly.time_zone);
      same<string>(configVars.ERP.fields.apiSecret);
      same<string>(configVars.Gateway.fields.password + configVars.Gateway.fields.region);
      same<string | undefined>(configVars.CRM.token.refresh_token);
      same<string>(configVars.CRM.token.instance_url);
      return { data: stepResults.receiveOrder.results };
    }) satisfies Tenon.Action<"Map Fields">;`);
  assert.deepEqual(report, { isSound: true, faults: [] });
  const wrong = await checkCode(`export default (async ({ configVars }) => ({ data: configVars.Base })) satisfies Tenon.Action<"Map Fields">;`);
  assert.match(wrong.faults[0].message, /Property 'Base' does not exist on type 'ConfigVars'/);
});

test("a step sees the steps before it, not those after it", () =>
  withFolder(async (folder) => {
    const block = (later) => `export default async (context, stepResults) => ({ data: stepResults.${later}.results });`;
    await writeIntegration(
      folder,
      [codeStep("First", "runCode", { file: "first.ts" }), codeStep("Second", "runCode", { file: "second.ts" })],
      { "first.ts": block("second"), "second.ts": block("first") },
    );
    assert.deepEqual(places(await check(folder)), ["first.ts:1:69"]);
  }));

test("JavaScript is checked where it asks for it, also inside the definition", () =>
  withFolder(async (folder) => {
    const wrong = `module.exports = async ({ logger }) => { logger.inform(1); };`;
    await writeIntegration(folder, [
      codeStep("Unchecked", "runCode", inline(wrong)),
      codeStep("Checked", "runCode", inline(`// @ts-check\n/** @type {Tenon.Action<"Checked">} */\n${wrong}`)),
    ]);
    assert.equal((await check(folder)).faults.length, 1);
    await writeFile(
      path.join(folder, "block.yaml"),
      `name: Blocks\ndescription: ""\ndefinitionVersion: 7\nflows:\n  - name: One\n    steps:\n      - name: Webhook\n        action: webhook-triggers.webhook\n      - name: Checked\n        code: |\n          // @ts-check\n          ${wrong}\n`,
    );
    const report = await check(folder, "block.yaml");
    assert.deepEqual(places(report), ["block.yaml:12:59"]);
    assert.match(report.faults[0].pointer, /^\/flows\/0\/steps\/1\//);
  }));

test("tsconfig.json counts: checkJs, and what is strict", async () => {
  const code = `/** @type {Tenon.Action<"Map Fields">} */\nmodule.exports = async ({ logger }) => { logger.inform(1); };`;
  const file = "code/block.js";
  assert.deepEqual((await checkCode(code, { file })).faults, []);
  const files = { "tsconfig.json": `{ "compilerOptions": { "checkJs": true } }` };
  assert.deepEqual(places(await checkCode(code, { file, files })), ["code/block.js:2:49"]);
  const implicit = `const double = (n) => n * 2;\nexport default () => ({ data: double(1) });`;
  assert.deepEqual((await checkCode(implicit)).faults, []);
  const strict = await checkCode(implicit, { files: { "tsconfig.json": `{ "compilerOptions": { "strict": true } }` } });
  assert.deepEqual(places(strict), ["code/block.ts:1:17"]);
  const broken = await checkCode(implicit, { files: { "tsconfig.json": `{ "compilerOptions": { "target": "ES1" } }` } });
  assert.equal(broken.faults.some(({ file: name }) => name === "tsconfig.json"), true, JSON.stringify(broken));
});

test("modules, JSON and Node's own modules have their types, packages that have none are any", async () => {
  const files = {
    "code/lib/dates.ts": `export const year = (text: string): number => new Date(text).getUTCFullYear();`,
    "code/lib/names.json": `{ "first": "Ada" }`,
  };
  const report = await checkCode(
    [
      `import { createHash } from "node:crypto";`,
      `import leftPad from "left-pad@1.3.0";`,
      `import { year } from "./lib/dates.ts";`,
      `import names from "./lib/names.json";`,
      `export default async () => {`,
      `  const hash: number = createHash("sha256").update(leftPad("a", 3)).digest("hex");`,
      `  return { data: [year(2020), names.last, Buffer.from("x"), await fetch("https://example.com"), hash] };`,
      `};`,
    ].join("\n"),
    { files },
  );
  assert.deepEqual(places(report), ["code/block.ts:6:9", "code/block.ts:7:24", "code/block.ts:7:37"]);
  const inModule = await checkCode(`import { n } from "./lib/n.ts"; export default () => ({ data: n });`, {
    files: { "code/lib/n.ts": `export const n: number = "1";` },
  });
  assert.deepEqual(places(inModule), ["code/lib/n.ts:1:14"]);
});

test("packages have the types that they bring", () =>
  withFolder(async (folder) => {
    await writeIntegration(folder, [codeStep("Map Fields", "runCode", { file: "block.ts" })], {
      "block.ts": [
        `import dayjs from "dayjs@1.11.10";`,
        `import { nanoid } from "nanoid";`,
        `import _ from "lodash@4.17.21";`,
        `export default () => ({ data: [dayjs("2020-01-01").yeer(), nanoid(), nanoid("x"), _.anything()] });`,
      ].join("\n"),
      "package.json": JSON.stringify({ dependencies: { nanoid: "5.0.9" } }),
    });
    const report = await check(folder);
    assert.deepEqual(places(report), ["block.ts:4:52", "block.ts:4:77"]);
    assert.match(report.faults[0].message, /Property 'yeer' does not exist on type 'Dayjs'/);
  }));

test("what a block returns is checked", async () => {
  const wrong = await checkCode(`export default async (context) => ({ datum: 1 });`);
  assert.match(wrong.faults[0].message, /datum/);
  const typed = await checkCode(`const run: Tenon.Action = () => ({ statusCode: "200" });\nexport default run;`);
  assert.match(typed.faults[0].message, /string.*number/);
});

test("one code file is checked by itself, any names will do", () =>
  withFolder(async (folder) => {
    await writeFile(path.join(folder, "block.ts"), `export default async ({ configVars, logger }, stepResults) => { logger.inform(stepResults.any.results, configVars["Any"]); };`);
    assert.deepEqual(places(await check(folder, "block.ts")), ["block.ts:1:72"]);
  }));

test("without npm or node the check goes on, and a warning says what is not checked", () =>
  withFolder(async (folder) => {
    await writeIntegration(folder, [codeStep("Map Fields", "runCode", { file: "block.ts" })], {
      "block.ts": `export default () => ({ data: "" as number });`,
    });
    const report = await check(folder, "integration.yaml", { env: { PATH: "/nowhere", TENON_CACHE: path.join(folder, "cache") } });
    assert.equal(report.isSound, true);
    assert.equal(report.faults.length, 1);
    assert.equal(report.faults[0].severity, "warning");
    assert.match(report.faults[0].message, /the types of the code were not checked: npm was not found/);
    const { code, stdout } = await runTenon(["check", folder, "--no-types", "--json"], { env: { PATH: "/nowhere" } });
    assert.deepEqual([code, JSON.parse(stdout)], [0, { isSound: true, faults: [] }]);
  }));

test("TypeScript of the integration's own folder is never run", () =>
  withFolder(async (folder) => {
    await writeIntegration(folder, [codeStep("Map Fields", "runCode", { file: "block.ts" })], {
      "block.ts": `export default () => ({ data: 1 });`,
      "node_modules/typescript/package.json": `{"name": "typescript", "version": "9.9.9", "main": "evil.js"}`,
      "node_modules/typescript/evil.js": `require("fs").writeFileSync(${JSON.stringify(path.join(folder, "ran"))}, "");`,
    });
    assert.deepEqual(await check(folder), { isSound: true, faults: [] });
    assert.equal((await readdir(folder)).includes("ran"), false);
  }));

test("tenon types writes the integration's names, and keeps what is the author's", () =>
  withFolder(async (folder) => {
    const jsconfig = `{ "compilerOptions": { "checkJs": true } }`;
    await writeIntegration(folder, [codeStep("Map Fields", "runCode", inline("import x from 'lodash@4.17.21'; export default ("))], {
      "jsconfig.json": jsconfig,
    });
    const { code, stderr } = await runTenon(["types", folder]);
    assert.equal(code, 0, stderr); // though the code is not finished
    const env = await readFile(path.join(folder, "tenon-env.d.ts"), "utf8");
    for (const line of [
      `    /** Where links lead. * / */`,
      `    "App Base URL": string;`,
      `    "Is \\"Loud\\"": boolean;`,
      `    "Region": "eu" | "us";`,
      `    "Tags": (string)[];`,
      `    "Headers": KeyValue<string>[];`,
      `    "Form"?: any;`,
      `    "ERP": ApiKeySecretConnection;`,
      `      "Map Fields": { "receiveOrder": StepResult; };`,
      `declare module "lodash@4.17.21";`,
    ])
      assert.ok(env.split("\n").includes(line), `${line}\nis not in\n${env}`);
    assert.deepEqual((await readdir(folder)).sort(), ["integration.yaml", "jsconfig.json", "tenon-env.d.ts", "tenon.d.ts"]);
    assert.equal(await readFile(path.join(folder, "jsconfig.json"), "utf8"), jsconfig);
  }));

test("tenon types shows what is wrong with a definition", () =>
  withFolder(async (folder) => {
    await writeFile(path.join(folder, "integration.yaml"), "name: X\nflows: 3\n");
    const { code, stderr } = await runTenon(["types", folder]);
    assert.equal(code, 2);
    assert.match(stderr, /integration\.yaml:2:8: error/);
  }));

/** Names of an interface's members in tenon.d.ts. */
const declared = async (name) => {
  const text = await readFile(path.join(root, "types/tenon.d.ts"), "utf8");
  const body = new RegExp(`\\n  interface ${name}(?: extends \\w+)? \\{\\n([^]*?)\\n  \\}\\n`).exec(text)[1];
  return [...body.matchAll(/^ {4}(\w+)[?]?[:(]/gm)].map(([, member]) => member).sort();
};

test("the declarations are those of what code really gets", () =>
  withFolder(async (folder) => {
    const code = `module.exports = async (context, payload) => ({ payload: Object.fromEntries(
      Object.entries({ Context: context, Payload: payload, Logger: context.logger, Customer: context.customer, Instance: context.instance,
        User: context.user, Integration: context.integration, Flow: context.flow, Debug: context.debug }).map(([name, value]) => [name, Object.keys(value).sort()])) });`;
    await writeFile(path.join(folder, "trigger.js"), code);
    const { stdout, stderr } = await runTenon(["run", "trigger.js", "--kind", "trigger", "--json"], { cwd: folder });
    const { result } = JSON.parse(stdout);
    assert.ok(result, stderr);
    for (const [name, keys] of Object.entries(result)) {
      const members = await declared(name);
      // What is there only sometimes.
      assert.deepEqual(keys, members.filter((member) => member !== "paginationState"), name);
    }
  }));

/** The TypeScript that the check has put into the cache. */
const installedTypeScript = async () => {
  const cache = path.join(process.env.TENON_CACHE ?? path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), ".cache"), "tenon"), "packages");
  for (const entry of await readdir(cache)) {
    const modules = path.join(cache, entry, "node_modules");
    const names = await readdir(modules).catch(() => []);
    if (names.includes("typescript") && names.includes("@types")) return modules;
  }
  throw new Error(`no TypeScript in ${cache}`);
};

test("what tenon init writes is sound to the check and to an editor, and is examples/hello", () =>
  withFolder(async (folder) => {
    const hello = path.join(folder, "hello");
    assert.equal((await runTenon(["init", hello])).code, 0);
    assert.deepEqual(await check(hello), { isSound: true, faults: [] });
    const modules = await installedTypeScript();
    await symlink(modules, path.join(hello, "node_modules"));
    const tsc = (args = []) => promisify(execFile)(process.execPath, [path.join(modules, "typescript/bin/tsc"), "-p", hello, ...args]).then(
      () => "", (error) => error.stdout);
    assert.equal(await tsc(), "");
    await writeFile(path.join(hello, "code/more.ts"), `export default (async (context, stepResults) => stepResults.recieveData) satisfies Tenon.Action<"Map Fields">;`);
    assert.match(await tsc(), /more\.ts\(1,61\): error TS2551: .*Did you mean 'receiveData'/);
    const example = path.join(folder, "example");
    await cp(path.join(root, "examples/hello"), example, { recursive: true });
    assert.deepEqual(await check(example), { isSound: true, faults: [] });
  }));
