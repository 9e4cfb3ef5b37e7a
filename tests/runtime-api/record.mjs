// Prints what the Node.js that runs this has, for node-22.json. `node record.mjs > node-22.json`, with the newest
// Node 22.
import { builtinModules, createRequire } from "node:module";
import vm from "node:vm";

import { walk } from "./walk.mjs";

/** Web globals of the minimum common API (ECMA-429) that Node 22 does not have or that an engine brings along. */
const webGlobals = ["CloseEvent", "ErrorEvent", "PromiseRejectionEvent", "URLPattern", "WebAssembly", "console", "reportError", "self"];

/** What depends on the machine, or is the inside of something whose outside counts. */
const leaves = new Set([
  ...["allowedNodeEnvironmentFlags", "config", "env", "features", "finalization", "release", "report", "stderr", "stdin", "stdout", "versions"].map((name) => `process.${name}`),
  ...["global", "self", "process"].map((name) => `globalThis.${name}`),
  "async_hooks.asyncWrapProviders",
  "http.globalAgent",
  "https.globalAgent",
]);

/** Of no use to anybody outside Node.js itself. */
const isInternal = (name) => /^kMax|^domain$|^NODE_PERFORMANCE_(ENTRY_TYPE|MILESTONE)/.test(name);

/** "domain" last: to require it changes what others have. */
const moduleNames = () => [...builtinModules.filter((name) => !/^_|^domain$/.test(name)).sort(), "domain"];

const sorted = (object) => Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));

const clean = (members) =>
  Object.fromEntries(
    Object.entries(members)
      .filter(([name]) => !isInternal(name))
      .map(([name, member]) => {
        if (Array.isArray(member)) return [name, member.filter((own) => !isInternal(own))];
        return [name, member.static === undefined ? member : { ...member, static: member.static.filter((own) => !isInternal(own)) }];
      }),
  );

export const record = () => {
  process.removeAllListeners("warning");
  process.noDeprecation = true;
  const language = new Set(vm.runInNewContext("Object.getOwnPropertyNames(globalThis)"));
  const globals = Object.getOwnPropertyNames(globalThis).filter((name) => !language.has(name));
  const names = [...new Set([...globals, ...webGlobals])].sort();
  const { modules, globals: found } = walk(createRequire(import.meta.url), moduleNames(), names, globalThis, leaves);
  const cleaned = Object.entries(modules).map(([name, members]) => [name, clean(members)]);
  return { node: process.version, modules: sorted(Object.fromEntries(cleaned)), globals: found };
};

const isMain = process.argv[1] !== undefined && import.meta.url.endsWith(process.argv[1].split("/").pop());
if (isMain) {
  const { node, modules, globals } = record();
  const rows = (object) => Object.entries(object).map(([name, value]) => `    ${JSON.stringify(name)}: ${JSON.stringify(value)}`).join(",\n");
  const parts = Object.entries(modules).map(([name, members]) => `   ${JSON.stringify(name)}: {\n${rows(members)}\n   }`).join(",\n");
  console.log(`{\n "node": ${JSON.stringify(node)},\n "modules": {\n${parts}\n },\n "globals": {\n${rows(globals)}\n }\n}`);
}
