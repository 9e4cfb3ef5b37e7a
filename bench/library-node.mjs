// The work of bench/library/ in Node: {library: milliseconds by name, jsonMs: parse and stringify of the megabyte}.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

const load = (name) => {
  const module = { exports: {} };
  const text = readFileSync(new URL(`library/${name}`, import.meta.url), "utf8");
  new Function("module", "require", text)(module, require);
  return module.exports;
};

const { data: library } = await load("library.js")();
const make = load("make.js");

// Made anew for each round, as each execution does: texts that were put together are joined at the first look.
let jsonMs = Infinity;
for (let i = 0; i < 15; i++) {
  const { data } = await make();
  const started = performance.now();
  JSON.parse(JSON.stringify(data));
  jsonMs = Math.min(jsonMs, performance.now() - started);
}
console.log(JSON.stringify({ library, jsonMs }));
