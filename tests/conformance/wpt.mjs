// Runs one file of the web-platform-tests' format (`x.any.js`, `x.window.js`) in the real program, once per variant.
//
// The files of a test (its `// META: script=` and itself) are evaluated in the global scope of one code block, after
// wpt-realm.js, which is the harness they call. Each subtest's end is a log line, so that an execution that dies tells
// what it got to. A server on loopback (wpt-server.mjs) has the suite's files for what a test fetches.
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { isSanitized, runTenon, withFolder } from "../support/tenon.mjs";
import { startSuiteServer } from "./wpt-server.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));

/* A test's own time, as the suite has it; a sanitized build on a busy machine is slower. */
const NORMAL_MS = 10_000;
const LONG_MS = 60_000;
const SLOWER = isSanitized ? 3 : 1;

/* Where the suite's own server finds what a test asks for by another name. */
const movedScripts = { "/resources/WebIDLParser.js": "/resources/webidl2/lib/webidl2.js" };

const block = `
module.exports = async ({ logger }, stepResults) => {
  const { harness, source, settings } = stepResults.wpt.results;
  const report = (line) => logger.info(JSON.stringify(line));
  globalThis.wptRun = { ...settings, report };
  const run = (0, eval)(harness);
  if (typeof process.on === "function") {
    process.on("uncaughtException", run.uncaught);
    process.on("unhandledRejection", run.uncaught);
  }
  let error;
  try {
    (0, eval)(source);
  } catch (thrown) {
    error = { thrown };
  }
  await run.loaded(error);
};
`;

/** What the comments at a file's top say: {script: [], variant: [], timeout, title, global}. */
const metaOf = (text) => {
  const meta = { script: [], variant: [] };
  for (const line of text.split("\n")) {
    const found = /^\/\/\s*META:\s*(\w+)=(.*)$/.exec(line.trimEnd());
    if (found === null) {
      if (line.trim() !== "" && !line.startsWith("//")) break;
      continue;
    }
    const [, key, value] = found;
    if (key === "script" || key === "variant") meta[key].push(value);
    else meta[key] = value;
  }
  return meta;
};

/** The folder that `/common/x.js` is looked for in: the nearest one that has the suite's resources. */
const suiteRootOf = (file) => {
  for (let folder = path.dirname(file); folder !== path.dirname(folder); folder = path.dirname(folder))
    if (existsSync(path.join(folder, "common")) && existsSync(path.join(folder, "resources"))) return folder;
  return path.dirname(file);
};

const isStrict = (text) => /^(?:\s|\/\/[^\n]*\n|\/\*[\s\S]*?\*\/)*["']use strict["']/.test(text);

/** The files as one script, so that a `const` of one is seen by the next: strict where all of them are. */
const joined = (texts) => `${texts.every(isStrict) ? '"use strict";' : "0;"}\n${texts.join("\n;\n")}\n`;

/** Files that are about documents and frames, which a code block has none of. */
const needsDocument = (file, texts) =>
  file.endsWith(".window.js") && texts.some((text) => /\bdocument\.|\biframe\b|window\.open\(|new Worker\(|XMLHttpRequest|ShadowRealm/.test(text));

/* What a browser has and neither a code block nor Node: a subtest that asks for one is not about us. */
const isAbsent = /Can't find variable: (XMLHttpRequest|Worker|SharedWorker|document|window|VideoFrame|postMessage|HTML\w+)\b/;
const withoutAbsent = (result) => {
  const missing = result.status === "FAIL" ? isAbsent.exec(result.message) : null;
  return missing === null ? result : { ...result, status: "SKIP", message: `it needs ${missing[1]}` };
};

const outcomesOf = ({ logs, error }) => {
  const results = new Map();
  let complete;
  for (const { text } of logs) {
    let line;
    try {
      line = JSON.parse(text);
    } catch {
      continue; // the test's own console
    }
    if (line?.kind === "begun") results.set(line.name, { name: line.name, status: "NOTRUN", message: "the execution ended before" });
    else if (line?.kind === "result") results.set(line.name, { name: line.name, status: line.status, message: line.message });
    else if (line?.kind === "complete") complete = line;
  }
  const list = [...results.values()].map(withoutAbsent);
  if (complete === undefined) list.push({ name: "(the file)", status: "ERROR", message: error === null ? "it did not come to an end" : `${error.name}: ${error.message}` });
  else if (complete.status !== "OK" && list.every(({ status }) => status === "PASS")) list.push({ name: "(the file)", status: complete.status, message: complete.message });
  return list;
};

const runVariant = async ({ file, suiteRoot, meta, texts, variant, server }) => {
  const address = `/${path.relative(suiteRoot, file).split(path.sep).join("/").replace(/\.js$/, ".html")}`;
  const timeoutMs = (meta.timeout === "long" ? LONG_MS : NORMAL_MS) * SLOWER;
  const settings = {
    url: `${server.url}${address}${variant}`,
    title: meta.title ?? path.basename(file).replace(/\..*$/, ""),
    timeoutMs,
    looksAtAll: meta.script.some((script) => script.endsWith("/idlharness.js")),
  };
  const harness = await readFile(path.join(here, "wpt-realm.js"), "utf8");
  const isWindow = file.endsWith(".window.js") ? "var window = self;\n" : "";
  return withFolder(async (folder) => {
    await writeFile(path.join(folder, "block.js"), block);
    await writeFile(path.join(folder, "steps.json"), JSON.stringify({ wpt: { harness, source: isWindow + joined(texts), settings } }));
    const limits = { wallMs: timeoutMs + 20_000, cpuMs: 2 * timeoutMs + 20_000, logLineChars: 1_000_000, logBytes: 500_000_000, memoryMb: 4096 };
    const { code, stdout, stderr } = await runTenon(
      ["run", "block.js", "--json", "--step-results", "steps.json", "--allow-private", "127.0.0.0/8", ...Object.entries(limits).flatMap(([name, value]) => ["--limit", `${name}=${value}`])],
      { cwd: folder, timeoutMs: timeoutMs + 60_000 },
    );
    if (code !== 0 && code !== 1) return [{ name: "(the file)", status: "ERROR", message: `the program ended with ${code}: ${stderr.slice(-1000)}` }];
    return outcomesOf(JSON.parse(stdout));
  });
};

/**
 * Runs a file. Each subtest: {name, status, message}; status is PASS, FAIL, TIMEOUT, NOTRUN, ERROR, PRECONDITION_FAILED
 * (an optional feature that isn't there) or SKIP (a file about documents).
 */
export const runFile = async (file, { suiteRoot = suiteRootOf(path.resolve(file)) } = {}) => {
  const whole = path.resolve(file);
  const text = await readFile(whole, "utf8");
  const meta = metaOf(text);
  const texts = [];
  for (const script of meta.script) {
    const moved = movedScripts[script] ?? script;
    const place = script.startsWith("/") ? path.join(suiteRoot, moved) : path.resolve(path.dirname(whole), script);
    try {
      texts.push(await readFile(place, "utf8"));
    } catch {
      return [{ name: "(the file)", status: "SKIP", message: `the suite has no ${script}` }];
    }
  }
  texts.push(text);
  if (needsDocument(whole, texts)) return [{ name: "(the file)", status: "SKIP", message: "it is about documents, which a code block has none of" }];
  const server = await startSuiteServer(suiteRoot);
  const substituted = texts.map((one, i) => ((meta.script[i] ?? whole).includes(".sub.") ? server.substitute(one, new URL("http://localhost/")) : one));
  const results = [];
  for (const variant of meta.variant.length > 0 ? meta.variant : [""])
    for (const result of await runVariant({ file: whole, suiteRoot, meta, texts: substituted, variant, server }))
      results.push(variant === "" ? result : { ...result, name: `${variant} ${result.name}` });
  return results;
};
