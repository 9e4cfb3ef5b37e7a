// Native code inside a real worker, called from a code block (debug builds only): every way out is refused.
import assert from "node:assert/strict";
import { test } from "node:test";

import { runBlock } from "../support/tenon.mjs";

const call = (code) => runBlock(`module.exports = async () => ({ data: ${code} })`);

const names = (await call("tenonAttack()")).result.split("\n");

test("there are escape attempts to make", () => assert.ok(names.length >= 40, names.join(", ")));

for (const name of names)
  test(`${name} is refused`, async () => {
    const report = await call(`tenonAttack(${JSON.stringify(name)})`);
    // The kernel may answer with death: then the worker is gone, and that is a refusal too.
    if (report.status === "failed") {
      assert.match(report.error.message, /worker|killed|signal/i, JSON.stringify(report.error));
      return;
    }
    assert.equal(report.result.wasRefused, true, report.result.detail);
  });
