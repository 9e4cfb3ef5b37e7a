// docs/runtime-api.md says what this build has, and what it is compared with is Node's own.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { test } from "node:test";

import { generate, page } from "../runtime-api/generate.mjs";
import { compare } from "../runtime-api/walk.mjs";

test("docs/runtime-api.md is what code blocks have", async () => {
  const { text, problems } = await generate();
  assert.deepEqual(problems, []);
  const committed = (await readFile(page, "utf8")).split("\n");
  const found = text.split("\n");
  const stale = [
    ...committed.filter((line) => !found.includes(line)).map((line) => `- ${line}`),
    ...found.filter((line) => !committed.includes(line)).map((line) => `+ ${line}`),
  ];
  assert.deepEqual(stale, [], "docs/runtime-api.md is out of date; write it anew with `make runtime-api`");
  assert.equal(committed.length, found.length, "docs/runtime-api.md is out of date; write it anew with `make runtime-api`");
});

test("the reference has what this Node exports", async () => {
  const reference = JSON.parse(await readFile(new URL("../runtime-api/node-22.json", import.meta.url), "utf8"));
  const noDeprecation = process.noDeprecation;
  process.noDeprecation = true;
  const { modules } = compare(createRequire(import.meta.url), reference, globalThis);
  process.noDeprecation = noDeprecation;
  let all = 0;
  const missing = [];
  for (const [name, members] of Object.entries(reference.modules)) {
    all += Object.keys(members).length;
    const { error, members: lacks } = modules[name];
    const gone = error === undefined ? Object.keys(lacks).filter((member) => lacks[member] === "missing") : Object.keys(members);
    missing.push(...gone.map((member) => `${name}.${member}`));
  }
  assert.ok(all > 1200, `${all} members`);
  // Node 18 and 20 have less, and a later 22 may have dropped something.
  const most = Number(process.versions.node.split(".")[0]) >= 22 ? 0.01 : 0.15;
  assert.ok(missing.length / all <= most, `this Node has not: ${missing.join(", ")}`);
});
