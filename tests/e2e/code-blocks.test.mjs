// What the author of a code block sees, through `tenon run`.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";

import { root, runBlock, runTenon, withFolder } from "../support/tenon.mjs";
import { writeFile } from "node:fs/promises";

const run = (source, options) => runBlock(source, options);
const action = (body) => `module.exports = async (context, stepResults) => { ${body} };`;

const dataOf = async (body, options) => {
  const report = await run(action(body), options);
  assert.equal(report.status, "succeeded", JSON.stringify(report.error));
  return report.result;
};

const failureOf = async (source, options) => {
  const report = await run(source, options);
  assert.equal(report.status, "failed", JSON.stringify(report));
  return report.error;
};

const linesOf = async (body) => (await run(action(body))).logs.map(({ text }) => text);

// --- the two default texts (seed) ---

const seedAction = `/*
Access config variables by name through the configVars object. e.g.
const apiEndpoint = \`\${configVars["App Base URL"]}/api\`;
*/

module.exports = async ({ logger, configVars }, stepResults) => {
return { data: null };
};`;

const seedTrigger = `/*
Access the trigger payload using the payload argument.
*/

module.exports = async ({ logger, configVars }, payload) => {
const response = {
statusCode: 200,
contentType: "text/plain",
body: "hello",
};
return { payload, response };
};`;

test("the default action text runs", async () => {
  const report = await run(seedAction);
  assert.equal(report.status, "succeeded");
  assert.equal(report.result, null);
});

test("the default trigger text runs and answers hello", async () =>
  withFolder(async (folder) => {
    const payload = path.join(folder, "body.json");
    await writeFile(payload, '{"foo":"bar"}');
    const report = await run(seedTrigger, { kind: "trigger", args: ["--payload", payload] });
    assert.equal(report.status, "succeeded", JSON.stringify(report.error));
    assert.deepEqual(report.response, {
      ...report.response,
      statusCode: 200,
      contentType: "text/plain",
      body: "hello",
    });
    assert.deepEqual(report.result.body.data, { foo: "bar" });
  }));

test("a config variable is read by its name", async () =>
  withFolder(async (folder) => {
    const config = path.join(folder, "config.yaml");
    await writeFile(config, "App Base URL: https://example.com\n");
    assert.equal(
      await dataOf('return { data: `${context.configVars["App Base URL"]}/api` }', {
        args: ["--config", config],
      }),
      "https://example.com/api",
    );
  }));

test("earlier results are found by the camelCased step name", async () =>
  withFolder(async (folder) => {
    const results = path.join(folder, "results.json");
    await writeFile(results, '{"getDataFromApi":{"foo":"bar","baz":123}}');
    assert.deepEqual(
      await dataOf("const { foo, baz } = stepResults.getDataFromApi.results; return { data: { foo, baz } }", {
        args: ["--step-results", results],
      }),
      { foo: "bar", baz: 123 },
    );
  }));

for (const [what, expression, result] of [
  ["a string", '"text"', "text"],
  ["a number", "12.5", 12.5],
  ["a boolean", "false", false],
  ["null", "null", null],
  ["an array", "[1, [2], {}]", [1, [2], {}]],
  ["an object", '{ foo: "Hello", bar: 123.45, baz: true }', { foo: "Hello", bar: 123.45, baz: true }],
  ["a Date, as JSON has it", "new Date(0)", "1970-01-01T00:00:00.000Z"],
  ["nothing for undefined properties", "{ a: undefined, b: 1 }", { b: 1 }],
])
  test(`data may be ${what}`, async () =>
    assert.deepEqual(await dataOf(`return { data: ${expression} }`), result));

test("a block may return nothing", async () => assert.equal(await dataOf(""), null));

test("a trigger answers with a CSV", async () => {
  const report = await run(
    `module.exports = async (context, payload) => ({
       payload: { foo: "Hello", bar: 123.45, baz: true },
       response: { statusCode: 201, contentType: "text/csv", body: "hello,world", headers: { "X-One": "1" } },
     });`,
    { kind: "trigger" },
  );
  assert.deepEqual(report.result, { foo: "Hello", bar: 123.45, baz: true });
  assert.equal(report.response.statusCode, 201);
  assert.equal(report.response.contentType, "text/csv");
  assert.equal(report.response.body, "hello,world");
  assert.equal(report.response.headers["X-One"], "1");
});

// --- how the function is exported ---

for (const [what, source, extension] of [
  ["a plain function", "module.exports = () => ({ data: 1 })", "js"],
  ["an async function", "module.exports = async () => ({ data: 1 })", "js"],
  ["a named function", "async function main() { return { data: 1 } }\nmodule.exports = main;", "js"],
  ["exports.default", "exports.default = async () => ({ data: 1 })", "js"],
  ["export default in JavaScript", "export default async () => ({ data: 1 })", "js"],
  ["export default function", "export default async function run() { return { data: 1 } }", "mjs"],
  ["export default in TypeScript", "type R = { data: number };\nexport default async (): Promise<R> => ({ data: 1 });", "ts"],
  ["module.exports in TypeScript", "module.exports = async (_: unknown) => ({ data: 1 as number });", "ts"],
])
  test(`the exported function may be ${what}`, async () => {
    const report = await run(source, { extension });
    assert.equal(report.status, "succeeded", JSON.stringify(report.error));
    assert.equal(report.result, 1);
  });

test("a file that exports no function says so", async () => {
  const error = await failureOf("const unused = 1;");
  assert.match(error.message, /exports no function/);
  assert.match(error.message, /module\.exports/);
});

test("modules of one's own are bundled", async () => {
  const report = await run('import { double } from "./lib/math.ts";\nimport data from "./lib/data.json";\nexport default () => ({ data: double(data.n) });', {
    extension: "ts",
    files: { "lib/math.ts": "export const double = (n: number): number => n * 2;", "lib/data.json": '{"n":21}' },
  });
  assert.equal(report.result, 42, JSON.stringify(report.error));
});

// --- context ---

test("the context has every property", async () => {
  const names = await dataOf("return { data: Object.keys(context) }");
  for (const name of [
    "logger", "configVars", "instanceState", "crossFlowState", "integrationState", "executionState",
    "stepId", "executionId", "webhookUrls", "webhookApiKeys", "invokeUrl", "customer", "instance",
    "user", "integration", "flow", "startedAt", "executionFrame", "flowSchemas", "batch", "globalDebug",
    "runnerAllocatedMemoryMb", "isSimulatedTestExecution", "debug", "invokeFlow", "components",
  ])
    assert.ok(names.includes(name), `${name} is missing`);
});

test("the context says who, when and where", async () => {
  const seen = await dataOf(`const { executionId, stepId, startedAt, customer, instance, user, integration, flow, webhookUrls, webhookApiKeys } = context;
    return { data: { executionId, stepId, startedAt, customer, instance, user, integration, flow, webhookUrls, webhookApiKeys } }`);
  assert.match(seen.executionId, /^[0-9a-f-]{36}$/);
  assert.match(seen.startedAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.equal(typeof seen.stepId, "string");
  for (const [object, keys] of [
    ["customer", ["id", "externalId", "name"]],
    ["instance", ["id", "name"]],
    ["user", ["id", "email", "name", "externalId"]],
    ["integration", ["id", "name", "versionSequenceId", "externalVersion"]],
    ["flow", ["id", "name", "stableId"]],
  ])
    for (const key of keys) assert.equal(typeof seen[object][key], "string", `${object}.${key}`);
  assert.equal(typeof seen.webhookUrls[seen.flow.name], "string");
  assert.ok(Array.isArray(seen.webhookApiKeys[seen.flow.name]));
});

// --- logs ---

test("every level of the logger is kept", async () => {
  const report = await run(
    action('for (const level of ["metric", "trace", "debug", "info", "log", "warn", "error"]) context.logger[level](level)'),
  );
  assert.deepEqual(
    report.logs.map(({ level, text }) => [level.toLowerCase(), text]),
    [["metric", "metric"], ["trace", "trace"], ["debug", "debug"], ["info", "info"], ["info", "log"], ["warn", "warn"], ["error", "error"]],
  );
});

test("the console is captured", async () => {
  const report = await run(action('console.log("a"); console.info("b"); console.warn("c"); console.error("d"); console.debug("e")'));
  assert.deepEqual(
    report.logs.map(({ level, text }) => [level.toLowerCase(), text]),
    [["info", "a"], ["info", "b"], ["warn", "c"], ["error", "d"], ["debug", "e"]],
  );
});

for (const [expression, line] of [
  ['"%s is %d years, %j %o%%", "Ann", 42, { a: 1 }, [1]', `Ann is 42 years, {"a":1} [ 1, [length]: 1 ]%`],
  ["{ a: { b: { c: { d: 1 } } } }", "{ a: { b: { c: [Object] } } }"],
  ["new Map([['a', 1]]), new Set([1, 'x'])", "Map(1) { 'a' => 1 } Set(2) { 1, 'x' }"],
  ['Buffer.from("hi")', "<Buffer 68 69>"],
  ["class Foo { x = 1 }, new (class Bar { y = 2 })()", "[class Foo] Bar { y: 2 }"],
  ["[undefined, null, NaN, -0, 1n, Symbol('s')]", "[ undefined, null, NaN, -0, 1n, Symbol(s) ]"],
  ["Promise.resolve(1)", "Promise { <pending> }"], // the engine does not tell a promise's state
  ["new Date(0)", "1970-01-01T00:00:00.000Z"],
  ["/x/g, () => {}, function named() {}", "/x/g [Function (anonymous)] [Function: named]"],
  ["new Uint8Array([1, 2])", "Uint8Array(2) [ 1, 2 ]"],
  ["Object.create(null)", "[Object: null prototype] {}"],
  ['"it\'s", ["it\'s"]', `it's [ "it's" ]`],
])
  test(`console.log(${expression}) reads as in Node`, async () =>
    assert.deepEqual(await linesOf(`console.log(${expression})`), [line]));

test("a circular object is logged", async () =>
  assert.deepEqual(await linesOf("const o = { n: 1 }; o.self = o; console.log(o)"), [
    "<ref *1> { n: 1, self: [Circular *1] }",
  ]));

test("an error is logged with its stack and its cause", async () => {
  const [text] = await linesOf('console.log(new Error("outer", { cause: new TypeError("inner") }))');
  assert.match(text, /^Error: outer\n {4}at .*block\.js:1:\d+/);
  assert.match(text, /\[cause\]: TypeError: inner\n {6}at/);
});

test("a long line is cut, with a mark", async () => {
  const [text] = await linesOf('console.log("x".repeat(5000))');
  assert.ok(text.startsWith("x".repeat(4096)));
  assert.match(text.slice(4096), /^… \(cut\)$/);
});

// --- state ---

test("state may be changed in place or returned", async () => {
  const report = await run(
    action("context.instanceState.a = 1; context.executionState.c = 3; return { data: null, instanceState: { b: 2 }, crossFlowState: { d: 4 }, integrationState: { e: 5 } }"),
  );
  assert.deepEqual(report.state.instanceState, { a: 1, b: 2 });
  assert.deepEqual(report.state.crossFlowState, { d: 4 });
  assert.deepEqual(report.state.integrationState, { e: 5 });
});

test("a state that can't be kept is an error that names it", async () => {
  const error = await failureOf(action("context.instanceState.f = () => {};"));
  assert.match(error.message, /instanceState can't be saved.*f/);
});

// --- results that can't travel ---

for (const [expression, pattern] of [
  ["{ items: [1, { callback() {} }] }", /items\[1\]\.callback|\/items\/1\/callback/],
  ["10n", /BigInt/i],
  ["(() => { const o = {}; o.deep = { o }; return o })()", /deep|circular|cycle/i],
  ["() => 1", /function/i],
])
  test(`a result of ${expression} fails and names the place`, async () =>
    assert.match((await failureOf(action(`return { data: ${expression} }`))).message, pattern));

// --- errors ---

test("a throw shows the author's line, with a caret", async () => {
  const error = await failureOf('module.exports = async () => {\n  const order = null;\n  throw new RangeError("too many");\n};');
  assert.equal(error.name, "RangeError");
  assert.equal(error.message, "too many");
  assert.match(error.stack, /^RangeError: too many\n {4}at .*block\.js:3:\d+/);
  assert.equal(error.location.line, 3);
  assert.equal(error.location.column, 9);
  assert.match(error.location.file, /block\.js$/);
  const [source, caret] = error.location.excerpt.split("\n").slice(-2);
  assert.match(source, /throw new RangeError/);
  assert.equal(source.indexOf("new RangeError"), caret.indexOf("^"));
});

test("an engine's own error has its place too", async () => {
  const error = await failureOf("module.exports = async () => {\n  null.foo;\n};");
  assert.equal(error.name, "TypeError");
  assert.equal(error.location.line, 2);
  assert.match(error.stack, /at .*block\.js:2:\d+/);
});

test("a TypeScript error is shown in the TypeScript source", async () => {
  const error = await failureOf(
    'interface Order {\n  id: string;\n}\n\nexport default async (): Promise<unknown> => {\n  const order: Order | undefined = undefined as Order | undefined;\n  return { data: order!.id };\n};',
    { extension: "ts" },
  );
  assert.equal(error.location.line, 7);
  assert.match(error.location.file, /block\.ts$/);
  assert.match(error.stack, /block\.ts:7:\d+/);
});

test("an error in a bundled module is shown in that module", async () => {
  const error = await failureOf('import { fail } from "./lib/fail.ts";\nexport default () => fail();', {
    extension: "ts",
    files: { "lib/fail.ts": "// one\n// two\nexport const fail = (): never => {\n  throw new Error('deep');\n};" },
  });
  assert.match(error.location.file, /lib\/fail\.ts$/);
  assert.equal(error.location.line, 4);
});

test("a syntax error shows file and line", async () => {
  const error = await failureOf("module.exports = async () => {\n  const x = ;\n};");
  assert.equal(error.name, "SyntaxError");
  assert.equal(error.location.line, 2);
  assert.match(error.location.excerpt, /const x = ;/);
});

test("a TypeScript syntax error is an input error with file, line and column", () =>
  withFolder(async (folder) => {
    const file = path.join(folder, "block.ts");
    await writeFile(file, "export default async () => {\n  const x: number = ;\n};");
    const { code, stderr } = await runTenon(["run", file]);
    assert.equal(code, 2);
    assert.match(stderr, /block\.ts:2:\d+: error:/);
  }));

for (const [what, body, name, message] of [
  ["a rejection", "await Promise.reject(new TypeError('no'))", "TypeError", "no"],
  ["an error in a timer", "setTimeout(() => { throw new Error('later') }, 1); await new Promise((r) => setTimeout(r, 1000))", "Error", "later"],
  ["an unhandled rejection", "Promise.reject(new Error('lost')); await new Promise((r) => setTimeout(r, 1000))", "Error", "lost"],
  ["an error of one's own class", "class OrderError extends Error { name = 'OrderError' } throw new OrderError('bad')", "OrderError", "bad"],
])
  test(`${what} fails the execution and names the step`, async () => {
    const error = await failureOf(action(body));
    assert.equal(error.name, name);
    assert.equal(error.message, message);
    assert.ok(error.step.length > 0);
  });

for (const [expression, pattern] of [
  ["'just text'", /just text/],
  ["42", /42/],
  ["undefined", /undefined/],
  ["{ code: 'E_BAD', detail: { a: 1 } }", /E_BAD/],
])
  test(`throwing ${expression} is an error with that value`, async () =>
    assert.match((await failureOf(action(`throw ${expression}`))).message, pattern));

test("an error's cause is kept", async () => {
  const error = await failureOf(action("throw new Error('outer', { cause: new Error('inner') })"));
  assert.match(JSON.stringify(error.cause), /inner/);
});

test("an AggregateError keeps its errors", async () => {
  const error = await failureOf(action("await Promise.any([Promise.reject(new Error('one')), Promise.reject(new Error('two'))])"));
  assert.equal(error.name, "AggregateError");
  assert.match(JSON.stringify(error), /one[^]*two/);
});

test("a promise that nobody resolves fails at once", async () => {
  const started = Date.now();
  const error = await failureOf(action("await new Promise(() => {})"));
  assert.match(error.message, /never finish/);
  assert.ok(Date.now() - started < 10_000);
});

// --- the language's and the web's own ---

test("timers, microtasks and immediates run in Node's order", async () =>
  assert.deepEqual(
    await dataOf(`const order = [];
      setTimeout(() => order.push("timeout"), 0); setImmediate(() => order.push("immediate"));
      queueMicrotask(() => order.push("microtask")); process.nextTick(() => order.push("tick"));
      order.push("sync"); await new Promise((r) => setTimeout(r, 20)); return { data: order }`).then((order) => [
      order[0],
      order.slice(1, 3).sort(),
      order.slice(3).sort(),
    ]),
    ["sync", ["microtask", "tick"], ["immediate", "timeout"]],
  ));

for (const name of [
  "console", "setTimeout", "setInterval", "setImmediate", "clearTimeout", "Buffer", "URL", "URLSearchParams", "TextEncoder",
  "TextDecoder", "atob", "btoa", "structuredClone", "queueMicrotask", "performance", "fetch", "Headers",
  "Request", "Response", "AbortController", "AbortSignal", "crypto", "process", "global", "Event", "EventTarget",
])
  test(`the global ${name} is there`, async () =>
    assert.notEqual(await dataOf(`return { data: typeof ${name} }`), "undefined"));

for (const [what, body, result] of [
  ["base64", 'return { data: [btoa("hi"), atob("aGk="), Buffer.from("aGk=", "base64").toString()] }', ["aGk=", "hi", "hi"]],
  ["URL", 'const u = new URL("../b?x=1#h", "https://user:p@example.com:8080/a/c"); u.searchParams.append("y", "ä"); return { data: [u.href, u.host] }', ["https://user:p@example.com:8080/b?x=1&y=%C3%A4#h", "example.com:8080"]],
  ["encoding", 'return { data: [...new TextEncoder().encode("ä€😀")].join() + new TextDecoder().decode(new Uint8Array([226, 130, 172])) }', "195,164,226,130,172,240,159,152,128€"],
  ["structuredClone", "const m = structuredClone({ m: new Map([[1, { d: new Date(0) }]]) }); return { data: m.m.get(1).d.getTime() }", 0],
  ["hashes", 'const c = require("crypto"); return { data: [c.createHash("sha256").update("abc").digest("hex"), c.createHmac("sha256", "key").update("The quick brown fox jumps over the lazy dog").digest("base64")] }', ["ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "97yD9DBThCSxMpjmqm+xQ+9NWaFJRhdZl0edvC0aPNg="]],
  ["randomUUID", "return { data: /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID()) }", true],
  ["getRandomValues", "return { data: crypto.getRandomValues(new Uint8Array(16)).some((n) => n > 0) }", true],
  ["process.env", "return { data: Object.keys(process.env) }", []],
  ["performance.now", "const a = performance.now(); return { data: typeof a === 'number' && performance.now() >= a }", true],
  ["AbortSignal.timeout", "try { await new Promise((_, reject) => { const s = AbortSignal.timeout(5); s.onabort = () => reject(s.reason) }) } catch (e) { return { data: e.name } }", "TimeoutError"],
  ["util.format", 'return { data: require("util").format("%s:%i", "a", 1.5) }', "a:1"],
  ["path", 'return { data: require("node:path").join("/a", "../b", "c.txt") }', "/b/c.txt"],
  ["url", 'return { data: require("url").parse("http://a.com/x?y=1").query }', "y=1"],
  ["querystring", 'return { data: require("querystring").stringify({ a: [1, 2], b: "ü" }) }', "a=1&a=2&b=%C3%BC"],
  ["events", 'const E = require("events"); const e = new E(); const seen = []; e.once("x", (v) => seen.push(v)); e.emit("x", 1); e.emit("x", 2); return { data: seen }', [1]],
  ["assert", 'try { require("assert").deepStrictEqual({ a: 1 }, { a: 2 }) } catch (e) { return { data: e.code } }', "ERR_ASSERTION"],
  ["buffer", 'const { Buffer: B } = require("buffer"); return { data: B.concat([B.from("a"), B.from([98])]).toString("hex") }', "6162"],
])
  test(`${what} works`, async () => assert.deepEqual(await dataOf(body), result));

test("requiring what is not there is an error of the input, with its place", () =>
  withFolder(async (folder) => {
    const file = path.join(folder, "block.js");
    await writeFile(file, action('require("nothing-like-this")'));
    const { code, stderr } = await runTenon(["run", file]);
    assert.equal(code, 2);
    assert.match(stderr, /block\.js:1:\d+: error: .*nothing-like-this/);
  }));

test("prototype pollution breaks neither the results nor the report", async () => {
  const report = await run(
    action(`Object.prototype.toJSON = () => "bent"; Array.prototype.map = null; JSON.stringify = () => "bent"; Promise.prototype.then = null;
      delete Object.prototype.toJSON; Object.prototype.polluted = 1; return { data: { fine: [1, 2] } }`),
  );
  assert.equal(report.status, "succeeded", JSON.stringify(report.error));
  assert.deepEqual(report.result, { fine: [1, 2] });
});

test("the seed's own words are in the examples, unchanged", async () => {
  for (const name of ["action.js", "trigger.js"]) {
    const text = await readFile(path.join(root, "examples/templates", name), "utf8");
    assert.match(text, /module\.exports = async \(\{ logger, configVars \}/);
  }
});
