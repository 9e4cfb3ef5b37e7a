// Runs one file of the style of Node's own `test/parallel` in the real program: the file becomes a code block, with
// node-realm.js before it, which is what it requires as `../common` and waits for its end. A file is one test.
//
// Fixtures that the file mentions are bundled in, for there is no file system: those are read from the suite
// (`fixtures` beside the folder that the file is in).
import { existsSync, readdirSync, statSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { isSanitized, runTenon, withFolder } from "../support/tenon.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const SLOWER = isSanitized ? 3 : 1;
const MOST_FIXTURE_BYTES = 1_000_000;

/* Why a file is not for us, by what it says itself. */
const needs = [
  [/^\/\/ Flags:.*--(?:expose[-_]internals|allow-natives-syntax|expose[-_]gc|permission|experimental-permission|prof|abort|stack-trace-limit|max-|zero-fill|force-|no-|pending-deprecation|throw-deprecation|trace|unhandled|frozen|disable|security|secure|icu|test-|experimental-(?:loader|vm|policy|wasm|eventsource|shadow)|enable-fips|title|preserve|inspect)/m, "it needs Node's own flags"],
  [/internalBinding|process\.binding\(|require\(['"]internal\/|from ['"]internal\//, "it needs Node's internals"],
  [/require\(['"](?:node:)?cluster['"]\)/, "it needs child processes"],
  [/new Worker\(|common\.isMainThread\)?;?$/, "it needs a worker thread"],
  [/\.createServer\(|\.createSecureServer\(|http2\.connect\(|\.listen\(/, "it needs a server"],
  [/require\(['"](?:node:)?inspector['"]\)/, "it needs the inspector"],
  [/require\(['"](?:node:)?repl['"]\)/, "it needs a terminal"],
  [/require\(['"]\.\.\/common\/(?:wpt|internet|dns|report|debugger|inspector-helper|gc|v8|measure-memory)['"]\)/, "it needs a runner of its own"],
  [/\bglobal(?:This)?\.gc\b|--expose-gc/, "it needs the collector's own functions"],
];
const needsFiles = /\bfs\.(?:create\w+Stream|open|stat|lstat|watch|promises|readdir|fstat|writeFile|appendFile|unlink|mkdtemp|read)\w*\(|common\/tmpdir|process\.std(?:in|out)\.(?:fd|_handle)|\bopenAsBlob\b/;

/** What of the fixtures a file may ask for: those whose name, or whose folder's, its text has. */
const fixturesOf = async (text, suiteRoot) => {
  const root = path.join(suiteRoot, "fixtures");
  const files = {};
  if (!/fixtures/.test(text) || !existsSync(root)) return files;
  const add = async (name) => {
    const whole = path.join(root, name);
    if (files[name] !== undefined || !existsSync(whole) || !statSync(whole).isFile() || statSync(whole).size > MOST_FIXTURE_BYTES) return;
    const bytes = await readFile(whole);
    files[name] = bytes.toString("base64");
    if (name.endsWith(".js")) for (const [, other] of bytes.toString().matchAll(/['"]\.\.?\/([\w./-]+)['"]/g)) await add(path.join(path.dirname(name), other));
  };
  const keys = existsSync(path.join(root, "keys")) ? readdirSync(path.join(root, "keys")) : [];
  const isAnyKey = /readKey\((?!['"])|readFixtureKey/.test(text);
  for (const key of keys) if (isAnyKey ? /\.(?:pem|crt|pfx|spkac)$/.test(key) : text.includes(key)) await add(`keys/${key}`);
  for (const [, name] of text.matchAll(/fixtures\/([\w./-]+)['"]/g)) for (const candidate of [name, `${name}.js`, `${name}.json`]) await add(candidate);
  for (const [, parts] of text.matchAll(/(?:readSync|path|fileURL)\(\s*\[?((?:\s*['"`][\w./-]+['"`]\s*,?)+)/g)) {
    const names = [...parts.matchAll(/['"`]([\w./-]+)['"`]/g)].map(([, name]) => name);
    for (let n = names.length; n > 0; n--) await add(names.slice(0, n).join("/").replace(/^\/+/, ""));
  }
  for (const [, name] of text.matchAll(/['"`]([\w-]+\.(?:txt|json|jpg|js|pem|br|gz|spkac|html))['"`]/g)) await add(name);
  if (text.includes("utf8TestText")) await add("utf8_test_text.txt");
  return files;
};

/** `import` statements as `require`, for a body that is an async function. */
const importsAsRequire = (text) => {
  let n = 0;
  const names = (list) => list.replace(/(\w+)\s+as\s+(\w+)/g, "$1: $2");
  return text
    .replace(/^import\s+(['"][^'"]+['"]);?/gm, (_, from) => `require(${from});`)
    .replace(/^import\s+\*\s+as\s+(\w+)\s+from\s+(['"][^'"]+['"]);?/gm, (_, name, from) => `const ${name} = require(${from});`)
    .replace(/^import\s+(\w+)\s*,\s*\{([^}]*)\}\s*from\s+(['"][^'"]+['"]);?/gm, (_, name, list, from) => `const ${name} = require(${from}), {${names(list)}} = ${name};`)
    .replace(/^import\s+(\w+)\s+from\s+(['"][^'"]+['"]);?/gm, (_, name, from) => `const ${name} = require(${from});`)
    .replace(/^import\s+\{([^}]*)\}\s*from\s+(['"][^'"]+['"]);?/gm, (_, list, from) => `const esm${n++} = require(${from}), {${names(list)}} = esm${n - 1};`)
    .replaceAll("import.meta.url", '"file:///test/test.mjs"');
};

const blockOf = async (file, text, files) => {
  const isModule = file.endsWith(".mjs");
  const realm = await readFile(path.join(here, "node-realm.js"), "utf8");
  const body = (isModule ? importsAsRequire(text) : text).replace(/^#!.*/, "").replace(/\bimport\(/g, "Promise.resolve().then(() => require)(");
  const head = isModule ? 'async function (exports, require, module, __filename, __dirname) { "use strict";' : "function (exports, require, module, __filename, __dirname) {";
  return `${realm}
const nodeTestFiles = ${JSON.stringify(files)};
module.exports = async () => ({ data: await nodeHarness.run({ requireOwn: require, file: ${JSON.stringify(`/test/parallel/${path.basename(file)}`)}, files: nodeTestFiles, body: nodeTestBody }) });
const nodeTestBody = (${head}
${body}
});
`;
};

const suiteRootOf = (file) => path.dirname(path.dirname(path.resolve(file)));

/** Runs a file: one {name, status: PASS | FAIL | SKIP, message}. `all` runs also what says that it needs what isn't here. */
export const runFile = async (file, { suiteRoot = suiteRootOf(file), all = false } = {}) => {
  const name = path.basename(file);
  const text = await readFile(file, "utf8");
  const skip = (message) => [{ name, status: "SKIP", message }];
  if (!all) {
    for (const [pattern, reason] of needs) if (pattern.test(text)) return skip(reason);
    if (needsFiles.test(text)) return skip("it needs a file system");
  }
  const code = await blockOf(file, text, await fixturesOf(text, suiteRoot));
  return withFolder(async (folder) => {
    await writeFile(path.join(folder, "block.js"), code);
    const limits = { wallMs: 20_000 * SLOWER, cpuMs: 20_000 * SLOWER, logBytes: 50_000_000, memoryMb: 3000, timers: 1_000_000, resultBytes: 50_000_000 };
    const { code: status, stdout, stderr } = await runTenon(["run", "block.js", "--json", ...Object.entries(limits).flatMap(([key, value]) => ["--limit", `${key}=${value}`])], { cwd: folder, timeoutMs: 90_000 });
    let outcome;
    try {
      outcome = JSON.parse(stdout);
    } catch {
      return [{ name, status: "FAIL", message: `the program ended with ${status}: ${stderr.slice(-2000)}` }];
    }
    if (outcome.status !== "succeeded") {
      if (outcome.error.name === "Skipped") return skip(outcome.error.message);
      return [{ name, status: "FAIL", message: `${outcome.error.stack ?? `${outcome.error.name}: ${outcome.error.message}`}` }];
    }
    return [{ name, status: outcome.result.status.toUpperCase(), message: outcome.result.message }];
  });
};
